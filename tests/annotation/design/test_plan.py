import pytest

from annotation.design.plan import (
    PRACTICE,
    StudySettings,
    calibration_writer,
    choose_cases,
    faults,
    naming,
    notes_on,
    with_practice,
)
from annotation.design.sources import Source, SourceCase, SourceSystem, SourceText


def source(*, n_cases: int = 6, same: bool = False) -> Source:
    cases = [
        SourceCase(
            key=f"c{number}",
            user="u",
            history=(),
            item={"title": "Heat"},
            texts={
                name: SourceText("Because." if same else f"Because of {name}'s reason {number}.")
                for name in ("prism", "knn")
            },
        )
        for number in range(n_cases)
    ]
    return Source(tuple(cases), {"prism": SourceSystem("Prism"), "knn": SourceSystem("Neighbours")})


def test_all_faults_of_a_plan_are_told_at_once() -> None:
    settings = StudySettings(title="Is Prism better?", gap=0, seed=-1, n_calibration=6)
    told = faults(settings, source(), {"c9": "Practice."})
    for words in ("seed must lie", "gap must be", "title names the system", "6 complete cases", "case 'c9'"):
        assert any(words in sentence for sentence in told), words


def test_a_good_plan_has_no_fault() -> None:
    assert faults(StudySettings(title="Films", n_calibration=2), source(), {"c1": "Practice."}) == []


@pytest.mark.parametrize(
    ("text", "n_found"), [("the PRISM way", 1), ("prismatic light", 0), ("an ab test", 0), ("(knn)", 1)]
)
def test_names_are_found_as_whole_words_and_never_the_shortest(text: str, n_found: int) -> None:
    assert len(naming({"title": text}, {"prism", "knn", "ab"})) == n_found


def test_names_are_found_whatever_invisible_stands_between_their_letters() -> None:
    assert len(naming({"title": "The P\u200bRI\u00adSM way"}, {"prism"})) == 1
    assert len(naming({"title": "The prism way"}, {"pr\u200bism"})) == 1


def test_a_title_or_a_practice_text_in_which_nothing_can_be_seen_is_empty() -> None:
    told = faults(StudySettings(title="\u200b", n_calibration=1), source(), {"c1": "\ufeff"})
    assert told == ["The study needs a title.", "The calibration text of case 'c1' is empty: write one."]


def test_texts_for_annotators_have_an_end() -> None:
    told = faults(StudySettings(title="Films", n_calibration=1, consent="a" * 50_001), source())
    assert told == ["Consent text: 50,001 characters are too many; at most 50,000 fit."]


def test_the_draw_forgets_the_order_of_the_file() -> None:
    settings = StudySettings(title="Films", n_calibration=2, n_cases=3)
    cases = source().cases
    calibration, main = choose_cases(cases, settings, 7, practice=())
    assert (calibration, main) == choose_cases(cases[::-1], settings, 7, practice=())
    assert (len(calibration), len(main)) == (2, 3)
    assert not {case.key for case in calibration} & {case.key for case in main}


def test_practised_cases_are_the_calibration_set_in_their_order() -> None:
    practised = with_practice(source(), {"c4": "One.", "c1": "Two."})
    settings = StudySettings(title="Films", n_calibration=2)
    calibration, main = choose_cases(practised.cases, settings, 7, practice=["c4", "c1"])
    assert [case.texts[PRACTICE].text for case in calibration] == ["One.", "Two."]
    assert sorted(case.key for case in main) == ["c0", "c2", "c3", "c5"]
    assert calibration_writer(calibration[0], ["knn", "prism"], 0) == PRACTICE
    assert [calibration_writer(main[0], ["knn", "prism"], turn) for turn in range(3)] == [
        "knn",
        "prism",
        "knn",
    ]


def test_the_owner_is_told_of_twins_and_of_few_cases() -> None:
    many, same = source().cases * 5, source(same=True)
    assert notes_on(source(), many, "", settings=StudySettings(title="Films")) == []
    told = notes_on(same, same.cases, "The gap was lowered.", settings=StudySettings(title="Films"))
    assert told[0] == "The gap was lowered."
    assert "In 6 of 6 cases two systems wrote the very same text." in told
    assert "6 cases are few: expect wide intervals." in told


def test_few_calibration_cards_are_told_to_carry_no_kappa() -> None:
    few = StudySettings(title="Films", n_calibration=3)
    told = notes_on(source(), source().cases * 5, "", settings=few)
    assert [note[:30] for note in told] == ["3 calibration cards are few: a"]
    none = StudySettings(title="Films", n_calibration=0)
    assert notes_on(source(), source().cases * 5, "", settings=none) == []
