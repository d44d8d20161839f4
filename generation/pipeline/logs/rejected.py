"""Rows that were refused, and imports that were."""

from collections import Counter
from dataclasses import dataclass, field

LONGEST_TEXT = 200


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

    def add(self, file: str, line: int, field: str, reason: str, remedy: str, text: object = "") -> None:
        self.by_reason[file, field, reason] += 1
        if len(self.rows) < self.limit:
            shown = str(text)
            shown = shown if len(shown) <= LONGEST_TEXT else f"{shown[:LONGEST_TEXT]}…"
            self.rows.append(RejectedRow(file, line, field, reason, remedy, shown))

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
