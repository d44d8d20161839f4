"""Whether what a text says of genres, directors and years is true of anything it was shown.

The lexicon is what the catalogue's items carry: a log without genres and directors leaves years alone. Words inside a
title that the text names, and the year behind it, are no claim of their own.
"""

import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.metrics.grounding import fingerprint
from analysis.metrics.interface import MetricSignature, Text
from analysis.metrics.titles import TitleFinder
from analysis.metrics.words import composed, forms
from generation.pipeline.records import Item

YEAR = re.compile(r"(?<!\d)(1[89]\d\d|20\d\d)(s?)(?!\d)")
BEHIND_TITLE = re.compile(r"\s*\(\s*\d{4}\s*\)")

Feature = tuple[str, str]
"""(genre, director, decade or year; its normalised name)."""


class Lexicon:
    """The features of a catalogue, found in texts by whole words."""

    def __init__(self, items: Iterable[Item]) -> None:
        self.items = tuple(items)
        self.features = frozenset(feature for item in self.items for feature in features_of(item))
        self._names: dict[tuple[str, ...], list[Feature]] = {}
        for kind, name in self.features:
            if kind in ("genre", "director"):
                self._names.setdefault(tuple(name.split()), []).append((kind, name))
        self._longest = max(map(len, self._names), default=0)
        self._titles = TitleFinder(self.items)

    def claimed(self, text: Text) -> frozenset[Feature]:
        """What the text names; a year as such and as its decade."""
        shown = (*text.history, text.item)
        left = composed(text.explanation)
        for mention in reversed(self._titles.find(text.explanation, shown=shown)):
            behind = BEHIND_TITLE.match(left, mention.end)
            left = f"{left[: mention.start]} . {left[behind.end() if behind else mention.end :]}"
        found: set[Feature] = set()
        for year, plural in YEAR.findall(left):
            found.add(("decade", f"{year[:3]}0"))
            if not plural:
                found.add(("year", year))
        words = forms(left)
        for start in range(len(words)):
            for length in range(min(self._longest, len(words) - start), 0, -1):
                if named := self._names.get(tuple(words[start : start + length])):
                    found.update(named)
                    break
        return frozenset(found)


def features_of(item: Item) -> frozenset[Feature]:
    """What is true of an item."""
    found: set[Feature] = set()
    for kind, names in (("genre", item.genres), ("director", item.directors)):
        found |= {(kind, name) for one in names if (name := " ".join(forms(one)))}
    if item.year is not None:
        found |= {("year", str(item.year)), ("decade", f"{str(item.year)[:3]}0")}
    return frozenset(found)


class UnsupportedAttribute:
    """1 when the text names a genre, director, year or decade that is true of nothing it was shown, else 0.

    True of the recommended item or of any item of the history is enough: whom a claim is about is not read, so the
    mean over a system's texts is a lower bound of its false claims. NaN for an empty text.
    """

    def __init__(self, *, catalogue: Iterable[Item]) -> None:
        self._catalogue = tuple(catalogue)
        self.signature = MetricSignature(
            name="unsupported-attribute",
            version="1",
            parameters={"catalogue": fingerprint(self._catalogue), "titles": len(self._catalogue)},
        )

    def score(self, texts: Sequence[Text]) -> NDArray[np.float64]:
        shown = {item for text in texts for item in (*text.history, text.item)} - set(self._catalogue)
        lexicon = Lexicon([*self._catalogue, *sorted(shown, key=lambda item: item.id)])
        scores = np.full(len(texts), np.nan)
        for row, text in enumerate(texts):
            if text.explanation.strip():
                true = frozenset().union(*map(features_of, (*text.history, text.item)))
                scores[row] = float(bool(lexicon.claimed(text) - true))
        return scores
