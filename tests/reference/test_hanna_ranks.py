"""HANNA: Friedman's test, Kendall's W and Nemenyi's procedure over 11 systems and 96 prompts."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.stats.many_systems import compare_ranks
from analysis.stats.ratings import RatingTable
from tests.reference.test_hanna import CRITERIA, read

pytestmark = pytest.mark.shared


@pytest.fixture
def hanna(shared_data: Path) -> Path:
    return shared_data / "ratings" / "hanna"


@pytest.fixture
def table(hanna: Path) -> RatingTable:
    return read(hanna)


def test_friedman_and_nemenyi_of_all_criteria(hanna: Path, table: RatingTable) -> None:
    # scipy's friedmanchisquare, scikit-posthocs and the studentised range wrote the two files.
    friedman = pd.read_csv(hanna / "golden_friedman.csv").set_index("criterion")
    nemenyi = pd.read_csv(hanna / "golden_nemenyi.csv").set_index("criterion")
    pairs = {
        "GPT2_HINT": ("GPT-2", "HINT"),
        "GPT2_TDVAE": ("GPT-2", "TD-VAE"),
        "BertGen_Fusion": ("BertGeneration", "Fusion"),
    }
    for criterion in CRITERIA:
        found = compare_ranks(table.case_means(criterion))
        golden, ranked = friedman.loc[criterion], nemenyi.loc[criterion]
        assert (found.n_cases, found.n_left_out, found.df) == (96, 0, 10)
        assert [found.chi2, found.kendalls_w] == pytest.approx(
            [golden["friedman_chi2"], golden["kendalls_W"]], rel=0, abs=1e-9
        )
        assert found.p == pytest.approx(golden["p"], rel=1e-9)
        assert found.critical_difference == pytest.approx(ranked["CD05"], rel=0, abs=1e-9)
        assert list(found.mean_ranks) == pytest.approx(
            [ranked[f"meanrank_{name}"] for name in found.systems], rel=0, abs=1e-9
        )
        for key, (first, second) in pairs.items():
            p = found.pair_p[found.systems.index(first), found.systems.index(second)]
            assert p == pytest.approx(ranked[f"p_{key}"], rel=0, abs=1e-9)
        assert np.array_equal(found.pair_p, found.pair_p.T)
