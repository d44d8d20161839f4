import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.design.blinding import (
    BlindedItem,
    blinded_history,
    blinded_item,
    comparable,
    normalise,
    visible,
)


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


@given(st.text(min_size=1).filter(lambda text: visible(text).strip()))
def test_a_text_with_something_to_read_never_becomes_empty_and_settles_at_once(text: str) -> None:
    once = normalise(text, ["prism"])
    assert once
    assert normalise(once, ["prism"]) == once or once[0] != normalise(once, ["prism"])[0]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\ufeffYou saw \u202eHeat\u202c.", "You saw Heat."),
        ("You\u200b saw He\u00adat\u2060.", "You saw Heat."),
        ("You saw\u2063 Heat\U000e0041.\x07", "You saw Heat."),
        ("You saw\u115f\u3164 Heat\ufe01.", "You saw Heat."),
        ("Ou\u200dr He\u200cat", "Our Heat"),
        ("Ame\u0301lie", "Am\u00e9lie"),
        ("e\u200b\u0301", "\u00e9"),
        (
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        ),
        ("\u0645\u06cc\u200c\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
        ("\u0645\u200c x", "\u0645 x"),
        ("\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937"),
        ("\U0001f469\u200d\U0001f680!", "\U0001f469\u200d\U0001f680!"),
        ("\U0001f680\u200d!", "\U0001f680!"),
        ("\u2764\ufe0f a\ufe0f", "\u2764\ufe0f a"),
        ("1\ufe0f\u20e3", "1\ufe0f\u20e3"),
        ("\u200b", ""),
        ("\u2800 \u202e\u200d", ""),
    ],
    ids=ascii,
)
def test_what_nobody_sees_is_not_kept(text: str, shown: str) -> None:
    assert normalise(text) == shown


@given(st.text(st.characters(categories=["L", "M", "Cf", "Cc", "So"])))
def test_taking_off_what_nobody_sees_settles_at_once(text: str) -> None:
    assert visible(visible(text)) == visible(text)


def test_lines_and_tabs_stay_where_a_text_has_them() -> None:
    assert visible("One\r\n\tTwo\u200b\n") == "One\n\tTwo\n"


def test_names_compare_as_they_look() -> None:
    assert comparable("AL\u200bP\u00adHA") == comparable("\uff21lpha") == "alpha"


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
