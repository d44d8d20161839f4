"""Rows that were refused, and imports that were."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field, fields
from pathlib import Path

from generation.pipeline.storable import storable

LONGEST_TEXT = 200
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that spreadsheets compute instead of showing."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """Where a bad row stands, what is wrong with it and what would make it right."""

    file: str
    line: int
    """Counted from 1, header included."""
    field: str
    reason: str
    remedy: str
    text: str = ""
    """What was found, cut to 200 characters."""

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}, {self.field}: {self.reason}. {self.remedy}."


@dataclass
class Rejected:
    """Collects bad rows: the first `limit` in full, all of them in the counts."""

    limit: int = 100
    rows: list[RejectedRow] = field(default_factory=list)
    by_reason: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """(file, field, reason) -> rows."""
    also: Callable[[RejectedRow], None] | None = None
    """Told every row, past the limit too."""

    def add(self, file: str, line: int, field: str, reason: str, remedy: str, text: object = "") -> None:
        file, field, reason = storable(file), storable(field), storable(reason)
        self.by_reason[file, field, reason] += 1
        if len(self.rows) == self.limit and self.also is None:
            return
        row = RejectedRow(file, line, field, reason, remedy, storable(_short(text)))
        if len(self.rows) < self.limit:
            self.rows.append(row)
        if self.also is not None:
            self.also(row)

    @contextmanager
    def written_to(self, path: Path) -> Iterator[None]:
        """Write every row that is added meanwhile into a CSV, with a header, for spreadsheets.

        A text that a spreadsheet would compute gets the apostrophe by which it knows a text.
        """
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow([each.name for each in fields(RejectedRow)])
            self.also = lambda row: writer.writerow([_cell(value) for value in astuple(row)])
            try:
                yield
            finally:
                self.also = None

    def count(self, file: str | None = None) -> int:
        """Rows refused in `file`, or in all files."""
        return sum(n for (name, _, _), n in self.by_reason.items() if file in (None, name))


class ImportRefused(ValueError):
    """A log that cannot become a corpus; nothing of it is kept."""

    def __init__(self, file: str, reason: str, remedy: str, rejected: Rejected | None = None) -> None:
        self.file, self.reason, self.remedy = file, reason, remedy
        self.rejected = rejected
        """The rows behind the refusal, where rows are the cause."""
        super().__init__(f"{file}: {reason}. {remedy}.")


def _short(found: object) -> str:
    try:
        text = ", ".join(map(str, found)) if isinstance(found, list | tuple) else str(found)
    except RecursionError:
        return "(nested too deeply to be shown)"
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"


def _cell(value: str | int) -> str | int:
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value
