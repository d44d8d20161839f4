"""What most people met, of what this user has not."""

from typing import Any

import numpy as np

from generation.pipeline.logs.corpus import CorpusData
from generation.pipeline.rankers.interface import NO_PICK, NotFitted, seen_before, tie_order


class Popularity:
    def __init__(self) -> None:
        self.signature: dict[str, Any] = {"ranker": "popularity"}
        self._counts: np.ndarray | None = None
        self._ranked: np.ndarray | None = None
        self._place: np.ndarray | None = None

    def fit(self, corpus: CorpusData, learnable: np.ndarray) -> None:
        counts = np.bincount(corpus.item[learnable], minlength=len(corpus.items))
        self._counts = counts
        ranked = np.lexsort((tie_order(corpus), -counts))
        self._ranked = ranked[: int(np.count_nonzero(counts))]  # never an item nobody was seen to meet
        self._place = np.full(len(corpus.items), len(corpus.items), dtype=np.int64)
        self._place[self._ranked] = np.arange(len(self._ranked))

    def scores(self, corpus: CorpusData, rows: np.ndarray) -> np.ndarray:
        """(n, n_items): the same for all; -inf for an item nobody was seen to meet."""
        if self._counts is None:
            raise NotFitted("popularity")
        worth = np.where(self._counts > 0, self._counts.astype(np.float64), -np.inf)
        return np.broadcast_to(worth, (len(rows), len(worth)))

    def pick(self, corpus: CorpusData, rows: np.ndarray) -> np.ndarray:
        if self._ranked is None or self._place is None:
            raise NotFitted("popularity")
        picks = np.full(len(rows), NO_PICK, dtype=np.int64)
        for index, row in enumerate(rows.tolist()):
            # The first place that is missing among those of the items seen is the best unseen one.
            taken = np.unique(self._place[seen_before(corpus, row)])
            gaps = np.flatnonzero(taken != np.arange(len(taken)))
            place = int(gaps[0]) if len(gaps) else len(taken)
            if place < len(self._ranked):
                picks[index] = self._ranked[place]
        return picks


def load() -> Popularity:
    return Popularity()
