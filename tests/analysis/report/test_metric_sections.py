"""Metrics set against each other, their order against people's, and what noisy ratings allow."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from analysis.report.analyse import Subject, analyse
from analysis.report.annotators import without_people
from analysis.report.figures import all_figures
from analysis.report.findings.study import StudyFindings
from analysis.report.findings.subject import Metric, System
from analysis.report.metric_prose import on_metric_tests
from analysis.report.page import page_context
from analysis.report.prose import on_metrics
from analysis.report.scores import ScoreTable
from analysis.report.tables import all_tables
from analysis.stats.dependent import compare_scores
from analysis.stats.ratings import RatingTable
from tests.analysis.report import ratings

SYSTEMS = ("one", "two", "three", "four", "five")
METRICS = (
    Metric("close", "Close"),
    Metric("errors", "Errors", better="lower"),
    Metric("length", "Length", better="neither"),
    Metric("noise", "Noise"),
)


def frames(n_cases: int = 30) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Three annotators on five systems; `close` follows them, `errors` and `length` go the other way."""
    rng = np.random.default_rng(5)
    quality = rng.normal(0, 1, (n_cases, 5)) + np.linspace(-0.8, 0.8, 5)
    judged, scored = [], []
    for case in range(n_cases):
        for place, system in enumerate(SYSTEMS):
            q = quality[case, place]
            for annotator in "ABC":
                mark = int(np.clip(np.rint(3 + q + rng.normal(0, 0.8)), 1, 5))
                judged.append((annotator, f"c{case:02}", system, "liking", mark))
            values = (
                q + rng.normal(0, 0.5),
                rng.normal(0, 1.5) - q,
                40 - 9 * q + rng.normal(0, 20),
                rng.normal(),
            )
            for metric, value in zip(METRICS, values, strict=True):
                scored.append((f"c{case:02}", system, metric.name, round(float(value), 3)))
    return (
        pd.DataFrame(judged, columns=["annotator", "case", "system", "criterion", "value"]),
        pd.DataFrame(scored, columns=["case", "system", "metric", "value"]),
    )


def found(*, metrics: tuple[Metric, ...] = METRICS, writer: str = "") -> StudyFindings:
    judged, scored = frames()
    table = RatingTable.from_frame(judged)
    subject = Subject(
        "x",
        systems=tuple(System(name, name.title(), wrote_references=name == writer) for name in SYSTEMS),
        metrics=metrics,
    )
    scores = ScoreTable.from_frame(scored, systems=table.systems)
    return analyse(table, scores, subject=subject, seed=1, created="", n_resamples=400, n_permutations=19)


@pytest.fixture(scope="module")
def report() -> StudyFindings:
    return found()


def test_the_closest_metric_is_set_against_each_other_one_at_each_level(report: StudyFindings) -> None:
    rows = report.metric_tests
    assert len(rows) == 4 * 3
    assert {row.first for row in rows if row.level != "system"} == {"close"}
    text = {row.second: row for row in rows if row.level == "text"}
    assert text["noise"].p_holm is not None
    assert text["noise"].p_holm < 0.05
    assert text["noise"].permutation.value >= 1 / 1001  # type: ignore[operator]
    assert text["noise"].family == 3
    assert text["noise"].difference.interval is not None
    assert text["noise"].difference.interval.low > 0
    assert "errors (turned round)" in text["errors"].difference.method
    assert "length (turned round)" in text["length"].difference.method
    assert {row.level for row in rows if row.dependent} == {"system"}


def test_williams_between_systems_is_that_of_their_means(report: StudyFindings) -> None:
    judged, scored = frames()
    human = judged.groupby("system")["value"].mean()
    means = scored.groupby(["metric", "system"])["value"].mean().unstack()
    means.loc[["errors", "length"]] *= -1
    for row in report.metric_tests:
        if row.level == "system":
            expected = compare_scores(
                means.loc[row.first, human.index], means.loc[row.second, human.index], human
            )
            assert row.dependent is not None
            assert row.dependent.n == 5
            assert row.dependent.williams_t == pytest.approx(expected.williams.statistic)
            assert row.dependent.meng_p == pytest.approx(expected.meng.p)
            assert row.difference.value == pytest.approx(expected.difference)


