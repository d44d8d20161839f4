"""Rankers that score the whole catalogue: the best unseen item, and how well the true next items are ranked."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

import numpy as np

from generation.pipeline.logs.corpus import CorpusData
from generation.pipeline.rankers.interface import NO_PICK, seen_before, tie_order

ROWS_AT_ONCE = 256
CUTS = (5, 10, 20)
STREAM_EVALUATE = 31

Scores = Callable[[CorpusData, np.ndarray], np.ndarray]
"""(corpus, target rows (n,)) -> what each item is worth to each target's user before it, (n, n_items) float;
-inf where an item is never to be recommended."""


class ScoringRanker(Protocol):
    """A ranker that can say what every item is worth, and so can be measured."""

    signature: dict[str, Any]

    def scores(self, corpus: CorpusData, rows: np.ndarray) -> np.ndarray:
        """As `Scores`; called with at most ROWS_AT_ONCE rows."""
        ...


class ListingRanker(Protocol):
    """A ranker that names its best items and no scores; it is measured by its lists."""

    signature: dict[str, Any]

    def top(self, corpus: CorpusData, rows: np.ndarray, k: int) -> np.ndarray:
        """The `k` best unseen items of each target, best first, (n, k); NO_PICK fills the rest."""
        ...


def pick_best(scores: Scores, corpus: CorpusData, rows: np.ndarray) -> np.ndarray:
    """The best item each target's user had not met, (n,); NO_PICK where none scores above -inf."""
    order = np.argsort(tie_order(corpus))
    picks = np.full(len(rows), NO_PICK, dtype=np.int64)
    for first in range(0, len(rows), ROWS_AT_ONCE):
        batch = rows[first : first + ROWS_AT_ONCE]
        found = _unseen(scores(corpus, batch), corpus, batch)[:, order]
        best = found.argmax(axis=1)  # the first of equals, in an order that says nothing
        good = found[np.arange(len(batch)), best] > -np.inf
        picks[first : first + len(batch)] = np.where(good, order[best], NO_PICK)
    return picks


def evaluate(
    ranker: ScoringRanker | ListingRanker,
    corpus: CorpusData,
    rows: np.ndarray,
    *,
    rng: np.random.Generator,
    at_most: int = 10_000,
    cuts: Sequence[int] = CUTS,
) -> dict[str, Any]:
    """HR@k and NDCG@k of the items the log really has next, on the full catalogue, items seen before left out.

    A target whose item the user met before cannot be ranked among unseen items; it is left out and counted.

    Args:
        rows: held-out targets; `at_most` of them are drawn.

    Returns:
        n, n_seen_before, and for each k "HR@k" and "NDCG@k"; None where n is 0.

    Reference: Krichene and Rendle (2020), On Sampled Metrics for Item Recommendation: no candidates are sampled.
    """
    if len(rows) > at_most:
        rows = np.sort(rng.choice(rows, size=at_most, replace=False))
    if hasattr(ranker, "scores"):
        ranks = ranks_of_next(cast(ScoringRanker, ranker), corpus, rows)
    else:
        ranks = ranks_in_lists(ranker, corpus, rows, max(cuts))
    known = ranks[ranks > 0]
    found: dict[str, Any] = {"n": len(known), "n_seen_before": int(len(ranks) - len(known))}
    for k in cuts:
        hits = known <= k
        found[f"HR@{k}"] = float(hits.mean()) if len(known) else None
        gains = np.where(hits, 1 / np.log2(known + 1), 0.0)
        found[f"NDCG@{k}"] = float(gains.mean()) if len(known) else None
    return found


def ranks_of_next(ranker: ScoringRanker, corpus: CorpusData, rows: np.ndarray) -> np.ndarray:
    """Rank of each target's own item among the unseen ones, (n,), from 1; 0 where the user had met it."""
    place = tie_order(corpus)
    ranks = np.zeros(len(rows), dtype=np.int64)
    for first in range(0, len(rows), ROWS_AT_ONCE):
        batch = rows[first : first + ROWS_AT_ONCE]
        scores = _unseen(ranker.scores(corpus, batch), corpus, batch)
        targets = corpus.item[batch].astype(np.int64)
        own = scores[np.arange(len(batch)), targets][:, None]
        ahead = (scores > own) | ((scores == own) & (place[None, :] < place[targets][:, None]))
        met = [
            target in seen_before(corpus, row) for row, target in zip(batch.tolist(), targets, strict=True)
        ]
        ranks[first : first + len(batch)] = np.where(met, 0, 1 + ahead.sum(axis=1))
    return ranks


def ranks_in_lists(ranker: ListingRanker, corpus: CorpusData, rows: np.ndarray, k: int) -> np.ndarray:
    """As `ranks_of_next`, from the first `k` items of each list; k + 1 where the item is not among them."""
    ranks = np.zeros(len(rows), dtype=np.int64)
    fresh = np.array([corpus.item[row] not in seen_before(corpus, row) for row in rows.tolist()], dtype=bool)
    hits = ranker.top(corpus, rows[fresh], k) == corpus.item[rows[fresh]][:, None]
    ranks[fresh] = np.where(hits.any(axis=1), hits.argmax(axis=1) + 1, k + 1)
    return ranks


def _unseen(scores: np.ndarray, corpus: CorpusData, rows: np.ndarray) -> np.ndarray:
    scores = np.array(scores, dtype=np.float64)
    for index, row in enumerate(rows.tolist()):
        scores[index, seen_before(corpus, row)] = -np.inf
    return scores


def by_chance(n_items: int, k: int) -> float:
    """HR@k of a ranker that knows nothing, for a sense of scale."""
    return min(1.0, k / n_items) if n_items else math.nan
