import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.design.blinding import BlindedItem, blinded_history, blinded_item, normalise


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("  You   saw\n Heat. ", "You saw Heat."),
        ("As an AI language model, I think you will like it.", "I think you will like it."),
        ("As a large language model: you saw Heat.", "You saw Heat."),
        ("Prism: you saw Heat.", "You saw Heat."),
        ("[prism] - you saw Heat.", "You saw Heat."),
        ("Explanation: Prism: you saw Heat.", "You saw Heat."),
        ("“You saw Heat.”", "You saw Heat."),
        ("As an AI, Explanation: “you saw Heat.”", "You saw Heat."),
        ("Prism of light is a film you saw.", "Prism of light is a film you saw."),
        ("“Heat” and “Alien”", "“Heat” and “Alien”"),
        ("Explanation:", "Explanation:"),
        ("you saw heat", "you saw heat"),
    ],
)
def test_what_tells_the_writer_is_taken_off_and_nothing_else(text: str, shown: str) -> None:
    assert normalise(text, ["prism", "Prism"]) == shown


@given(st.text(min_size=1).filter(str.strip))
def test_a_text_never_becomes_empty_and_settles_at_once(text: str) -> None:
    once = normalise(text, ["prism"])
    assert once
    assert normalise(once, ["prism"]) == once or once[0] != normalise(once, ["prism"])[0]


def test_only_allowed_fields_of_an_item_are_read() -> None:
    stored = {
        "id": "7",
        "title": "Heat",
        "year": 1995,
        "genres": ["Crime"],
        "directors": ["M"],
        "system": "loud",
    }
    assert blinded_item(stored) == BlindedItem("Heat (1995)", ("Crime",))
    assert blinded_item({"title": "Heat", "year": None}) == BlindedItem("Heat")


def test_histories_are_shown_newest_first() -> None:
    shown = blinded_history([{"title": "Old", "year": 1950}, {"title": "New", "year": 2000}])
    assert [item.label for item in shown] == ["New (2000)", "Old (1950)"]
