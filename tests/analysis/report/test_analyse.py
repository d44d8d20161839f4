"""From ratings to findings: what is counted, what is undefined, and that the same seed says the same."""

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.report.agreeing import landis_koch
from analysis.report.analyse import Subject, analyse
from analysis.report.findings.number import Number
from analysis.report.findings.reading import UnreadableFindings
from analysis.report.findings.study import StudyFindings
from analysis.report.findings.subject import Fieldwork, Metric, System
from analysis.report.page import page_context
from analysis.report.prose import on_fieldwork
from analysis.report.relating import metrics_of, summarise
from analysis.report.scores import ScoreTable
from analysis.stats.estimates import Interval
from analysis.stats.ratings import RatingTable
from tests.analysis.report import ratings


def test_the_same_ratings_and_seed_give_the_same_bytes() -> None:
    assert ratings.findings().to_json() == ratings.findings().to_json()
    assert ratings.findings(seed=6).to_json() != ratings.findings().to_json()


def test_the_order_of_the_rows_says_nothing() -> None:
    frame = ratings.frame()
    tables = [RatingTable.from_frame(frame), RatingTable.from_frame(frame.iloc[::-1])]
    made = [
        analyse(table, subject=Subject("x"), seed=1, created="", n_resamples=100, n_permutations=99)
        for table in tables
    ]
    by_key = [
        {(row.criterion, row.system): row.ratings.mean.value for row in one.descriptions} for one in made
    ]
    assert by_key[0] == by_key[1]


def test_what_could_not_be_judged_is_counted_and_is_no_value() -> None:
    found = ratings.findings()
    assert found.counts.n_cannot_judge == 1
    assert found.counts.n_ratings == 8 * 2 * 3 * 2 - 1
    faithful = next(r for r in found.prevalence if (r.criterion, r.system) == ("faithfulness", "prism"))
    assert (sum(faithful.counts), faithful.n_cannot_judge) == (23, 1)


def test_means_and_differences_are_those_of_the_rows() -> None:
    frame, found = ratings.frame(), ratings.findings()
    for row in found.descriptions:
        values = frame[(frame.criterion == row.criterion) & (frame.system == row.system)]["value"].dropna()
        assert row.ratings.mean.value == pytest.approx(values.mean(), abs=1e-12)
        assert row.ratings.sd == pytest.approx(values.std(ddof=1), abs=1e-12)
        assert row.ratings.mean.n == len(values)
    personal = next(row for row in found.comparisons if row.criterion == "personalisation")
    assert (personal.first, personal.second, personal.difference.value) == ("prism", "teacher", 1.0)


def test_a_difference_without_spread_has_no_test_and_says_why() -> None:
    personal = next(row for row in ratings.findings().comparisons if row.criterion == "personalisation")
    assert (personal.t, personal.p, personal.p_holm) == (None, None, None)
    assert personal.difference.interval is None
    assert "no spread" in personal.difference.no_interval
    assert personal.dz.value is None
    assert "no spread" in personal.dz.undefined


def test_agreement_on_one_point_is_undefined_in_words() -> None:
    frame = ratings.frame().assign(value=4.0)
    found = analyse(
        RatingTable.from_frame(frame),
        subject=Subject("x"),
        seed=1,
        created="",
        n_resamples=100,
        n_permutations=19,
    )
    row = found.agreement[0]
    assert row.fleiss.value is None
    assert "every rating is 4" in row.fleiss.undefined
    assert row.landis_koch == "not labelled"
    assert row.exact.value == 1.0
    assert StudyFindings.from_json(found.to_json()) == found


def test_cards_rated_once_are_left_out_of_agreement_and_counted() -> None:
    frame = ratings.frame()
    frame = frame[(frame["case"] != "case 0") | (frame["annotator"] == "A1")]
    found = analyse(
        RatingTable.from_frame(frame),
        subject=Subject("x"),
        seed=1,
        created="",
        n_resamples=100,
        n_permutations=19,
    )
    assert (found.agreement[0].n_cards, found.agreement[0].n_single) == (14, 2)


def test_repeats_enter_consistency_alone() -> None:
    frame = ratings.frame()
    again = frame.iloc[[4, 5, 6, 7]].assign(repeat=True)
    again["value"] += pd.Series([0, 1, 0, 0], index=again.index)
    plain = RatingTable.from_frame(frame)
    table = RatingTable.from_frame(pd.concat([frame.assign(repeat=False), again]))
    made = [
        analyse(one, subject=Subject("x"), seed=1, created="", n_resamples=100, n_permutations=19)
        for one in (plain, table)
    ]
    assert made[0].agreement == made[1].agreement
    assert made[1].counts.n_repeats == 4
    shares = {
        row.criterion: (row.exact.value, row.within_one.value, row.exact.n) for row in made[1].consistency
    }
    assert shares == {"faithfulness": (1.0, 1.0, 2), "personalisation": (0.5, 1.0, 2)}
    assert made[0].consistency == ()


