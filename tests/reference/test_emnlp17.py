"""EMNLP 2017 (Novikova et al.): 2,460 outputs, two systems a data set, which did not answer the same inputs."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.report.comparing import compare
from analysis.stats.ratings import RatingTable
from analysis.stats.significance import Unpaired, pair, paired_t
from analysis.stats.unpaired import welch_t

pytestmark = pytest.mark.shared

RATINGS = ("informativeness", "naturalness", "quality")


@pytest.fixture
def sets(shared_data: Path) -> Path:
    return shared_data / "ratings"


def test_emnlp17_systems_with_different_outputs_are_refused(sets: Path) -> None:
    # Novikova et al. (EMNLP 2017): 398 outputs of one system, 477 of the other, analysed unpaired by the
    # authors.
    frame = pd.read_csv(sets / "emnlp17_nlg" / "emnlp_data_medians.csv")
    frame = frame[frame.dataset == "SFHOT"]
    sides = [frame.loc[frame.system == name, "quality"].to_numpy() for name in ("LOLS", "WEN")]
    assert [len(side) for side in sides] == [398, 477]
    with pytest.raises(Unpaired, match=r"\(398,\) and \(477,\) do not pair"):
        paired_t(*sides)
    # Medians go in halves of a point.
    apart = frame.assign(
        case=np.arange(len(frame)), annotator="median", criterion="quality", value=2 * frame["quality"]
    )
    table = RatingTable.from_frame(apart, levels=range(2, 13))
    with pytest.raises(Unpaired, match=r"share 0 cases on quality \(of 398 and 477 rated\)"):
        pair(table, "quality", "LOLS", "WEN")


def test_seventy_two_unpaired_tests_of_metrics_and_ratings(sets: Path) -> None:
    # Means and SDs: Novikova et al., table of system performance (informativeness of TGen on BAGEL 4.77 (1.09)). Of the
    # nine tests of ratings three lie below .05. The t-tests themselves are held to those of scipy.
    frame = pd.read_csv(sets / "emnlp17_nlg" / "emnlp_data_medians.csv")
    golden = pd.read_csv(
        sets / "emnlp17_nlg" / "golden_system_descriptives.csv", header=[0, 1], index_col=[0, 1]
    )
    columns = list(frame.columns)
    metrics = columns[columns.index("TER") : columns.index("parser.sc.max") + 1]
    assert len(metrics) == 23
    tgen = frame[(frame.dataset == "BAGEL") & (frame.system == "Dusek")]["informativeness"]
    assert (round(tgen.mean(), 2), round(tgen.std(), 2)) == (4.77, 1.09)
    below = 0
    for name in [*metrics, *RATINGS]:
        for dataset, of_set in frame.groupby("dataset"):
            (first, x), (second, y) = ((key, rows[name].to_numpy()) for key, rows in of_set.groupby("system"))
            found, peer = welch_t(x, y), stats.ttest_ind(x, y, equal_var=False)
            assert [found.t, found.df] == pytest.approx([peer.statistic, peer.df], rel=1e-9)
            assert found.p == pytest.approx(peer.pvalue, rel=1e-9, abs=1e-300)
            if name in RATINGS:
                given = [golden.loc[(dataset, system), (name, "mean")] for system in (first, second)]
                assert found.mean_difference == pytest.approx(given[0] - given[1], abs=2e-6)
                below += found.p < 0.05
    assert below == 3


def test_the_report_of_unpaired_outputs_offers_what_can_be_tested(sets: Path) -> None:
    frame = pd.read_csv(sets / "emnlp17_nlg" / "emnlp_data_medians.csv")
    frame = frame[frame.dataset == "SFHOT"].reset_index(drop=True)
    long = frame.assign(case=frame.index.astype(str), annotator="median").melt(
        ["annotator", "case", "system"], list(RATINGS), "criterion"
    )
    long["value"] *= 2  # medians go in halves of a point
    table = RatingTable.from_frame(long, levels=range(2, 13))
    rows = compare(table, seed=1, rng=np.random.default_rng(1), confidence=0.95, n_permutations=99)
    assert [(row.criterion, row.design, row.n_first, row.n_second) for row in rows] == [
        (name, "unpaired", 398, 477) for name in RATINGS
    ]
    # Brunner and Munzel's test by scipy shares its standard error with the interval of Cliff's delta.
    for row in rows:
        x, y = (frame.loc[frame.system == name, row.criterion] for name in ("LOLS", "WEN"))
        peer = stats.brunnermunzel(x, y)
        assert (row.cliffs_delta.value < 0) == (peer.statistic > 0)
        assert (0 in row.cliffs_delta.interval) == (peer.pvalue > 0.05)
        assert row.mann_whitney.value == pytest.approx(
            stats.mannwhitneyu(x, y, use_continuity=False).pvalue, rel=1e-9
        )
