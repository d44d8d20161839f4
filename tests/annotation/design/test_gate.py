import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.design.gate import GateRule, judge, weighted_kappa

GOLD = [1, 2, 3, 4, 5, 5, 4, 3, 2, 1]


def test_weighted_kappa_agrees_with_a_table_worked_by_hand() -> None:
    # Own 1,2,3,4 against gold 1,2,4,3: mean squared distance 0.5; over all pairs 2 * variance (1.25) = 2.5.
    assert weighted_kappa([1, 2, 3, 4], [1, 2, 4, 3]) == pytest.approx(1 - 0.5 / 2.5)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=2, max_size=30))
def test_weighted_kappa_is_that_of_the_confusion_table(pairs: list[tuple[int, int]]) -> None:
    """The textbook form: weights over the 5 by 5 tables of observed and expected proportions."""
    n = len(pairs)
    observed = sum((a - b) ** 2 for a, b in pairs) / n
    rows = [sum(a == point for a, _ in pairs) / n for point in range(1, 6)]
    columns = [sum(b == point for _, b in pairs) / n for point in range(1, 6)]
    expected = sum(rows[i] * columns[j] * (i - j) ** 2 for i in range(5) for j in range(5))
    found = weighted_kappa([a for a, _ in pairs], [b for _, b in pairs])
    if expected == 0:
        assert found is None
    else:
        assert found == pytest.approx(1 - observed / expected)


def test_marks_equal_to_the_gold_pass() -> None:
    result = judge({"faithfulness": [(gold, gold) for gold in GOLD]}, GateRule())
    assert result.passed
    assert result.share_within == 1
    assert result.kappas == {"faithfulness": 1}
    assert result.feedback == ()


def test_one_point_mild_throughout_is_near_and_still_agrees() -> None:
    result = judge({"p": [(min(gold + 1, 5), gold) for gold in GOLD]}, GateRule())
    assert result.passed
    assert result.errors["p"] == pytest.approx(0.8)


def test_near_marks_in_the_wrong_order_fail_by_kappa_and_say_so() -> None:
    pairs = [(3, 2), (2, 3), (3, 2), (2, 3), (3, 3)]
    result = judge({"p": pairs}, GateRule(), {"p": "Persuasiveness"})
    assert result.share_within == 1
    assert not result.passed
    assert "Persuasiveness: which cards you place high and which low differs" in result.feedback[0]


def test_the_middle_for_everything_fails_with_a_reason() -> None:
    result = judge({"p": [(3, gold) for gold in GOLD]}, GateRule(share=0.5))
    assert not result.passed
    assert result.kappas["p"] == 0
    assert any("you gave 3 to every card" in sentence for sentence in result.feedback)


def test_undefined_kappa_is_a_sentence_and_not_a_failure() -> None:
    result = judge({"p": [(4, 4)] * 10}, GateRule())
    assert result.passed
    assert result.kappas["p"] is None
    assert any("no order of the cards is asked for" in sentence for sentence in result.feedback)


def test_constant_gold_asks_for_nearness_alone() -> None:
    assert judge({"p": [(4, 4), (3, 4), (5, 4)]}, GateRule()).passed
    assert not judge({"p": [(1, 4), (2, 4), (4, 4)]}, GateRule()).passed


def test_far_marks_fail_by_share_and_tell_the_direction() -> None:
    pairs = [(5, 3), (3, 1), (4, 2), (5, 3), (3, 1), (4, 4), (5, 5), (2, 1), (5, 2), (1, 1)]
    result = judge({"p": pairs}, GateRule())
    assert not result.passed
    assert "50% of your marks were near the reference" not in result.feedback[0]
    assert result.feedback[0] == "40% of your marks were near the reference; 80% are needed."
    assert "higher than the reference" in " ".join(result.feedback)


def test_exactly_the_needed_share_passes() -> None:
    pairs = [(gold, gold) for gold in GOLD[:8]] + [(4, 2), (3, 1)]
    assert judge({"p": pairs}, GateRule(kappa=0)).passed


def test_contradictory_rules_are_refused() -> None:
    for wrong in ({"tolerance": 5}, {"share": 1.2}, {"kappa": 2}, {"attempts": 0}):
        with pytest.raises(ValueError):
            GateRule(**wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unknown parts of a gate rule: shares"):
        GateRule.from_json({"shares": 0.8})
    assert GateRule.from_json({"share": 0.5}) == GateRule(share=0.5)