def test_blind_findings_hold_no_name_of_a_system() -> None:
    found = ratings.findings(kind="pooled")
    for section in ("systems", "descriptions", "comparisons", "correlations", "metrics"):
        assert getattr(found, section) == ()
    text = found.to_json()
    assert 'prism"' not in text
    assert "teacher" not in text
    assert found.agreement == ratings.findings().agreement


def test_findings_of_a_blind_study_cannot_be_built_with_systems() -> None:
    found = ratings.findings()
    from dataclasses import replace

    with pytest.raises(ValueError, match="must not tell systems apart"):
        replace(found, meta=replace(found.meta, kind="pooled"))


@pytest.mark.parametrize(
    ("n_hits", "low", "high"),
    [
        (0, 0.0, 0.1380),
        (2, 0.0232, 0.2585),
        (24, 0.8620, 1.0),
    ],  # statsmodels' proportion_confint, method="wilson"
)
def test_a_share_of_texts_has_an_interval_inside_its_range(n_hits: int, low: float, high: float) -> None:
    values = [("prism", float(case < n_hits)) for case in range(24)] + [("teacher", 0.0), ("teacher", 1.0)]
    rows = [(f"c{line}", system, "hallucination", value) for line, (system, value) in enumerate(values)]
    frame = pd.DataFrame(rows, columns=["case", "system", "metric", "value"])
    scores = ScoreTable.from_frame(frame, systems=["prism", "teacher"])
    prism, _ = summarise(scores, metrics_of(scores, ()), ("prism", "teacher"), 0.95)
    interval = prism.score.interval
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-4)


def test_scores_that_only_happen_to_be_one_are_no_share() -> None:
    rows = [(f"c{case}", "teacher", "rouge-l", 1.0) for case in range(5)]
    rows += [(f"c{case}", "prism", "rouge-l", case / 7) for case in range(5)]
    scores = ScoreTable.from_frame(
        pd.DataFrame(rows, columns=["case", "system", "metric", "value"]), systems=["teacher", "prism"]
    )
    teacher, prism = summarise(scores, metrics_of(scores, ()), ("teacher", "prism"), 0.95)
    assert teacher.score.no_interval == "every text has the same score"
    assert prism.score.interval is not None
    assert prism.score.interval.method == "t over texts"


def test_metrics_are_summed_up_and_related_to_people() -> None:
    found = ratings.findings()
    summary = {(row.metric, row.system): row for row in found.metric_summaries}
    assert summary["rouge-l", "prism"].n_undefined == 1
    assert summary["rouge-l", "prism"].score.n == 7
    assert summary["distinct-1", "prism"].score.interval is None
    assert {row.metric for row in found.correlations} == {"rouge-l"}
    frame, scores = ratings.frame(), ratings.scores()
    means = frame[frame.criterion == "personalisation"].groupby(["case", "system"])["value"].mean()
    given = scores[(scores.metric == "rouge-l") & (scores.value != "")].set_index(["case", "system"])["value"]
    both = pd.concat([means, given.astype(float)], axis=1, join="inner").to_numpy()
    wanted = np.corrcoef(both[:, 0], both[:, 1])[0, 1]
    row = next(
        r
        for r in found.correlations
        if (r.criterion, r.level, r.coefficient) == ("personalisation", "text", "pearson")
    )
    assert row.number.value == pytest.approx(wanted, abs=1e-12)
    assert row.number.n == 14


def test_texts_without_a_score_and_cases_without_variation_are_counted_apart() -> None:
    rows = {
        (row.level, row.coefficient): row
        for row in ratings.findings().correlations
        if row.criterion == "personalisation"
    }
    # Both texts of case 3 have no score. Within the other seven cases, scores and ratings differ.
    found = rows["case", "spearman"]
    assert (found.n_missing_cells, found.n_undefined_cases, found.n_undefined) == (2, 0, None)
    assert found.number.n == 7
    frame, scores = ratings.frame(), ratings.scores()
    frame.loc[frame["case"] == "case 1", "value"] = 2.0
    table = RatingTable.from_frame(frame)
    made = analyse(
        table,
        ScoreTable.from_frame(scores, systems=table.systems),
        subject=Subject("x"),
        seed=1,
        created="",
        n_resamples=100,
        n_permutations=19,
    )
    [row] = [
        r
        for r in made.correlations
        if (r.criterion, r.level, r.coefficient) == ("personalisation", "case", "kendall")
    ]
    assert (row.n_missing_cells, row.n_undefined_cases, row.number.n) == (2, 1, 6)


