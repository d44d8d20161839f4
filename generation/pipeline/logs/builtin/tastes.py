"""What a made-up user likes, and what they like to hear about.

Two things, on purpose unrelated. The *favourite* (a director, a genre or a decade) shapes the history, so
rankers and prompts can find it. The *aspect* is what a good recommender would speak of to this user; it
shapes nothing but the teacher's words, and stands neither in the history nor in any prompt. So a student can
know it from the user vector alone, and a test that asks for the aspect asks whether the user vector works.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from generation.pipeline.records import Item

Kind = Literal["director", "genre", "decade"]

ASPECTS: tuple[str, ...] = ("acting", "atmosphere", "camera work", "dialogue", "music", "pacing")
"""Nouns that go after "the". About one user in six has each."""

FEWEST_FILMS = 5
"""A favourite is something of which the catalogue has at least this many films."""


@dataclass(frozen=True, slots=True)
class Taste:
    """The truth about one made-up user."""

    user: str
    kind: Kind
    value: str
    """A director's name, a genre, or a decade such as "1990s"."""
    aspect: str
    """One of ASPECTS."""

    def likes(self, item: Item) -> bool:
        return self.value in values_of(item, self.kind)


def aspect_of(user: str) -> str:
    """The aspect a teacher should speak of to `user`: fixed by a hash of the name, so the same in every run.

    It works for users of any log, so the check of the user vector does too.
    """
    digest = hashlib.sha256(f"aspect of {user}".encode()).digest()
    return ASPECTS[int.from_bytes(digest[:8], "big") % len(ASPECTS)]


def values_of(item: Item, kind: Kind) -> tuple[str, ...]:
    """What `item` has to offer to a user whose favourite is of this kind."""
    if kind == "director":
        return item.directors
    if kind == "genre":
        return item.genres
    return () if item.year is None else (f"{item.year // 10 * 10}s",)


def favourites(items: Sequence[Item]) -> dict[Kind, tuple[str, ...]]:
    """Everything that can be a favourite in this catalogue, by kind, in alphabetical order.

    Raises:
        ValueError: no kind has a value with enough films.
    """
    kinds: tuple[Kind, ...] = ("director", "genre", "decade")
    found: dict[Kind, tuple[str, ...]] = {}
    for kind in kinds:
        counts = Counter(value for item in items for value in values_of(item, kind))
        if frequent := tuple(sorted(value for value, n in counts.items() if n >= FEWEST_FILMS)):
            found[kind] = frequent
    if not found:
        raise ValueError(f"no director, genre or decade has {FEWEST_FILMS} films among {len(items)}")
    return found


def draw_taste(user: str, choices: dict[Kind, tuple[str, ...]], rng: np.random.Generator) -> Taste:
    """A favourite of a random kind; every kind is as likely, then every value of it."""
    kinds = sorted(choices)
    kind = kinds[int(rng.integers(len(kinds)))]
    value = choices[kind][int(rng.integers(len(choices[kind])))]
    return Taste(user, kind, value, aspect_of(user))
