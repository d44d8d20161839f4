"""Which features of films (genres, directors, decades) texts name: FMR, FCR and DIV of the literature.

The lexicon holds the features of the whole catalogue. Reviews have one reference feature each; a film has several, so a
text matches when it names any feature of its item. A genre or director counts wherever its words stand in the text, one
inside a title included; a decade is "1990s" or, of the last century, "90s".

Reference: Li, Zhang and Chen (2020), Generate Neural Template Explanations for Recommendation.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.metrics.interface import MetricSignature, Text
from analysis.metrics.words import forms
from generation.pipeline.records import Item

_Words = tuple[str, ...]


class Lexicon:
    """All features of a catalogue, each with the ways to write it."""

    def __init__(self, catalogue: Sequence[Item]) -> None:
        self.features = frozenset(feature for item in catalogue for feature in features_of(item))
        self._written = {way: feature for feature in self.features for way in _ways(feature)}
        self._longest = max(map(len, self._written), default=0)

    def named(self, text: str) -> set[_Words]:
        words = forms(text)
        runs = (
            tuple(words[start : start + length])
            for start in range(len(words))
            for length in range(1, self._longest + 1)
        )
        return {self._written[run] for run in runs if run in self._written}


class FeatureMatch:
    """1 where a text names a feature of its item, else 0; the mean over texts is FMR. NaN for an item without any."""

    def __init__(self, *, catalogue: Sequence[Item]) -> None:
        self._lexicon = Lexicon(catalogue)
        self.signature = _signature("feature-match", self._lexicon)

    def score(self, texts: Sequence[Text]) -> NDArray[np.float64]:
        scores = np.full(len(texts), np.nan)
        for row, text in enumerate(texts):
            if own := features_of(text.item):
                scores[row] = float(bool(own & self._lexicon.named(text.explanation)))
        return scores


class FeatureCoverage:
    """FCR: the share of the lexicon's features that a system's texts name at all; NaN for an empty lexicon."""

    def __init__(self, *, catalogue: Sequence[Item]) -> None:
        self._lexicon = Lexicon(catalogue)
        self.signature = _signature("feature-coverage", self._lexicon)

    def measure(self, texts: Sequence[Text]) -> float:
        if not texts or not self._lexicon.features:
            return float("nan")
        named = set().union(*(self._lexicon.named(text.explanation) for text in texts))
        return len(named) / len(self._lexicon.features)


class FeatureRepetition:
    """DIV: how many features two of a system's texts have in common, over all pairs; lower is more varied. NaN for an
    empty lexicon, and where no text names a feature: texts that say nothing would look the most varied."""

    def __init__(self, *, catalogue: Sequence[Item]) -> None:
        self._lexicon = Lexicon(catalogue)
        self.signature = _signature("feature-repetition", self._lexicon)

    def measure(self, texts: Sequence[Text]) -> float:
        if len(texts) < 2:
            return float("nan")
        counts = Counter(feature for text in texts for feature in self._lexicon.named(text.explanation))
        if not counts:
            return float("nan")
        return sum(n * (n - 1) for n in counts.values()) / (len(texts) * (len(texts) - 1))


def features_of(item: Item) -> set[_Words]:
    """Normalised words of each genre and director, and the decade."""
    named = {tuple(forms(feature)) for feature in (*item.genres, *item.directors)}
    if item.year is not None:
        named.add((f"{item.year // 10 * 10}s",))
    return named - {()}


def _ways(feature: _Words) -> list[_Words]:
    decade = feature[0]
    short = len(feature) == 1 and len(decade) == 5 and decade[:2] == "19" and decade[2:4].isdigit()
    return [feature, (decade[2:],)] if short else [feature]


def _signature(name: str, lexicon: Lexicon) -> MetricSignature:
    return MetricSignature(name=name, version="1", parameters={"features": len(lexicon.features)})
