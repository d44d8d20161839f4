"""How like each other a system's texts are: each scored by BLEU-4 against all the others."""

import math
from collections import Counter
from collections.abc import Sequence

from analysis.metrics.interface import MetricSignature, Text
from analysis.metrics.words import forms

ORDER = 4
_Gram = tuple[str, ...]


class SelfBleu:
    """Mean over texts of BLEU-4 in 0..100 with all other texts as references; lower is more varied.

    Without smoothing, so a text that shares no four words in a row with another has 0. NaN for fewer than two texts.
    All texts are counted, in one pass: of each n-gram the two highest counts are kept, and whose the highest is.
    It grows with the number of texts: compare systems with equally many.

    Reference: Zhu et al. (2018), Texygen: A Benchmarking Platform for Text Generation Models.
    """

    def __init__(self) -> None:
        self.signature = MetricSignature(
            name="self-bleu-4", version="1", parameters={"order": ORDER, "smooth": "none"}
        )

    def measure(self, texts: Sequence[Text]) -> float:
        if len(texts) < 2:
            return float("nan")
        written = [forms(text.explanation) for text in texts]
        counts = [_grams(words) for words in written]
        most: dict[_Gram, tuple[int, int, int]] = {}
        for row, grams in enumerate(counts):
            for gram, n in grams.items():
                first, whose, second = most.get(gram, (0, -1, 0))
                most[gram] = (n, row, first) if n > first else (first, whose, max(second, n))
        lengths = Counter(map(len, written))
        return math.fsum(
            _bleu(row, len(words), grams, most, _closest(len(words), lengths))
            for row, (words, grams) in enumerate(zip(written, counts, strict=True))
        ) / len(texts)


def _grams(words: Sequence[str]) -> Counter[_Gram]:
    return Counter(
        tuple(words[start : start + order])
        for order in range(1, ORDER + 1)
        for start in range(len(words) - order + 1)
    )


def _bleu(
    row: int, length: int, grams: Counter[_Gram], most: dict[_Gram, tuple[int, int, int]], closest: int
) -> float:
    met = [0] * ORDER
    for gram, n in grams.items():
        first, whose, second = most[gram]
        met[len(gram) - 1] += min(n, second if whose == row else first)
    if not all(met):
        return 0.0
    logs = sum(math.log(n / (length - order)) for order, n in enumerate(met)) / ORDER
    return 100 * math.exp(logs + min(0.0, 1 - closest / length))


def _closest(length: int, lengths: Counter[int]) -> int:
    """The length of the reference nearest to a text's own, the shorter of two."""
    if lengths[length] > 1:
        return length
    return min((other for other in lengths if other != length), key=lambda n: (abs(n - length), n))
