import numpy as np
import pandas as pd
import pytest

from analysis.stats.ceiling import ceilings, spearman_brown
from analysis.stats.correlation import correlate
from analysis.stats.ratings import RatingTable

SYSTEMS = ("a", "b", "c", "d", "e")


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def made(n_cases: int, n_annotators: int, noise: float) -> tuple[RatingTable, pd.DataFrame]:
    """Ratings on a scale of a thousand points, and the true quality of each text."""
    maker = rng(3)
    quality = maker.normal(500, 60, (n_cases, len(SYSTEMS)))
    marks = np.rint(quality[..., None] + maker.normal(0, noise, (*quality.shape, n_annotators))).astype(int)
    rows = [
        (f"A{k}", f"c{i:03}", system, "clear", int(marks[i, j, k]))
        for i in range(n_cases)
        for j, system in enumerate(SYSTEMS)
        for k in range(n_annotators)
    ]
    frame = pd.DataFrame(rows, columns=["annotator", "case", "system", "criterion", "value"])
    table = RatingTable.from_frame(frame, levels=range(1001))
    return table, pd.DataFrame(quality, index=list(table.cases), columns=list(SYSTEMS))


@pytest.mark.parametrize("n_annotators", [3, 4])
def test_the_true_quality_reaches_the_ceiling(n_annotators: int) -> None:
    table, quality = made(200, n_annotators, noise=90)
    found = ceilings(table, "clear", rng=rng())
    for level in ("none", "case", "partial"):
        one = found[level, "pearson"]
        true = correlate(quality, table.case_totals("clear"), level=level, coefficient="pearson").value
        # Means of correlations over five systems are not correlations: at level "case" the ceiling is a little high.
        assert one.ceiling == pytest.approx(true, abs=0.06 if level == "case" else 0.03)
        assert one.halves < one.reliability < one.ceiling
    expected = 60**2 / (60**2 + 90**2 / n_annotators)
    assert found["none", "pearson"].reliability == pytest.approx(expected, abs=0.03)


def test_spearman_brown_for_halves_and_for_unequal_parts() -> None:
    assert spearman_brown(0.6) == pytest.approx(2 * 0.6 / 1.6)
    # Parts of 1 and 2 raters of reliability .4 each: r = .4 / sqrt(.4 * (.8 / 1.4)) between them, whole 1.2 / 1.8.
    one, two = 0.4, 0.8 / 1.4
    between = np.sqrt(one * two)
    assert spearman_brown(between, 1 / 3) == pytest.approx(1.2 / 1.8)
    assert spearman_brown(1.0, 0.3) == 1.0
    for nearly in (1 - 1e-9, 1 - 1e-14, 1 - 1e-16):
        assert spearman_brown(nearly) == pytest.approx(1, abs=1e-8)
        assert spearman_brown(nearly, 1 / 3) <= 1


def test_halves_that_contradict_each_other_have_no_ceiling_and_say_so() -> None:
    rows = []
    for i in range(30):
        for system, marks in (("a", (1, 5)), ("b", (5, 1))):
            rows += [(f"A{k}", f"c{i}", system, "clear", value) for k, value in enumerate(marks)]
    table = RatingTable.from_frame(
        pd.DataFrame(rows, columns=["annotator", "case", "system", "criterion", "value"])
    )
    found = ceilings(table, "clear", rng=rng())["none", "pearson"]
    assert found.halves == pytest.approx(-1)
    assert "does not show at this level" in str(found.ceiling)


def test_what_cannot_be_split_is_undefined_in_words() -> None:
    table, _ = made(6, 1, noise=50)
    found = ceilings(table, "clear", rng=rng())
    assert "no card has two ratings" in str(found["none", "pearson"].ceiling)
    table, _ = made(6, 4, noise=50)
    assert "rests on no variances" in str(ceilings(table, "clear", rng=rng())["none", "kendall"].ceiling)


def test_the_same_seed_splits_alike_and_systems_can_be_left_out() -> None:
    table, _ = made(20, 4, noise=60)
    assert ceilings(table, "clear", rng=rng()) == ceilings(table, "clear", rng=rng())
    some = ceilings(table, "clear", rng=rng(), systems=("a", "c"))
    assert some["none", "pearson"].n_cards == 40
