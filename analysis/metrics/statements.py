"""Whether what a text says follows from what is known: statement by statement, by inference or by a judge.

A text is cut into statements at sentences and at clauses that stand on their own; each is held against evidence and
called supported, contradicted or unknown. The evidence is the history shown and what the catalogue says of its items
and of the recommended one, or another text. What the evidence does not mention is unknown, not false: a text that
names a true actor has an unsupported statement.

References: Kabongo and Guigue (2025), arXiv 2512.24366, whose statements a language model writes; Min et al. (2023),
FActScore. Cutting by rule is coarser: a sentence that is half true is one statement.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.metrics.asking import Judge, quoted, wording
from analysis.metrics.interface import MetricSignature, Text
from analysis.metrics.words import forms
from generation.pipeline.records import Item

Verdict = Literal["supported", "contradicted", "unknown"]
Claim = tuple[str, str]
"""Evidence and statement."""
_SENTENCE = re.compile(r"(?<=[.!?…])[\"'”’)]*\s+(?=[\"'“‘(]*[A-Z0-9])|\n+")
_CLAUSE = re.compile(
    r"\s*;\s+|,\s+(?:and|but|while|whereas|so)\s+(?=(?:it|you|they|he|she|this|that|both|the)\b)"
)
_ABBREVIATION = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|St|vs|Jr|Sr|No|Vol|Pt|[A-Z])\.[\"'”’)]*$")
FEWEST_WORDS = 3
"""A shorter piece states nothing by itself and stays with what stands before it."""


def statements(text: str) -> list[str]:
    """The statements of a text, in its order and in its words."""
    found: list[str] = []
    for sentence in _sentences(text):
        for piece in _CLAUSE.split(sentence):
            piece = piece.strip()
            if not forms(piece):
                continue
            if found and len(forms(piece)) < FEWEST_WORDS:
                found[-1] = f"{found[-1]} {piece}"
            else:
                found.append(piece)
    return found


def _sentences(text: str) -> list[str]:
    found: list[str] = []
    for piece in filter(None, map(str.strip, _SENTENCE.split(text))):
        if found and _ABBREVIATION.search(found[-1]):
            found[-1] = f"{found[-1]} {piece}"
        else:
            found.append(piece)
    return found


def evidence(text: Text) -> str:
    """What the system was shown, and what the catalogue says of it, in sentences."""
    watched = [f"The user watched {_told(item)}." for item in text.history]
    return " ".join([*watched, f"The recommended film is {_told(text.item)}."])


def _told(item: Item) -> str:
    parts = [item.label]
    if item.genres:
        parts.append(f"a film of the genres {', '.join(item.genres)}")
    if item.directors:
        parts.append(f"directed by {', '.join(item.directors)}")
    return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Verifier:
    """Gives a verdict on each claim, in their order; None where it gave none. What signatures say stands beside it."""

    verdicts: Callable[[Sequence[Claim]], Sequence[Verdict | None]]
    described: dict[str, Any]


class Inference:
    """A model of natural-language inference, by path or name: entailed is supported, by its most probable label."""

    def __init__(
        self, path: str, *, revision: str | None = None, device: str = "cpu", batch_size: int = 16
    ) -> None:
        """Load it.

        Raises:
            ValueError: its labels are not those of inference.
        """
        from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

        from analysis.metrics.weights import shown_name, weights_id

        config = AutoConfig.from_pretrained(path, revision=revision)
        self.labels = read_labels(config.id2label, shown_name(path))
        self.model: Any = (
            AutoModelForSequenceClassification.from_pretrained(path, revision=revision).to(device).eval()
        )
        self.tokenizer: Any = AutoTokenizer.from_pretrained(path, revision=revision)
        self.device, self.batch_size = device, batch_size
        told = getattr(self.tokenizer, "model_max_length", None)
        self.reach = min(told or 512, getattr(config, "max_position_embeddings", None) or 512)
        self.described = {
            "by": "inference",
            "model": shown_name(path),
            "weights": weights_id(path, config),
            "transformers": version("transformers"),
        }

    def __call__(self, claims: Sequence[Claim]) -> list[Verdict | None]:
        """Evidence longer than the model's reach is read in parts: one part that supports is enough."""
        parts = [
            (at, part, statement)
            for at, (known, statement) in enumerate(claims)
            for part in self._parts(known, statement)
        ]
        found: list[set[Verdict]] = [set() for _ in claims]
        order = sorted(range(len(parts)), key=lambda place: len(parts[place][1]))
        for start in range(0, len(order), self.batch_size):
            batch = [parts[place] for place in order[start : start + self.batch_size]]
            for (at, _, _), verdict in zip(batch, self._batch(batch), strict=True):
                found[at].add(verdict)
        return [
            "supported" if "supported" in one else "contradicted" if "contradicted" in one else "unknown"
            for one in found
        ]

    def _batch(self, batch: Sequence[tuple[int, str, str]]) -> list[Verdict]:
        import torch

        given = self.tokenizer(
            [part for _, part, _ in batch],
            [statement for _, _, statement in batch],
            truncation="only_first",
            max_length=self.reach,
            padding=True,
            return_tensors="pt",
        )
        with torch.no_grad():
            best = self.model(**{name: value.to(self.device) for name, value in given.items()}).logits.argmax(
                -1
            )
        return [self.labels[int(label)] for label in best]

    def _parts(self, known: str, statement: str) -> list[str]:
        """Whole sentences of the evidence, as many together as fit beside the statement."""
        room = self.reach - len(self.tokenizer(statement)["input_ids"]) - 4
        parts: list[str] = []
        length = 0
        for sentence in _sentences(known) or [known]:
            n = len(self.tokenizer(sentence, add_special_tokens=False)["input_ids"])
            if parts and length + n <= room:
                parts[-1] = f"{parts[-1]} {sentence}"
                length += n
            else:
                parts.append(sentence)
                length = n
        return parts


