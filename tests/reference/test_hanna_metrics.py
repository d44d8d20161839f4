"""HANNA once more: which of two metrics follows people better, as mt-metrics-eval and the authors have it."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.stats.ceiling import ceilings
from analysis.stats.dependent import compare_scores
from analysis.stats.pairwise import accuracy, soft_accuracy
from analysis.stats.permute_metrics import perm_both
from analysis.stats.ratings import RatingTable
from tests.reference.test_hanna import read

pytestmark = pytest.mark.shared


@pytest.fixture
def hanna(shared_data: Path) -> Path:
    return shared_data / "ratings" / "hanna"


@pytest.fixture
def table(hanna: Path) -> RatingTable:
    return read(hanna)


@pytest.fixture
def golden(hanna: Path) -> dict[str, list[dict[str, float]]]:
    """Computed with mt-metrics-eval: tests of dependent correlations, PERM-BOTH, accuracies."""
    found: dict[str, list[dict[str, float]]] = json.loads((hanna / "golden_mtme.json").read_text())
    return found


@pytest.fixture
def wide(hanna: Path) -> pd.DataFrame:
    return pd.read_csv(hanna / "metrics_wide.csv", dtype={"prompt_id": str})


def grid(wide: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Cases by systems, without the human writers."""
    return wide.pivot(index="prompt_id", columns="system", values=metric).drop(columns="Human")


def sides(wide: pd.DataFrame, table: RatingTable, row: dict[str, str]) -> list[np.ndarray]:
    """Both metrics and the mean ratings, cases by systems."""
    one, other = grid(wide, row["metric1"]), grid(wide, row["metric2"])
    human = table.case_means(row["dim"]).loc[one.index, one.columns]
    return [one.to_numpy(), other.to_numpy(), human.to_numpy()]


def named(wide: pd.DataFrame, start: str) -> str:
    """The metric whose name begins so; the file marks its names with Greek letters."""
    [name] = [column for column in wide.columns if column.rpartition(" ")[0] == start]
    return str(name)


def test_williams_as_the_authors_published_it(wide: pd.DataFrame, table: RatingTable) -> None:
    # COLING notebook, cells 44-45: system level, Pearson, 10 systems, one-sided.
    published = [
        ("Relevance", "ROUGE-1 Recall", "BERTScore F1", 0.7909720918, 0.6988659163, 0.9145073765),
        ("Empathy", "BERTScore F1", "BLEU", 0.8867156173, 0.7730162713, 0.9387296182),
    ]
    answers = [(0.966862495119, 0.182910861932), (2.000200399099, 0.042797013861)]
    for (criterion, first, second, *r), (t, p) in zip(published, answers, strict=True):
        one, other = (grid(wide, named(wide, name)).mean() for name in (first, second))
        found = compare_scores(one, other, table.system_means(criterion)[one.index])
        assert [found.r1, found.r2, found.r12] == pytest.approx(r, abs=5e-11)
        assert [found.williams.statistic, found.williams.p_greater] == pytest.approx([t, p], rel=0, abs=1e-9)
        assert (found.n, found.williams.df) == (10, 7)


def test_dependent_correlations(
    wide: pd.DataFrame, table: RatingTable, golden: dict[str, list[dict[str, float]]]
) -> None:
    assert len(golden["dependent_corr"]) == 4
    for row in golden["dependent_corr"]:
        found = compare_scores(*(side.ravel() for side in sides(wide, table, row)))
        assert found.n == row["n"]
        assert [
            found.r1,
            found.r2,
            found.r12,
            found.williams.statistic,
            found.williams.p,
            found.williams.p_greater,
            found.steiger.statistic,
            found.steiger.p,
            found.meng.statistic,
            found.meng.p,
            found.interval.low,
            found.interval.high,
        ] == pytest.approx(
            [
                *(row[name] for name in ("r1", "r2", "r12", "williams_t", "williams_p2", "williams_p1")),
                *(row[name] for name in ("steiger_z", "steiger_p2", "meng_z", "meng_p2")),
                *row["zou_ci"],
            ],
            rel=0,
            abs=1e-9,
        )


def test_perm_both(wide: pd.DataFrame, table: RatingTable, golden: dict[str, list[dict[str, float]]]) -> None:
    assert len(golden["perm"]) == 8
    for row in golden["perm"]:
        first, second, human = sides(wide, table, row)
        level = {"none": "none", "item": "case"}[row["average_by"]]
        found = perm_both(second, first, human, level=level, rng=np.random.default_rng(2), n_resamples=4000)
        assert found.difference == pytest.approx(row["delta"], rel=0, abs=1e-9)
        p, k = row["p_metric2_better"], row["k"]
        # Two draws of chance: theirs of 1,000 resamples, ours of 4,000; and the + 1 that theirs lacks.
        error = math.sqrt(max(p * (1 - p), 1 / k) * (1 / k + 1 / 4000))
        assert abs(found.p_greater - p) <= 3.5 * error + 1 / k


def test_pairwise_accuracy_with_calibrated_ties(
    wide: pd.DataFrame, table: RatingTable, golden: dict[str, list[dict[str, float]]]
) -> None:
    assert len(golden["acc23"]) == 12
    for row in golden["acc23"]:
        scores = grid(wide, row["metric"])
        human = table.case_means(row["dim"]).loc[scores.index, scores.columns].to_numpy()
        found = accuracy(scores.to_numpy(), human)
        assert [found.calibrated, found.uncalibrated] == pytest.approx(
            [row["acc_eq_star"], row["acc23_eps0"]], rel=0, abs=1e-9
        )
        # Where no epsilon helps, ours is 0; theirs may lie on the same plateau, a rounding error higher.
        assert found.epsilon == pytest.approx(row["epsilon"], rel=0, abs=1e-9) or (
            found.epsilon == 0.0 and found.calibrated == pytest.approx(row["acc23_eps0"], rel=0, abs=1e-9)
        )


def test_soft_pairwise_accuracy(
    wide: pd.DataFrame, table: RatingTable, golden: dict[str, list[dict[str, float]]]
) -> None:
    # The reference's own 1,000 flips, cases in the order of its file. It sums thirds in single precision, where equal
    # sums need not be equal, and has no + 1: up to .004 apart from sums in which ties are ties.
    flips = np.rint(np.random.default_rng(4).random(size=(1000, 96), dtype=np.float32)) * 2 - 1
    order = list(dict.fromkeys(wide["prompt_id"]))
    for row in golden["acc23"]:
        scores = grid(wide, row["metric"]).loc[order]
        human = table.case_means(row["dim"]).loc[order, scores.columns].to_numpy()
        found = soft_accuracy(scores.to_numpy(), human, flips=flips, rng=np.random.default_rng(4))
        assert (found.n_pairs, found.n_cases) == (45, 96)
        assert found.value == pytest.approx(row["SPA_1000perm_seed4"], abs=0.004)


def test_halves_raised_to_the_whole_are_the_published_icc_of_the_mean(
    hanna: Path, table: RatingTable
) -> None:
    # One-way ICC of the mean of three raters (published by the authors), from another side: two of the three
    # correlated with the third.
    for criterion, row in json.loads((hanna / "golden_agreement.json").read_text()).items():
        found = ceilings(table, criterion, rng=np.random.default_rng(1))["none", "pearson"]
        if row["ICC1k"] < 0:
            assert found.halves < 0
            assert "does not show at this level" in str(found.reliability)
        else:
            assert found.reliability == pytest.approx(row["ICC1k"], abs=0.012)
