import pytest
from rest_framework.test import APIClient

from annotation import monitoring, queries, unblinding
from annotation.models.ledger import LedgerLine
from annotation.models.rating import Rating
from annotation.services.close_study import close_study
from annotation.services.exclude_annotator import exclude_annotator, readmit_annotator
from annotation.services.refusals import Refused
from annotation.services.unblind_study import unblind_study
from annotation.services.withdraw_consent import withdraw_consent
from annotation.views.watching import watch
from tests import builders
from tests.annotation import studies

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(olga):
    study = studies.opened(owner=olga)
    for name, n in (("ann", 24), ("bob", 24), ("cat", 5)):
        person = builders.user(name, role="annotator")
        studies.rate_all(enrolment=studies.enrol(study=study, person=person), most=n)
    return study


@pytest.fixture
def ann(study):
    return study.enrolments.get(index=0)


def act(study, who, olga, **said):
    return {
        "study_id": study.pk,
        "enrolment_id": who.pk,
        "by_id": olga.pk,
        "reason": "no card was read",
        **said,
    }


def annotators(study):
    return set(queries.pooled_ratings(study.pk)["annotator"])


def test_marks_of_the_excluded_are_kept_and_not_counted_until_they_are_let_in_again(study, ann, olga):
    assert exclude_annotator(**act(study, ann, olga, rule="speed")) == 72
    assert annotators(study) == {"A02", "A03"}
    assert Rating.objects.filter(placement__enrolment=ann).count() == 72
    line = LedgerLine.objects.get(act="excluded")
    assert (line.by_id, line.reason) == (olga.pk, "no card was read")
    assert line.facts == {"annotator": "A01", "rule": "speed", "marks": 72, "after_unblinding": False}
    with pytest.raises(Refused, match="left out already"):
        exclude_annotator(**act(study, ann, olga, rule="speed"))
    assert readmit_annotator(**act(study, ann, olga)) == 72
    assert annotators(study) == {"A01", "A02", "A03"}
    with pytest.raises(Refused, match="not left out"):
        readmit_annotator(**act(study, ann, olga))


@pytest.mark.parametrize("change", [{"rule": "mood"}, {"reason": " "}, {"enrolment_id": 10**6}])
def test_an_exclusion_needs_a_rule_a_reason_and_somebody(study, ann, olga, change):
    with pytest.raises(Refused):
        exclude_annotator(**{**act(study, ann, olga, rule="speed"), **change})
    assert not LedgerLine.objects.filter(act="excluded").exists()


def test_findings_are_without_the_excluded_and_an_exclusion_after_unblinding_is_told(study, ann, olga):
    close_study(study_id=study.pk, by_id=olga.pk)
    unblind_study(study_id=study.pk, by_id=olga.pk, reason="done")
    exclude_annotator(**act(study, ann, olga, rule="disagreement"))
    assert set(unblinding.ratings(study.pk)["annotator"]) == {"A02", "A03"}
    assert LedgerLine.objects.get(act="excluded").facts["after_unblinding"] is True
    assert unblinding.facts(study.pk)["ledger_whole"]


def test_the_flow_adds_up_whatever_became_of_people(study, ann, olga):
    studies.enrol(study=study, person=builders.user("dan", role="annotator"), passed=False, gate="failed")
    exclude_annotator(**act(study, ann, olga, rule="alike"))
    withdraw_consent(enrolment_id=study.enrolments.get(index=2).pk)
    flow = monitoring.mark_flow(study.pk)
    people = flow.people
    assert (people.joined, people.failed, people.finished, people.withdrew, people.excluded) == (
        4,
        1,
        1,
        1,
        1,
    )
    assert people.unfinished == 0
    assert (flow.n_marks, flow.n_left, flow.n_excluded, flow.n_counted) == (159, 15, 72, 72)
    assert flow.n_counted == len(queries.pooled_ratings(study.pk))


def test_an_owner_excludes_and_lets_in_again_on_the_monitor(study, ann, olga, client):
    client.force_login(olga)
    url = f"/studies/{study.pk}/exclude/"
    said = {"annotator": ann.pk, "rule": "one-mark", "reason": "a 3 everywhere"}
    page = client.post(url, said, follow=True).content.decode()
    assert "72 marks are left out" in page
    assert "left out</span>" in page
    assert "87 of 159 marks are counted" in " ".join(page.split())
    assert "Choose an annotator" in client.post(url, {**said, "annotator": 0}, follow=True).content.decode()
    assert "72 marks count again" in client.post(url, {**said, "readmit": 1}, follow=True).content.decode()


def test_the_same_over_rest(study, ann, olga):
    api = APIClient()
    api.force_authenticate(olga)
    url = f"/api/annotation/studies/{study.pk}/annotators/{ann.pk}/exclusion/"
    assert api.put(url, {"rule": "speed"}, format="json").status_code == 422
    assert api.put(url, {"rule": "speed", "reason": "3 s a card"}, format="json").json() == {"marks": 72}
    assert api.put(url, {"rule": "speed", "reason": "again"}, format="json").status_code == 409
    assert api.delete(url).status_code == 422
    assert api.delete(f"{url}?reason=mistaken").json() == {"marks": 72}


def test_the_monitor_speaks_of_those_not_left_out_and_says_so(study, ann, olga, client):
    client.force_login(olga)
    before = monitoring.monitor(study.pk)
    marks = sum(criterion.n for criterion in before.criteria)
    exclude_annotator(**act(study, ann, olga, rule="speed"))
    seen = watch(study.pk)
    assert sum(criterion.n for criterion in seen.monitor.criteria) == marks - 24 * 3 == seen.flow.n_counted
    assert seen.monitor.n_left_out == 24
    assert seen.figures[0].value == "29"
    assert "24 more by people left out" in seen.figures[0].note
    assert seen.monitor.coverage[2].n_cases < before.coverage[2].n_cases
    assert "A01" not in {flag.who for flag in seen.flags}
    page = client.get(f"/studies/{study.pk}/monitor/").content.decode()
    assert "of people who were not left out" in page


def test_a_study_of_minutes_has_no_rate_a_day(study):
    pace = watch(study.pk).figures[1]
    assert (pace.value, pace.note) == ("–", "No rate before the study was open for a day.")
