import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.stats import kendall
from analysis.stats.cells import NothingShared, blocks
from analysis.stats.correlation import COEFFICIENTS, LEVELS, correlate, correlate_all
from analysis.stats.crossed import draw
from analysis.stats.estimates import Undefined
from analysis.stats.redrawn import correlations
from analysis.stats.rowwise import row_correlations
from tests.analysis.stats.made import table

SCIPY = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}
SYSTEMS = ("a", "b", "c", "d")


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def study(n_cases: int = 12, seed: int = 2) -> tuple[pd.DataFrame, object]:
    """Scores (cases by systems) and the totals of three annotators, loosely related."""
    maker = rng(seed)
    quality = maker.normal(3, 1, (n_cases, len(SYSTEMS)))
    marks = np.clip(np.rint(quality[..., None] + maker.normal(0, 0.8, (*quality.shape, 3))), 1, 5).astype(int)
    cards = {(f"c{i:03}", s): marks[i, j].tolist() for i in range(n_cases) for j, s in enumerate(SYSTEMS)}
    made = table(cards)
    scores = pd.DataFrame(
        quality + maker.normal(0, 1, quality.shape), index=list(made.cases), columns=list(SYSTEMS)
    )
    return scores.round(1), made.case_totals("clear")


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
def test_each_level_is_scipy_on_its_own_points(coefficient: str) -> None:
    scores, totals = study()
    x, y = scores.to_numpy(), (totals.totals / totals.n).to_numpy()
    one = SCIPY[coefficient]
    found = {level: correlate(scores, totals, level=level, coefficient=coefficient) for level in LEVELS}
    assert found["none"].value == pytest.approx(one(x.ravel(), y.ravel()).statistic)
    assert found["case"].value == pytest.approx(
        np.mean([one(a, b).statistic for a, b in zip(x, y, strict=True)])
    )
    # Scores of one decimal tie as systems; float means of them do not unless rounded.
    system = one(x.mean(axis=0).round(10), totals.totals.to_numpy().sum(axis=0))
    assert found["system"].value == pytest.approx(system.statistic)
    assert found["system"].p == pytest.approx(system.pvalue)
    assert (found["none"].n, found["case"].n, found["system"].n) == (48, 12, 4)
    assert isinstance(found["none"].p, Undefined)


def naive(x: np.ndarray, y: np.ndarray, level: str, coefficient: str) -> float:
    """The correlation of one resample written out, its cases down and its systems across."""
    one = SCIPY[coefficient]
    if level == "none":
        return one(x.ravel(), y.ravel()).statistic
    if level == "system":
        return one(x.mean(axis=0).round(10), np.rint(3 * y).sum(axis=0)).statistic
    if level == "case":
        rows = [(a, b) for a, b in zip(x, y, strict=True) if np.ptp(a) > 0 and np.ptp(b) > 0]
        return np.mean([one(a, b).statistic for a, b in rows]) if rows else np.nan
    if coefficient == "kendall":
        a, b = (np.sign(side[:, None] - side[None, :]) for side in (x, y))
        return (a * b).sum() / np.sqrt(np.abs(a).sum() * np.abs(b).sum())
    if coefficient == "spearman":
        x, y = (stats.rankdata(side).reshape(side.shape) for side in (x, y))
    return stats.pearsonr(*((side - side.mean(axis=0)).ravel() for side in (x, y))).statistic


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("coefficient", COEFFICIENTS)
@pytest.mark.filterwarnings("ignore::scipy.stats.ConstantInputWarning")
def test_each_resample_is_scipy_on_the_cases_and_systems_drawn(level: str, coefficient: str) -> None:
    scores, totals = study(15)
    x, y = scores.to_numpy(), totals.totals.to_numpy() / 3
    [cells] = blocks({"m": scores}, {"clear": totals})
    draws = draw(15, 4, rng=rng(5), n_resamples=100)
    found = correlations(cells, draws, [(level, coefficient)])[0][level, coefficient][0, 0]
    for value, cases, systems in zip(found, draws.cases, draws.systems, strict=True):
        rows, columns = (np.repeat(np.arange(len(n)), n.astype(int)) for n in (cases, systems))
        expected = naive(x[np.ix_(rows, columns)], y[np.ix_(rows, columns)], level, coefficient)
        assert value == pytest.approx(expected, abs=1e-9, nan_ok=True)
    interval = correlate(
        scores, totals, level=level, coefficient=coefficient, rng=rng(5), n_resamples=100
    ).interval
    assert [interval.low, interval.high] == pytest.approx(np.nanquantile(found, [0.025, 0.975]), abs=1e-12)
    assert interval.n_degenerate == np.isnan(found).sum()
    assert "over cases and systems" in interval.method


def test_kendall_over_many_texts_counts_cases_to_first_order() -> None:
    scores, totals = study(110)
    [cells] = blocks({"m": scores}, {"clear": totals})
    draws = draw(110, 4, rng=rng(5), n_resamples=2000)
    assert cells.held.sum() > kendall.MAX_EXACT_POINTS
    for found, exact in zip(kendall.redrawn(cells, draws), kendall._exactly(cells, draws), strict=True):
        assert np.corrcoef(found.ravel(), exact.ravel())[0, 1] > 0.99
        ends = [np.nanquantile(side, [0.025, 0.975]) for side in (found, exact)]
        assert ends[0] == pytest.approx(ends[1], abs=0.005)


