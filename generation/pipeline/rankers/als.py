"""Matrix factorisation for implicit feedback by alternating least squares, computed by `implicit`.

A user's vector is solved anew from the items met before the target, so that nothing after it takes part and users
who were not learned from are no strangers.

Reference: Hu, Koren and Volinsky (2008), Collaborative Filtering for Implicit Feedback Datasets.
"""

from typing import Any

import numpy as np
from scipy import sparse

from generation.pipeline.logs.corpus import CorpusData
from generation.pipeline.rankers.interface import NotFitted, seen_before
from generation.pipeline.rankers.scoring import pick_best


class Als:
    def __init__(self, *, factors: int, regularisation: float, iterations: int, confidence: float, seed: int):
        if factors < 1 or iterations < 1 or regularisation < 0 or confidence <= 0:
            raise ValueError(
                f"impossible factorisation: {factors=}, {iterations=}, {regularisation=}, {confidence=}"
            )
        self.factors, self.regularisation, self.iterations = factors, regularisation, iterations
        self.confidence, self.seed = confidence, seed
        self.signature: dict[str, Any] = {
            "ranker": "als",
            "factors": factors,
            "regularisation": regularisation,
            "iterations": iterations,
            "confidence": confidence,
            "seed": seed,
        }
        self._model: Any = None
        self._known: np.ndarray | None = None

    def fit(self, corpus: CorpusData, learnable: np.ndarray) -> None:
        from implicit.cpu.als import AlternatingLeastSquares
        from threadpoolctl import threadpool_limits

        user, item = corpus.user[learnable], corpus.item[learnable]
        met = self._matrix(user, item, (len(corpus.users), len(corpus.items)))
        # One thread and exact solutions: the same log always gives the same factors.
        with threadpool_limits(1, "blas"):
            self._model = AlternatingLeastSquares(
                factors=self.factors,
                regularization=self.regularisation,
                iterations=self.iterations,
                random_state=self.seed,
                use_cg=False,
                num_threads=1,
            )
            self._model.fit(met, show_progress=False)
        self._known = np.bincount(item, minlength=len(corpus.items)) > 0

    def scores(self, corpus: CorpusData, rows: np.ndarray) -> np.ndarray:
        if self._model is None or self._known is None:
            raise NotFitted("als")
        seen = [np.unique(seen_before(corpus, row)) for row in rows.tolist()]
        within = np.repeat(np.arange(len(seen)), [len(codes) for codes in seen])
        met = self._matrix(within, np.concatenate(seen), (len(seen), len(corpus.items)))
        vectors = self._model.recalculate_user(np.arange(len(seen)), met)
        scores: np.ndarray = np.asarray(vectors, dtype=np.float64) @ self._model.item_factors.T
        scores[:, ~self._known] = -np.inf  # nobody was seen to meet it, so its factors say nothing
        return scores

    def influence(self, shown: np.ndarray, item: int) -> np.ndarray:
        """The user's vector is solved anew without each of them."""
        if self._model is None or self._known is None:
            raise NotFitted("als")
        met = np.unique(shown)
        n = len(met)
        # Row 0 has all of them, row i + 1 all but the i-th.
        user = np.concatenate(
            [np.zeros(n, dtype=np.int64), np.repeat(np.arange(1, n + 1), n)[~np.eye(n, dtype=bool).ravel()]]
        )
        items = np.concatenate([met, np.tile(met, n)[~np.eye(n, dtype=bool).ravel()]])
        rows = self._matrix(user, items, (n + 1, self._model.item_factors.shape[0]))
        vectors = np.asarray(self._model.recalculate_user(np.arange(n + 1), rows), dtype=np.float64)
        scores = vectors @ self._model.item_factors[item].astype(np.float64)
        by_code = dict(zip(met.tolist(), (scores[0] - scores[1:]).tolist(), strict=True))
        return np.array([by_code[code] for code in shown.tolist()])

    def pick(self, corpus: CorpusData, rows: np.ndarray) -> np.ndarray:
        return pick_best(self.scores, corpus, rows)

    def _matrix(self, user: np.ndarray, item: np.ndarray, shape: tuple[int, int]) -> sparse.csr_matrix:
        met = sparse.csr_matrix((np.ones(len(user), dtype=np.float32), (user, item)), shape=shape)
        met.data[:] = self.confidence
        return met


def load(
    *,
    factors: int = 64,
    regularisation: float = 0.05,
    iterations: int = 15,
    confidence: float = 10.0,
    seed: int = 0,
) -> Als:
    """`confidence` is how much more a meeting weighs than its absence: alpha of the paper."""
    return Als(
        factors=factors,
        regularisation=regularisation,
        iterations=iterations,
        confidence=confidence,
        seed=seed,
    )
