import re
from dataclasses import asdict

import pytest
from django.utils.translation import override

from annotation.design.gate import GateRule, judge
from annotation.gate_words import feedback_words, plain_words


def test_annotators_read_the_gate_without_a_statistics_name() -> None:
    words = plain_words(GateRule())
    assert words == (
        "80% of your marks are at most 1 level from the reference; on each question you place the same cards "
        "high and the same cards low as the reference does; you have 2 attempts"
    )
    assert "quadratic-weighted kappa" in GateRule().in_words()
    strict = plain_words(GateRule(tolerance=0, kappa=0, attempts=1))
    assert strict == "80% of your marks are exactly the reference; you have 1 attempt"


def test_they_read_it_in_chinese() -> None:
    with override("zh-hans"):
        assert plain_words(GateRule()).startswith("您的评分有 80% 与参考相差不超过 1 级")


def test_a_failed_gate_names_no_statistic_and_sets_its_minus() -> None:
    result = judge({"p": [(1, 2), (2, 1), (1, 2), (2, 1)]}, GateRule(), {"p": "Personalization"})
    [sentence] = result.feedback
    assert sentence == (
        "Personalization: which cards you place high and which low differs from the reference "
        "(agreement −1.00 where 1 is perfect and 0 is chance; 0.6 is needed)."
    )


@pytest.mark.parametrize(
    ("marks", "rule"),
    [
        ({"p": [(1, 2), (2, 1), (1, 2), (2, 1)]}, GateRule()),
        ({"p": [(1, 5), (2, 4), (1, 3), (2, 5)], "f": [(1, 1), (5, 5), (3, 3), (2, 2)]}, GateRule()),
        ({"p": [(5, 1), (4, 2), (5, 3), (5, 2)]}, GateRule(kappa=0)),
        ({"p": [(3, 1), (3, 5), (3, 2), (3, 4)]}, GateRule()),
        ({"p": [(3, 3), (3, 3)], "f": [(2, 4), (4, 4)]}, GateRule()),
        ({"p": [(1, 4), (1, 4)]}, GateRule()),
        ({"p": [(4, 4), (1, 1)]}, GateRule()),
    ],
)
def test_feedback_is_told_in_either_language_as_it_was_stored(marks, rule: GateRule) -> None:
    result = judge(marks, rule, {"p": "说服力", "f": "忠实度"})
    names = {"p": "说服力", "f": "忠实度"}
    assert feedback_words(asdict(result), rule, names) == result.feedback
    with override("zh-hans"):
        chinese = feedback_words(asdict(result), rule, names)
    assert len(chinese) == len(result.feedback)
    assert not re.search("[A-Za-z]", "".join(chinese))


def test_feedback_of_older_studies_stays_as_it_was_written() -> None:
    assert feedback_words({"feedback": ["As written."]}, GateRule(), {}) == ("As written.",)
    assert feedback_words({}, GateRule(), {}) == ()