def test_pairs_within_systems_are_counted_alike_one_by_one_and_out_of_tau(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scores, totals = study(60)
    [cells] = blocks({"m": scores, "flat": scores * 0 + [1.0, 2.0, 3.0, 4.0]}, {"clear": totals})
    looked_at = kendall.within_systems(cells)
    monkeypatch.setattr(kendall, "FEW_TEXTS", 10)
    assert kendall.within_systems(cells) == pytest.approx(looked_at, abs=1e-15, nan_ok=True)
    assert np.isnan(looked_at[1, 0])


def test_two_systems_are_held_fixed() -> None:
    scores, totals = study(20)
    found = correlate(scores[["a", "b"]], totals, level="none", coefficient="spearman", rng=rng(3))
    assert "over cases, systems fixed" in found.interval.method


def test_partial_correlation_takes_the_systems_off() -> None:
    # Better systems score higher, and among texts of one system scores say nothing (FRANK: .578 falls to .065).
    maker = rng(8)
    quality = np.repeat([[1, 2, 4, 5]], 200, axis=0)
    marks = np.clip(quality + maker.integers(-1, 2, quality.shape), 1, 5)
    made = table({(f"c{i:03}", s): [int(marks[i, j])] for i in range(200) for j, s in enumerate(SYSTEMS)})
    scores = pd.DataFrame(
        quality + maker.normal(0, 1, quality.shape), index=list(made.cases), columns=list(SYSTEMS)
    )
    for coefficient in COEFFICIENTS:
        none, partial = (
            correlate(scores, made.case_totals("clear"), level=level, coefficient=coefficient).value
            for level in ("none", "partial")
        )
        assert none > 0.5
        assert abs(partial) < 0.08


def test_scores_that_never_vary_within_a_system_have_no_partial_correlation() -> None:
    scores, totals = study()
    flat = scores * 0 + [0.1, 0.7, 0.3, 0.9]
    for coefficient in COEFFICIENTS:
        found = correlate(flat, totals, level="partial", coefficient=coefficient, rng=rng())
        assert str(found.value) == "undefined: within no system do both scores and ratings vary"


@pytest.mark.parametrize("n_cases", [15, 110])
def test_the_number_is_the_same_with_an_interval_and_without(n_cases: int) -> None:
    # With one it comes before the resamples; Kendall's goes over pairs then, and over ranks else.
    scores, totals = study(n_cases)
    scores.iloc[2, 1] = np.nan
    alone, drawn = (
        correlate_all({"m": scores}, {"c": totals}, rng=by, n_resamples=100) for by in (None, rng(4))
    )
    for key, one in alone.items():
        assert drawn[key].value == pytest.approx(one.value, abs=1e-12), key
        assert drawn[key].n == one.n


def test_the_same_seed_gives_the_same_interval() -> None:
    scores, totals = study()
    first, second = (
        correlate(scores, totals, level="none", coefficient="spearman", rng=rng(3)).interval for _ in range(2)
    )
    assert first == second


def test_constant_scores_are_undefined_in_words() -> None:
    scores, totals = study()
    flat = scores * 0 + 0.25
    for level in ("none", "system"):
        found = correlate(flat, totals, level=level, coefficient="pearson", rng=rng())
        assert str(found.value) == "undefined: every score is 0.25" or level == "system"
        assert isinstance(found.value, Undefined)
        assert isinstance(found.interval, Undefined)
    within = correlate(flat, totals, level="case", coefficient="kendall")
    assert "in no case do both" in str(within.value)
    assert within.n_undefined == 12


def test_cases_without_variation_are_left_out_and_counted() -> None:
    scores, totals = study()
    scores.iloc[:3] = 0.1
    found = correlate(scores, totals, level="case", coefficient="pearson")
    y = (totals.totals / totals.n).to_numpy()
    expected = np.mean(
        [stats.pearsonr(a, b).statistic for a, b in zip(scores.to_numpy()[3:], y[3:], strict=True)]
    )
    assert found.value == pytest.approx(expected)
    assert (found.n, found.n_undefined) == (9, 3)


def test_missing_scores_are_left_out_pairwise_and_counted() -> None:
    scores, totals = study()
    scores.iloc[0, 0] = scores.iloc[4, 2] = np.nan
    x, y = scores.to_numpy(), (totals.totals / totals.n).to_numpy()
    held = ~np.isnan(x)
    found = correlate(scores, totals, level="none", coefficient="spearman")
    assert found.value == pytest.approx(stats.spearmanr(x[held], y[held]).statistic)
    assert (found.n, found.n_missing) == (46, 2)
    by_system = correlate(scores, totals, level="system", coefficient="pearson")
    means = [np.array([side[held[:, j], j].mean() for j in range(4)]) for side in (x, y)]
    assert by_system.value == pytest.approx(stats.pearsonr(*means).statistic)


def test_systems_that_tie_on_whole_numbers_tie() -> None:
    # Both systems total 40 of 12 ratings, reached in different orders; summed floats of thirds differ.
    marks = {
        "a": [(5, 5, 4), (3, 3, 1), (5, 4, 1), (4, 4, 1)],
        "b": [(4, 1, 5), (1, 4, 4), (4, 5, 5), (3, 1, 3)],
    }
    low = {"c": [(1, 1, 2)] * 4, "d": [(5, 5, 5)] * 4}
    made = table({(f"c{i}", s): list(rows[i]) for s, rows in (marks | low).items() for i in range(4)})
    scores = pd.DataFrame([[1.0, 2.0, 0.0, 3.0]] * 4, index=list(made.cases), columns=list("abcd"))
    found = correlate(scores, made.case_totals("clear"), level="system", coefficient="kendall")
    assert found.value == pytest.approx(stats.kendalltau([1, 2, 0, 3], [40, 40, 16, 60]).statistic, abs=1e-15)


def test_unequal_numbers_of_annotators_still_tie_exactly() -> None:
    made = table({("c1", "a"): [1, 1, 2], ("c1", "b"): [1, 1, 2, 1, 1, 2], ("c1", "c"): [4]})
    scores = pd.DataFrame([[1.0, 2.0, 3.0]], index=["c1"], columns=list("abc"))
    found = correlate(scores, made.case_totals("clear"), level="system", coefficient="spearman")
    assert found.value == pytest.approx(stats.spearmanr([1, 2, 3], [1, 1, 2]).statistic, abs=1e-15)


@pytest.mark.parametrize("scale", [1e-27, 1e-160, 1e150])
@pytest.mark.parametrize("coefficient", COEFFICIENTS)
def test_the_scale_of_a_metric_does_not_matter(scale: float, coefficient: str) -> None:
    scores, totals = study()
    for level in LEVELS:
        plain, scaled = (
            correlate(grid, totals, level=level, coefficient=coefficient, rng=rng(), n_resamples=200)
            for grid in (scores, scores * scale)
        )
        assert scaled.value == pytest.approx(plain.value, abs=1e-12)
        assert [scaled.interval.low, scaled.interval.high] == pytest.approx(
            [plain.interval.low, plain.interval.high], abs=0.03
        )


def test_simpson_the_levels_may_disagree() -> None:
    # Within each case the better text scores lower; systems as a whole are ordered the other way round.
    cards = {("c1", "a"): [1, 2], ("c1", "b"): [2, 2], ("c2", "c"): [4, 4], ("c2", "d"): [5, 4]}
    made = table(cards)
    scores = pd.DataFrame(np.nan, index=["c1", "c2"], columns=list("abcd"))
    scores.loc["c1", ["a", "b"]] = [2.0, 1.0]
    scores.loc["c2", ["c", "d"]] = [9.0, 8.0]
    totals = made.case_totals("clear")
    assert correlate(scores, totals, level="case", coefficient="kendall").value == -1
    assert correlate(scores, totals, level="system", coefficient="kendall").value > 0


def test_names_that_do_not_meet_are_refused() -> None:
    scores, totals = study()
    with pytest.raises(NothingShared, match="share no cases"):
        correlate(scores.rename(index=lambda c: c + "x"), totals, level="none", coefficient="pearson")
    with pytest.raises(NothingShared, match="share no systems"):
        correlate(scores.rename(columns=str.upper), totals, level="none", coefficient="pearson")
    with pytest.raises(ValueError, match="infinite"):
        correlate(scores.replace(scores.iloc[0, 0], np.inf), totals, level="none", coefficient="pearson")
    with pytest.raises(ValueError, match="twice"):
        correlate(pd.concat([scores, scores]), totals, level="none", coefficient="pearson")
    with pytest.raises(ValueError, match="level is one of"):
        correlate(scores, totals, level="item", coefficient="pearson")


def test_rows_with_gaps() -> None:
    x = np.array([[1.0, 2, 4, np.nan], [3, 3, 3, 3], [1, np.nan, np.nan, np.nan]])
    y = np.array([[2.0, 1, 5, 7], [1, 2, 3, 4], [1, 2, 3, 4]])
    for coefficient in COEFFICIENTS:
        found = row_correlations(x, y, coefficient)
        assert found[0] == pytest.approx(SCIPY[coefficient]([1, 2, 4], [2, 1, 5]).statistic)
        assert np.isnan(found[1:]).all()


def test_a_metric_without_a_value_is_undefined_and_the_others_are_computed() -> None:
    scores, totals = study()
    found = correlate_all(
        {"none": scores * np.nan, "some": scores}, {"clear": totals}, rng=rng(), n_resamples=100
    )
    for level in LEVELS:
        for coefficient in COEFFICIENTS:
            assert isinstance(found["none", "clear", level, coefficient].value, Undefined)
            alone = correlate(scores, totals, level=level, coefficient=coefficient).value
            assert found["some", "clear", level, coefficient].value == pytest.approx(alone)
