"""One number a reader may ask about; what every finding is made of."""

from dataclasses import dataclass

from analysis.stats.estimates import Interval

LATER = {"later": True}
"""Marks a key that reports of this format did not have from the beginning: where it is absent, its default holds."""


@dataclass(frozen=True, slots=True)
class Number:
    """One number a reader may ask about: how it came about, of how many, how sure."""

    value: float | None
    """None where there is no such number; `undefined` then says why."""
    n: int
    counted: str
    """What n counts: cards, cases, ratings, texts, pairs, systems."""
    method: str
    """How it was computed, in words."""
    interval: Interval | None = None
    no_interval: str = ""
    """Why there is a value but no interval, in words."""
    undefined: str = ""
    seed: int | None = None
    """The seed, where chance had a part."""

    def __post_init__(self) -> None:
        if (self.value is None) != bool(self.undefined):
            raise ValueError("a number has either a value or words that say why there is none")
