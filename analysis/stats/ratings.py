"""RatingTable: judgments in long form, checked once, counted fast.

A card is one (case, system) pair: the thing an annotator judged. Values live on an explicit scale, so points
that nobody used still count. Totals are exact integers; a mean is one division of integers, which IEEE
arithmetic rounds correctly, so equal means are equal floats and ranks never depend on the order of summation.
"""

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.stats.rating_columns import (
    IDENTITY,
    Problems,
    read_flags,
    read_names,
    read_numbers,
    read_points,
    refuse_columns,
    refuse_duplicates,
    scale_of,
)

LIKERT = (1, 2, 3, 4, 5)

MAX_MATRIX_CELLS = 200_000_000


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
        scale = scale_of(levels)
        refuse_columns(frame)
        frame = frame.reset_index(drop=True)
        found = Problems()
        codes = {name: read_names(frame[name], name, found) for name in IDENTITY}
        point = read_points(frame["value"], scale, found)
        flags = {name: read_flags(frame, name, found) for name in ("repeat", "simulated")}
        numbers = {name: read_numbers(frame, name, found) for name in ("seconds", "position")}
        if not found:
            refuse_duplicates(codes, flags["repeat"], found)
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


def _code(kind: str, name: str, known: tuple[str, ...]) -> int:
    try:
        return known.index(name)
    except ValueError:
        raise UnknownLabel(kind, name, known) from None
