"""Does a text give the ranker's own reasons? The titles it names against what weighed in the ranker's choice.

What weighed is how much the score of the recommended item falls when one item is taken from the history. A ranker that
is asked over HTTP, or whose picks come as a file, does not say; then there is no number. A text may persuade and be
true of the history, and yet name what had no part in the choice.

Reference: Lei et al. (2024), RecExplainer, which measures with HR and NDCG how far a language model follows the model
it explains; here the list that is measured is that of the titles a text names.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.metrics.grounding import is_one_of
from analysis.metrics.interface import MetricSignature, Text
from analysis.metrics.titles import TitleFinder

CUT = 5


class _Fidelity(ABC):
    name: str

    def __init__(self) -> None:
        self.signature = MetricSignature(self.name, "1", {"titles": "history", "weights": "one left out"})

    def score(self, texts: Sequence[Text]) -> NDArray[np.float64]:
        return np.array([self._one(text) for text in texts], dtype=np.float64)

    def _one(self, text: Text) -> float:
        weights = np.maximum(np.array(text.influence, dtype=np.float64), 0)
        if len(weights) != len(text.history) or not weights.any() or not text.explanation.strip():
            return math.nan
        return self._judge(named(text), weights)

    @abstractmethod
    def _judge(self, places: Sequence[int], weights: NDArray[np.float64]) -> float:
        """The value of a text that names these places of the history, in its order."""


class RankerHit(_Fidelity):
    """1 where the text names the item of the history that weighed most, or one of them where several did, else 0.

    NaN where the ranker does not say, or nothing weighed.
    """

    name = "ranker-hit"

    def _judge(self, places: Sequence[int], weights: NDArray[np.float64]) -> float:
        most = set(np.flatnonzero(weights >= weights.max() - 1e-9).tolist())
        return float(bool(most & set(places)))


class RankerNdcg(_Fidelity):
    """NDCG@5 of the titles of the history in the order in which the text names them, gains being their weights.

    In 0..1: 1 where the text names the five that weighed most, the heaviest first; 0 where it names none that weighed.
    """

    name = "ranker-ndcg"

    def _judge(self, places: Sequence[int], weights: NDArray[np.float64]) -> float:
        discount = 1 / np.log2(np.arange(CUT) + 2)
        gained = weights[list(places[:CUT])]
        best = np.sort(weights)[::-1][:CUT]
        return float(gained @ discount[: len(gained)] / (best @ discount[: len(best)]))


def named(text: Text) -> list[int]:
    """Places in the history of the titles the text names, in the order of their first mention."""
    shown = (*text.history, text.item)
    found: list[int] = []
    for mention in TitleFinder(shown).find(text.explanation, shown=shown):
        found += [
            at for at, item in enumerate(text.history) if at not in found and is_one_of(mention, (item,))
        ]
    return found
