"""What a table is made of: cells that know their number, columns, and how both become CSV and LaTeX."""

import csv
import io
from dataclasses import dataclass

from analysis.report.findings.number import Number
from analysis.report.findings.study import StudyFindings
from analysis.report.latex import begun, caption, escaped, preamble
from analysis.report.words import number, with_interval

ROWS_A_PAGE = 40
"""A longer table is broken over pages in LaTeX: a float would run off its page."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in one place of a table."""

    text: str
    raw: str | int | float | None = None
    """For CSV; None is an empty cell there."""
    number: Number | None = None
    """Where it comes from, for the reader who asks."""
    strong: bool = False
    mark: str = ""
    """A short label beside the text, such as "offline teacher"."""


@dataclass(frozen=True, slots=True)
class Column:
    key: str
    label: str
    numeric: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under columns; `key` names its file."""

    key: str
    title: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def to_csv(self) -> str:
        """Full precision, one header line, "" where there is no value; no text a spreadsheet would run."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([csv_cell(column.key) for column in self.columns])
        writer.writerows([[csv_cell(cell.raw) for cell in row] for row in self.rows])
        return out.getvalue()

    def to_latex(self) -> str:
        """A booktabs table; the preamble needs the package booktabs, and longtable where it is longer than a page."""
        kinds = "".join("r" if column.numeric else "l" for column in self.columns)
        head = begun(" & ".join(escaped(column.label) for column in self.columns)) + r" \\"
        body = [begun(" & ".join(_latex_cell(cell) for cell in row)) + r" \\" for row in self.rows]
        above = caption(self.caption)
        label = rf"\label{{tab:{self.key}}}"
        if len(self.rows) <= ROWS_A_PAGE:
            lines = [
                r"\begin{table}",
                r"\centering",
                above,
                label,
                rf"\begin{{tabular}}{{{kinds}}}",
                *(r"\toprule", head, r"\midrule", *body, r"\bottomrule"),
                r"\end{tabular}",
                r"\end{table}",
            ]
        else:
            lines = [
                r"% needs \usepackage{longtable}",
                rf"\begin{{longtable}}{{{kinds}}}",
                rf"{above}{label}\\",
                *(r"\toprule", head, r"\midrule", r"\endfirsthead"),
                *(r"\toprule", head, r"\midrule", r"\endhead"),
                *(r"\bottomrule", r"\endfoot"),
                *body,
                r"\end{longtable}",
            ]
        return "\n".join([*preamble(above, head, *body), *lines, ""])


def with_ends(given: Number, digits: int = 2) -> list[Cell]:
    """The number for people, and its ends in full for CSV."""
    low, high = (given.interval.low, given.interval.high) if given.interval else (None, None)
    text = with_interval(given, digits) if given.value is not None else "undefined"
    return [
        Cell(text, given.value, given),
        Cell(number(low, digits), low),
        Cell(number(high, digits), high),
    ]


def warning(findings: StudyFindings) -> str:
    """What every caption must say of the data, or nothing."""
    words = ""
    if findings.meta.simulated:
        words += " Simulated ratings: no person gave them."
    if findings.meta.offline_systems:
        words += " The offline teacher is rules, not a language model."
    return words


def criterion_names(findings: StudyFindings) -> dict[str, str]:
    return {criterion.key: criterion.name for criterion in findings.criteria}


def system_labels(findings: StudyFindings) -> dict[str, str]:
    return {system.name: system.label for system in findings.systems}


FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that spreadsheets compute instead of showing."""


def csv_cell(raw: str | int | float | None) -> str | int | float:
    """Texts that would be formulas get the apostrophe by which spreadsheets know a text; numbers stay.

    A carriage return, which csv does not quote and most readers take for the end of a row, becomes a space.
    """
    if isinstance(raw, str):
        return ("'" if raw.startswith(FORMULA) else "") + raw.replace("\r", " ")
    return "" if raw is None else raw


def _latex_cell(cell: Cell) -> str:
    text = escaped(cell.text) + (rf" \emph{{({escaped(cell.mark)})}}" if cell.mark else "")
    return rf"\textbf{{{text}}}" if cell.strong else text
