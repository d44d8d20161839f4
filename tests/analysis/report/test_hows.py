"""Every number of a report's tables opens on a click: value, interval or why none, n, method."""

import re

import pytest

from analysis.report.analyse import Subject, analyse
from analysis.report.cells import Cell, Column, Table
from analysis.report.findings.study import StudyFindings
from analysis.report.hows import HOWS, told
from analysis.report.page import sections
from analysis.report.tables import all_tables
from analysis.stats.ratings import RatingTable
from tests.analysis.report import ratings
from tests.analysis.report.test_confirming import PLAN, frame

NUMBER = re.compile(r"[−<>]?\s?\d")


@pytest.fixture(scope="module")
def many() -> list[StudyFindings]:
    """A report with metrics, one with three systems and a plan, one of systems on different cases."""
    apart = frame()
    apart["case"] += apart["system"]
    found = [
        analyse(
            RatingTable.from_frame(rows),
            subject=Subject("x", hypotheses=PLAN),
            seed=5,
            created=ratings.CREATED,
            n_resamples=100,
            n_permutations=99,
        )
        for rows in (frame(), apart)
    ]
    return [ratings.findings(), *found]


def test_every_number_on_the_page_opens(many: list[StudyFindings]) -> None:
    silent, n = set(), 0
    for findings in many:
        for section in sections(findings):
            for table in section.tables:
                for row in table.rows:
                    for cell, (head, numeric) in zip(row, table.head, strict=True):
                        if not (numeric and NUMBER.match(cell.text)):
                            continue
                        n += 1
                        names = [name for name, _ in cell.derivation]
                        if not (
                            {"Value", "Method"} <= set(names)
                            and ("No interval" in names or "Interval by" in names)
                        ):
                            silent.add((table.key, head))
    assert silent == set()
    assert n > 300


def test_a_t_says_of_how_many_cases_and_why_it_has_no_interval(many: list[StudyFindings]) -> None:
    (table,) = [table for table in all_tables(many[0]) if table.key == "comparisons"]
    place = [column.key for column in table.columns].index("t")
    row = next(row for row in table.rows if row[place].raw is not None)
    lines = dict(told(table, row, place))
    assert lines["n"] == "8 cases"
    assert lines["Value"] == f"{row[place].raw:.6g}"
    assert lines["No interval"].startswith("a test statistic has none")
    assert "over its standard error" in lines["Method"]


def test_a_text_and_a_column_nobody_described_open_nothing() -> None:
    columns = (Column("system", "System", numeric=False), Column("odd", "Odd"))
    table = Table("made", "t", "c", columns, ((Cell("a", "a"), Cell("3", 3)),))
    assert told(table, table.rows[0], 0) == told(table, table.rows[0], 1) == []


def test_no_entry_describes_a_column_that_is_gone(many: list[StudyFindings]) -> None:
    known = {
        (table.key, column.key)
        for findings in many
        for table in all_tables(findings)
        for column in table.columns
    }
    keys = {key for key, _ in known}
    gone = {
        (table, column)
        for table, column in HOWS
        if table in keys and column != "*" and (table, column) not in known
    }
    assert gone == set()
