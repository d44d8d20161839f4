"""What a text names against what weighed in the ranker's choice, by hand."""

import math

import pytest

from analysis import metrics
from analysis.metrics.fidelity import named
from analysis.metrics.interface import Text
from generation.pipeline.records import Item

HISTORY = (Item("1", "Alien", 1979), Item("2", "Jaws Forever", 1975), Item("3", "Heat", 1995))
MATRIX = Item("4", "The Matrix", 1999)


def text(explanation: str, influence: tuple[float, ...] = (0.2, 0.6, 0.0)) -> Text:
    return Text("c", "s", explanation, MATRIX, history=HISTORY, influence=influence)


def score(name: str, *texts: Text) -> list[float]:
    return list(metrics.load(name).score(texts))  # type: ignore[union-attr]


def test_titles_are_taken_in_the_order_of_their_first_mention() -> None:
    assert named(text("Jaws Forever, Alien and again Jaws Forever led to The Matrix.")) == [1, 0]
    assert named(text("A fine film.")) == []


def test_a_hit_names_what_weighed_most() -> None:
    texts = [text("Like Jaws Forever."), text("Like Alien."), text("Fine."), text("")]
    assert score("ranker-hit", *texts) == pytest.approx([1, 0, 0, math.nan], nan_ok=True)
    assert score("ranker-hit", text("Like Alien.", (0.6, 0.6, 0.1))) == [1]


def test_ndcg_weighs_the_order_of_the_titles() -> None:
    # Ideal: .6 + .2 / log2(3). Named the other way round: .2 + .6 / log2(3).
    ideal, turned = 0.6 + 0.2 / math.log2(3), 0.2 + 0.6 / math.log2(3)
    texts = [
        text("Jaws Forever and Alien."),
        text("Alien and Jaws Forever."),
        text("It is like the film Heat (1995)."),
    ]
    assert score("ranker-ndcg", *texts) == pytest.approx([1, turned / ideal, 0])


def test_where_the_ranker_does_not_say_or_nothing_weighed_there_is_no_number() -> None:
    texts = [text("Like Alien.", ()), text("Like Alien.", (0.0, -0.1, 0.0)), text("Like Alien.", (1.0,))]
    for name in ("ranker-hit", "ranker-ndcg"):
        assert all(math.isnan(value) for value in score(name, *texts))