def test_accuracy_turns_metrics_round_where_lower_is_better(report: StudyFindings) -> None:
    rows = {row.metric: row for row in report.pairwise_accuracy}
    assert set(rows) == {metric.name for metric in METRICS}
    assert rows["errors"].uncalibrated.value > 0.5 > rows["length"].uncalibrated.value  # type: ignore[operator]
    assert rows["close"].calibrated.value >= rows["close"].uncalibrated.value  # type: ignore[operator]
    assert rows["close"].uncalibrated.n == 30 * 10
    assert rows["close"].cluster == 1
    assert rows["noise"].cluster > 1  # type: ignore[operator]
    assert rows["close"].soft.value > rows["noise"].soft.value  # type: ignore[operator]


def test_the_ceiling_lies_above_what_metrics_reach(report: StudyFindings) -> None:
    top = {(row.level, row.coefficient): row.ceiling.value for row in report.ceiling}
    assert len(report.ceiling) == 4 * 2
    reached = {(r.level, r.coefficient): r.number.value for r in report.correlations if r.metric == "close"}
    assert 0.5 < reached["text", "pearson"] < top["text", "pearson"] < 1  # type: ignore[operator]
    assert all(row.ceiling.seed == 1 and row.ceiling.no_interval for row in report.ceiling)


def test_the_writer_of_the_references_is_out_of_all_of_it() -> None:
    told = tuple(
        Metric(m.name, m.label, better=m.better, references="five" if m.name == "close" else "")
        for m in METRICS
    )
    report = found(metrics=told, writer="five")
    assert {row.dependent.n for row in report.metric_tests if row.dependent} == {4}
    assert all("without five" in row.difference.method for row in report.metric_tests)
    accuracy = {row.metric: row.uncalibrated for row in report.pairwise_accuracy}
    assert (accuracy["close"].n, accuracy["noise"].n) == (30 * 6, 30 * 10)
    assert {row.without for row in report.ceiling} == {(), ("five",)}
    [figure] = [figure for figure in all_figures(report) if figure.key.startswith("scatter")]
    assert "Five (own references)" in figure.description


def test_a_metric_that_beats_none_is_said_so(report: StudyFindings) -> None:
    weak = replace(
        report,
        metric_tests=tuple(
            replace(row, p_holm=1.0) if row.p_holm is not None else row for row in report.metric_tests
        ),
    )
    said = " ".join(on_metric_tests(weak))
    assert "is not shown to follow people more closely than any of the" in said
    assert "more closely than 0 of" not in said


def test_a_closest_link_that_runs_the_wrong_way_is_said_so(report: StudyFindings) -> None:
    turned = tuple(
        replace(
            row, number=replace(row.number, value=-abs(row.number.value), interval=None, no_interval="none")
        )
        if row.number.value is not None
        else row
        for row in report.correlations
    )
    wrong = replace(report, correlations=turned)
    top = max(
        (
            row
            for row in turned
            if (row.level, row.coefficient) == ("text", "spearman") and row.number.value is not None
        ),
        key=lambda row: abs(row.number.value),
    )
    lower = {metric.name for metric in METRICS if metric.better == "lower"}
    told = "so what it calls better people rated lower" in " ".join(on_metrics(wrong))
    assert told == (top.metric not in lower)
    assert "people rated lower" not in " ".join(on_metrics(report))


