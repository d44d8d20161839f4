"""A table once as CSV for machines and once as Markdown for people."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.experiments.estimates import Estimate, short

Cell = str | int | float | Estimate | None
Row = Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one shape; what could not be had is None, and never 0."""

    name: str
    caption: str
    rows: Sequence[Row]

    def csv(self) -> str:
        """An estimate becomes four columns: the mean under its own name, its ends and its number of worlds."""
        stream = io.StringIO()
        flat = [dict(_flat(row)) for row in self.rows]
        names = list(dict.fromkeys(name for row in flat for name in row))
        writer = csv.DictWriter(stream, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(flat)
        return stream.getvalue()

    def markdown(self) -> str:
        if not self.rows:
            return f"{self.caption}\n\nNothing was run yet.\n"
        names = list(dict.fromkeys(name for row in self.rows for name in row))
        lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
        lines += [f"| {' | '.join(_words(row.get(name)) for name in names)} |" for row in self.rows]
        return f"{self.caption}\n\n" + "\n".join(lines) + "\n"

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.name}.csv").write_text(self.csv(), encoding="utf-8")
        (folder / f"{self.name}.md").write_text(self.markdown(), encoding="utf-8")


def _flat(row: Row) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for name, value in row.items():
        if isinstance(value, Estimate):
            found += [
                (name, _digits(value.mean)),
                (f"{name}, low", _digits(value.low)),
                (f"{name}, high", _digits(value.high)),
                (f"{name}, worlds", value.n),
            ]
        else:
            found.append((name, _digits(value) if isinstance(value, float) else value))
    return found


def _digits(value: float | None) -> str | None:
    """Six digits: more than any of it is worth, and the same from every release of scipy."""
    return None if value is None else f"{value:.6g}"


def _words(value: Cell) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return short(value)
    return f"{value:,}" if isinstance(value, int) else str(value)
