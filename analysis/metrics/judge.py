"""Ratings by a language model: of meaning against the reference, and of the paper's three criteria.

A judge is an opinion, not a measurement: it favours long and fluent texts, and texts of its own kind. Model, revision
and the version of the prompt stand in every signature, since another one gives other numbers. An answer counts when it
is one whole number within the scale and nothing else; anything else is turned down, and the text has no score.

References: Ma et al. (2024), XRec (agreement of meaning, printed as GPTScore); Zheng et al. (2023), Judging
LLM-as-a-Judge with MT-Bench and Chatbot Arena (how judges err). The criteria are those of the
study, in the paper's words.
"""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.metrics.asking import Judge, history_of, quoted, wording
from analysis.metrics.interface import MetricSignature, Text

_NUMBER = re.compile(r"\d{1,3}")


class Judged:
    """A judge's whole number for each text; NaN where the text is empty or the answer was turned down.

    A judge of meaning has none either where there is no reference.
    """

    def __init__(
        self,
        name: str,
        prompt: str,
        *,
        judge: Judge,
        lowest: int,
        highest: int,
        references: str | None = None,
    ) -> None:
        """
        Args:
            references: who wrote them; None for a judge that is shown no reference.
        """
        self._judge, self._wording = judge, wording(prompt)
        self.lowest, self.highest = lowest, highest
        self._compares = references is not None
        self.n_rejected = 0
        """Answers of the last call that were no rating."""
        self.signature = MetricSignature(
            name,
            "1",
            judge.described
            | {"prompt": self._wording.signed(), "scale": f"{lowest}-{highest}", "temperature": 0},
            references or "",
        )

    def score(self, texts: Sequence[Text]) -> NDArray[np.float64]:
        rows = [
            at
            for at, text in enumerate(texts)
            if text.explanation.strip() and (text.reference.strip() or not self._compares)
        ]
        answers = self._judge.ask([self._prompt(texts[at]) for at in rows]) if rows else []
        scores = np.full(len(texts), np.nan)
        self.n_rejected = 0
        for at, answer in zip(rows, answers, strict=True):
            rating = read_rating(answer.text, self.lowest, self.highest)
            if rating is None:
                self.n_rejected += 1
            else:
                scores[at] = rating
        return scores

    def _prompt(self, text: Text) -> str:
        return self._wording.fill(
            history=quoted(history_of(text)),
            item=quoted(text.item.label),
            explanation=quoted(text.explanation),
            reference=quoted(text.reference),
        )


def read_rating(answer: str, lowest: int, highest: int) -> int | None:
    """The whole number an answer consists of; None for anything else, also for a number with words around it."""
    found = answer.strip()
    if not _NUMBER.fullmatch(found) or not found.isascii():
        return None
    return int(found) if lowest <= int(found) <= highest else None


def agreement(*, judge: Judge, references: str = "") -> Judged:
    return Judged("gptscore-judge", "agreement-v1", judge=judge, lowest=0, highest=100, references=references)


def persuasiveness(*, judge: Judge) -> Judged:
    return Judged("judge-persuasiveness", "persuasiveness-v1", judge=judge, lowest=1, highest=5)


def personalization(*, judge: Judge) -> Judged:
    return Judged("judge-personalization", "personalization-v1", judge=judge, lowest=1, highest=5)


def faithfulness(*, judge: Judge) -> Judged:
    return Judged("judge-faithfulness", "faithfulness-v1", judge=judge, lowest=1, highest=5)