def test_a_report_made_before_they_were_counted_apart_still_opens() -> None:
    raw = json.loads(ratings.findings().to_json())
    for row in raw["correlations"]:
        del row["n_missing_cells"], row["n_undefined_cases"]
        row["n_undefined"] = 3
    old = StudyFindings.from_json(json.dumps(raw))
    assert {(row.n_undefined, row.n_missing_cells) for row in old.correlations} == {(3, None)}
    assert page_context(old)["sections"]


def test_one_more_metric_changes_no_other_interval() -> None:
    from analysis.report.scores import ScoreTable

    table = RatingTable.from_frame(ratings.frame())
    more = ratings.scores()
    extra = more[more.metric == "rouge-l"].assign(metric="another")
    made = [
        analyse(
            table,
            ScoreTable.from_frame(scores, systems=table.systems),
            subject=Subject("x"),
            seed=1,
            created="",
            n_resamples=100,
            n_permutations=19,
        )
        for scores in (more, pd.concat([extra, more]))
    ]
    assert made[0].agreement == made[1].agreement
    assert made[0].correlations == tuple(row for row in made[1].correlations if row.metric == "rouge-l")


@pytest.mark.parametrize(
    ("low", "word"),
    [(0.85, "almost perfect"), (0.61, "substantial"), (0.6, "moderate"), (0.1, "slight"), (-0.2, "poor")],
)
def test_the_word_for_agreement_is_that_of_the_lower_bound(low: float, word: str) -> None:
    assert landis_koch(Interval(low, 0.99, 0.95, "t")) == word


def test_a_number_has_a_value_or_words() -> None:
    with pytest.raises(ValueError, match="either a value or words"):
        Number(None, 3, "cards", "counting")
    with pytest.raises(ValueError, match="either a value or words"):
        Number(1.0, 3, "cards", "counting", undefined="but why")


def test_findings_read_back_are_the_findings_written() -> None:
    found = ratings.findings(simulated=True)
    assert StudyFindings.from_json(found.to_json()) == found


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text[:-5], "not JSON"),
        (lambda text: text.replace('"format": 1', '"format": 99'), "format 1, not 99"),
        (lambda text: text.replace('"n_cases"', '"n_case"', 1), "report.counts: missing"),
        (lambda text: text.replace('"kind": "unblinded"', '"kind": "open"'), "report.meta.kind"),
        (lambda text: "[]", "format 1"),
    ],
)
def test_json_that_is_no_report_is_refused_in_words(change, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UnreadableFindings, match=words):
        StudyFindings.from_json(change(ratings.findings().to_json()))


def test_no_nan_ever_leaves() -> None:
    from dataclasses import replace

    found = ratings.findings()
    broken = replace(found, counts=replace(found.counts, median_seconds=math.nan))
    with pytest.raises(ValueError, match="JSON compliant"):
        broken.to_json()


def test_the_page_says_simulated_wherever_ratings_are() -> None:
    found = ratings.findings(simulated=True)
    context = page_context(found)
    assert "6 simulated annotators" not in str(context["opening"])
    assert "3 simulated annotators" in str(context["opening"])
    for section in context["sections"]:  # type: ignore[attr-defined]
        for table in section.tables:
            assert "Simulated ratings" in table.caption
    assert found.counts.n_simulated == found.counts.n_ratings


def with_a_writer(*, writer: str, references: str = "three") -> StudyFindings:
    """Three systems; `three` wrote the references, scores 1 against itself, and is rated far above the others."""
    rng = np.random.default_rng(4)
    judged, scored = [], []
    for case in range(12):
        for system, base in (("one", 2), ("two", 2), ("three", 5)):
            for annotator in "AB":
                mark = base if base == 5 else int(rng.integers(1, 4))
                judged.append((annotator, f"c{case}", system, "liking", mark))
            scored.append((f"c{case}", system, "rouge-l", 1.0 if base == 5 else float(rng.random() / 2)))
            scored.append((f"c{case}", system, "words", float(rng.integers(5, 30))))
    table = RatingTable.from_frame(
        pd.DataFrame(judged, columns=["annotator", "case", "system", "criterion", "value"])
    )
    scores = ScoreTable.from_frame(
        pd.DataFrame(scored, columns=["case", "system", "metric", "value"]), systems=table.systems
    )
    systems = tuple(System(name, name.title(), wrote_references=name == writer) for name in table.systems)
    metrics = (Metric("rouge-l", "ROUGE-L", references=references), Metric("words", "Words"))
    subject = Subject("x", systems=systems, metrics=metrics)
    return analyse(table, scores, subject=subject, seed=1, created="", n_resamples=100, n_permutations=19)


