"""ROUGE-1, ROUGE-2, ROUGE-L and ROUGE-Lsum to the numbers of Google's rouge-score, without doing anything twice.

rouge-score cuts and stems both texts anew for each kind and pair, and fills a table of every word by every word for the
longest common subsequence. Here each distinct word is stemmed once, each distinct text cut once, words are numbers, and
the subsequence is found a whole row at a time, as bits of one integer.

References: Lin (2004), ROUGE: A Package for Automatic Evaluation of Summaries; Hyyrö (2004), Bit-parallel LCS-length
computation revisited.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

_WORD = re.compile("[a-z0-9]+")
LONGEST_UNSTEMMED = 3
"""Words of so many letters stay as they are, as in Lin's own script."""
TEXTS_KEPT = 100_000
KINDS = ("rouge1", "rouge2", "rougeL")
SUMMARY = "rougeLsum"
"""ROUGE-L line by line: the union of what each line of the reference shares with any line of the explanation."""


@lru_cache(maxsize=TEXTS_KEPT)
def tokens(text: str, *, stemmer: bool) -> tuple[str, ...]:
    """The words of a text as rouge-score cuts them: lower case, letters a to z and digits, stemmed if asked."""
    words = _WORD.findall(text.lower())
    return tuple(map(_stem, words)) if stemmer else tuple(words)


@cache
def _stem(word: str) -> str:
    return str(_porter().stem(word)) if len(word) > LONGEST_UNSTEMMED else word


@lru_cache(maxsize=1)
def _porter() -> Any:
    from nltk.stem.porter import PorterStemmer

    return PorterStemmer()


def f1(kind: str, explanation: str, reference: str, *, stemmer: bool = True) -> float:
    """F1 in 0..1 of one kind of KINDS, or of SUMMARY; 0 where a text has no word.

    Raises:
        KeyError: no such kind.
    """
    if kind == SUMMARY:
        shared, n_written, n_wanted = _lines(explanation, reference, stemmer=stemmer)
    else:
        written, wanted = tokens(explanation, stemmer=stemmer), tokens(reference, stemmer=stemmer)
        shared, n_written, n_wanted = _COUNTS[kind](written, wanted)
    precision, recall = shared / max(n_written, 1), shared / max(n_wanted, 1)
    return 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0


def lcs_length(one: Sequence[object], other: Sequence[object]) -> int:
    """How many elements the longest common subsequence has."""
    at: dict[object, int] = {}
    for place, element in enumerate(one):
        at[element] = at.get(element, 0) | 1 << place
    full = row = (1 << len(one)) - 1
    for element in other:
        met = row & at.get(element, 0)
        row = (row + met | row - met) & full
    return len(one) - row.bit_count()


def _unigrams(written: Sequence[str], wanted: Sequence[str]) -> tuple[int, int, int]:
    return _clipped(Counter(written), Counter(wanted)), len(written), len(wanted)


def _bigrams(written: Sequence[str], wanted: Sequence[str]) -> tuple[int, int, int]:
    shared = _clipped(Counter(pairwise(written)), Counter(pairwise(wanted)))
    return shared, max(len(written) - 1, 0), max(len(wanted) - 1, 0)


def _subsequence(written: Sequence[str], wanted: Sequence[str]) -> tuple[int, int, int]:
    return lcs_length(wanted, written), len(written), len(wanted)


def _lines(explanation: str, reference: str, *, stemmer: bool) -> tuple[int, int, int]:
    """Each word counts at most as often as either text has it, however many lines share it."""
    written, wanted = (
        [tokens(line, stemmer=stemmer) for line in text.split("\n")] for text in (explanation, reference)
    )
    n_written, n_wanted = sum(map(len, written)), sum(map(len, wanted))
    if len(written) == len(wanted) == 1:
        return lcs_length(wanted[0], written[0]), n_written, n_wanted
    left = Counter(word for line in written for word in line)
    left &= Counter(word for line in wanted for word in line)
    shared = 0
    for line in wanted:
        for place in sorted(set().union(*(_places(line, other) for other in written))):
            if left[line[place]] > 0:
                left[line[place]] -= 1
                shared += 1
    return shared, n_written, n_wanted


def _places(wanted: Sequence[str], written: Sequence[str]) -> list[int]:
    """Where in `wanted` one longest common subsequence lies: of several, the one that rouge-score reads out."""
    table = [[0] * (len(written) + 1)]
    for word in wanted:
        before, row = table[-1], [0]
        for place, other in enumerate(written):
            row.append(before[place] + 1 if word == other else max(before[place + 1], row[place]))
        table.append(row)
    i, j, places = len(wanted), len(written), []
    while i > 0 and j > 0:
        if wanted[i - 1] == written[j - 1]:
            i, j = i - 1, j - 1
            places.append(i)
        elif table[i][j - 1] > table[i - 1][j]:
            j -= 1
        else:
            i -= 1
    return places


def _clipped(one: Counter[object], other: Counter[object]) -> int:
    fewer, more = (one, other) if len(one) <= len(other) else (other, one)
    return sum(min(n, more[gram]) for gram, n in fewer.items() if gram in more)


_COUNTS = {"rouge1": _unigrams, "rouge2": _bigrams, "rougeL": _subsequence}
