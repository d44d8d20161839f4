"""The columns of a table of ratings, read and checked: every problem with its line, field and remedy."""

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

IDENTITY = ("annotator", "case", "system", "criterion")
REQUIRED = (*IDENTITY, "value")
OPTIONAL = ("position", "repeat", "seconds", "simulated")
MAX_LISTED = 10_000

_TRUE = {"1", "1.0", "true", "yes"}
_FALSE = {"0", "0.0", "false", "no", ""}


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong with the table that came in."""

    row: int
    """1-based row of the data; 0 when the whole table is meant."""
    field: str
    got: str
    remedy: str

    @property
    def line(self) -> int:
        """Line of the CSV file, whose first line is the header (records without line breaks inside)."""
        return self.row + 1

    def __str__(self) -> str:
        where = f"line {self.line}, {self.field}" if self.row else self.field
        return f"{where}: {self.got}. {self.remedy}"


class BadRatings(ValueError):
    """The ratings cannot be analysed as they stand: every problem with its row, field and remedy."""

    def __init__(self, problems: Sequence[Problem], n_problems: int | None = None) -> None:
        self.problems = tuple(problems)
        self.n_problems = len(self.problems) if n_problems is None else n_problems
        shown = [str(problem) for problem in self.problems[:20]]
        if self.n_problems > len(shown):
            shown.append(f"... and {self.n_problems - len(shown):,} more")
        counted = "1 problem" if self.n_problems == 1 else f"{self.n_problems:,} problems"
        super().__init__(f"{counted} in the ratings:\n" + "\n".join(shown))


@dataclass(frozen=True)
class Coded:
    labels: tuple[str, ...]
    codes: npt.NDArray[np.int64]


class Problems:
    """Collects every problem, keeps the first ten thousand."""

    def __init__(self) -> None:
        self.kept: list[Problem] = []
        self.n = 0

    def __bool__(self) -> bool:
        return self.n > 0

    def add(self, row: int, field: str, got: str, remedy: str) -> None:
        self.n += 1
        if len(self.kept) < MAX_LISTED:
            self.kept.append(Problem(row, field, got, remedy))

    def add_rows(self, where: npt.NDArray[np.bool_], column: pd.Series, field: str, remedy: str) -> None:
        rows = np.flatnonzero(where)
        for row in rows[:MAX_LISTED]:
            self.add(int(row) + 1, field, f"got {_shown(column.iloc[row])}", remedy)
        self.n += max(0, len(rows) - MAX_LISTED)

    def raise_if_any(self) -> None:
        if self:
            raise BadRatings(sorted(self.kept), self.n)


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, str) else str(value)


def scale_of(levels: Sequence[int]) -> tuple[int, ...]:
    scale = tuple(sorted({int(level) for level in levels}))
    if len(scale) < 2 or len(scale) != len(levels) or any(int(level) != level for level in levels):
        raise ValueError(f"a scale needs two or more different whole numbers, got {list(levels)}")
    return scale


WHERE_SYSTEM_IS = "data/ratings.csv of an unblinded study's bundle has it, the monitor's export has not"


def refuse_columns(frame: pd.DataFrame) -> None:
    """Missing, doubled or misspelt columns; nothing further can be checked without them."""
    names = [str(name) for name in frame.columns]
    found = Problems()
    for name in REQUIRED:
        if name in names:
            continue
        spare = [other for other in names if other not in REQUIRED + OPTIONAL]
        close = difflib.get_close_matches(name, spare, n=1, cutoff=0.6) or [
            other for other in spare if other.strip().lower() == name
        ]
        remedy = f'Did you mean the column "{close[0]}"? Rename it' if close else "Add the column"
        if name == "system" and not close:
            remedy += f"; {WHERE_SYSTEM_IS}"
        found.add(0, name, f"the column is missing (columns are {', '.join(names)})", remedy)
    for name in REQUIRED + OPTIONAL:
        if names.count(name) > 1:
            found.add(0, name, "the column appears twice", "Keep one")
    found.raise_if_any()


def read_names(column: pd.Series, field: str, found: Problems) -> Coded:
    """Code names: cases and annotators sorted, as row order must not matter; the others as they appear."""
    codes, uniques = pd.factorize(column, use_na_sentinel=True)
    labels = np.array([_label(value) for value in uniques], dtype=object)
    blank = np.append(labels == "", True)
    found.add_rows(blank[codes], column, field, f"Name the {field} of this row")
    nul = np.append(np.array(["\0" in str(label) for label in labels], dtype=bool), False)
    found.add_rows(nul[codes], column, field, "Take the character NUL out of the name")
    # Distinct raw values may share a label (1, 1.0 and "1" from different files): code the labels again.
    again, kept = pd.factorize(labels, sort=field in ("case", "annotator"))
    return Coded(tuple(str(label) for label in kept), np.append(again, -1)[codes].astype(np.int64))


def _label(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def read_points(column: pd.Series, scale: tuple[int, ...], found: Problems) -> npt.NDArray[np.int64]:
    """Position of each value on the scale, -1 where empty."""
    text = column.dtype == object or isinstance(column.dtype, pd.StringDtype)
    empty = column.isna().to_numpy(dtype=bool, copy=True)
    if text:
        empty |= (column.astype("string").str.strip() == "").fillna(True).to_numpy(dtype=bool)
    if column.dtype == bool:
        number = np.full(len(column), np.nan)
    else:
        number = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    no_number = np.isnan(number) & ~empty
    span = (
        f"{scale[0]} to {scale[-1]}" if len(scale) == scale[-1] - scale[0] + 1 else ", ".join(map(str, scale))
    )
    remedy = f"Give a whole number on the scale {span}, or leave empty where the annotator could not judge"
    found.add_rows(no_number, column, "value", remedy)
    levels = np.asarray(scale, dtype=np.float64)
    place = np.clip(np.searchsorted(levels, np.where(np.isnan(number), scale[0], number)), 0, len(scale) - 1)
    off = ~empty & ~no_number & (levels[place] != number)
    found.add_rows(off, column, "value", remedy)
    return np.where(empty | no_number | off, -1, place).astype(np.int64)


def read_flags(frame: pd.DataFrame, field: str, found: Problems) -> npt.NDArray[np.bool_]:
    """A yes/no column; absent or empty means no."""
    if field not in frame:
        return np.zeros(len(frame), dtype=bool)
    column = frame[field]
    if column.dtype == bool:
        return column.to_numpy(dtype=bool)
    codes, uniques = pd.factorize(column, use_na_sentinel=True)
    words = [str(value).strip().lower() for value in uniques]
    bad = np.array([word not in _TRUE | _FALSE for word in words] + [False])
    found.add_rows(bad[codes], column, field, "Write true or false")
    return np.array([word in _TRUE for word in words] + [False])[codes]


def read_numbers(frame: pd.DataFrame, field: str, found: Problems) -> npt.NDArray[np.float64]:
    """An optional column of non-negative numbers; absent or empty means NaN."""
    if field not in frame:
        return np.full(len(frame), np.nan)
    column = frame[field]
    number = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    empty = column.isna().to_numpy(dtype=bool, copy=True)
    empty |= (column.astype("string").str.strip() == "").fillna(True).to_numpy(dtype=bool)
    found.add_rows(
        ~empty & ~(np.isfinite(number) & (number >= 0)),
        column,
        field,
        "Give a number, 0 or more, or leave empty",
    )
    return number


def refuse_duplicates(codes: Mapping[str, Coded], repeat: npt.NDArray[np.bool_], found: Problems) -> None:
    """The same annotator, card and criterion twice; a second look must say so in the column repeat."""
    columns = [codes[name].codes for name in IDENTITY] + [repeat]
    sizes = [len(codes[name].labels) for name in IDENTITY] + [2]
    if math.prod(sizes) < 2**62:
        key: npt.NDArray[Any] = np.zeros(len(repeat), dtype=np.int64)
        for column, size in zip(columns, sizes, strict=True):
            key = key * size + column
    else:
        key = pd.DataFrame(dict(enumerate(columns))).groupby(list(range(5)), sort=False).ngroup().to_numpy()
    again = pd.Series(key).duplicated().to_numpy()
    if not again.any():
        return
    first = pd.Series(np.arange(len(key)), index=key)
    first = first[~first.index.duplicated()]
    for row in np.flatnonzero(again):
        who, case, system, criterion = (codes[name].labels[codes[name].codes[row]] for name in IDENTITY)
        earlier = int(first.loc[key[row]]) + 2
        found.add(
            int(row) + 1,
            "annotator",
            f"{who} already rated case {case} of {system} on {criterion} in line {earlier}",
            "Keep one of the two, or mark the second look with repeat = true",
        )
