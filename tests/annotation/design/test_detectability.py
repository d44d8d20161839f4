import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from annotation.design.detectability import detectability, features, wilson

WORDS = "calm honest story with people who like the same films and a house by the sea".split()  # noqa: SIM905


def text(rng, n=14, end="."):
    return " ".join(rng.choice(WORDS, n)).capitalize() + end


def test_writers_of_one_style_are_named_by_chance():
    inside = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        cases = [{system: text(rng) for system in "abc"} for _ in range(40)]
        found = detectability(cases, seed=seed)
        assert found.chance == pytest.approx(1 / 3)
        assert bool(found.telling) == found.above_chance
        inside += found.low <= found.chance <= found.high
    assert inside >= 17  # 95% intervals, 20 times


def test_an_exclamation_mark_gives_its_writer_away_and_is_named():
    rng = np.random.default_rng(0)
    cases = [{"a": text(rng), "b": text(rng, end="!")} for _ in range(30)]
    found = detectability(cases)
    assert found.accuracy == 1
    assert found.above_chance
    assert found.telling[0] in {"exclamation marks", "number of sentences"}
    assert "exclamation marks" in found.telling
    assert (found.n_texts, found.n_cases) == (60, 30)


def test_nothing_of_a_case_helps_with_its_own_texts():
    # The same text for both systems of a case: whoever remembers cases would be right, whoever sees them apart is not.
    rng = np.random.default_rng(1)
    cases = [dict.fromkeys("ab", text(rng, n=5 + index)) for index in range(40)]
    assert detectability(cases).accuracy == pytest.approx(0.5)


def test_few_cases_and_one_system_are_not_tried():
    assert detectability([]) is None
    assert detectability([{"a": "x"}] * 50) is None
    assert detectability([{"a": "x", "b": "y"}] * 9) is None


def test_features_have_names_a_person_understands():
    names, values = features(["You liked Heat (1995)!", ""])
    assert values.shape == (2, len(names))
    row = dict(zip(names, values[0], strict=True))
    assert (row["length in words"], row["exclamation marks"], row["brackets"]) == (4, 1, 2)
    assert row["beginning with “you”"] == 1
    assert not np.isnan(values).any()


@pytest.mark.parametrize(("right", "n"), [(0, 10), (10, 10), (7, 20), (50, 100)])
def test_the_interval_is_wilsons(right, n):
    assert wilson(right, n) == pytest.approx(proportion_confint(right, n, method="wilson"), abs=1e-12)
