"""Ranks of many systems, against scipy and by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.stats.estimates import Undefined
from analysis.stats.many_systems import compare_ranks, not_told_apart


def frame(values: object, names: str = "abcd") -> pd.DataFrame:
    return pd.DataFrame(np.asarray(values, dtype=float), columns=list(names)[: np.shape(values)[1]])


MADE = frame(np.random.default_rng(5).integers(1, 6, (20, 4)) + np.array([0, 0, 1, 2]))


def test_friedman_is_that_of_scipy_with_ties() -> None:
    found, peer = compare_ranks(MADE), stats.friedmanchisquare(*MADE.to_numpy().T)
    assert [found.chi2, found.p] == pytest.approx([peer.statistic, peer.pvalue], rel=1e-12)
    assert found.kendalls_w == pytest.approx(peer.statistic / (20 * 3), rel=1e-12)


def test_iman_and_davenports_f_is_the_two_way_analysis_of_the_ranks() -> None:
    found, ranks = compare_ranks(MADE), stats.rankdata(MADE, axis=1)
    systems = 20 * ((ranks.mean(axis=0) - 2.5) ** 2).sum()
    cases = 4 * ((ranks.mean(axis=1) - 2.5) ** 2).sum()
    rest = ((ranks - 2.5) ** 2).sum() - systems - cases
    assert found.f == pytest.approx((systems / 3) / (rest / 57), rel=1e-10)
    assert found.f_p == pytest.approx(stats.f.sf(found.f, 3, 57), rel=1e-10)


def test_the_critical_difference_is_demsars() -> None:
    # Demšar (2006), section 3.2.2: q.05 is 2.569 for four classifiers, CD = 2.569 sqrt(4 * 5 / (6 * 14)) = 1.25.
    found = compare_ranks(frame(np.random.default_rng(1).random((14, 4))))
    assert found.critical_difference == pytest.approx(2.569 * np.sqrt(4 * 5 / (6 * 14)), abs=1e-3)
    assert round(found.critical_difference, 2) == 1.25


def test_a_pair_is_at_five_percent_just_where_its_ranks_are_the_critical_difference_apart() -> None:
    found = compare_ranks(MADE)
    apart = np.abs(found.mean_ranks[:, None] - found.mean_ranks)
    assert ((apart > found.critical_difference) == (found.pair_p < 0.05)).all()


def test_conovers_pairs_are_those_of_scikit_posthocs() -> None:
    # scikit-posthocs 0.17.1, posthoc_conover_friedman(MADE), not adjusted.
    wanted = [
        [1.0, 0.381882624213, 0.095586981008, 0.006123281121],
        [0.381882624213, 1.0, 0.41933776667, 0.054191589143],
        [0.095586981008, 0.41933776667, 1.0, 0.25396462718],
        [0.006123281121, 0.054191589143, 0.25396462718, 1.0],
    ]
    assert compare_ranks(MADE).conover_p == pytest.approx(np.array(wanted), abs=1e-11)


def test_where_all_cases_agree_conover_is_certain() -> None:
    found = compare_ranks(frame([[1, 2, 3]] * 9)).conover_p
    assert found == pytest.approx(np.eye(3))


def test_cases_without_every_system_are_left_out_and_counted() -> None:
    holed = MADE.copy()
    holed.iloc[[0, 3], 1] = np.nan
    found, whole = compare_ranks(holed), compare_ranks(MADE.drop(index=[0, 3]))
    assert (found.n_cases, found.n_left_out, found.chi2) == (18, 2, whole.chi2)


def test_thirds_that_are_equal_tie() -> None:
    thirds = frame([[5 / 3 - 4 / 3, 1 / 3, 4 / 3 - 1], [1, 2, 3], [1, 3, 2]])
    whole = frame([[1, 1, 1], [3, 6, 9], [3, 9, 6]])
    assert compare_ranks(thirds).chi2 == compare_ranks(whole).chi2


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([[1, 2], [2, 1]], "2 systems"),
        ([[1, 2, 3], [1, np.nan, 2]], "1 cases were rated for all 3 systems"),
        ([[2, 2, 2], [3, 3, 3]], "every case has the same mean"),
    ],
)
def test_what_has_no_ranks_says_why(values: list[list[float]], words: str) -> None:
    found = compare_ranks(frame(values))
    assert isinstance(found, Undefined)
    assert words in found.reason


def test_where_all_cases_agree_w_is_one() -> None:
    found = compare_ranks(frame([[1, 2, 3]] * 9))
    assert (found.kendalls_w, found.f, found.f_p) == (pytest.approx(1), np.inf, 0)


def test_bars_join_runs_that_are_not_told_apart_and_none_lies_within_another() -> None:
    assert not_told_apart([1.0, 2.2, 3.0, 3.9, 6.0], 1.8) == [(0, 1), (1, 3)]
    assert not_told_apart([1.0, 2.0, 3.0], 0.5) == []
    assert not_told_apart([1.9, 2.0, 2.1], 0.5) == [(0, 2)]