def test_the_page_the_tables_and_the_figure_say_it(report: StudyFindings) -> None:
    sections = {section.key: section for section in page_context(report)["sections"]}  # type: ignore[attr-defined]
    said = " ".join(sections["metrics"].sentences)
    assert "Close follows people more closely than" in said
    assert "a metric without error would correlate with them by" in said
    assert {"metric_tests", "pairwise_accuracy", "ceiling"} <= {
        table.key for table in sections["metrics"].tables
    }
    assert {"metric_tests", "pairwise_accuracy", "ceiling"} <= {table.key for table in all_tables(report)}
    assert any("PERM-BOTH" in sentence for sentence in report.methods)
    [figure] = [figure for figure in sections["metrics"].figures if figure.key.startswith("scatter")]
    root = ElementTree.fromstring(figure.svg)  # noqa: S314  our own
    assert len(root.findall(".//{http://www.w3.org/2000/svg}circle")) == 2 * 5
    for system in report.systems:
        assert f"{system.label}: score" in figure.description


def test_texts_are_drawn_beside_the_systems_one_point_each(report: StudyFindings) -> None:
    [cloud] = report.clouds
    assert (cloud.metric, len(cloud.systems)) == ("close", 5)
    n = sum(len(one.scores) for one in cloud.systems)
    [figure] = [figure for figure in all_figures(report) if figure.key.startswith("texts")]
    circles = ElementTree.fromstring(figure.svg).findall(".//{http://www.w3.org/2000/svg}circle")  # noqa: S314
    assert len(circles) == n + 5
    assert f"{n} texts by their score" in figure.description
    assert "Pearson's r over all texts" in figure.description
    kept = report.to_json()
    assert json.loads(without_people(kept))["clouds"] == []
    older = json.loads(kept)
    del older["clouds"]
    assert not StudyFindings.from_json(json.dumps(older)).clouds


def test_every_level_has_a_map_on_the_page(report: StudyFindings) -> None:
    sections = {section.key: section for section in page_context(report)["sections"]}  # type: ignore[attr-defined]
    maps = [figure for figure in sections["metrics"].figures if figure.key.startswith("correlations")]
    assert len(maps) == 4
    assert len({figure.title for figure in maps}) == 4


def test_reading_back_and_older_reports(report: StudyFindings) -> None:
    assert StudyFindings.from_json(report.to_json()) == report
    raw = json.loads(report.to_json())
    for key in ("metric_tests", "pairwise_accuracy", "ceiling"):
        del raw[key]
    old = StudyFindings.from_json(json.dumps(raw))
    assert (old.metric_tests, old.pairwise_accuracy, old.ceiling) == ((), (), ())
    assert page_context(old)["sections"]


def test_one_metric_is_set_against_nothing() -> None:
    report = ratings.findings()
    assert report.metric_tests == ()
    assert {row.metric for row in report.pairwise_accuracy} == {"rouge-l"}
    assert not any("PERM-BOTH" in sentence for sentence in report.methods)


def test_a_blind_report_has_none_of_it() -> None:
    blind = ratings.findings(kind="pooled")
    assert (blind.metric_tests, blind.pairwise_accuracy, blind.ceiling) == ((), (), ())


def test_a_metric_under_two_names_is_not_told_apart_and_stands_in_the_order_of_its_names() -> None:
    judged, scored = frames()
    twin = scored[scored["metric"] == "close"].assign(metric="another")
    table = RatingTable.from_frame(judged)
    scores = ScoreTable.from_frame(pd.concat([scored, twin]), systems=table.systems)
    report = analyse(
        table, scores, subject=Subject("x"), seed=1, created="", n_resamples=400, n_permutations=19
    )
    rows = [row for row in report.metric_tests if row.second == "close"]
    assert {row.first for row in rows} == {"another"}
    assert {row.level for row in rows} == {"text", "case", "text-within-system", "system"}
    for row in rows:
        assert row.difference.value == pytest.approx(0, abs=1e-12)
        assert row.permutation.value == 1.0
    [between] = [row.dependent for row in rows if row.dependent]
    assert "the same but for scale" in between.undefined
    ranks = {row.metric: row.cluster for row in report.pairwise_accuracy}
    assert ranks["another"] == ranks["close"] == 1
