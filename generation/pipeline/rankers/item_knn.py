"""Items like those the user met: cosine or TF-IDF neighbours, computed by `implicit`."""

import warnings
from typing import Any, Literal

import numpy as np
from scipy import sparse

from generation.pipeline.logs.corpus import CorpusData
from generation.pipeline.rankers.interface import NO_PICK, NotFitted, seen_before, tie_order

Weighting = Literal["cosine", "tfidf"]
ROWS_AT_ONCE = 512


class ItemKnn:
    """Scores an item by its likeness to all that the user met before the target.

    Likeness is that of `implicit.nearest_neighbours`, among the `n_neighbours` nearest items of each item.
    """

    def __init__(self, *, n_neighbours: int, weighting: Weighting) -> None:
        if n_neighbours < 1:
            raise ValueError(f"n_neighbours is 1 or more, not {n_neighbours}")
        if weighting not in ("cosine", "tfidf"):
            raise ValueError(f"weighting is cosine or tfidf, not {weighting!r}")
        self.n_neighbours, self.weighting = n_neighbours, weighting
        self.signature: dict[str, Any] = {
            "ranker": "item-knn",
            "n_neighbours": n_neighbours,
            "weighting": weighting,
        }
        self._likeness: sparse.csr_matrix | None = None
        self._order: np.ndarray | None = None

    def fit(self, corpus: CorpusData, learnable: np.ndarray) -> None:
        from implicit.nearest_neighbours import CosineRecommender, TFIDFRecommender
        from implicit.utils import ParameterWarning

        user, item = corpus.user[learnable], corpus.item[learnable]
        shape = (len(corpus.users), len(corpus.items))
        met = sparse.csr_matrix((np.ones(len(user)), (user, item)), shape=shape)  # float64, as implicit wants
        met.data[:] = 1.0
        recommender = CosineRecommender if self.weighting == "cosine" else TFIDFRecommender
        # implicit counts an item among its own neighbours, hence one more. One thread: always the same sums.
        model = recommender(K=self.n_neighbours + 1, num_threads=1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ParameterWarning)  # about implicit's own matrix, not ours
            warnings.simplefilter("ignore", RuntimeWarning)  # TF-IDF divides by 0 where a user met nearly all
            model.fit(met, show_progress=False)
        likeness = sparse.csr_matrix(model.similarity)
        likeness.data = np.nan_to_num(likeness.data, nan=0.0)
        self._likeness = likeness
        self._order = np.argsort(tie_order(corpus))

    def scores(self, corpus: CorpusData, rows: np.ndarray) -> np.ndarray:
        """(n, n_items): the sum of likenesses; -inf where an item is like nothing that was met."""
        if self._likeness is None:
            raise NotFitted("item-knn")
        seen = [np.unique(seen_before(corpus, row)) for row in rows.tolist()]
        scores = np.round((_met(seen, self._likeness.shape[0]) @ self._likeness).toarray(), 9)
        return np.where(scores > 0, scores, -np.inf)

    def influence(self, shown: np.ndarray, item: int) -> np.ndarray:
        """The likeness of each to the item: scores are their sum."""
        if self._likeness is None:
            raise NotFitted("item-knn")
        found: np.ndarray = self._likeness[shown, [item] * len(shown)].A1
        return np.round(found, 9)

    def pick(self, corpus: CorpusData, rows: np.ndarray) -> np.ndarray:
        if self._likeness is None or self._order is None:
            raise NotFitted("item-knn")
        picks = np.full(len(rows), NO_PICK, dtype=np.int64)
        for first in range(0, len(rows), ROWS_AT_ONCE):
            batch = rows[first : first + ROWS_AT_ONCE]
            seen = [np.unique(seen_before(corpus, row)) for row in batch.tolist()]
            picks[first : first + len(batch)] = _best_unseen(seen, self._likeness, self._order)
        return picks


def _best_unseen(seen: list[np.ndarray], likeness: sparse.csr_matrix, order: np.ndarray) -> np.ndarray:
    """The likest unseen item of each history, shape (n_histories,); NO_PICK where none is like it at all."""
    within = np.repeat(np.arange(len(seen)), [len(codes) for codes in seen])
    codes = np.concatenate(seen)
    scores = (_met(seen, len(order)) @ likeness).toarray()  # (n_histories, n_items)
    scores[within, codes] = 0.0
    # In the order of the ties, the first of the best is the pick. Rounding keeps equal sums equal.
    scores = np.round(scores[:, order], 9)
    best = scores.argmax(axis=1)
    found = scores[np.arange(len(seen)), best] > 0
    picks: np.ndarray = np.where(found, order[best], NO_PICK)
    return picks


def _met(seen: list[np.ndarray], n_items: int) -> sparse.csr_matrix:
    """(n_histories, n_items), 1 where an item was met."""
    within = np.repeat(np.arange(len(seen)), [len(codes) for codes in seen])
    codes = np.concatenate(seen)
    return sparse.csr_matrix((np.ones(len(codes)), (within, codes)), shape=(len(seen), n_items))


def load(*, n_neighbours: int = 50, weighting: Weighting = "cosine") -> ItemKnn:
    return ItemKnn(n_neighbours=n_neighbours, weighting=weighting)
