"""How much of a text repeats what the system was given to read, word by word: an echoed prompt explains nothing."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.metrics.interface import MetricSignature, Text
from analysis.metrics.words import forms

SHORTEST = 4
"""Words of a run that counts as copied; shorter ones any two English texts share."""
BREAK = ""
"""Parts sources; no word is empty."""


class EchoRate:
    """Share of the explanation's words in runs of four words or more that stand in the prompt, in 0..1.

    The prompt is the instruction, where it is known, and the titles of history and item as it lists them. A run that
    lies within one title does not count: naming "The Lord of the Rings: The Two Towers" copies nothing, listing two
    titles as the prompt lists them does. Runs are taken from left to right, the longest first where it starts, as
    extractive fragments are. NaN for an empty text.

    Reference: Grusky, Naaman and Artzi (2018), Newsroom, section 4 (extractive fragment coverage), with a least length.
    """

    def __init__(self, *, shortest: int = SHORTEST) -> None:
        if shortest < 1:
            raise ValueError(f"a run has one word or more, not {shortest}")
        self.shortest = shortest
        self.signature = MetricSignature(
            "echo-rate", "1", {"shortest": shortest, "sources": "instruction,history,item"}
        )

    def score(self, texts: Sequence[Text]) -> NDArray[np.float64]:
        scores = np.full(len(texts), np.nan)
        for row, text in enumerate(texts):
            if written := forms(text.explanation):
                scores[row] = echoed(written, *_source(text), shortest=self.shortest) / len(written)
        return scores


def echoed(written: Sequence[str], source: Sequence[str], parts: Sequence[int], *, shortest: int) -> int:
    """Words of `written` in runs that stand in `source`.

    Args:
        parts: of each word of the source, the title it belongs to; -1 for none. A run within one title is none.
    """
    places: dict[str, list[int]] = {}
    for index, word in enumerate(source):
        places.setdefault(word, []).append(index)
    found, at = 0, 0
    while at < len(written):
        longest = 0
        for start in places.get(written[at], ()):
            length = 0
            while (
                at + length < len(written)
                and start + length < len(source)
                and written[at + length] == source[start + length]
            ):
                length += 1
            if length >= shortest and _is_more_than_a_title(parts[start : start + length]):
                longest = max(longest, length)
        found += longest
        at += max(longest, 1)
    return found


def _is_more_than_a_title(parts: Sequence[int]) -> bool:
    return parts[0] < 0 or len(set(parts)) > 1


def _source(text: Text) -> tuple[list[str], list[int]]:
    """Words of the instruction, a break, and of the titles one after another; and which title each belongs to."""
    words, parts = [], []
    for line in text.instruction.splitlines():
        given = forms(line)
        words += [*given, BREAK]
        parts += [-1] * (len(given) + 1)
    for number, item in enumerate((*text.history, text.item)):
        given = forms(item.label)
        words += given
        parts += [number] * len(given)
    return words, parts
