"""Finished cells as JSON lines: one a cell, appended as soon as it is done, so that a killed run goes on where it was.

Ledgers of several machines are merged by laying their files into one folder: every *.jsonl of it is read.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CELLS = "cells.jsonl"


class DamagedLedger(ValueError):
    """A line that is no cell stands before the last one."""


class Ledger:
    """The cells of a folder, by id; a cell that is there twice counts once, as it was first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cells: dict[str, dict[str, Any]] = {}
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(folder.glob("*.jsonl")):
            for cell in _read(path):
                self.cells.setdefault(cell["id"], cell)

    def __contains__(self, identity: str) -> bool:
        return identity in self.cells

    def append(self, cell: dict[str, Any]) -> None:
        self.cells.setdefault(cell["id"], cell)
        path = self.folder / CELLS
        _end_line(path)
        with path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(cell, sort_keys=True) + "\n")


def _read(path: Path) -> Iterator[dict[str, Any]]:
    """A last line cut short by a kill is not a cell and is left out; anything else that is none is an error."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            cell = json.loads(line)
            if not isinstance(cell, dict) or "id" not in cell:
                raise ValueError("no id")
        except ValueError as error:
            if number == len(lines):
                return
            raise DamagedLedger(
                f"{path}, line {number}: not a finished cell ({error}). Delete this line: its cell is run again"
            ) from error
        yield cell


def _end_line(path: Path) -> None:
    """After a kill the file may end within a line: what comes next begins a new one."""
    if not path.exists() or not path.stat().st_size:
        return
    with path.open("rb+") as stream:
        stream.seek(-1, 2)
        if stream.read(1) != b"\n":
            kept = path.read_bytes()
            stream.truncate(kept.rfind(b"\n") + 1)
