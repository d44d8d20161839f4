import re

import pytest

from annotation.design.criteria import Wording
from annotation.design.plan import DESIGNS, StudySettings
from annotation.design.scales import check_labels
from annotation.design.shipped import WORDINGS, consent_for, says_checks, wording

ENDS = (".", "。")


@pytest.fixture(params=sorted(WORDINGS))
def shipped(request: pytest.FixtureRequest) -> Wording:
    return WORDINGS[request.param]


def test_every_point_of_every_criterion_has_a_word_and_an_example(shipped: Wording) -> None:
    assert [one.key for one in shipped.criteria] == ["persuasiveness", "personalization", "faithfulness"]
    for one in shipped.criteria:
        assert check_labels(one.name, one.labels) is None
        texts = [example.explanation for example in one.examples]
        assert len(set(texts)) == 5
        assert all(example.why.endswith(ENDS) for example in one.examples)


def test_the_texts_are_paragraphs_without_broken_lines(shipped: Wording) -> None:
    for text in (shipped.consent, *map(shipped.guidelines_for, DESIGNS)):
        assert "\\" not in text
        assert "{" not in text
        assert all("\n" not in paragraph for paragraph in text.strip().split("\n\n"))


def test_a_translation_has_what_the_english_has(shipped: Wording) -> None:
    english = WORDINGS["en"]
    for design in DESIGNS:
        counts = [len(one.guidelines_for(design).split("\n\n")) for one in (shipped, english)]
        assert counts[0] == counts[1]
    assert len(shipped.consent.split("\n\n")) == len(english.consent.split("\n\n"))
    assert len(set(shipped.each.values())) == len(DESIGNS)


def test_chinese_texts_hold_no_english() -> None:
    chinese = WORDINGS["zh"]
    told = [chinese.consent, *map(chinese.guidelines_for, DESIGNS), chinese.checks_told]
    for one in chinese.criteria:
        told += [one.name, one.definition, one.question, *one.labels]
        told += [words for example in one.examples for words in (example.explanation, example.why)]
    assert not [text for text in told if re.search("[A-Za-z]", text)]


@pytest.mark.parametrize("design", DESIGNS)
def test_the_guidelines_say_of_a_design_what_is_true_of_it(design: str) -> None:
    told = StudySettings(title="Films", design=design).guidelines
    assert ("the same person and item more than once" in told) == (design == "paired")
    assert ("side by side" in told) == (design == "side_by_side")
    assert ("one explanation." in told) == (design != "side_by_side")
    assert StudySettings(title="Films", design=design, guidelines="My own.").guidelines == "My own."


@pytest.mark.parametrize(
    ("language", "asked"), [("en-GB", "en"), ("zh-Hans", "zh"), ("ZH", "zh"), ("ar", "en")]
)
def test_a_study_copies_the_texts_of_its_language(language: str, asked: str) -> None:
    settings = StudySettings(title="Films", language=language)
    assert settings.criteria == WORDINGS[asked].criteria == wording(language).criteria
    assert settings.consent == WORDINGS[asked].consent
    assert settings.guidelines == WORDINGS[asked].guidelines_for("paired")


def test_the_consent_says_once_that_cards_are_hidden(shipped: Wording) -> None:
    plain = consent_for(shipped.consent, hides=False)
    told = consent_for(plain, hides=True)
    assert (says_checks(plain), says_checks(told)) == (False, True)
    assert consent_for(told.replace("\n", "\r\n"), hides=True) == told
    assert consent_for(told, hides=False) == plain
    assert consent_for("My own.", hides=True) == "My own."
