"""Differences between systems in the report: what is tested, how it is told, and what is not claimed."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from analysis.report.analyse import Subject, analyse
from analysis.report.comparing import compare
from analysis.report.comparison_prose import on_comparisons
from analysis.report.comparison_tables import comparisons, difference_tables, effects
from analysis.report.figures import forest
from analysis.report.findings.study import StudyFindings
from analysis.report.words import derivation, interval
from analysis.stats.ratings import RatingTable
from tests.analysis.report import ratings


def marks(n_cases: int = 14, systems: str = "abc") -> pd.DataFrame:
    """Two annotators, systems that differ by case and by nature, and one that is the first once more."""
    maker, rows = np.random.default_rng(2), []
    for case in range(n_cases):
        for place, system in enumerate(systems):
            for annotator in "AB":
                value = int(np.clip(round(maker.normal(3 + 0.5 * place, 1)), 1, 5))
                rows.append((annotator, f"c{case:02}", system, "clear", value))
    frame = pd.DataFrame(rows, columns=["annotator", "case", "system", "criterion", "value"])
    return pd.concat([frame, frame[frame.system == "a"].assign(system="twin")])


def found(frame: pd.DataFrame) -> StudyFindings:
    return analyse(
        RatingTable.from_frame(frame),
        subject=Subject("x"),
        seed=3,
        created="",
        n_resamples=100,
        n_permutations=499,
    )


def test_every_pair_is_adjusted_with_all_others_and_one_without_a_test_does_not_count() -> None:
    rows = found(marks()).comparisons
    assert [(row.first, row.second) for row in rows] == [
        ("a", "b"), ("a", "c"), ("a", "twin"), ("b", "c"), ("b", "twin"), ("c", "twin"),
    ]  # fmt: skip
    twins = rows[2]
    assert (twins.p, twins.p_holm, twins.p_bh) == (None, None, None)
    assert twins.dz.undefined == "both systems have the same mean in every case"
    tested = [row for row in rows if row.p is not None]
    for method, key in (("holm", "p_holm"), ("fdr_bh", "p_bh"), ("fdr_by", "p_by")):
        peer = multipletests([row.p for row in tested], method=method)[1]
        assert [getattr(row, key) for row in tested] == pytest.approx(list(peer), rel=1e-12)
    assert {row.family for row in rows} == {5}


def test_checks_are_numbers_that_say_how_they_were_made() -> None:
    frame = marks()
    row = found(frame).comparisons[0]
    sums = frame.groupby(["case", "system"])["value"].sum().unstack()
    peer = stats.wilcoxon(sums["a"] - sums["b"], method="asymptotic")
    assert row.wilcoxon.value == row.wilcoxon_p == pytest.approx(peer.pvalue, rel=1e-12)
    assert f"W = {peer.statistic:g}" in row.wilcoxon.method
    zeros = int((sums["a"] == sums["b"]).sum())
    assert f"{zeros} cases without a difference left out" in row.wilcoxon.method
    assert row.permutation.value == row.permutation_p
    d = (sums["a"] - sums["b"]).to_numpy()
    patterns = np.array(list(itertools.product([-1, 1], repeat=int((d != 0).sum()))))
    share = (np.abs(patterns @ d[d != 0]) >= abs(d.sum())).mean()
    assert row.permutation.value == pytest.approx(share, rel=1e-12)
    assert f"exact, all {len(patterns):,} patterns" in row.permutation.method
    assert (row.permutation.seed, row.permutation.n) == (None, 14)


def off_grid() -> pd.DataFrame:
    """Cases with 7, 11 and 13 annotators: their means are on no grid coarse enough to be exact on."""
    maker, rows = np.random.default_rng(5), []
    for case in range(15):
        for annotator in range((7, 11, 13)[case % 3]):
            rows += [(f"A{annotator}", f"c{case}", s, "clear", int(maker.integers(1, 6))) for s in "ab"]
    return pd.DataFrame(rows, columns=["annotator", "case", "system", "criterion", "value"])


def test_patterns_that_were_drawn_say_how_many_and_by_which_seed() -> None:
    [row] = found(off_grid()).comparisons
    assert row.permutation.seed == 3
    assert "B = 499 drawn patterns" in row.permutation.method
    assert ("Seed", "3") in derivation(row.permutation)
    assert row.permutation.value * 500 == pytest.approx(round(row.permutation.value * 500))


def test_effect_sizes_reach_the_report_and_its_table() -> None:
    result = found(marks())
    row, sums = result.comparisons[1], marks().groupby(["case", "system"])["value"].sum().unstack()
    x, y = sums["a"].to_numpy(), sums["c"].to_numpy()
    assert row.cliffs_delta.value == pytest.approx(np.sign(x[:, None] - y).mean())
    assert row.superiority.value == pytest.approx(((x > y).sum() + (x == y).sum() / 2) / len(x))
    d = x - y
    ranks = stats.rankdata(np.abs(d[d != 0]))
    assert row.rank_biserial.value == pytest.approx((ranks * np.sign(d[d != 0])).sum() / ranks.sum())
    assert 0 < row.hedges_g.value / row.dz.value < 1
    table = effects(result)
    keys = [column.key for column in table.columns]
    raw = {key: cell.raw for key, cell in zip(keys, table.rows[1], strict=True)}
    assert raw["cliffs_delta_low"] == row.cliffs_delta.interval.low
    assert raw["superiority"] == row.superiority.value
    tests = comparisons(result)
    wilcoxon = [column.key for column in tests.columns].index("wilcoxon_p")
    assert tests.rows[0][wilcoxon].number == result.comparisons[0].wilcoxon


def test_reports_made_before_the_effect_sizes_were_kept_still_open() -> None:
    result = ratings.findings()
    raw = json.loads(result.to_json())
    later = (
        "p_bh",
        "p_by",
        "wilcoxon",
        "permutation",
        "hedges_g",
        "dav",
        "rank_biserial",
        "cliffs_delta",
        "superiority",
    )
    for row in raw["comparisons"]:
        for key in later:
            del row[key]
    old = StudyFindings.from_json(json.dumps(raw))
    assert old.comparisons[0].wilcoxon_p == result.comparisons[0].wilcoxon_p
    assert effects(old).rows[0][3].text == "–"
    assert [table.key for table in difference_tables(old)] == ["comparisons"]


def apart(frame: pd.DataFrame) -> pd.DataFrame:
    """The same marks, as if no case had been shown to two systems."""
    return frame.assign(case=frame["case"] + frame["system"])


def test_the_methods_claim_no_test_that_was_not_made() -> None:
    result = found(apart(marks().query("system != 'twin'")))
    methods = " ".join(result.methods)
    assert "paired t-test" not in methods
    assert "Wilcoxon" not in methods
    assert (
        "Welch's t-tests over case means, with Holm's adjustment over all 3 tests of this kind alone"
        in methods
    )
    paired = " ".join(found(marks().query("system != 'twin'")).methods)
    assert "Holm's adjustment over all 3 tests" in paired
    assert "Welch" not in paired
    assert "had no test" not in paired
    single = found(apart(marks(n_cases=1)))
    assert "6 of 6 pairs of systems and criteria had no test" in " ".join(single.methods)
    assert "t-test" not in " ".join(single.methods)
    assert on_comparisons(single) == ["No pair of systems could be compared."]


def test_systems_on_different_cases_are_compared_without_pairs() -> None:
    frame = apart(marks())
    result = found(frame)
    means = frame.groupby(["system", "case"])["value"].mean()
    row = result.comparisons[1]
    x, y = means["a"], means["c"]
    peer, ranks = stats.ttest_ind(x, y, equal_var=False), stats.mannwhitneyu(x, y, use_continuity=False)
    assert (row.design, row.n_first, row.n_second, row.n_cases, row.n_left_out) == ("unpaired", 14, 14, 28, 0)
    assert [row.t, row.df, row.p] == pytest.approx([peer.statistic, peer.df, peer.pvalue], rel=1e-12)
    ends = peer.confidence_interval()
    assert [row.difference.interval.low, row.difference.interval.high] == pytest.approx([ends.low, ends.high])
    assert row.mann_whitney.value == pytest.approx(ranks.pvalue, rel=1e-12)
    assert (row.wilcoxon, row.permutation) == (None, None)
    assert "different cases" in row.dz.undefined
    assert row.cliffs_delta.value == pytest.approx(np.sign(x.to_numpy()[:, None] - y.to_numpy()).mean())
    assert [table.key for table in difference_tables(result)] == ["unpaired", "effects"]
    assert any("easier cases would look like a better system" in line for line in on_comparisons(result))
    assert StudyFindings.from_json(result.to_json()) == result


def test_paired_and_unpaired_pairs_are_families_of_their_own() -> None:
    frame = marks()
    mixed = pd.concat([frame[frame.system != "c"], apart(frame[frame.system == "c"])])
    rows = found(mixed).comparisons
    design = {(row.first, row.second): row.design for row in rows}
    assert design == {
        ("a", "b"): "paired", ("a", "c"): "unpaired", ("a", "twin"): "paired",
        ("b", "c"): "unpaired", ("b", "twin"): "paired", ("twin", "c"): "unpaired",
    }  # fmt: skip
    for name, size in (("paired", 2), ("unpaired", 3)):
        own = [row for row in rows if row.design == name and row.p is not None]
        peer = multipletests([row.p for row in own], method="holm")[1]
        assert [row.p_holm for row in own] == pytest.approx(list(peer), rel=1e-12)
        assert {row.family for row in rows if row.design == name} == {size}
    assert [table.key for table in difference_tables(found(mixed))] == ["comparisons", "unpaired", "effects"]


def test_the_few_cases_that_unpaired_systems_share_are_told() -> None:
    frame = marks(n_cases=10, systems="ab").query("system != 'twin'")
    late = (frame.system == "b") & (frame.case > "c03")
    frame.loc[late, "case"] = "other " + frame.loc[late, "case"]
    [row] = found(frame).comparisons
    assert (row.design, row.n_cases) == ("unpaired", 16)
    assert "4 cases rated for both are treated as different ones" in row.difference.method


def test_the_draws_of_a_pair_come_from_the_generator_given() -> None:
    table = RatingTable.from_frame(off_grid())
    made = [
        compare(table, seed=1, rng=np.random.default_rng(seed), confidence=0.95, n_permutations=199)
        for seed in (1, 1, 2)
    ]
    assert made[0] == made[1] != made[2]


def judged(n_annotators: int) -> pd.DataFrame:
    """Everybody rates everything; half of the annotators prefer a, half b, and a wins by a hair in most cases."""
    maker, rows = np.random.default_rng(8), []
    for case in range(40):
        for annotator in range(n_annotators):
            taste = 1.2 if annotator < n_annotators * 0.6 else -1.2
            for system, sign in (("a", 1), ("b", -1)):
                mark = 3 + sign * taste / 2 + maker.normal(0, 0.5)
                rows.append((f"A{annotator}", f"c{case}", system, "clear", int(np.clip(round(mark), 1, 5))))
    return pd.DataFrame(rows, columns=["annotator", "case", "system", "criterion", "value"])


def test_a_difference_that_leans_on_these_annotators_is_told() -> None:
    result = found(judged(10))
    [row] = result.comparisons
    assert row.p_holm < 0.001
    assert row.two_way.value == row.difference.value
    assert 0 in row.two_way.interval
    assert 0 not in row.difference.interval
    assert row.two_way.seed == 3
    assert "1 of 1 interval over cases and annotators together reaches 0" in " ".join(on_comparisons(result))
    assert any("draws cases and annotators (100 resamples)" in sentence for sentence in result.methods)
    table = comparisons(result)
    raw = {column.key: cell.raw for column, cell in zip(table.columns, table.rows[0], strict=True)}
    assert raw["two_way_low"] == row.two_way.interval.low
    figure = forest(result, result.criteria[0])
    assert f"over annotators too {interval(row.two_way)}" in figure.description
    assert "A thin line is the interval over annotators" in figure.description


def test_with_few_annotators_none_is_drawn_and_none_is_claimed() -> None:
    result = found(judged(4))
    [row] = result.comparisons
    assert "4 annotators; drawing them needs 5" in row.two_way.no_interval
    assert not any("annotators together" in line for line in on_comparisons(result))
    assert "thin line" not in forest(result, result.criteria[0]).description
    assert not any("draws cases and annotators" in sentence for sentence in result.methods)


def test_cases_of_one_system_alone_are_said_to_be_left_out() -> None:
    frame = marks(n_cases=12, systems="ab").query("system != 'twin'")
    holed = frame[(frame.system == "a") | (frame.case > "c03")]
    said = " ".join(on_comparisons(found(holed)))
    assert "left out of its test, up to 4 of 12; the linear mixed model uses them" in said
    assert "left out" not in " ".join(on_comparisons(found(frame)))
