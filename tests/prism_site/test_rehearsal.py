"""What a simulated annotator reads in a text: the rule its marks, and a rehearsal's gold, are made of."""

import numpy as np
import pytest

from generation.pipeline.records import Case, Item
from prism_site.demo import PRACTICE_FORMS, practice_texts
from prism_site.rehearsal import Reader

POSTMAN = Item("p", "The Postman (Il Postino)", 1994, ("Comedy", "Drama"))
MONSOON = Item("m", "Monsoon Wedding (Mariage des moussons, Le)", 2001, ("Comedy",))
HEAT = Item("h", "Heat", 1995, ("Action", "Crime"))
MADE = Item("d", "Made", 2001, ("Comedy",))
READER = Reader([POSTMAN, MONSOON, HEAT, MADE])


@pytest.mark.parametrize(
    ("text", "named", "invented", "names_item"),
    [
        (f"{HEAT.label} after {POSTMAN.label}.", 1, 0, True),
        (f"{HEAT.label} after The Postman, or Il Postino as you call it.", 1, 0, True),
        (f"As {MONSOON.label} before it.", 0, 1, False),
        (f"{HEAT.label} is well made.", 0, 0, True),
    ],
)
def test_a_film_of_two_names_is_one_film(text: str, named: int, invented: int, names_item: bool) -> None:
    reading = READER.read(
        history={POSTMAN.label: "Comedy, Drama"}, item=(HEAT.label, "Action, Crime"), explanation=text
    )
    assert (reading.named, reading.invented, reading.names_item) == (named, invented, names_item)


def test_practice_texts_speak_proper_english() -> None:
    cases = [Case(f"c{index}", "u", (POSTMAN, MONSOON), HEAT, "test") for index in range(len(PRACTICE_FORMS))]
    texts = practice_texts(cases, [MADE, HEAT, POSTMAN, MONSOON], np.random.default_rng(0)).values()
    assert len(texts) == len(PRACTICE_FORMS)
    assert any("is an action film" in text for text in texts)
    assert not any("{" in text for text in texts)
