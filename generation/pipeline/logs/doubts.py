"""Columns whose values do not look like what they are said to mean: two that were exchanged, above all.

A doubt is no refusal. Somebody's items may be called 1 to 5; but then somebody should have said so.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, pairwise
from statistics import median
from typing import Any

from generation.pipeline.logs.table import MEANINGS, Columns
from generation.pipeline.logs.tabular import Row

ROWS_READ = 2000
FEWEST_ROWS = 20
"""Fewer say nothing about what the rest looks like."""
NEARLY_ALL = 0.9
SECONDS = (6e8, 2.2e9)
"""1989 to 2039; logs of people meeting things are hardly older."""
BEFORE_1973 = 1e8
FEW = 12
"""A scale of ratings has hardly more steps."""
LARGEST_STEP = 100.0


@dataclass(frozen=True, slots=True)
class Doubt:
    """What about a column does not fit its meaning."""

    meaning: str
    """A key of MEANINGS."""
    column: str
    words: str
    """A sentence that goes on from the column's name."""

    @property
    def label(self) -> str:
        return MEANINGS[self.meaning].label


class _Values:
    """What stands in a column of the first rows, empty fields left out."""

    def __init__(self, rows: Iterable[Row], column: str) -> None:
        found = (row.get(column) for row in rows)
        self.all = [value for value in found if value is not None and str(value).strip()]
        self.numbers = [number for value in self.all if (number := _number(value)) is not None]

    def share(self, holds: Callable[[float], bool]) -> float:
        """Of all values, those that are numbers of which it holds."""
        return sum(map(holds, self.numbers)) / len(self.all)

    @property
    def numeric(self) -> bool:
        return len(self.numbers) >= NEARLY_ALL * len(self.all)

    @property
    def distinct(self) -> int:
        return len({str(value) for value in self.all})

    @property
    def example(self) -> str:
        return str(self.all[len(self.all) // 2])[:40]

    @property
    def times(self) -> bool:
        """Numbers that are times of our days, in seconds or milliseconds."""
        low, high = SECONDS
        return self.share(lambda n: low <= n <= high or low <= n / 1000 <= high) >= NEARLY_ALL

    @property
    def scale(self) -> bool:
        """A few small numbers that come and go, as ratings do; those of a sorted file do not come back."""
        small = self.numeric and self.distinct <= FEW and max(map(abs, self.numbers)) <= LARGEST_STEP
        turns = sum(one != other for one, other in pairwise(map(str, self.all)))
        return small and turns > 2 * self.distinct


def doubts(columns: Columns, interactions: Iterable[Row], items: Iterable[Row] | None = None) -> list[Doubt]:
    """What in the first rows speaks against this mapping.

    Args:
        items: the rows of the file of items; None where one file has all.
    """
    rows = list(islice(interactions, ROWS_READ))
    described = rows if items is None else list(islice(items, ROWS_READ))
    found = []
    for meaning, (of_items, look) in _LOOKS.items():
        if (column := columns.get(meaning)) is None:
            continue
        values = _Values(described if of_items else rows, column)
        if len(values.all) >= FEWEST_ROWS and (words := look(values)):
            found.append(Doubt(meaning, column, words))
    return found


def _id(values: _Values) -> str:
    if values.times:
        return f"holds numbers such as {values.example}, which look like times since 1970"
    if values.scale:
        low, high = min(values.numbers), max(values.numbers)
        return f"holds only {values.distinct} different numbers, {low:g} to {high:g}, as ratings do"
    return ""


def _time(values: _Values) -> str:
    if values.scale:
        low, high = min(values.numbers), max(values.numbers)
        return (
            f"holds only {values.distinct} different numbers, {low:g} to {high:g}, as ratings do; as times they are "
            "the first seconds of 1970"
        )
    if values.numeric:
        if max(values.numbers) < BEFORE_1973:
            return (
                f"holds numbers such as {values.example}; as seconds since 1970 all of them are before 1973"
            )
        return ""
    odd = [value for value in values.all if _number(value) is None and not _is_date(value)]
    if len(odd) > len(values.all) / 2:
        return f"holds texts such as {str(odd[len(odd) // 2])[:40]!r}, which are no times"
    return ""


def _rating(values: _Values) -> str:
    if not values.numbers:
        return f"holds texts such as {values.example!r}, which are no numbers"
    if values.times:
        return f"holds numbers such as {values.example}, which look like times since 1970"
    if values.numeric and median(values.numbers) > LARGEST_STEP and values.distinct > len(values.all) / 2:
        return f"holds {values.distinct:,} different numbers, such as {values.example}, as ids do"
    return ""


def _title(values: _Values) -> str:
    if values.numeric and values.distinct > FEW:
        return f"holds numbers such as {values.example}, as ids do"
    return ""


def _year(values: _Values) -> str:
    if values.share(lambda n: 1800 <= n <= 2200) < 1 - NEARLY_ALL:
        return f"holds {values.example!r} and the like, which are no years"
    return ""


_LOOKS: dict[str, tuple[bool, Callable[[_Values], str]]] = {
    "user": (False, _id),
    "item": (False, _id),
    "timestamp": (False, _time),
    "rating": (False, _rating),
    "catalogue_item": (True, _id),
    "title": (True, _title),
    "year": (True, _year),
}
"""Meaning -> whether it is of the items, and what is wrong with its values, in words."""


def _number(value: Any) -> float | None:
    if isinstance(value, bool | datetime):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if abs(number) < 1e300 else None


def _is_date(value: Any) -> bool:
    if isinstance(value, datetime):
        return True
    try:
        datetime.fromisoformat(str(value))
    except ValueError:
        return False
    return True
