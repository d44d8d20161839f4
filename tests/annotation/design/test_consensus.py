"""What experts agree on becomes the reference, and what they do not is told to the line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.design.gold import parse_gold

KEYS = ["faithfulness", "personalization"]


def read(*rows: tuple) -> tuple:
    lines = [f"{text},{expert},{f},{p},{why}" for text, expert, f, p, why in rows]
    header = "text,expert,faithfulness,personalization,faithfulness_why"
    return parse_gold("\n".join([header, *lines]), "csv", KEYS)


def test_the_median_of_marks_that_lie_close_is_the_reference() -> None:
    cards, errors = read(
        ("One", "Ada", 4, 5, "cites the film"),
        ("One", "Ben", 4, 4, ""),
        ("One", "Cem", 3, 5, "cites the film"),
        ("Two", "Ada", 1, 1, "invents"),
        ("Two", "Cem", 1, 2, ""),
        ("Two", "Ben", 2, 1, "wrong year"),
    )
    assert errors == ()
    assert [card.marks for card in cards] == [
        {"faithfulness": 4, "personalization": 5},
        {"faithfulness": 1, "personalization": 1},
    ]
    assert cards[0].experts["faithfulness"] == {"Ada": 4, "Ben": 4, "Cem": 3}
    assert [card.rationales["faithfulness"] for card in cards] == ["cites the film", "invents wrong year"]


def test_where_they_differ_they_settle_it_in_a_row_of_their_own() -> None:
    rows = [("One", "Ada", 4, 2, ""), ("One", "Ben", 4, 5, "")]
    cards, errors = read(*rows)
    assert errors == (
        "Line 3, personalization: the experts differ (Ada 2, Ben 5); settle it and add a row of expert consensus.",
    )
    cards, errors = read(*rows, ("One", "consensus", 4, 3, "talked over"))
    assert errors == ()
    assert (cards[0].marks["personalization"], cards[0].rationales["faithfulness"]) == (3, "talked over")
    assert cards[0].experts["personalization"] == {"Ada": 2, "Ben": 5}


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([("One", "Ada", 4, 4, "")], "Line 2, expert: a consensus needs two experts at least."),
        (
            [("One", "Ada", 4, 4, ""), ("One", "", 4, 4, "")],
            "Line 3, expert: is empty; every row needs one, or none does.",
        ),
        (
            [("One", "Ada", 4, 4, ""), ("One", "Ben", 4, 4, ""), ("One", "Ada", 4, 4, "")],
            "Line 4, expert: Ada marked this card in line 2 too.",
        ),
        (
            [("One", "Ada", 4, 4, ""), ("One", "Ben", 4, 4, ""), ("Two", "Ada", 4, 4, "")],
            "Line 4, expert: Ben did not mark this card.",
        ),
        ([("One", "Ada", 4, 4, ""), ("One", "Ben", 9, 4, "")], "Line 3, faithfulness: "),
        ([("One", "x" * 81, 4, 4, "")], "Line 2, expert: is no name"),
    ],
)
def test_what_is_no_consensus_is_told_by_line_and_field(rows: list, fault: str) -> None:
    _, errors = read(*rows)
    assert errors[0].startswith(fault)


def test_without_experts_a_row_is_a_card_as_before() -> None:
    cards, errors = read(("One", "", 4, 4, "so"), ("One", "", 2, 2, "so"))
    assert (len(cards), errors) == (2, ())
    assert cards[0].experts == {}


@given(st.lists(st.integers(1, 5), min_size=2, max_size=7))
def test_a_reference_is_a_mark_that_an_expert_gave_and_none_is_far_from_it(marks: list[int]) -> None:
    cards, errors = read(*[("One", f"E{n}", mark, 3, "") for n, mark in enumerate(marks)])
    if errors:
        assert (
            max(marks) - min(marks) > 1
            or sorted(marks)[len(marks) // 2 - 1] != sorted(marks)[len(marks) // 2]
        )
    else:
        reference = cards[0].marks["faithfulness"]
        assert reference in marks
        assert max(abs(mark - reference) for mark in marks) <= 1
