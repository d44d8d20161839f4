"""Statements cut by rule, verdicts by a scripted verifier, by a judge and by a small model of inference."""

import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import metrics
from analysis.metrics.asking import Answer, Judge
from analysis.metrics.interface import Text
from analysis.metrics.statements import (
    Claim,
    Inference,
    Verdict,
    Verifier,
    by_judge,
    evidence,
    read_labels,
    read_verdict,
    statements,
)
from analysis.metrics.words import forms
from generation.pipeline.records import Item
from tests.analysis.metrics.networks import save_inference

ALIEN = Item("1", "Alien", 1979, ("Horror",), ("Ridley Scott",))


def text(explanation: str, reference: str = "") -> Text:
    return Text("c", "s", explanation, Item("2", "Heat"), (ALIEN,), reference)


def known(claims: Sequence[Claim]) -> list[Verdict | None]:
    """A statement is supported when its last word stands in the evidence, contradicted when it says "not"."""
    return [
        "contradicted"
        if "not" in forms(said)
        else "supported"
        if forms(said)[-1] in forms(facts)
        else "unknown"
        for facts, said in claims
    ]


VERIFIER = Verifier(known, {"by": "rule"})


def score(name: str, *texts: Text, verifier: Verifier = VERIFIER) -> list[float]:
    return list(metrics.load(name, verifier=verifier).score(texts))  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("given", "cut"),
    [
        ("You watched Alien. Heat is as tense.", ["You watched Alien.", "Heat is as tense."]),
        ("You watched Alien, and it has the same mood.", ["You watched Alien", "it has the same mood."]),
        ("Mr. Smith directed it. See?", ["Mr. Smith directed it. See?"]),
        ("You liked Alien and Heat.", ["You liked Alien and Heat."]),
        ("It is dark; you like dark films!", ["It is dark", "you like dark films!"]),
        ("...", []),
    ],
)
def test_sentences_and_clauses_that_stand_alone_are_statements(given: str, cut: list[str]) -> None:
    assert statements(given) == cut


@given(st.text(max_size=120))
def test_cutting_loses_and_adds_no_word_but_the_joints(given: str) -> None:
    joints = {"and", "but", "while", "whereas", "so"}
    found = [word for said in statements(given) for word in forms(said)]
    assert [word for word in found if word not in joints] == [w for w in forms(given) if w not in joints]


def test_the_evidence_is_what_was_shown_in_sentences() -> None:
    assert evidence(text("")) == (
        "The user watched Alien (1979), a film of the genres Horror, directed by Ridley Scott. "
        "The recommended film is Heat."
    )


def test_shares_of_statements_by_verdict() -> None:
    # "alien" stands in the evidence; "mood" does not; the third is denied.
    one = text("You watched Alien. It has the same mood. It is not heat.")
    assert score("statement-support", one, text("")) == pytest.approx([1 / 3, math.nan], nan_ok=True)
    assert score("statement-contradiction", one) == pytest.approx([1 / 3])


def test_precision_recall_and_f1_against_the_reference() -> None:
    # Of two statements one ends in a word of the reference; of its three two end in a word of the text.
    pair = text(
        "You watched Alien. It has a dark mood.",
        "It shares the mood. You know Alien. It won a prize.",
    )
    assert score("statement-precision", pair) == pytest.approx([1.0])
    assert score("statement-recall", pair) == pytest.approx([2 / 3])
    assert score("statement-f1", pair) == pytest.approx([0.8])
    apart = text("It is long here.", "Heat was made there.")
    assert score("statement-f1", apart, text("It is long here.")) == pytest.approx(
        [0.0, math.nan], nan_ok=True
    )


def test_a_statement_without_a_verdict_leaves_the_text_without_a_score() -> None:
    silent = Verifier(lambda claims: [None] * len(claims), {})
    assert score("statement-support", text("You watched Alien."), verifier=silent) == pytest.approx(
        [math.nan], nan_ok=True
    )


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("supported", "supported"),
        (" Contradicted.", "contradicted"),
        ("UNKNOWN", "unknown"),
        ("supported, I think", None),
        ("yes", None),
        ("", None),
    ],
)
def test_a_judges_verdict_is_one_word_of_three(answer: str, verdict: str | None) -> None:
    assert read_verdict(answer) == verdict
    verifier = by_judge(Judge(lambda prompts: [Answer(answer)] * len(prompts), "tiny"))
    assert verifier.verdicts([("facts", "said")]) == [verdict]
    assert verifier.described["by"] == "judge"


def test_labels_of_a_model_of_inference_are_read_by_their_names() -> None:
    assert read_labels({0: "ENTAILMENT", 1: "neutral", 2: "contradiction"}, "m") == {
        0: "supported",
        1: "unknown",
        2: "contradicted",
    }
    with pytest.raises(ValueError, match=r"LABEL_0, LABEL_1.*Name them in id2label"):
        read_labels({0: "LABEL_0", 1: "LABEL_1"}, "m")


def test_a_model_of_inference_reads_long_evidence_in_parts(tmp_path: Path) -> None:
    model = Inference(str(save_inference(tmp_path)), batch_size=2)
    short, long = (
        "You watched Alien.",
        " ".join(f"The user watched Film {n} ({1950 + n})." for n in range(40)),
    )
    assert len(model._parts(long, "It is dark.")) > 1
    assert model._parts(short, "It is dark.") == [short]
    claims = [(short, "It is dark."), (long, "It is dark."), (short, "You watched Alien.")]
    together = model(claims)
    assert together == [model([claim])[0] for claim in claims]
    assert set(together) <= {"supported", "contradicted", "unknown"}
