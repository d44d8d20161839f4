"""RatingTable: judgments in long form, checked once, counted fast.

A card is one (case, system) pair: the thing an annotator judged. Values live on an explicit scale, so points
that nobody used still count. Totals are exact integers; a mean is one division of integers, which IEEE
arithmetic rounds correctly, so equal means are equal floats and ranks never depend on the order of summation.
"""

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
LIKERT = (1, 2, 3, 4, 5)
MAX_LISTED = 10_000
MAX_MATRIX_CELLS = 200_000_000

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


class UnknownLabel(KeyError):
    """A criterion, system or case that the table does not hold."""

    def __init__(self, kind: str, name: str, known: Sequence[str]) -> None:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f' Did you mean "{close[0]}"?' if close else ""
        listed = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
        super().__init__(f'no {kind} "{name}".{hint} Known: {listed}')

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class CaseTotals:
    """Exact sums of ratings and how many there were, each a frame of cases (index) by systems (columns)."""

    totals: pd.DataFrame
    n: pd.DataFrame


@dataclass(frozen=True, eq=False)
class RatingTable:
    """Checked ratings; build it with `from_frame`. Arrays have one entry a row of the input."""

    annotators: tuple[str, ...]
    cases: tuple[str, ...]
    systems: tuple[str, ...]
    criteria: tuple[str, ...]
    levels: tuple[int, ...]
    """Every point of the scale, ascending, used or not."""
    annotator: npt.NDArray[np.int64]
    case: npt.NDArray[np.int64]
    system: npt.NDArray[np.int64]
    criterion: npt.NDArray[np.int64]
    point: npt.NDArray[np.int64]
    """Index into levels; -1 where the annotator could not judge."""
    repeat: npt.NDArray[np.bool_]
    """Second looks of the same annotator at the same card; kept out of the main counts."""
    seconds: npt.NDArray[np.float64]
    """NaN where not measured."""
    position: npt.NDArray[np.float64]
    """Place in the annotator's own order; NaN where not recorded."""
    simulated: npt.NDArray[np.bool_]
    annotators_identified: bool = True
    """False when the column only numbers slots: "rater 1" is a different person on each card."""

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        levels: Sequence[int] = LIKERT,
        annotators_identified: bool = True,
    ) -> "RatingTable":
        """Check a long table and code it.

        Args:
            frame: one row a judgment, columns annotator, case, system, criterion, value and optionally
                position, repeat, seconds, simulated. An empty value means "cannot judge". Other columns are
                ignored.
            levels: every point of the scale, whole numbers.
            annotators_identified: False when the annotator names do not follow one person across cards.

        Raises:
            BadRatings: with every problem found: missing columns, empty names, values that are no number or
                no point of the scale, the same card rated twice by the same annotator on the same criterion.
            ValueError: the scale itself makes no sense.
        """
        scale = _scale(levels)
        _refuse_columns(frame)
        frame = frame.reset_index(drop=True)
        found = _Problems()
        codes = {name: _names(frame[name], name, found) for name in IDENTITY}
        point = _points(frame["value"], scale, found)
        flags = {name: _flags(frame, name, found) for name in ("repeat", "simulated")}
        numbers = {name: _numbers(frame, name, found) for name in ("seconds", "position")}
        if not found:
            _refuse_duplicates(codes, flags["repeat"], found)
        if not len(frame):
            found.add(0, "table", "no rows", "Give at least one judgment below the header")
        found.raise_if_any()
        return cls(
            annotators=codes["annotator"].labels,
            cases=codes["case"].labels,
            systems=codes["system"].labels,
            criteria=codes["criterion"].labels,
            levels=scale,
            annotator=codes["annotator"].codes,
            case=codes["case"].codes,
            system=codes["system"].codes,
            criterion=codes["criterion"].codes,
            point=point,
            repeat=flags["repeat"],
            seconds=numbers["seconds"],
            position=numbers["position"],
            simulated=flags["simulated"],
            annotators_identified=annotators_identified,
        )

    def __len__(self) -> int:
        return len(self.point)

    @property
    def n_repeats(self) -> int:
        """Judgments that are second looks."""
        return int(self.repeat.sum())

    @property
    def any_simulated(self) -> bool:
        """Whether any judgment was not made by a person; every page and file must then say so."""
        return bool(self.simulated.any())

    def n_missing(self, criterion: str, system: str | None = None) -> int:
        """First looks in which the annotator could not judge."""
        return int((self.point[self.first_looks(criterion, system)] < 0).sum())

    def n_ratings(self, criterion: str) -> int:
        """First looks with a value."""
        return int((self.point[self.first_looks(criterion)] >= 0).sum())

    def cards(self, criterion: str, system: str | None = None, case: str | None = None) -> pd.DataFrame:
        """Case and system of each card, in the order of the rows of `counts` and columns of `matrix`."""
        cards, _ = self._cards(self.first_looks(criterion, system, case))
        case_code, system_code = np.divmod(cards, len(self.systems))
        return pd.DataFrame(
            {
                "case": np.asarray(self.cases, dtype=object)[case_code],
                "system": np.asarray(self.systems, dtype=object)[system_code],
            }
        )

    def counts(
        self, criterion: str, system: str | None = None, case: str | None = None
    ) -> npt.NDArray[np.int64]:
        """How many annotators chose each point of the scale on each card, shape (n_cards, n_levels).

        A card nobody could judge is a row of zeros. Repeats are left out.

        Raises:
            UnknownLabel: no such criterion, system or case.
        """
        rows = self.first_looks(criterion, system, case)
        cards, inverse = self._cards(rows)
        point, q = self.point[rows], len(self.levels)
        flat = np.bincount((inverse * q + point)[point >= 0], minlength=len(cards) * q)
        return flat.reshape(len(cards), q).astype(np.int64, copy=False)

    def matrix(self, criterion: str, system: str | None = None) -> npt.NDArray[np.float64]:
        """Values, shape (n_annotators, n_cards), NaN where an annotator did not judge a card. Repeats left
        out.

        Raises:
            ValueError: the matrix would be too large to hold; agreement needs only `counts`.
        """
        rows = self.first_looks(criterion, system)
        cards, inverse = self._cards(rows)
        if len(self.annotators) * len(cards) > MAX_MATRIX_CELLS:
            raise ValueError(
                f"{len(self.annotators):,} x {len(cards):,} cells do not fit in memory; use counts()"
            )
        values = np.append(np.asarray(self.levels, dtype=np.float64), np.nan)
        matrix = np.full((len(self.annotators), len(cards)), np.nan)
        matrix[self.annotator[rows], inverse] = values[self.point[rows]]
        return matrix

    def case_totals(self, criterion: str) -> CaseTotals:
        """Exact sums over annotators for each case and system, and how many annotators gave a value."""
        rows = self.first_looks(criterion)
        rows = rows[self.point[rows] >= 0]
        shape = len(self.cases), len(self.systems)
        cell = self.case[rows] * shape[1] + self.system[rows]
        size = shape[0] * shape[1]
        n = np.bincount(cell, minlength=size).astype(np.int64)
        value = np.asarray(self.levels, dtype=np.int64)[self.point[rows]]
        # Sums of whole numbers in float64 are exact far beyond any study (2**53).
        totals = np.rint(np.bincount(cell, weights=value, minlength=size)).astype(np.int64)
        index, columns = pd.Index(self.cases, name="case"), pd.Index(self.systems, name="system")
        return CaseTotals(
            totals=pd.DataFrame(totals.reshape(shape), index=index, columns=columns),
            n=pd.DataFrame(n.reshape(shape), index=index, columns=columns),
        )

    def case_means(self, criterion: str) -> pd.DataFrame:
        """Mean over annotators for each case (index) and system (columns); NaN where nobody gave a value."""
        sums = self.case_totals(criterion)
        n = sums.n.to_numpy()
        means = np.full(n.shape, np.nan)
        np.divide(sums.totals.to_numpy(), n, out=means, where=n > 0)
        return pd.DataFrame(means, index=sums.n.index, columns=sums.n.columns)

    def system_means(self, criterion: str) -> pd.Series:
        """Mean over cases of the case means, index system; each case weighs the same however many annotators
        it had.

        Computed as one division of whole numbers, so systems that tie, tie exactly. NaN for a system never
        rated.
        """
        sums = self.case_totals(criterion)
        n = sums.n.to_numpy()
        common = math.lcm(*(int(k) for k in np.unique(n[n > 0])))
        means = {}
        for column, system in enumerate(self.systems):
            rated = n[:, column] > 0
            total = sum(
                int(t) * (common // int(k))
                for t, k in zip(sums.totals.to_numpy()[rated, column], n[rated, column], strict=True)
            )
            means[system] = total / (common * int(rated.sum())) if rated.any() else math.nan
        return pd.Series(means, name=criterion, dtype=np.float64)

    def first_looks(
        self, criterion: str, system: str | None = None, case: str | None = None
    ) -> npt.NDArray[np.intp]:
        """Row positions of the judgments that count: no repeats; those that could not judge are included.

        Raises:
            UnknownLabel: no such criterion, system or case.
        """
        keep = (self.criterion == _code("criterion", criterion, self.criteria)) & ~self.repeat
        if system is not None:
            keep &= self.system == _code("system", system, self.systems)
        if case is not None:
            keep &= self.case == _code("case", case, self.cases)
        return np.flatnonzero(keep)

    def _cards(self, rows: npt.NDArray[np.intp]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Card codes present, ascending, and for each row the position of its card among them."""
        code = self.case[rows] * len(self.systems) + self.system[rows]
        seen = np.zeros(len(self.cases) * len(self.systems), dtype=bool)
        seen[code] = True
        place = np.cumsum(seen) - 1
        return np.flatnonzero(seen), place[code]


@dataclass(frozen=True)
class _Coded:
    labels: tuple[str, ...]
    codes: npt.NDArray[np.int64]


class _Problems:
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


def _code(kind: str, name: str, known: tuple[str, ...]) -> int:
    try:
        return known.index(name)
    except ValueError:
        raise UnknownLabel(kind, name, known) from None


def _scale(levels: Sequence[int]) -> tuple[int, ...]:
    scale = tuple(sorted({int(level) for level in levels}))
    if len(scale) < 2 or len(scale) != len(levels) or any(int(level) != level for level in levels):
        raise ValueError(f"a scale needs two or more different whole numbers, got {list(levels)}")
    return scale


def _refuse_columns(frame: pd.DataFrame) -> None:
    """Missing, doubled or misspelt columns; nothing further can be checked without them."""
    names = [str(name) for name in frame.columns]
    found = _Problems()
    for name in REQUIRED:
        if name in names:
            continue
        spare = [other for other in names if other not in REQUIRED + OPTIONAL]
        close = difflib.get_close_matches(name, spare, n=1, cutoff=0.6) or [
            other for other in spare if other.strip().lower() == name
        ]
        remedy = f'Did you mean the column "{close[0]}"? Rename it' if close else "Add the column"
        found.add(0, name, f"the column is missing (columns are {', '.join(names)})", remedy)
    for name in REQUIRED + OPTIONAL:
        if names.count(name) > 1:
            found.add(0, name, "the column appears twice", "Keep one")
    found.raise_if_any()


def _names(column: pd.Series, field: str, found: _Problems) -> _Coded:
    """Code names: cases and annotators sorted, as row order must not matter; the others as they appear."""
    codes, uniques = pd.factorize(column, use_na_sentinel=True)
    labels = np.array([_label(value) for value in uniques], dtype=object)
    blank = np.append(labels == "", True)
    found.add_rows(blank[codes], column, field, f"Name the {field} of this row")
    # Distinct raw values may share a label (1, 1.0 and "1" from different files): code the labels again.
    again, kept = pd.factorize(labels, sort=field in ("case", "annotator"))
    return _Coded(tuple(str(label) for label in kept), np.append(again, -1)[codes].astype(np.int64))


def _label(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _points(column: pd.Series, scale: tuple[int, ...], found: _Problems) -> npt.NDArray[np.int64]:
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


def _flags(frame: pd.DataFrame, field: str, found: _Problems) -> npt.NDArray[np.bool_]:
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


def _numbers(frame: pd.DataFrame, field: str, found: _Problems) -> npt.NDArray[np.float64]:
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


def _refuse_duplicates(codes: Mapping[str, _Coded], repeat: npt.NDArray[np.bool_], found: _Problems) -> None:
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
