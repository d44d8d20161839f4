"""Claims by hand: what a text says of genres, directors and years, and whether it is true of what was shown."""

import math

import pytest

from analysis import metrics
from analysis.metrics.claims import Lexicon
from analysis.metrics.interface import Text
from generation.pipeline.records import Item

ALIEN = Item("1", "Alien", 1979, ("Horror", "Science Fiction"), ("Ridley Scott",))
HEAT = Item("2", "Heat", 1995, ("Crime",), ("Michael Mann",))
ODYSSEY = Item("3", "2001: A Space Odyssey", 1968, ("Science Fiction",), ("Stanley Kubrick",))
UP = Item("4", "Up", 2009, ("Children's",), ("Pete Docter",))
CATALOGUE = [ALIEN, HEAT, ODYSSEY, UP]


def text(explanation: str, *, item: Item = ALIEN, case: str = "c") -> Text:
    return Text(case=case, system="s", explanation=explanation, item=item, history=(ODYSSEY,))


def score(name: str, *texts: Text) -> list[float]:
    return list(metrics.load(name, catalogue=CATALOGUE).score(texts))  # type: ignore[union-attr]


def test_a_text_claims_genres_directors_and_years_but_not_by_naming_a_title() -> None:
    claimed = Lexicon(CATALOGUE).claimed(
        text(
            "Since you liked 2001: A Space Odyssey (1968), try this science fiction by RIDLEY SCOTT of 1979."
        )
    )
    assert claimed == {
        ("genre", "science fiction"),
        ("director", "ridley scott"),
        ("year", "1979"),
        ("decade", "1970"),
    }
    assert Lexicon(CATALOGUE).claimed(text("A crime story of the 1990s.")) == {
        ("genre", "crime"),
        ("decade", "1990"),
    }


@pytest.mark.parametrize(
    ("explanation", "value"),
    [
        ("A horror film by Ridley Scott from 1979.", 0),
        ("Science fiction of the 1960s, like what you saw.", 0),  # true of the history
        ("A crime film.", 1),
        ("A horror film by Michael Mann.", 1),
        ("A horror film of 1980.", 1),
        ("A quiet story.", 0),
    ],
)
def test_a_claim_that_is_true_of_nothing_shown_is_unsupported(explanation: str, value: float) -> None:
    assert score("unsupported-attribute", text(explanation)) == [value]


def test_of_an_empty_text_it_says_nothing() -> None:
    assert all(map(math.isnan, score("unsupported-attribute", text(" "))))
