"""Made-up users of the built-in catalogue, with histories drawn from tastes that are known."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from generation.pipeline.logs.builtin.catalogue import catalogue
from generation.pipeline.logs.builtin.tastes import Taste, draw_taste, favourites
from generation.pipeline.logs.rejected import Rejected
from generation.pipeline.records import Interaction, Item

STREAM_USERS, STREAM_POPULARITY = 1, 2
FIRST_DAY = datetime(2020, 1, 1, tzinfo=UTC)
PULL = 3.0
"""How much likelier (as a log weight) a film of one's favourite is to be watched."""
TIED = 0.2
"""The share of interactions that carry the very time of the one before, as real logs do."""

SHORTEST, LONGEST = 12, 40
"""How many films a made-up user has watched, unless told otherwise."""


class World:
    """The log format `builtin`: nobody in it exists, so nobody's data is in it."""

    items_file = "films.csv"
    interactions_file = "made-up interactions"

    def __init__(
        self, *, n_users: int, seed: int, shortest: int, longest: int, rejected: Rejected | None = None
    ) -> None:
        films = len(catalogue())
        if n_users < 1 or seed < 0:
            raise ValueError(f"a world needs at least one user and a seed from 0 up, not {n_users=}, {seed=}")
        if not 1 <= shortest <= longest <= films:
            raise ValueError(f"history lengths must satisfy 1 <= {shortest=} <= {longest=} <= {films}")
        self.n_users, self.seed, self.shortest, self.longest = n_users, seed, shortest, longest
        self.rejected = rejected if rejected is not None else Rejected()
        self._items = catalogue()
        self._choices = favourites(self._items)
        popularity = np.random.default_rng([seed, STREAM_POPULARITY]).normal(0.0, 0.7, films)
        self._popularity: np.ndarray = popularity

    def items(self) -> Iterator[tuple[int, Item]]:
        yield from enumerate(self._items, start=2)

    def tastes(self) -> dict[str, Taste]:
        """The ground truth, by user."""
        return {taste.user: taste for taste in (self._taste(index)[0] for index in range(self.n_users))}

    def interactions(self) -> Iterator[tuple[int, Interaction]]:
        line = 0
        for index in range(self.n_users):
            for interaction in self._watch(index):
                line += 1
                yield line, interaction

    def _taste(self, index: int) -> tuple[Taste, np.random.Generator]:
        # A stream a user: more users leave the first ones as they were.
        rng = np.random.default_rng([self.seed, STREAM_USERS, index])
        return draw_taste(f"user-{index + 1:05d}", self._choices, rng), rng

    def _watch(self, index: int) -> Iterator[Interaction]:
        taste, rng = self._taste(index)
        liked = np.array([taste.likes(item) for item in self._items])
        n_watched = int(rng.integers(self.shortest, self.longest + 1))
        # Gumbel noise and the largest n: a weighted draw without replacement, already in random order.
        keys = self._popularity + PULL * liked + rng.gumbel(size=len(self._items))
        watched = np.argsort(-keys, kind="stable")[:n_watched]
        rng.shuffle(watched)
        gaps = np.where(rng.random(n_watched) < TIED, 0, rng.integers(3600, 14 * 86400, n_watched))
        seconds = int(rng.integers(0, 365 * 86400)) + np.cumsum(gaps)
        stars = np.clip(rng.integers(2, 5, n_watched) + liked[watched], 1, 5)
        for place, at, rating in zip(watched.tolist(), seconds.tolist(), stars.tolist(), strict=True):
            yield Interaction(
                taste.user, self._items[place].id, FIRST_DAY + timedelta(seconds=at), float(rating)
            )


def load(
    *,
    n_users: int = 300,
    seed: int = 0,
    shortest: int = SHORTEST,
    longest: int = LONGEST,
    rejected: Rejected | None = None,
) -> World:
    """A world of `n_users` with `shortest` to `longest` interactions each; the same seed, the same world."""
    return World(n_users=n_users, seed=seed, shortest=shortest, longest=longest, rejected=rejected)
