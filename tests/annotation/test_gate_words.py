from django.utils.translation import override

from annotation.design.gate import GateRule, judge
from annotation.gate_words import plain_words


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
