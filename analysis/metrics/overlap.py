"""Overlap with a reference. It is usually the teacher's text: high overlap is likeness, not truth."""

from collections.abc import Sequence
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from analysis.metrics.fast_rouge import f1
from analysis.metrics.interface import MetricSignature, Text


class Rouge:
    """ROUGE F1 in 0..1 to the numbers of Google's rouge-score, macro-averaged by whoever averages it.

    Lower case, punctuation stripped, Porter stemming for words longer than three letters when `stemmer` is
    true (many tools default to false, and the numbers differ). `rougeL` takes the text as one sequence,
    `rougeLsum` line by line. NaN
    where the explanation or the reference is empty.

    Reference: Lin (2004), ROUGE: A Package for Automatic Evaluation of Summaries; package rouge-score.
    """

    def __init__(self, kind: str, *, references: str = "", stemmer: bool = True) -> None:
        self.kind, self.stemmer = kind, stemmer
        self.signature = MetricSignature(
            name=kind,
            version=f"rouge-score {version('rouge-score')}",
            parameters={"stemmer": stemmer, "value": "f1"},
            references=references,
        )

    def score(self, texts: Sequence[Text]) -> NDArray[np.float64]:
        scores = np.full(len(texts), np.nan)
        for row, text in enumerate(texts):
            if text.explanation.strip() and text.reference.strip():
                scores[row] = f1(self.kind, text.explanation, text.reference, stemmer=self.stemmer)
        return scores


class Bleu:
    """Corpus BLEU in 0..100 without smoothing: clipped n-gram counts are summed over all texts of a system.

    Texts without a reference are left out. Reference: Papineni et al. (2002); package sacrebleu, 13a tokens.
    """

    def __init__(self, order: int, *, references: str = "") -> None:
        from sacrebleu.metrics import BLEU

        self._bleu = BLEU(max_ngram_order=order, smooth_method="none")
        self.signature = MetricSignature(
            name=f"bleu-{order}",
            version=f"sacrebleu {version('sacrebleu')}",
            parameters={"order": order, "smooth": "none", "tokens": "13a"},
            references=references,
        )

    def measure(self, texts: Sequence[Text]) -> float:
        pairs = [(text.explanation, text.reference) for text in texts if text.reference.strip()]
        if not pairs:
            return float("nan")
        explanations, references = zip(*pairs, strict=True)
        return float(self._bleu.corpus_score(list(explanations), [list(references)]).score)


class ChrF:
    """chrF in 0..100: character n-grams up to six, recall counted twice; NaN where either text is empty.

    Reference: Popović (2015), chrF: character n-gram F-score for automatic MT evaluation; package sacrebleu.
    """

    def __init__(self, *, references: str = "") -> None:
        from sacrebleu.metrics import CHRF

        self._chrf = CHRF()
        self.signature = MetricSignature(
            name="chrf",
            version=f"sacrebleu {version('sacrebleu')}",
            parameters={"characters": 6, "words": 0, "beta": 2},
            references=references,
        )

    def score(self, texts: Sequence[Text]) -> NDArray[np.float64]:
        scores = np.full(len(texts), np.nan)
        for row, text in enumerate(texts):
            if text.explanation.strip() and text.reference.strip():
                scores[row] = self._chrf.sentence_score(text.explanation, [text.reference]).score
        return scores


def rouge_1(*, references: str = "", stemmer: bool = True) -> Rouge:
    return Rouge("rouge1", references=references, stemmer=stemmer)


def rouge_2(*, references: str = "", stemmer: bool = True) -> Rouge:
    return Rouge("rouge2", references=references, stemmer=stemmer)


def rouge_l(*, references: str = "", stemmer: bool = True) -> Rouge:
    return Rouge("rougeL", references=references, stemmer=stemmer)


def rouge_lsum(*, references: str = "", stemmer: bool = True) -> Rouge:
    return Rouge("rougeLsum", references=references, stemmer=stemmer)


def bleu_1(*, references: str = "") -> Bleu:
    return Bleu(1, references=references)


def bleu_4(*, references: str = "") -> Bleu:
    return Bleu(4, references=references)
