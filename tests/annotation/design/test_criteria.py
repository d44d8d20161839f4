from annotation.design.criteria import CONSENT, GUIDELINES, SHIPPED_CRITERIA
from annotation.design.scales import check_labels


def test_every_point_of_every_criterion_has_a_word_and_an_example() -> None:
    assert [one.key for one in SHIPPED_CRITERIA] == ["persuasiveness", "personalization", "faithfulness"]
    for one in SHIPPED_CRITERIA:
        assert check_labels(one.name, one.labels) is None
        texts = [example.explanation for example in one.examples]
        assert len(set(texts)) == 5
        assert all(example.why.endswith(".") for example in one.examples)


def test_the_texts_are_paragraphs_without_broken_lines() -> None:
    for text in (CONSENT, GUIDELINES):
        assert "\\" not in text
        assert all("\n" not in paragraph for paragraph in text.strip().split("\n\n"))
