"""The blind guess: which kind of writer wrote a few of one's own cards, asked once, after the last of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from annotation.design.blinding import BlindedItem, visible
from annotation.design.streams import STREAM_GUESS

CANNOT_SAY = "cannot-say"
"""The answer of who will not guess; always offered, and no kind of writer."""
MOST_CARDS, MOST_KINDS, LONGEST_LABEL = 10, 8, 80


@dataclass(frozen=True, slots=True)
class WriterKind:
    """A kind of writer a guess is made among. It names no system: annotators read its label."""

    key: str
    label: str


SHIPPED_KINDS = (
    WriterKind("person", "A person"),
    WriterKind("large-model", "A large language model"),
    WriterKind("small-model", "A small model or a template"),
)


@dataclass(frozen=True, slots=True)
class GuessPlan:
    """What is asked, as the study's plan holds it and freezes it."""

    n_cards: int = 5
    """Of so many of the annotator's own cards, or of all where there are fewer."""
    kinds: tuple[WriterKind, ...] = SHIPPED_KINDS

    def as_json(self) -> dict[str, Any]:
        return {"n_cards": self.n_cards, "kinds": [asdict(kind) for kind in self.kinds]}

    @classmethod
    def of(cls, plan: Mapping[str, Any]) -> GuessPlan | None:
        """What a study's plan says; None where nothing is asked."""
        asked = plan.get("guess")
        if not asked:
            return None
        return cls(asked["n_cards"], tuple(WriterKind(**kind) for kind in asked["kinds"]))


@dataclass(frozen=True, slots=True)
class GuessCard:
    """All that is shown of a card where its writer is guessed. Adding a field is a decision about blindness."""

    token: str
    """The placement's own."""
    item: BlindedItem
    explanation: str
    language: str


def kinds_of(labels: list[str]) -> tuple[WriterKind, ...]:
    """Kinds out of their labels; a shipped label keeps its key, any other is numbered."""
    shipped = {kind.label.casefold(): kind.key for kind in SHIPPED_KINDS}
    return tuple(
        WriterKind(shipped.get(label.casefold(), f"kind-{number}"), label)
        for number, label in enumerate(labels, start=1)
    )


def faults_of(plan: GuessPlan) -> list[str]:
    """Why this cannot be asked, a sentence each."""
    errors = []
    if not 1 <= plan.n_cards <= MOST_CARDS:
        errors.append(f"A guess is asked about 1 to {MOST_CARDS} cards, not {plan.n_cards}.")
    if not 2 <= len(plan.kinds) <= MOST_KINDS:
        errors.append(f"A guess is made among 2 to {MOST_KINDS} kinds of writers, not {len(plan.kinds)}.")
    if any(not visible(kind.label).strip() or not kind.key for kind in plan.kinds):
        errors.append("A kind of writer has no label: write one.")
    if any(len(kind.label) > LONGEST_LABEL for kind in plan.kinds):
        errors.append(f"The label of a kind of writer has at most {LONGEST_LABEL} characters.")
    for what, words in (
        ("label", [kind.label.strip().casefold() for kind in plan.kinds]),
        ("key", [kind.key for kind in plan.kinds]),
    ):
        if len(set(words)) < len(words):
            errors.append(f"Two kinds of writers have the same {what}: annotators could not tell them apart.")
    if CANNOT_SAY in {kind.key for kind in plan.kinds}:
        errors.append(f"{CANNOT_SAY!r} is offered anyway, and cannot be the key of a kind of writer.")
    return errors


def texts_of(plan: GuessPlan) -> dict[str, str]:
    """Every text an annotator's browser gets, by what it is."""
    return {f"kind of writer {kind.key}": f"{kind.label} ({kind.key})" for kind in plan.kinds}


def drawn(n_own: int, plan: GuessPlan, *, seed: int, index: int) -> list[int]:
    """Which of an annotator's cards are asked about, by their place from 0, in the order they are shown.

    Args:
        n_own: cards the annotator rated.
        seed: the study's.
        index: the annotator's.
    """
    rng = np.random.default_rng([seed, STREAM_GUESS, index])
    return [int(place) for place in rng.permutation(n_own)[: plan.n_cards]]
