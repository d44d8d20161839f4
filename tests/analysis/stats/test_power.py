import pytest

from analysis.stats.power import cases_needed, power_with, smallest_effect


def test_the_three_questions_answer_each_other() -> None:
    n = cases_needed(0.4, power=0.9)
    assert power_with(round(n), 0.4) == pytest.approx(0.9, abs=0.005)
    assert smallest_effect(round(n), power=0.9) == pytest.approx(0.4, abs=0.005)


def test_direction_does_not_matter() -> None:
    assert cases_needed(-0.5) == cases_needed(0.5)


@pytest.mark.parametrize("dz", [0.0, float("nan"), float("inf")])
def test_an_effect_that_no_study_finds_is_refused(dz: float) -> None:
    with pytest.raises(ValueError, match="smallest dz worth finding"):
        cases_needed(dz)


def test_impossible_plans_are_refused() -> None:
    with pytest.raises(ValueError, match="power lies between 0 and 1"):
        cases_needed(0.5, power=1)
    with pytest.raises(ValueError, match="two cases or more"):
        power_with(1, 0.5)
