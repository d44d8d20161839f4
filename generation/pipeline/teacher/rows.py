"""The rows of a store: a folder of append-only JSON lines, one file a shard, one row a case, rejected ones too.

A kill tears at most the last line of a file.
"""

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

OK, REJECTED, ERROR = "ok", "rejected", "error"
_BLOCK = 1 << 16


class DamagedStore(ValueError):
    """A line inside a store that is no row of ours. Only the last line of a file may be torn."""


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one case."""

    key: str
    case_id: str
    user: str
    text: str
    """As the teacher wrote it, an echo of the prompt in front of it removed; kept for rejected rows too."""
    status: str
    reason: str
    """Why it was rejected, empty otherwise."""
    teacher: str
    """The teacher's signature."""
    prompt_sha256: str
    prompt_version: str
    n_dropped: int
    """Oldest titles the prompt had no room for."""
    decoding: dict[str, Any]
    seed: int
    attempts: int = 1
    latency: float = 0.0
    finish_reason: str = ""
    usage: dict[str, int] = field(default_factory=dict)


def read_rows(store: Path) -> Iterator[Row]:
    """Every row of every shard; a torn last line is left out.

    Raises:
        DamagedStore: a whole line is no row of ours; names file and line.
    """
    return (row for path in files_of(store) for _, row in _placed_rows(path))


def files_of(store: Path) -> list[Path]:
    return sorted(store.glob("shard-*.jsonl"))


def _placed_rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Each row with the byte it begins at."""
    start = 0
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.endswith(b"\n"):
                break
            try:
                yield start, _row(line)
            except (TypeError, ValueError) as problem:
                raise DamagedStore(f"{path.name}, line {number}: not a distilled row ({problem})") from None
            start += len(line)


def _row(line: bytes) -> Row:
    return Row(**json.loads(line.decode("utf-8", errors="replace")))


def golden(store: Path, *, teacher: str | None = None) -> dict[str, str]:
    """Case id -> golden explanation, accepted rows only; `teacher` (a signature) where a store holds
    several."""
    rows = (row for row in read_rows(store) if row.status == OK)
    return {row.case_id: row.text for row in rows if teacher is None or row.teacher == teacher}


def tokens_spent(store: Path) -> tuple[int, int]:
    """Tokens read and written for the rows of a store, the failed and rejected ones too."""
    n_in = n_out = 0
    for row in read_rows(store):
        n_in += row.usage.get("prompt_tokens", 0)
        n_out += row.usage.get("completion_tokens", 0)
    return n_in, n_out


class RowIndex:
    """Where each finished row of some stores lies.

    It is on disk itself, in a database without a name that goes with the process, so that a shard of a million rows
    takes no more memory than one of a thousand.
    """

    def __init__(self, teacher: str) -> None:
        """
        Args:
            teacher: the signature whose rows are wanted; others are passed over.
        """
        self.teacher = teacher
        self._paths: list[Path] = []
        self._open: tuple[int, BinaryIO] | None = None
        self._database = sqlite3.connect("")
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA cache_size = -8000")
        self._database.execute(
            "CREATE TABLE found (key TEXT, case_id TEXT, file INTEGER, start INTEGER, PRIMARY KEY (key, case_id))"
            " WITHOUT ROWID"
        )

    def __len__(self) -> int:
        """Rows, each case and key once."""
        return int(self._database.execute("SELECT count(*) FROM found").fetchone()[0])

    def read(self, store: Path) -> None:
        """Take in the rows a store holds now."""
        for path in files_of(store):
            self._add(path, _placed_rows(path))

    def add(self, path: Path, rows: Sequence[tuple[int, Row]]) -> None:
        """Take in rows that were just written, each with the byte it begins at."""
        self._add(path, iter(rows))

    def _add(self, path: Path, rows: Iterator[tuple[int, Row]]) -> None:
        if path not in self._paths:
            self._paths.append(path)
        file = self._paths.index(path)
        self._database.executemany(
            "INSERT OR REPLACE INTO found VALUES (?, ?, ?, ?)",
            (
                (row.key, row.case_id, file, start)
                for start, row in rows
                if row.teacher == self.teacher and row.status != ERROR
            ),
        )

    def __contains__(self, key: str) -> bool:
        return (
            self._database.execute("SELECT 1 FROM found WHERE key = ? LIMIT 1", (key,)).fetchone() is not None
        )

    def mark(self, key: str) -> None:
        """Count a key as known from now on although no row has it; it cannot be found."""
        self._database.execute("INSERT OR IGNORE INTO found VALUES (?, '', -1, 0)", (key,))

    def find(self, key: str, case_id: str = "") -> Row | None:
        """The case's row with this key; without one, that of any other case."""
        place = self._database.execute(
            "SELECT file, start FROM found WHERE key = ? ORDER BY case_id <> ? LIMIT 1", (key, case_id)
        ).fetchone()
        return None if place is None else self._read(*place)

    def _read(self, file: int, start: int) -> Row:
        if self._open is None or self._open[0] != file:
            self.close()
            self._open = file, self._paths[file].open("rb")
        stream = self._open[1]
        stream.seek(start)
        return _row(stream.readline())

    def close(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None


class Appender:
    """A file of rows, mended on opening: what a kill left of the last line is cut off."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> "Appender":
        self.file = self.path.open("ab+")
        self.file.truncate(_end_of_last_line(self.file))
        self.file.seek(0, os.SEEK_END)
        return self

    def append(self, rows: Sequence[Row]) -> list[tuple[int, Row]]:
        """Write the rows and wait for the disk; each with the byte it begins at."""
        start, placed, lines = self.file.tell(), [], []
        for row in rows:
            line = (json.dumps(_flat(row), ensure_ascii=False, sort_keys=True) + "\n").encode()
            placed.append((start, row))
            lines.append(line)
            start += len(line)
        self.file.write(b"".join(lines))
        self.file.flush()
        os.fsync(self.file.fileno())
        return placed

    def __exit__(self, *_: object) -> None:
        self.file.close()


def _end_of_last_line(file: BinaryIO) -> int:
    """Bytes up to the last end of a line, looked for from behind."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - _BLOCK)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _flat(row: Row) -> dict[str, Any]:
    """asdict copies every value anew, which costs more than the teacher of a scripted run."""
    return {name: getattr(row, name) for name in Row.__slots__}
