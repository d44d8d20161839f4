"""ROUGE and BLEU as PETER, PEPLER, POD and RDRec compute them: another dialect, under names of its own.

Words are cut at blanks after their own splitting of clitics and punctuation, case kept; n-grams are sets, so a word
said twice counts once; ROUGE-L weighs recall by precision over recall. Numbers are in 0..100. None of them may stand in
one column with a number of rouge-score or of BLEU's usual tokens.

Reference: Li, Zhang and Chen (2021), Personalized Transformer for Explainable Recommendation, and its published code.
"""

import re
from collections.abc import Sequence
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from analysis.metrics.fast_rouge import lcs_length
from analysis.metrics.interface import MetricSignature, Text

_CLITIC = re.compile(r"'s|'m|'ve|n't|'re|'d|'ll")
_MARKS = re.compile(r"[()]|,+|:+|;+|\.+|!+|\?+")
_READ_AS = {":": ",", ";": "."}
"""The family's code writes a comma for a colon and a full stop for a semicolon."""


def family_tokens(text: str) -> list[str]:
    """The words and marks of a text as the family's code cuts them."""
    apart = _CLITIC.sub(lambda found: " " + found.group(), text)
    return _MARKS.sub(lambda found: f" {_READ_AS.get(found.group()[0], found.group()[0])} ", apart).split()


class FamilyRouge:
    """ROUGE F in 0..100 over sets of n-grams; NaN where the explanation or the reference is empty."""

    def __init__(self, kind: str, *, references: str = "") -> None:
        self.kind = kind
        self.signature = MetricSignature(
            name=f"rouge-{kind}-family",
            version="1",
            parameters={"tokens": "family", "grams": "sets", "value": "f"},
            references=references,
        )

    def score(self, texts: Sequence[Text]) -> NDArray[np.float64]:
        scores = np.full(len(texts), np.nan)
        for row, text in enumerate(texts):
            written, wanted = family_tokens(text.explanation), family_tokens(text.reference)
            if written and wanted:
                found = (
                    _by_order(written, wanted)
                    if self.kind == "l"
                    else _by_sets(written, wanted, int(self.kind))
                )
                scores[row] = 100 * found
        return scores


class FamilyBleu:
    """Corpus BLEU in 0..100 without smoothing over the family's tokens; NaN where no text has a reference."""

    def __init__(self, order: int, *, references: str = "") -> None:
        from sacrebleu.metrics import BLEU

        self._bleu = BLEU(max_ngram_order=order, smooth_method="none", tokenize="none", force=True)
        self.signature = MetricSignature(
            name=f"bleu-{order}-family",
            version=f"sacrebleu {version('sacrebleu')}",
            parameters={"order": order, "smooth": "none", "tokens": "family"},
            references=references,
        )

    def measure(self, texts: Sequence[Text]) -> float:
        pairs = [
            (" ".join(family_tokens(text.explanation)), " ".join(family_tokens(text.reference)))
            for text in texts
            if text.reference.strip()
        ]
        if not pairs:
            return float("nan")
        explanations, references = zip(*pairs, strict=True)
        return float(self._bleu.corpus_score(list(explanations), [list(references)]).score)


def _by_sets(written: Sequence[str], wanted: Sequence[str], order: int) -> float:
    mine, theirs = (
        {tuple(words[start : start + order]) for start in range(len(words) - order + 1)}
        for words in (written, wanted)
    )
    shared = len(mine & theirs)
    precision, recall = shared / max(len(mine), 1), shared / max(len(theirs), 1)
    return 2 * precision * recall / (precision + recall + 1e-8)


def _by_order(written: Sequence[str], wanted: Sequence[str]) -> float:
    shared = lcs_length(wanted, written)
    precision, recall = shared / len(written), shared / len(wanted)
    beta = precision / (recall + 1e-12)
    return (1 + beta**2) * recall * precision / (recall + beta**2 * precision + 1e-12)


def rouge_1(*, references: str = "") -> FamilyRouge:
    return FamilyRouge("1", references=references)


def rouge_2(*, references: str = "") -> FamilyRouge:
    return FamilyRouge("2", references=references)


def rouge_l(*, references: str = "") -> FamilyRouge:
    return FamilyRouge("l", references=references)


def bleu_1(*, references: str = "") -> FamilyBleu:
    return FamilyBleu(1, references=references)


def bleu_4(*, references: str = "") -> FamilyBleu:
    return FamilyBleu(4, references=references)