def read_labels(given: dict[int, str], model: str) -> dict[int, Verdict]:
    """Which of a model's labels means what.

    Raises:
        ValueError: one of entailment, contradiction and neutral is missing.
    """
    meaning: dict[str, Verdict] = {
        "entail": "supported",
        "contradict": "contradicted",
        "neutral": "unknown",
    }
    found = {
        int(number): verdict
        for number, label in given.items()
        for start, verdict in meaning.items()
        if str(label).lower().startswith(start)
    }
    if set(found.values()) != set(meaning.values()):
        raise ValueError(
            f"{model} has the labels {', '.join(map(str, given.values()))}; a model of inference has entailment, "
            "neutral and contradiction. Name them in id2label of its config.json"
        )
    return found


def by_inference(path: str, **options: Any) -> Verifier:
    model = Inference(path, **options)
    known: dict[Claim, Verdict | None] = {}

    def verdicts(claims: Sequence[Claim]) -> list[Verdict | None]:
        """Metrics that share the verifier ask for the same claims."""
        new = [claim for claim in dict.fromkeys(claims) if claim not in known]
        known.update(zip(new, model(new), strict=True))
        return [known[claim] for claim in claims]

    return Verifier(verdicts, model.described)


def by_judge(judge: Judge, *, prompt: str = "statement-v1") -> Verifier:
    """A language model that answers with one of three words; any other answer is no verdict."""
    words = wording(prompt)

    def verdicts(claims: Sequence[Claim]) -> list[Verdict | None]:
        answers = judge.ask(
            [words.fill(evidence=quoted(known), statement=quoted(said)) for known, said in claims]
        )
        return [read_verdict(answer.text) for answer in answers]

    return Verifier(verdicts, {"by": "judge", "prompt": words.signed()} | judge.described)


def read_verdict(answer: str) -> Verdict | None:
    """The one word of three that an answer consists of; a full stop behind it is passed over."""
    word = answer.strip().lower().removesuffix(".")
    known: dict[str, Verdict] = {
        "supported": "supported",
        "contradicted": "contradicted",
        "unknown": "unknown",
    }
    return known.get(word)


class StatementShare:
    """Share of a text's statements with one verdict against what was shown, in 0..1.

    NaN for a text without a statement, and where a statement got no verdict.
    """

    def __init__(self, name: str, verdict: Verdict, *, verifier: Verifier) -> None:
        self._verdict, self._verifier = verdict, verifier
        self.signature = MetricSignature(
            name, "1", verifier.described | {"against": "history,item", "verdict": verdict}
        )

    def score(self, texts: Sequence[Text]) -> NDArray[np.float64]:
        return shares(
            [[(evidence(text), said) for said in statements(text.explanation)] for text in texts],
            self._verdict,
            self._verifier,
        )


class StatementOverlap:
    """Statements of an explanation that its reference supports (precision), the other way round (recall), or F1.

    In 0..1; NaN where either text has no statement, or one got no verdict.
    """

    def __init__(
        self, value: Literal["precision", "recall", "f1"], *, verifier: Verifier, references: str = ""
    ) -> None:
        self._value, self._verifier = value, verifier
        self.signature = MetricSignature(
            f"statement-{value}",
            "1",
            verifier.described | {"against": "reference", "value": value},
            references,
        )

    def score(self, texts: Sequence[Text]) -> NDArray[np.float64]:
        both = [bool(text.explanation.strip() and text.reference.strip()) for text in texts]

        def side(said: Sequence[str], known: Sequence[str]) -> NDArray[np.float64]:
            claims = [
                [(evidence, one) for one in statements(text)] if held else []
                for text, evidence, held in zip(said, known, both, strict=True)
            ]
            return shares(claims, "supported", self._verifier)

        written, wanted = [text.explanation for text in texts], [text.reference for text in texts]
        if self._value == "precision":
            return side(written, wanted)
        recall = side(wanted, written)
        if self._value == "recall":
            return recall
        precision = side(written, wanted)
        total = precision + recall
        return np.where(total > 0, 2 * precision * recall / np.where(total > 0, total, 1), total)


def shares(claims: Sequence[Sequence[Claim]], verdict: Verdict, verifier: Verifier) -> NDArray[np.float64]:
    """Of each text's claims the share with the verdict; each distinct claim is verified once."""
    distinct = list(dict.fromkeys(claim for group in claims for claim in group))
    found = dict(zip(distinct, verifier.verdicts(distinct), strict=True)) if distinct else {}
    scores = np.full(len(claims), np.nan)
    for row, group in enumerate(claims):
        given = [found[claim] for claim in group]
        if given and None not in given:
            scores[row] = given.count(verdict) / len(given)
    return scores


def supported(*, verifier: Verifier) -> StatementShare:
    return StatementShare("statement-support", "supported", verifier=verifier)


def contradicted(*, verifier: Verifier) -> StatementShare:
    return StatementShare("statement-contradiction", "contradicted", verifier=verifier)


def precision(*, verifier: Verifier, references: str = "") -> StatementOverlap:
    return StatementOverlap("precision", verifier=verifier, references=references)


def recall(*, verifier: Verifier, references: str = "") -> StatementOverlap:
    return StatementOverlap("recall", verifier=verifier, references=references)


def f1(*, verifier: Verifier, references: str = "") -> StatementOverlap:
    return StatementOverlap("f1", verifier=verifier, references=references)
