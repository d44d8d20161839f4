import csv
import io
import json

import numpy as np
import pytest

from annotation import monitoring, queries, unblinding
from annotation.design.checks import CheckPlan
from annotation.design.repeats import hide
from annotation.design.streams import STREAM_CHECKS
from annotation.judging import judging_of
from annotation.models.card import CalibrationGold
from annotation.models.rating import CalibrationAnswer
from annotation.services.close_study import close_study
from annotation.services.exclude_annotator import exclude_annotator
from annotation.services.export_ratings import export_ratings
from annotation.services.unblind_study import unblind_study
from annotation.views.watching import watch
from tests import builders
from tests.annotation import studies
from tests.annotation.hidden import hidden_study, judge_all

pytestmark = pytest.mark.django_db


def people(study, names="uvw"):
    return [studies.enrol(study=study, person=builders.user(name, role="annotator")) for name in names]


@pytest.fixture
def judged(olga):
    """Two who judge with care and one who fails every hidden card."""
    study = hidden_study(owner=olga)
    careful, other, careless = people(study)
    judge_all(careful)
    judge_all(other)
    judge_all(careless, fails=True)
    return study, careful, careless


def test_each_annotator_is_known_by_the_hidden_cards(judged):
    study, careful, careless = judged
    found = judging_of(study.pk)
    good, bad = found[careful.pk], found[careless.pk]
    assert good.attention == (True, True)
    assert (good.repeats.near, good.repeats.n_cards, good.repeats.n_marks) == (1.0, 2, 6)
    assert (good.gold.exact, good.gold.n_cards, good.gold.n_marks) == (1.0, 2, 6)
    assert bad.gold.near == 0.0
    assert good.entropy == 0.0
    assert good.all_answered
    assert bad.attention == (False, False)
    assert bad.repeats.near == 0.0
    assert bad.repeats.leaning == -3.0


def test_severity_is_against_others_on_the_same_cards_and_drift_is_over_the_session(olga):
    study = hidden_study(owner=olga)
    first, second, third = people(study)
    judge_all(first)
    judge_all(second)
    judge_all(third, drifts=True)
    found = judging_of(study.pk)
    assert found[third.pk].drift.slope.value > 1.0
    assert found[third.pk].drift.slope.sure
    assert found[third.pk].drift.ends.value > 0.5
    assert found[third.pk].severity.value == pytest.approx(
        -sum(found[one.pk].severity.value for one in (first, second)), abs=1.0
    )


def test_nobody_is_severe_by_the_marks_of_somebody_excluded(olga):
    study = hidden_study(owner=olga)
    first, second, third = people(study)
    judge_all(first)
    judge_all(second)
    judge_all(third, drifts=True)
    third_before = judging_of(study.pk)[third.pk].severity.value
    exclude_annotator(
        study_id=study.pk, enrolment_id=third.pk, by_id=olga.pk, rule="attention", reason="A test."
    )
    found = judging_of(study.pk)
    assert [found[one.pk].severity.value for one in (first, second)] == [0.0, 0.0]
    assert found[third.pk].severity.value == pytest.approx(third_before)


def test_the_re_check_is_held_against_calibration(olga):
    study = hidden_study(owner=olga)
    [person] = people(study, "u")
    for row in CalibrationGold.objects.filter(card__study=study):
        CalibrationAnswer.objects.create(
            enrolment=person,
            card=row.card,
            criterion=row.criterion,
            value=row.value,
            gold=row.value,
            guidelines_version=1,
        )
    judge_all(person, fails=True)
    found = judging_of(study.pk)[person.pk].recheck
    assert found.n == 2  # a gold card and one of the re-check
    assert found.value >= 2.0


def test_the_plan_names_candidates_and_the_owner_confirms(olga, judged):
    study, _, careless = judged
    seen = watch(study.pk)
    assert {one.who for one in seen.candidates} == {careless.pseudonym}
    assert {one.rule for one in seen.candidates} == {"attention", "gold", "consistency"}
    assert any("2 of 2 attention checks failed" in flag.text for flag in seen.flags)
    assert "failed 2 attention checks; the plan's rule is more than 0" in [
        one.text for one in seen.candidates
    ]
    exclude_annotator(
        study_id=study.pk, enrolment_id=careless.pk, by_id=olga.pk, rule="attention", reason="By the plan."
    )
    assert watch(study.pk).candidates == ()
    [one] = queries.exclusions(study.pk)
    assert (one.annotator, one.rule) == (careless.pseudonym, "Failed attention checks")


