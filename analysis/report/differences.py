"""Two JSON documents laid side by side: where they part, named as a person would look it up."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

RELATIVE = 1e-9
ABSOLUTE = 1e-12
"""What rounding leaves of a number that ought to be 0. Not granted to scores of metrics, which may live at 1e-27."""
NAMES = ("criterion", "first", "second", "system", "metric", "level", "coefficient", "key", "name")
"""Keys by which an object of a list is called."""


@dataclass
class Compared:
    """What a comparison went through."""

    n_values: int = 0
    """Values compared, whether numbers, words or nulls."""
    largest: float = 0.0
    """The largest relative difference between two numbers that pass for equal."""
    absent: list[str] = field(default_factory=list)
    """Keys that the second document has and the first has not."""


def differences(given: Any, wanted: Any, seen: Compared, where: str = "") -> Iterator[str]:
    """A sentence for every place where `given` is not what is wanted.

    Numbers may part by 1e-9 of their size; null, words, yes and no must be the same.
    """
    if isinstance(given, dict) and isinstance(wanted, dict):
        for key in given:
            place = f"{where}.{key}" if where else str(key)
            if key not in wanted:
                yield f"{place}: there is no such key"
            else:
                yield from differences(given[key], wanted[key], seen, place)
        seen.absent += [f"{where}.{key}" if where else str(key) for key in wanted if key not in given]
    elif isinstance(given, list) and isinstance(wanted, list):
        if len(given) != len(wanted):
            yield f"{where}: {len(given):,} entries, computed {len(wanted):,}"
        for row, (one, other) in enumerate(zip(given, wanted, strict=False)):
            yield from differences(one, other, seen, f"{where}[{row}{_called(one)}]")
    else:
        seen.n_values += 1
        if not _same(given, wanted, seen, 0.0 if where.startswith("metric_summaries") else ABSOLUTE):
            yield f"{where}: {_shown(given)}, computed {_shown(wanted)}"


def _same(given: Any, wanted: Any, seen: Compared, absolute: float) -> bool:
    numbers = [isinstance(one, (int, float)) and not isinstance(one, bool) for one in (given, wanted)]
    if not all(numbers):
        return type(given) is type(wanted) and bool(given == wanted)
    if isinstance(given, int) and isinstance(wanted, int):
        return given == wanted
    if not math.isclose(given, wanted, rel_tol=RELATIVE, abs_tol=absolute):
        return False
    if abs(given - wanted) > absolute:
        seen.largest = max(seen.largest, abs(given - wanted) / max(abs(given), abs(wanted)))
    return True


def _called(one: Any) -> str:
    names = [str(one[key]) for key in NAMES if one.get(key)] if isinstance(one, dict) else []
    return f": {', '.join(names)}" if names else ""


def _shown(value: Any) -> str:
    text = "nothing (undefined)" if value is None else repr(value)
    return text if len(text) < 90 else f"{text[:86]} …"
