"""Sparse crowds, missing answers and unpaired data of four published sets."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from analysis.stats.agreement import fleiss_kappa, gwet_ac
from analysis.stats.bootstrap import alpha_interval
from analysis.stats.correlation import correlate
from analysis.stats.crossed_reliability import full_table, icc_twoway
from analysis.stats.estimates import Undefined
from analysis.stats.krippendorff import alpha
from tests.reference.golden import COEFFICIENTS, dialogues

pytestmark = pytest.mark.shared


@pytest.fixture
def sets(shared_data: Path) -> Path:
    return shared_data / "ratings"


@pytest.mark.parametrize(
    ("name", "printed", "value", "fleiss", "se0", "ac1"),
    [
        ("cnndm", 0.51, 0.5135443930, 0.5133171834, 0.0216067908, 0.6716222875),
        ("xsum", 0.34, 0.3420552596, 0.3411363424, 0.0373456843, 0.3422657571),
    ],
)
def test_qags_alpha(
    sets: Path, name: str, printed: float, value: float, fleiss: float, se0: float, ac1: float
) -> None:
    # Wang, Cho & Lewis (ACL 2020) print Krippendorff's alpha .51 and .34.
    long = pd.read_csv(sets / "qags" / f"ratings_long_{name}.csv")
    counts = pd.crosstab([long["summary"], long["sentence"]], long["response"]).to_numpy()
    found = alpha(counts, "nominal")
    assert found.value == pytest.approx(value, rel=0, abs=1e-9)
    assert round(found.value, 2) == printed
    kappa = fleiss_kappa(counts)
    assert [kappa.value, kappa.se0] == pytest.approx([fleiss, se0], rel=0, abs=1e-9)
    assert gwet_ac(counts).value == pytest.approx(ac1, rel=0, abs=1e-9)
    assert found.value in alpha_interval(counts, "nominal", rng=np.random.default_rng(0))


def test_one_annotator_of_dialsummeval_is_published_twice(sets: Path) -> None:
    table = dialogues(sets)
    goldens = json.loads((sets / "dialsummeval" / "golden_agreement.json").read_text())
    for criterion, golden in goldens.items():
        values = full_table(table, criterion).values
        icc = icc_twoway(values)
        squares = [icc.ms_cards, icc.ms_annotators, icc.ms_error]
        assert squares == pytest.approx(
            [golden["icc"][key] for key in ("MSR", "MSC", "MSE")], rel=0, abs=1e-9
        )
        assert values.mean(axis=0) == pytest.approx(golden["rater_means"], rel=0, abs=1e-9)
        pairs = [spearmanr(values[:, a], values[:, b]).statistic for a, b in ((0, 1), (0, 2), (1, 2))]
        assert pairs == pytest.approx(golden["pairwise_spearman"], rel=0, abs=1e-9)
        # What the authors published holds one annotator twice there.
        assert (values[:, 1] == values[:, 2]).all() == (criterion == "coherence")


def test_dialsummeval_has_as_many_undefined_cases_as_counted_apart(sets: Path) -> None:
    folder, table = sets / "dialsummeval", dialogues(sets)
    golden = pd.read_csv(folder / "golden_metric_correlations.csv")
    wide = pd.read_csv(folder / "metrics_wide.csv")
    totals = {criterion: table.case_totals(criterion) for criterion in table.criteria}
    for row in golden[golden.human == "mean"].to_dict("records"):
        grid = wide.pivot(index="dialogue_id", columns="system", values=row["metric"])
        for suffix, coefficient in COEFFICIENTS.items():
            found = correlate(grid, totals[row["dim"]], level="case", coefficient=coefficient)
            assert found.n_undefined == row[f"nan_{suffix}"]


def test_anxious_students_agree_less_than_chance(sets: Path) -> None:
    # R irr, data anxiety and video: kappa -.041 (z -.634); one rater of video gives 4 throughout.
    ratings = pd.read_csv(sets / "classic" / "anxiety.csv").to_numpy()
    counts = np.stack([(ratings == k).sum(axis=1) for k in range(1, 7)], axis=1)
    kappa = fleiss_kappa(counts)
    assert kappa.value == pytest.approx(-0.0410764873, rel=0, abs=1e-10)
    assert kappa.z == pytest.approx(-0.634, abs=5e-4)
    found = [alpha(counts, level).value for level in ("nominal", "ordinal", "interval")]
    assert found == pytest.approx([-0.0237252, 0.2283869, 0.1700986], rel=0, abs=1e-7)
    video = pd.read_csv(sets / "classic" / "video.csv").to_numpy()
    constant = fleiss_kappa(np.stack([(video[:, :2] == k).sum(axis=1) for k in range(1, 6)], axis=1))
    assert not isinstance(constant, Undefined)
    assert np.isfinite(constant.value)
