"""How evenly a system spreads its words: ENTR, the entropy of its n-grams."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from analysis.metrics.interface import MetricSignature, Text
from analysis.metrics.words import forms

ORDERS = (1, 2, 3)


class NgramEntropy:
    """Geometric mean of the entropies of a system's words, pairs and triples of words, in nats; from 0 up.

    The entropy of one order is -sum p log p over its distinct n-grams, p being their share of all n-grams of that
    order; n-grams do not cross from text to text. 0 where one order has a single n-gram, as for one sentence said to
    everybody of three words or fewer; NaN where an order has none. It grows with the number and length of texts:
    compare systems with equally many, of like length.

    Reference: Jhamtani et al. (2018), Learning to Generate Move-by-Move Commentary for Chess Games; as ENTR of
    explanations, Ni, Li and McAuley (2019), Justifying Recommendations using Distantly-Labeled Reviews.
    """

    def __init__(self) -> None:
        self.signature = MetricSignature(
            "ngram-entropy",
            "1",
            {"orders": ",".join(map(str, ORDERS)), "log": "natural", "mean": "geometric"},
        )

    def measure(self, texts: Sequence[Text]) -> float:
        written = [forms(text.explanation) for text in texts]
        entropies = [entropy(Counter(_grams(written, order))) for order in ORDERS]
        return math.prod(entropies) ** (1 / len(ORDERS))


def entropy(counts: Counter[tuple[str, ...]]) -> float:
    """In nats; NaN of nothing."""
    total = counts.total()
    if not total:
        return math.nan
    return abs(math.fsum(n / total * math.log(total / n) for n in counts.values()))


def _grams(written: Sequence[Sequence[str]], order: int) -> Iterator[tuple[str, ...]]:
    for words in written:
        for start in range(len(words) - order + 1):
            yield tuple(words[start : start + order])
