"""How long a text is, and how much of it was copied word by word from what the system was shown."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.metrics.interface import MetricSignature, Text
from analysis.metrics.words import forms


class Words:
    """Length in words. An empty text has length 0: that is a measurement, not a gap."""

    def __init__(self) -> None:
        self.signature = MetricSignature(name="words", version="1")

    def score(self, texts: Sequence[Text]) -> NDArray[np.float64]:
        return np.array([len(forms(text.explanation)) for text in texts], dtype=np.float64)


class CopyRate:
    """Share of the explanation's words that lie in its longest run copied from the evidence, in 0..1.

    The evidence is the history shown, newest last, and the recommended item, as labels. An echoed prompt
    scores near 1; a text that names one title scores that title's share. NaN for an empty text.
    """

    def __init__(self) -> None:
        self.signature = MetricSignature(
            name="copy-rate", version="1", parameters={"evidence": "history,item"}
        )

    def score(self, texts: Sequence[Text]) -> NDArray[np.float64]:
        scores = np.full(len(texts), np.nan)
        for row, text in enumerate(texts):
            written = forms(text.explanation)
            evidence = forms(" ".join(item.label for item in (*text.history, text.item)))
            if written:
                scores[row] = longest_common_run(written, evidence) / len(written)
        return scores


def longest_common_run(left: Sequence[str], right: Sequence[str]) -> int:
    """Number of words in the longest run that stands in both, in O(len(left) * occurrences in right)."""
    places: dict[str, list[int]] = {}
    for index, word in enumerate(right):
        places.setdefault(word, []).append(index)
    longest = 0
    ending: dict[int, int] = {}  # length of the common run that ends at this place of `right`
    for word in left:
        ending = {index: ending.get(index - 1, 0) + 1 for index in places.get(word, ())}
        longest = max(longest, *ending.values(), 0)
    return longest


class OpenEnd:
    """1 where a text does not end as a sentence does, so was probably cut off by a limit on its length; else 0.

    The mean over a system's texts is its truncated-output rate. Closing quotes and brackets after the last mark are
    passed over; NaN for an empty text.
    """

    def __init__(self) -> None:
        self.signature = MetricSignature(name="open-end", version="1", parameters={"ends": ENDS})

    def score(self, texts: Sequence[Text]) -> NDArray[np.float64]:
        scores = np.full(len(texts), np.nan)
        for row, text in enumerate(texts):
            if written := text.explanation.strip():
                scores[row] = float(not written.rstrip(CLOSING).endswith(tuple(ENDS)))
        return scores


ENDS = ".!?…。！？"
CLOSING = " \"'”’»)]*_"
