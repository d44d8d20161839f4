import pytest

from annotation.design.scales import Mark, OutOfScale, check_labels, validate

CRITERIA = ("persuasiveness", "faithfulness")


def test_points_and_reasons_are_taken() -> None:
    marks = validate({"persuasiveness": 5, "faithfulness": None}, CRITERIA, {"faithfulness": " no history "})
    assert marks == {"persuasiveness": Mark(5), "faithfulness": Mark(None, "no history")}


@pytest.mark.parametrize("value", [0, 6, 99, -1, 3.0, 3.5, "3", True, [3], float("nan")])
def test_anything_off_the_scale_is_refused_and_the_criterion_named(value: object) -> None:
    with pytest.raises(OutOfScale, match="choose 1 to 5") as caught:
        validate({"persuasiveness": value}, CRITERIA)
    assert caught.value.criterion == "persuasiveness"


@pytest.mark.parametrize(
    ("marks", "reasons", "words"),
    [
        ({}, {}, "Nothing was marked"),
        ({"beauty": 3}, {}, "'beauty' is not a criterion"),
        ({"faithfulness": None}, {}, "say in a few words why"),
        ({"faithfulness": None}, {"faithfulness": "x" * 301}, "at most 300"),
        ({"faithfulness": 3}, {"faithfulness": "hm"}, "take the reason or the mark away"),
        ({"faithfulness": 3}, {"persuasiveness": "hm"}, "a reason came without its mark"),
    ],
)
def test_what_cannot_be_stored_is_refused_in_words(marks: dict, reasons: dict, words: str) -> None:
    with pytest.raises(OutOfScale, match=words):
        validate(marks, CRITERIA, reasons)


def test_labels_need_five_words_of_their_own() -> None:
    assert check_labels("P", ["a", "b", "c", "d", "e"]) is None
    assert check_labels("P", ["a", "b"]) == "P: 2 labels for 5 points."
    assert check_labels("P", ["a", "b", " ", "d", "e"]) == "P: point 3 has no label."
    assert check_labels("P", ["a", "b", "a", "d", "e"]) == "P: two points carry the same label."
