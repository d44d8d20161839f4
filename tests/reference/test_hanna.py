"""HANNA (Chhun et al., COLING 2022): 1,056 stories, 11 systems, 6 criteria, 3 ratings each, 72 metrics."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.stats.agreement import fleiss_kappa, gwet_ac, randolph_kappa
from analysis.stats.bootstrap import kappa_interval
from analysis.stats.correlation import COEFFICIENTS, Correlation, correlate, correlate_all
from analysis.stats.descriptives import describe
from analysis.stats.dominance import any_case
from analysis.stats.estimates import Undefined
from analysis.stats.krippendorff import alpha
from analysis.stats.multiplicity import benjamini_hochberg, holm
from analysis.stats.ratings import RatingTable
from analysis.stats.reliability import icc_oneway
from analysis.stats.rowwise import row_correlations
from analysis.stats.significance import pair, paired_t, sign_flip, wilcoxon

pytestmark = pytest.mark.shared

CRITERIA = ("Relevance", "Coherence", "Empathy", "Surprise", "Engagement", "Complexity")


@pytest.fixture
def hanna(shared_data: Path) -> Path:
    return shared_data / "ratings" / "hanna"


@pytest.fixture
def table(hanna: Path) -> RatingTable:
    return read(hanna)


def read(hanna: Path) -> RatingTable:
    wide = pd.read_csv(hanna / "ratings_wide.csv")
    long = wide.melt(["prompt_id", "system"], [f"{c}_{slot}" for c in CRITERIA for slot in (1, 2, 3)])
    long[["criterion", "annotator"]] = long["variable"].str.split("_", expand=True)
    long = long.rename(columns={"prompt_id": "case"})
    # Slots carry no identity: "1" is another worker on each story.
    return RatingTable.from_frame(long, annotators_identified=False)


@pytest.fixture
def grids(hanna: Path) -> dict[str, pd.DataFrame]:
    """Scores of each metric, cases by systems, without the human writers; BLEU is first."""
    wide = pd.read_csv(hanna / "metrics_wide.csv")
    human = wide.pivot(index="prompt_id", columns="system").drop(columns="Human", level=1)
    return {name: human[name] for name in wide.columns[3:]}


@pytest.mark.parametrize("criterion", CRITERIA)
def test_agreement_of_a_criterion(hanna: Path, table: RatingTable, criterion: str) -> None:
    golden = json.loads((hanna / "golden_agreement.json").read_text())[criterion]
    counts = table.counts(criterion)
    kappa = fleiss_kappa(counts, levels=table.levels)
    icc = icc_oneway(counts)
    found = {
        "fleiss": kappa.value,
        "pa": kappa.observed,
        "pe": kappa.chance,
        "se0": kappa.se0,
        "z": kappa.z,
        "randolph": randolph_kappa(counts).value,
        "AC1": gwet_ac(counts).value,
        "AC2_quadratic": gwet_ac(counts, weights="quadratic").value,
        "fleiss_quadratic": fleiss_kappa(counts, weights="quadratic").value,
        "ICC1": icc.single,
        "ICC1k": icc.mean,
    }
    assert found == pytest.approx({name: golden[name] for name in found}, rel=0, abs=1e-9)
    alphas = {level: alpha(counts, level).value for level in ("nominal", "ordinal", "interval")}
    assert alphas == pytest.approx(golden["alpha"], rel=0, abs=1e-9)
    assert [c.value for c in kappa.per_category] == pytest.approx(golden["kappa_j"], rel=0, abs=1e-9)
    assert [c.z for c in kappa.per_category] == pytest.approx(golden["z_j"], rel=0, abs=1e-9)
    interval = kappa_interval(counts, rng=np.random.default_rng(1), method="percentile")
    assert [interval.low, interval.high] == pytest.approx(golden["boot_ci"], rel=0, abs=0.003)


def test_all_132_published_means_and_half_widths(hanna: Path, table: RatingTable) -> None:
    golden = pd.read_csv(hanna / "golden_system_descriptives.csv").set_index(["crit", "system"])
    published = pd.read_csv(hanna / "published_system_means_ci_coling_notebook.csv").set_index("system")
    cells = 0
    for criterion in CRITERIA:
        for found in describe(table, criterion):
            given = golden.loc[(criterion, found.system)]
            half = (found.ratings.interval.high - found.ratings.interval.low) / 2
            printed = published.loc[found.system]
            assert found.n_ratings == given["count"]
            assert found.ratings.mean == pytest.approx(given["mean"], rel=0, abs=1e-9)
            assert found.cases.mean == pytest.approx(given["mean"], rel=0, abs=1e-9)
            assert found.ratings.median == given["median"]
            assert found.ratings.sd == pytest.approx(given["std"], rel=0, abs=1e-9)
            assert half == pytest.approx(given["ci_half"], rel=0, abs=1e-9)
            assert abs(found.ratings.mean - printed[f"{criterion}_mean"]) <= 0.005 + 1e-9
            assert abs(half - printed[f"{criterion}_ci_half"]) <= 0.005 + 1e-9
            cells += 2
    assert cells == 132


def test_thirty_paired_tests(hanna: Path, table: RatingTable) -> None:
    golden = pd.read_csv(hanna / "golden_paired_tests.csv")
    assert len(golden) == 30
    for row in golden.itertuples():
        pairs = pair(table, row.criterion, row.a, row.b)
        found = paired_t(pairs.values_a, pairs.values_b)
        assert found.n == row.n
        assert pairs.n_dropped == 0
        assert [
            found.mean_difference,
            found.sd_difference,
            found.t,
            found.interval.low,
            found.interval.high,
            found.dz,
            any_case(pairs.values_a, pairs.values_b, paired=True).delta,
        ] == pytest.approx(
            [row.mean_diff, row.sd_diff, row.t, row.ci_lo, row.ci_hi, row.dz, row.cliffs_delta],
            rel=0,
            abs=1e-9,
        )
        assert found.df == row.df
        assert found.p == pytest.approx(row.p, rel=1e-9)
        flips = sign_flip(pairs.values_a, pairs.values_b, rng=np.random.default_rng(5), n_permutations=20_000)
        p = row.perm_p_20000
        assert abs(flips.p - p) <= 3 * math.sqrt(2 * p * (1 - p) / 20_000) + 1 / 20_000
    assert holm(golden.p) == pytest.approx(golden.p_holm.to_numpy(), rel=1e-9)
    assert benjamini_hochberg(golden.p) == pytest.approx(golden.p_bh.to_numpy(), rel=1e-9)


def test_signed_ranks_are_those_of_whole_numbers_not_of_float_thirds(hanna: Path, table: RatingTable) -> None:
    # The reference file ranks float differences of thirds, where 1/3 and 1/3 need not tie. Multiplying by
    # three gives the whole numbers they are; that is the right answer, and the file's is shown to be the
    # artefact.
    for row in pd.read_csv(hanna / "golden_paired_tests.csv").itertuples():
        pairs = pair(table, row.criterion, row.a, row.b)
        raw = pairs.values_a - pairs.values_b
        whole = np.rint(3 * pairs.values_a) - np.rint(3 * pairs.values_b)
        for zero_method in ("wilcox", "pratt"):
            found = wilcoxon(pairs.values_a, pairs.values_b, zero_method=zero_method)
            exact = stats.wilcoxon(whole, zero_method=zero_method, method="asymptotic")
            assert (found.w, found.p) == (exact.statistic, pytest.approx(exact.pvalue, rel=1e-12))
        assert stats.wilcoxon(raw).statistic == row.wilcoxon_W
        # So with the rank-biserial: the file's comes from float ranks, ours from those of whole numbers.
        biserial = [
            (np.sign(d) * stats.rankdata(np.abs(d))).sum() / len(d) / (len(d) + 1) * 2
            for d in (raw[raw != 0], whole[whole != 0])
        ]
        assert biserial[0] == pytest.approx(row.rank_biserial, rel=0, abs=1e-9)
        assert wilcoxon(pairs.values_a, pairs.values_b).rank_biserial == pytest.approx(biserial[1], abs=1e-12)


@pytest.fixture
def found(table: RatingTable, grids: dict[str, pd.DataFrame]) -> dict[tuple[str, str, str, str], Correlation]:
    """Of 72 metrics with 6 criteria, all at once, without intervals."""
    totals = {criterion: table.case_totals(criterion) for criterion in CRITERIA}
    return correlate_all(grids, totals, levels=("none", "case", "system"))


def test_metric_correlations_at_three_levels(
    hanna: Path, found: dict[tuple[str, str, str, str], Correlation]
) -> None:
    golden = pd.read_csv(hanna / "golden_metric_correlations.csv")
    columns = {"system": "system_level", "case": "group_by_item_mean", "none": "no_grouping"}
    compared = 0
    for row in golden.itertuples():
        # CIDEr has cases of zeros and one 1.5e-318, on which the reference's Pearson loses eight digits.
        tolerance = 1e-8 if row.metric.startswith("CIDEr") else 1e-9
        for level, column in columns.items():
            one = found[row.metric, row.criterion, level, row.coef]
            value = math.nan if isinstance(one.value, Undefined) else one.value
            assert value == pytest.approx(getattr(row, column), rel=0, abs=tolerance, nan_ok=True)
            compared += 1
            if level == "case":
                assert one.n_undefined == row.n_nan_items
    assert compared == 3888


def test_the_float_tie_trap(table: RatingTable, grids: dict[str, pd.DataFrame]) -> None:
    bleu = next(iter(grids.values()))
    found = correlate(bleu, table.case_totals("Complexity"), level="system", coefficient="kendall")
    assert found.value == pytest.approx(0.522862326927, rel=0, abs=1e-12)
    assert found.n == 10
    means = table.system_means("Complexity")
    assert means["BertGeneration"] == means["RoBERTa"]
    assert means["GPT"] == means["TD-VAE"]


def test_system_level_p_values_as_published(table: RatingTable, grids: dict[str, pd.DataFrame]) -> None:
    bleu = next(iter(grids.values()))
    p = [
        correlate(bleu, table.case_totals("Relevance"), level="system", coefficient=coefficient).p
        for coefficient in COEFFICIENTS
    ]
    assert p == pytest.approx([0.005571450713, 0.018573155089, 0.028609457672], rel=0, abs=1e-11)


def test_a_metric_on_the_scale_of_1e_318_is_correlated_exactly() -> None:
    # Exact rational arithmetic gives -0.05174336838042219 for the tiny side and for the same pattern at scale
    # 1.
    ratings = np.array([[2, 7, 5, 4, 9, 3, 6, 8, 1, 4]]) / 3
    pattern = np.eye(10)[9:]
    tiny = row_correlations(pattern * 1.47627e-318, ratings, "pearson")
    assert tiny == pytest.approx(row_correlations(pattern, ratings, "pearson"), rel=1e-14)


def test_the_kappa_paradox_of_the_user_study(hanna: Path) -> None:
    # Published Gwet AC1 with intervals: .90 (.85,.96), .97 (.93,1.00), .66 (.55,.78), .60 (.47,.74), .81
    # (.73,.89).
    long = pd.read_csv(hanna / "user_study_ratings.csv")
    published = {
        "a-1-guidelines": (0.90, 0.85, 0.96),
        "a-2-syntax": (0.97, 0.93, 1.00),
        "a-3-superfluous": (0.66, 0.55, 0.78),
        "a-5-unsubstantiated": (0.60, 0.47, 0.74),
        "a-6-incoherence": (0.81, 0.73, 0.89),
    }
    for issue, expected in published.items():
        counts = pd.crosstab(long["item"], long[issue]).to_numpy()
        ac1 = gwet_ac(counts)
        assert np.round([ac1.value, ac1.interval.low, ac1.interval.high], 2).tolist() == list(expected)
    syntax = pd.crosstab(long["item"], long["a-2-syntax"]).to_numpy()
    assert fleiss_kappa(syntax).value == pytest.approx(-0.0169, abs=5e-5)
    never = (
        pd.crosstab(long["item"], long["a-4-incorrectness"]).reindex(columns=[0, 1], fill_value=0).to_numpy()
    )
    assert str(fleiss_kappa(never, levels=(0, 1))) == "undefined: every rating is 0 (100% agreement)"
