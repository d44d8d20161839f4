import pytest

from annotation.design.criteria import CONSENT, SHIPPED_CRITERIA, guidelines_for
from annotation.design.plan import DESIGNS, StudySettings
from annotation.design.scales import check_labels


def test_every_point_of_every_criterion_has_a_word_and_an_example() -> None:
    assert [one.key for one in SHIPPED_CRITERIA] == ["persuasiveness", "personalization", "faithfulness"]
    for one in SHIPPED_CRITERIA:
        assert check_labels(one.name, one.labels) is None
        texts = [example.explanation for example in one.examples]
        assert len(set(texts)) == 5
        assert all(example.why.endswith(".") for example in one.examples)


def test_the_texts_are_paragraphs_without_broken_lines() -> None:
    for text in (CONSENT, *map(guidelines_for, DESIGNS)):
        assert "\\" not in text
        assert all("\n" not in paragraph for paragraph in text.strip().split("\n\n"))


@pytest.mark.parametrize("design", DESIGNS)
def test_the_guidelines_say_of_a_design_what_is_true_of_it(design: str) -> None:
    told = StudySettings(title="Films", design=design).told
    assert ("the same person and item more than once" in told) == (design == "paired")
    assert ("side by side" in told) == (design == "side_by_side")
    assert ("one explanation." in told) == (design != "side_by_side")
    assert StudySettings(title="Films", design=design, guidelines="My own.").told == "My own."
