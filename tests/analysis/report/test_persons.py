"""Agreement of persons in reports: pairs, their means, and the two-way forms."""

import numpy as np
import pandas as pd
import pytest

from analysis.report.figures import all_figures
from analysis.report.page import sections
from analysis.report.person_tables import on_persons
from analysis.report.tables import all_tables
from analysis.report.words import number
from analysis.stats.crossed_reliability import full_table, icc_twoway, kendall_w
from analysis.stats.rater_pairs import cohen, conger_kappa, light, rater_pairs
from analysis.stats.ratings import RatingTable
from tests.analysis.report.test_annotators import analysed, frame


def test_the_numbers_are_those_of_the_statistics() -> None:
    table = RatingTable.from_frame(frame(junk=False))
    (row,) = analysed(frame(junk=False)).persons
    pairs = rater_pairs(table, "clear")
    icc, w = (make(full_table(table, "clear").values) for make in (icc_twoway, kendall_w))
    assert row.conger.value == conger_kappa(table, "clear").value
    assert row.light_quadratic.value == light(pairs, levels=table.levels, weights="quadratic").value
    assert row.icc_agreement.value == icc.agreement_single.value
    assert row.icc_consistency_mean.value == icc.consistency_mean.value
    assert row.icc_agreement.interval == icc.agreement_single.interval
    assert (row.kendalls_w.value, row.w_p) == (w.w, w.p)
    assert [(pair.first, pair.second) for pair in row.pairs] == [
        ("A0", "A1"), ("A0", "A2"), ("A0", "A3"), ("A1", "A2"), ("A1", "A3"), ("A2", "A3"),
    ]  # fmt: skip
    assert row.pairs[0].kappa.value == cohen(pairs[0].joint).value
    assert row.pairs[0].equal == np.trace(pairs[0].joint) / 60


def test_who_always_gives_one_point_has_no_pair_and_is_named() -> None:
    (row,) = analysed(frame()).persons
    lazy = [pair for pair in row.pairs if pair.second == "A3"]
    assert all("A3 gave 3 to every card" in pair.kappa.undefined for pair in lazy)
    assert row.light.n == 3
    assert "3 pairs without a kappa left out" in row.light.method


def test_tables_pages_and_a_copy_that_is_named() -> None:
    data = frame(junk=False)
    copied = data[data["annotator"] == "A0"].assign(annotator="A4")
    found = analysed(pd.concat([data, copied]))
    assert {"persons", "annotator_pairs"} <= {table.key for table in all_tables(found)}
    by_key = {one.key: one for one in sections(found)}
    shown = by_key["annotators"].tables
    assert ("annotator_matrix_1", "annotator_pairs") in [(table.key, table.csv) for table in shown]
    (matrix,) = [table for table in shown if table.key == "annotator_matrix_1"]
    assert len(matrix.rows) == 5
    assert all(len(row) == 6 for row in matrix.rows)
    assert on_persons(found) == [
        "On clear A0 and A4 gave the same mark to all 60 cards they share: look whether one is a copy of the other."
    ]
    assert by_key["agreement"].sentences[-1] == on_persons(found)[0]


def test_slots_and_gaps_have_words_instead() -> None:
    slots = analysed(frame(), annotators_identified=False)
    assert "slots, not persons" in slots.persons[0].light.undefined
    assert "slots, not persons" in slots.persons[0].kendalls_w.undefined
    assert "slots, not persons" in on_persons(slots)[0]
    assert "persons" not in {table.key for table in all_tables(slots)}
    data = frame(junk=False)
    number = data["case"].str.removeprefix("case ").astype(int)
    sparse = analysed(data[(number % 4) != data["annotator"].str[1:].astype(int)])
    assert "the design is incomplete: 0 of 60 cards" in sparse.persons[0].icc_agreement.undefined
    assert sparse.persons[0].conger.value is not None
    assert "ICC(2), ICC(3) and Kendall's W are undefined" in on_persons(sparse)[0]


@pytest.mark.parametrize("n_people", [30, 31])
def test_pairs_of_a_crowd_are_counted_and_not_listed(n_people: int) -> None:
    maker = np.random.default_rng(0)
    rows = [
        (f"P{(case + i) % n_people:02}", f"case {case}", "a", "clear", int(maker.integers(1, 6)))
        for case in range(n_people * 2)
        for i in range(3)
    ]
    found = analysed(pd.DataFrame(rows, columns=["annotator", "case", "system", "criterion", "value"]))
    (row,) = found.persons
    assert bool(row.pairs) == (n_people <= 30)
    assert row.light.n + int(row.light.method.partition("; ")[2].split(" ")[0] or 0) == 2 * n_people


def test_each_criterion_has_a_map_of_its_pairs() -> None:
    found = analysed(frame(junk=False))
    [figure] = [figure for figure in all_figures(found) if figure.key.startswith("annotator_pairs")]
    assert figure in {one.key: one for one in sections(found)}["annotators"].figures
    # Four annotators: twelve cells off the diagonal, each with a number; plain kappa below, quadratic above.
    assert figure.svg.count("<rect") == 12
    pair = found.persons[0].pairs[0]
    assert number(pair.kappa.value) in figure.svg
    assert number(pair.quadratic.value) in figure.svg
    assert "Least: " in figure.description


def test_many_annotators_have_cells_without_numbers_and_two_have_no_map() -> None:
    data = frame(junk=False)
    many = pd.concat([data.assign(annotator=data["annotator"] + suffix) for suffix in "abcd"])
    [figure] = [one for one in all_figures(analysed(many)) if one.key.startswith("annotator_pairs")]
    assert figure.svg.count("<rect") == 16 * 15
    few = data[data["annotator"].isin(["A0", "A1"])]
    assert not [one for one in all_figures(analysed(few)) if one.key.startswith("annotator_pairs")]