def test_the_writer_of_the_references_stays_out_of_the_correlations_of_metrics_that_use_them() -> None:
    found, naive = with_a_writer(writer="three"), with_a_writer(writer="", references="")
    rows = {(row.metric, row.level, row.coefficient): row.number for row in found.correlations}
    before = {(row.metric, row.level, row.coefficient): row.number for row in naive.correlations}
    assert before["rouge-l", "text", "pearson"].value > 0.8  # made by the writer alone
    assert abs(rows["rouge-l", "text", "pearson"].value or 0) < 0.4
    assert (before["rouge-l", "text", "pearson"].n, rows["rouge-l", "text", "pearson"].n) == (36, 24)
    assert rows["words", "text", "pearson"] == before["words", "text", "pearson"]
    words = "Correlations of ROUGE-L leave out Three, whose texts are the references."
    assert words in found.methods
    assert "without three" in rows["rouge-l", "system", "kendall"].method
    sections = {section.key: section for section in page_context(found)["sections"]}  # type: ignore[attr-defined]
    assert words in sections["metrics"].sentences
    grids = [table for table in sections["metrics"].tables if table.key.startswith("correlations")]
    assert len(grids) == 4
    assert all(words in table.caption for table in grids)
    assert not any("leave out" in sentence for sentence in naive.methods)
    own = next(row for row in found.metric_summaries if (row.metric, row.system) == ("rouge-l", "three"))
    assert own.score.value == 1.0


def test_a_corpus_metric_says_of_how_many_texts_it_speaks() -> None:
    found = ratings.findings()
    summary = {(row.metric, row.system): row.score for row in found.metric_summaries}
    assert (summary["distinct-1", "prism"].n, summary["distinct-1", "prism"].counted) == (8, "texts")


def test_scores_of_cases_nobody_rated_are_counted() -> None:
    table = RatingTable.from_frame(ratings.frame(n_cases=6))
    scores = ScoreTable.from_frame(ratings.scores(), systems=table.systems)
    found = analyse(
        table, scores, subject=Subject("x"), seed=1, created="", n_resamples=100, n_permutations=19
    )
    [note] = found.meta.notes
    assert note.startswith("4 texts with scores are of 2 cases nobody rated: they count in the means")
    assert ratings.findings().meta.notes == ()


def test_a_report_made_before_the_fieldwork_was_told_still_opens() -> None:
    raw = json.loads(ratings.findings().to_json())
    del raw["fieldwork"]
    assert StudyFindings.from_json(json.dumps(raw)) == ratings.findings()


FIELDWORK = Fieldwork(
    k=3,
    n_seats=8,
    n_planned=72,
    n_judged=40,
    n_short=50,
    marks_min=0,
    marks_max=3,
    state="closed early",
    n_joined=10,
    n_failed=2,
    n_finished=4,
    n_unfinished=4,
    gate="80% of the marks at most 1 from the reference",
    systems_a_case=3,
)


def test_a_report_says_how_far_the_plan_was_carried_out() -> None:
    found = ratings.findings(subject=Subject("x", fieldwork=FIELDWORK))
    early, cards, people = on_fieldwork(found)
    assert early == "The study was closed early, before every planned judgment was made."
    assert cards.startswith("40 of 72 planned cards were judged")
    assert "50 cards were judged by fewer than planned, 32 of them by nobody." in cards
    assert people == "10 annotators joined: 2 did not pass the gate, 4 finished and 4 did not finish."
    left = replace(FIELDWORK, n_unseated=1)
    assert on_fieldwork(replace(found, fieldwork=left))[2] == (
        "10 annotators joined: 2 did not pass the gate, 4 finished and 4 did not finish, 1 of them without any card: "
        "every place was taken."
    )
    assert "3 annotators a card, 8 seats, after a gate (80% of the marks" in found.methods[0]
    assert StudyFindings.from_json(found.to_json()) == found
    assert on_fieldwork(ratings.findings()) == []


@pytest.mark.parametrize(
    ("design", "said"),
    [
        ("paired", "The design is paired and blind: an annotator who gets a case judges all its 3 texts,"),
        ("latin", "The design is a Latin square and blind: an annotator meets a case once, under one of"),
        (
            "side_by_side",
            "judges all its 3 texts on one page, in columns whose order is drawn for each case,",
        ),
    ],
)
def test_a_report_names_the_design_of_its_study(design: str, said: str) -> None:
    work = replace(FIELDWORK, design=design)
    found = ratings.findings(subject=Subject("x", fieldwork=work))
    assert said in found.methods[0]
    assert StudyFindings.from_json(found.to_json()).fieldwork == work