def test_shares_are_decided_once_every_hidden_card_is_answered(olga):
    study = hidden_study(owner=olga)
    [person] = people(study, "u")
    judge_all(person, fails=True)
    row = monitoring.monitor(study.pk).annotators[0]
    assert {one.rule for one in row.candidates} == {"attention", "gold", "consistency"}
    person.placements.filter(kind="gold").update(done_at=None)
    row = monitoring.monitor(study.pk).annotators[0]
    assert [one.rule for one in row.candidates] == ["attention"]


def test_hidden_cards_are_in_no_number_of_the_study(judged):
    study, *_ = judged
    monitor = monitoring.monitor(study.pk)
    assert monitor.study.n_done == monitor.study.n_target == 6 * 3 * 2
    assert [(step.n_raters, step.n_cases) for step in monitor.coverage] == [(0, 0), (1, 0), (2, 6)]
    assert sum(one.n for one in monitor.criteria) == 36 * 3
    flow = monitoring.mark_flow(study.pk)
    assert (flow.n_marks, flow.n_counted) == (36 * 3, 36 * 3)
    assert flow.n_hidden == 3 * 6 * 3
    pooled = queries.pooled_ratings(study.pk)
    assert (len(pooled), pooled["repeat"].sum()) == (36 * 3 + 3 * 2 * 3, 3 * 2 * 3)


def test_the_export_tells_every_kind_and_counts_all_rows(judged):
    study, *_ = judged
    rows = list(csv.DictReader(io.StringIO(b"".join(export_ratings(study.pk, "csv").pieces).decode())))
    assert len(rows) == export_ratings(study.pk, "csv").n_rows == 36 * 3 + 3 * 6 * 3
    kinds = {kind: [row for row in rows if row["kind"] == kind] for kind in {row["kind"] for row in rows}}
    assert {kind: len(found) for kind, found in kinds.items()} == {
        "main": 108,
        "repeat": 18,
        "attention": 18,
        "gold": 9,
        "recheck": 9,
    }
    assert all(row["wanted"] == "" and row["case"] for row in kinds["main"] + kinds["repeat"])
    assert {row["wanted"] for row in kinds["attention"]} == {"2", "4"}
    assert all(row["wanted"] and not row["case"] for row in kinds["gold"] + kinds["recheck"])
    assert next(iter(export_ratings(study.pk, "parquet").pieces))


def test_the_sequence_is_computed_again_from_the_export_the_seed_and_the_plan(judged):
    study, *_ = judged
    told = b"".join(export_ratings(study.pk, "jsonl").pieces).decode().splitlines()
    rows = {(row["annotator"], row["position"]): row for row in map(json.loads, told)}
    plan = CheckPlan.of({"checks": json.loads(json.dumps(study.plan["checks"]))})
    for index in range(3):
        own = [row for (who, _), row in sorted(rows.items()) if who == f"A{index + 1:02d}"]
        cases = [row["case"] for row in own if row["kind"] == "main"]
        hidden = plan.hidden(len(cases), case_gap=study.gap, n_reference=2)
        again = hide(cases, hidden, np.random.default_rng([study.seed, STREAM_CHECKS, index]))
        assert [row["kind"] for row in own] == [entry.kind for entry in again]
        cards = [row["card"] for row in own if row["kind"] == "main"]
        for row, entry in zip(own, again, strict=True):
            assert row["card"] == (cards[entry.which] if entry.kind == "repeat" else row["card"])


def test_analysis_gets_repeats_marked_and_checks_apart(olga, judged):
    study, _, careless = judged
    exclude_annotator(
        study_id=study.pk, enrolment_id=careless.pk, by_id=olga.pk, rule="attention", reason="By the plan."
    )
    close_study(study_id=study.pk, by_id=olga.pk)
    unblind_study(study_id=study.pk, by_id=olga.pk, reason="All is rated.")
    ratings = unblinding.ratings(study.pk)
    assert set(ratings["system"]) == set(studies.LOUD_SYSTEMS)
    assert ratings["repeat"].sum() == 2 * 2 * 3
    marks = queries.check_marks(study.pk)
    assert set(marks["kind"]) == {"attention", "gold", "recheck"}
    assert careless.pseudonym not in set(marks["annotator"])
    assert (marks["value"] == marks["wanted"]).all()
    assert marks["earlier"].isna().all()  # nobody here went through calibration
