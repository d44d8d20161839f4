"""All systems at once: keys, tables, sentences and the critical-difference diagram."""

import json
import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.report.analyse import Subject, analyse
from analysis.report.critical_difference import critical_difference
from analysis.report.figures import all_figures
from analysis.report.findings.study import StudyFindings
from analysis.report.findings.subject import System
from analysis.report.page import sections
from analysis.report.tables import all_tables
from analysis.stats.ratings import RatingTable
from tests.analysis.report import ratings

NAMES = ("ann", "bob", "cy", "dee")


def study(*, n_cases: int = 20, constant: bool = False) -> StudyFindings:
    """Four systems, one far below the others; on a second criterion nothing but chance."""
    maker, rows = np.random.default_rng(4), []
    for case in range(n_cases):
        for place, system in enumerate(NAMES):
            for annotator in "AB":
                good = (
                    3 if constant else int(np.clip(round(maker.normal((1.2, 3, 3.2, 3.6)[place], 0.8)), 1, 5))
                )
                rows.append((annotator, f"c{case}", system, "good", good))
                rows.append((annotator, f"c{case}", system, "luck", int(maker.integers(1, 6))))
    table = RatingTable.from_frame(
        pd.DataFrame(rows, columns=["annotator", "case", "system", "criterion", "value"])
    )
    subject = Subject("x", systems=tuple(System(name, name.title()) for name in NAMES))
    return analyse(table, subject=subject, seed=1, created="", n_resamples=100, n_permutations=19)


def test_the_omnibus_is_friedmans_and_its_pairs_are_nemenyis() -> None:
    good, luck = study().omnibus
    assert good.p < 1e-6 < 0.05 < luck.p
    assert good.p_holm == pytest.approx(2 * good.p)
    assert (good.n_cases, good.n_left_out, good.df) == (20, 0, 3)
    assert sum(one.rank for one in good.ranks) == pytest.approx(10)
    assert good.kendalls_w.value == pytest.approx(good.friedman.value / 60)
    rank = {one.system: one.rank for one in good.ranks}
    assert len(good.pairs) == 6
    for pair in good.pairs:
        assert pair.difference == pytest.approx(rank[pair.first] - rank[pair.second])
        assert (pair.p < 0.05) == (abs(pair.difference) > good.critical_difference.value)
    assert stats.f.sf(good.iman_davenport.value, 3, 57) == pytest.approx(
        float(good.iman_davenport.method.rpartition("p = ")[2]), rel=0.01
    )


def test_tables_sentences_and_methods_tell_it() -> None:
    found = study()
    tables = {table.key: table for table in all_tables(found)}
    assert len(tables["nemenyi"].rows) == 12
    assert [row[0].text for row in tables["mean_ranks"].rows] == ["Ann", "Bob", "Cy", "Dee"]
    assert tables["omnibus"].rows[0][2].number == found.omnibus[0].friedman
    [section] = [section for section in sections(found) if section.key == "ranks"]
    assert "Good: the 4 systems differ" in section.sentences[0]
    assert "Luck: the 4 systems are not shown to differ" in section.sentences[1]
    assert any("Friedman's test" in sentence for sentence in found.methods)


def test_the_diagram_tells_in_words_what_it_draws() -> None:
    found = study()
    figure = critical_difference(found, found.criteria[0])
    root = ElementTree.fromstring(figure.svg)  # noqa: S314  our own
    texts = [node.text or "" for node in root.iter("{http://www.w3.org/2000/svg}text")]
    for name in ("Ann", "Bob", "Cy", "Dee"):
        assert any(text.startswith(f"{name} ") for text in texts)
    bars = [line for line in root.iter("{http://www.w3.org/2000/svg}line") if line.get("stroke-width") == "4"]
    assert len(bars) == 2
    assert "Not told apart: Cy and Bob; Bob and Dee." in figure.description
    assert "style=" not in figure.svg
    assert root.find("{http://www.w3.org/2000/svg}desc").text == figure.description
    assert figure.key in {one.key for one in all_figures(found)}


def test_two_systems_have_no_omnibus_and_old_reports_open_without_one() -> None:
    found = ratings.findings()
    assert found.omnibus == ()
    assert "ranks" not in {section.key for section in sections(found)}
    raw = json.loads(study().to_json())
    del raw["omnibus"]
    assert StudyFindings.from_json(json.dumps(raw)).omnibus == ()
    assert StudyFindings.from_json(study().to_json()) == study()


def test_where_no_case_tells_systems_apart_the_reason_is_told() -> None:
    found = study(constant=True)
    assert found.omnibus[0].friedman.undefined == "every case has the same mean for all systems"
    assert found.omnibus[1].p is not None
    assert critical_difference(found, found.criteria[0]) is None
    [section] = [section for section in sections(found) if section.key == "ranks"]
    assert "no test of all systems, because every case has the same mean" in section.sentences[0]
    assert "undefined" in {cell.text for cell in section.tables[0].rows[0]}
