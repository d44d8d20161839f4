"""Does a text speak of what it was shown? The titles it names against the history and the recommended item.

All four need the catalogue: a title nobody listed cannot be recognised. They judge titles alone
(claims of genre, director and year are `claims`), and people's faithfulness ratings remain the measure.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.metrics.interface import MetricSignature, Text
from analysis.metrics.titles import Mention, TitleFinder, names
from generation.pipeline.records import Item


class _Grounding(ABC):
    name: str

    def __init__(self, *, catalogue: Iterable[Item]) -> None:
        self._catalogue = tuple(catalogue)
        self.signature = MetricSignature(
            name=self.name,
            version="2",
            parameters={"catalogue": fingerprint(self._catalogue), "titles": len(self._catalogue)},
        )

    def score(self, texts: Sequence[Text]) -> NDArray[np.float64]:
        shown = (item for text in texts for item in (*text.history, text.item))
        finder = TitleFinder([*self._catalogue, *shown])
        scores = np.full(len(texts), np.nan)
        for row, text in enumerate(texts):
            if text.explanation.strip():
                found = finder.find(text.explanation, shown=(*text.history, text.item))
                scores[row] = self._judge(text, found)
        return scores

    @abstractmethod
    def _judge(self, text: Text, mentions: list[Mention]) -> float: ...


class MentionPrecision(_Grounding):
    """Share of the distinct films named that were shown, in 0..1; NaN for a text that names none.

    A film that the text calls by two names, as logs write "The Postman (Il Postino)", counts once.
    """

    name = "mention-precision"

    def _judge(self, text: Text, mentions: list[Mention]) -> float:
        named: dict[tuple[Item, ...], bool] = {}
        for mention in mentions:
            named[mention.items] = named.get(mention.items, False) or is_shown(mention, text)
        return sum(named.values()) / len(named) if named else float("nan")


class Hallucination(_Grounding):
    """1 when the text names a title that is neither in the history shown nor the recommended item, else 0.

    The mean over a system's texts is its hallucination rate. NaN for an empty text.
    """

    name = "hallucination"

    def _judge(self, text: Text, mentions: list[Mention]) -> float:
        return float(any(not is_shown(mention, text) for mention in mentions))


class HistoryGrounding(_Grounding):
    """1 when the text names at least one title of the history shown, else 0; NaN for an empty text."""

    name = "history-grounding"

    def _judge(self, text: Text, mentions: list[Mention]) -> float:
        return float(any(is_one_of(mention, text.history) for mention in mentions))


class ItemMention(_Grounding):
    """1 when the text names the recommended item, else 0; NaN for an empty text."""

    name = "item-mention"

    def _judge(self, text: Text, mentions: list[Mention]) -> float:
        return float(any(is_one_of(mention, (text.item,)) for mention in mentions))


def is_shown(mention: Mention, text: Text) -> bool:
    """Whether the title named is in the history shown or is the recommended item."""
    return is_one_of(mention, (*text.history, text.item))


def is_one_of(mention: Mention, items: Sequence[Item]) -> bool:
    """Whether the mention can mean one of the items: the same name, and no other film of the stated year."""
    meant_years = {item.year for item in mention.items}
    return any(
        mention.name in names(item) and (item.year is None or item.year in meant_years) for item in items
    )


def fingerprint(catalogue: Sequence[Item]) -> str:
    """Twelve letters that another catalogue would not have."""
    lines = sorted(f"{item.title}\t{item.year}" for item in catalogue)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]
