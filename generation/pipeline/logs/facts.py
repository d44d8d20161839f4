"""What a corpus looks like: how long its histories are, how its ratings spread, and how far each split leaks."""

from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from generation.pipeline.logs.corpus import CorpusData
from generation.pipeline.logs.splits import LONGEST_HISTORY, SPLITS, NothingToSplit, Targets, split

LENGTHS = (1, 6, 11, 21, 51, 101, 201, 501, 1001)
"""Where the buckets of interactions a user begin; the last one is open."""
MOST_VALUES = 20
"""Ratings of more distinct values than these are put into ten equal ranges."""
ROWS_A_PIECE = 1_000_000
"""As many rows are looked at together, and the splits of a larger corpus are tried on users with so many."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many there are from `low` to `high`, both included; `high` is None where it is open."""

    low: float
    high: float | None
    n: int


@dataclass(frozen=True, slots=True)
class SplitFacts:
    """What a split rule makes of the corpus with its defaults."""

    rule: str
    n_train: int
    n_valid: int
    n_test: int
    n_cold: int
    leak: float | None
    """See `leak`; None where nothing is asked of known users."""
    n_users: int
    """Users it was tried on: all of them, or a random part of a large corpus."""


@dataclass(frozen=True, slots=True)
class CorpusFacts:
    """Bounded in size, whatever the corpus's."""

    lengths: tuple[Bucket, ...]
    """Users by how many interactions they have."""
    median_length: float
    longest: int
    ratings: tuple[Bucket, ...]
    """Interactions by rating; empty where there are none."""
    n_unrated: int
    first: str
    """Time of the first interaction, ISO 8601 in UTC."""
    last: str
    splits: tuple[SplitFacts, ...]


def describe(corpus: CorpusData) -> CorpusFacts:
    """Count what an owner wants to know of a corpus, a piece at a time: it may be larger than the memory."""
    lengths = np.diff(corpus.starts)
    at = [(piece.min(), piece.max()) for piece in _pieces(corpus.at)]
    ratings, n_unrated = _ratings(corpus.rating)
    return CorpusFacts(
        lengths=_buckets(lengths),
        median_length=float(np.median(lengths)),
        longest=int(lengths.max()),
        ratings=ratings,
        n_unrated=n_unrated,
        first=_iso(min(low for low, _ in at)),
        last=_iso(max(high for _, high in at)),
        splits=_tried(corpus),
    )


def leak(corpus: CorpusData, targets: Targets, *, at_most: int = LONGEST_HISTORY) -> float | None:
    """The share of test targets that a student has seen: each stands in the history of a training target.

    A history is the newest `at_most` interactions of the same user before the target. None without test targets.
    The paper's split leaks nearly all of them, one by time within each user none.
    """
    if not len(targets.test):
        return None
    following = np.append(targets.train, len(corpus.user))[
        np.searchsorted(targets.train, targets.test, side="right")
    ]
    near = following - targets.test <= at_most
    same_user = following < corpus.starts[corpus.user[targets.test] + 1]
    return float((near & same_user).mean())


def some_users(corpus: CorpusData, n_rows: int, *, rng: np.random.Generator) -> CorpusData:
    """The corpus, or of a larger one random users with about `n_rows` interactions between them."""
    if len(corpus.user) <= n_rows:
        return corpus
    lengths = np.diff(corpus.starts)
    shuffled = rng.permutation(len(lengths))
    kept = np.sort(shuffled[: max(1, int(np.searchsorted(np.cumsum(lengths[shuffled]), n_rows)))])
    rows = np.concatenate([np.arange(corpus.starts[code], corpus.starts[code + 1]) for code in kept])
    return replace(
        corpus,
        users=[corpus.users[code] for code in kept],
        user=np.repeat(np.arange(len(kept), dtype=np.int32), lengths[kept]),
        item=corpus.item[rows],
        at=corpus.at[rows],
        rating=corpus.rating[rows],
        starts=np.concatenate([[0], np.cumsum(lengths[kept])]),
    )


def _tried(corpus: CorpusData) -> tuple[SplitFacts, ...]:
    part = some_users(corpus, ROWS_A_PIECE, rng=np.random.default_rng(0))
    found = []
    for rule in SPLITS:
        try:
            targets = split(part, rule)
        except NothingToSplit:
            continue
        found.append(
            SplitFacts(
                rule=rule,
                n_train=len(targets.train),
                n_valid=len(targets.valid),
                n_test=len(targets.test),
                n_cold=len(targets.cold),
                leak=leak(part, targets),
                n_users=len(part.users),
            )
        )
    return tuple(found)


def _buckets(lengths: np.ndarray) -> tuple[Bucket, ...]:
    """Down to the last bucket that holds a user."""
    counts = [int(((lengths >= low) & (lengths < high)).sum()) for low, high in pairwise((*LENGTHS, np.inf))]
    n_used = max(index for index, n in enumerate(counts) if n) + 1
    highs = [*(low - 1 for low in LENGTHS[1:]), None]
    return tuple(Bucket(*each) for each in zip(LENGTHS, highs, counts, strict=True))[:n_used]


def _ratings(rating: np.ndarray) -> tuple[tuple[Bucket, ...], int]:
    counted: Counter[float] = Counter()
    n_unrated = 0
    for piece in _pieces(rating):
        given = piece[~np.isnan(piece)]
        n_unrated += len(piece) - len(given)
        values, counts = np.unique(given, return_counts=True)
        counted.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
    if len(counted) <= MOST_VALUES:
        return tuple(Bucket(value, value, counted[value]) for value in sorted(counted)), n_unrated
    counts, edges = np.histogram(list(counted), bins=10, weights=list(counted.values()))
    ranges = zip(edges[:-1].tolist(), edges[1:].tolist(), counts.astype(int).tolist(), strict=True)
    return tuple(Bucket(*each) for each in ranges), n_unrated


def _pieces(column: np.ndarray) -> list[np.ndarray]:
    return [column[first : first + ROWS_A_PIECE] for first in range(0, len(column), ROWS_A_PIECE)]


def _iso(time: np.datetime64) -> str:
    return f"{np.datetime_as_string(time, unit='s')}Z"
