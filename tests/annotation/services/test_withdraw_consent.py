"""Consent withdrawn: at any moment, for good, with the seat issued again and the marks kept, uncounted or erased."""

from collections import Counter

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from annotation import monitoring, queries, unblinding
from annotation.models.card import Placement
from annotation.models.ledger import LedgerLine
from annotation.models.rating import Rating, RatingRevision, Submission
from annotation.models.study import Enrolment
from annotation.services.claim_placement import claim_placement
from annotation.services.close_study import close_study
from annotation.services.refusals import OutOfTurn, Refused
from annotation.services.unblind_study import unblind_study
from annotation.services.withdraw_consent import erase_marks, withdraw_consent
from tests import builders
from tests.annotation import studies

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(olga):
    return studies.opened(owner=olga)


def joined(study, name):
    return studies.enrol(study=study, person=builders.user(name, role="annotator"))


def test_no_mark_counts_any_more_and_the_seat_is_issued_again_whole(study):
    leaving, staying = joined(study, "ann"), joined(study, "bob")
    assert studies.rate_all(enrolment=leaving, most=5) == 5
    withdraw_consent(enrolment_id=leaving.pk)
    assert set(queries.pooled_ratings(study.pk)["annotator"]) == set()
    assert Rating.objects.count() == 15
    studies.rate_all(enrolment=staying)
    for name in ("cat", "dan"):
        studies.rate_all(enrolment=joined(study, name))
    counted = Placement.objects.filter(done_at__isnull=False, withdrawn_at__isnull=True)
    assert set(Counter(counted.values_list("card", flat=True)).values()) == {2}
    assert counted.count() == 12 * 3 * 2
    line = LedgerLine.objects.get(act="withdrew")
    assert line.by_id is None
    assert line.facts == {"annotator": "A01", "finished_cards": 5, "erasure_asked": False}
    assert queries.participant_flow(study.pk).withdrew == 1


def test_who_withdrew_stores_nothing_and_is_told(study):
    leaving = joined(study, "ann")
    token = claim_placement(enrolment_id=leaving.pk)
    withdraw_consent(enrolment_id=leaving.pk)
    with pytest.raises(OutOfTurn, match="You withdrew"):
        studies.rate(enrolment=leaving, token=token)
    with pytest.raises(OutOfTurn, match="You withdrew"):
        claim_placement(enrolment_id=leaving.pk)
    withdraw_consent(enrolment_id=leaving.pk)
    assert LedgerLine.objects.filter(act="withdrew").count() == 1


def test_after_unblinding_findings_are_without_the_marks(study, olga):
    leaving, staying = joined(study, "ann"), joined(study, "bob")
    for each in (leaving, staying):
        studies.rate_all(enrolment=each)
    close_study(study_id=study.pk, by_id=olga.pk)
    unblind_study(study_id=study.pk, by_id=olga.pk, reason="done")
    assert set(unblinding.ratings(study.pk)["annotator"]) == {"A01", "A02"}
    withdraw_consent(enrolment_id=leaving.pk)
    assert set(unblinding.ratings(study.pk)["annotator"]) == {"A02"}
    assert unblinding.facts(study.pk)["ledger_whole"]


def test_marks_are_erased_only_when_asked_for(study, olga):
    leaving, staying = joined(study, "ann"), joined(study, "bob")
    for each in (leaving, staying):
        studies.rate_all(enrolment=each, most=4)
    withdraw_consent(enrolment_id=leaving.pk)
    with pytest.raises(Refused, match="asked for it"):
        erase_marks(study_id=study.pk, enrolment_id=leaving.pk, by_id=olga.pk)
    withdraw_consent(enrolment_id=leaving.pk, erase=True)
    with pytest.raises(Refused):
        erase_marks(study_id=study.pk + 1, enrolment_id=leaving.pk, by_id=olga.pk)
    [row, _] = monitoring.monitor(study.pk).annotators
    assert (row.stage, row.erasure_due) == ("withdrawn", True)
    assert erase_marks(study_id=study.pk, enrolment_id=leaving.pk, by_id=olga.pk) == 12
    assert erase_marks(study_id=study.pk, enrolment_id=leaving.pk, by_id=olga.pk) == 0
    for rows in (Rating, Submission):
        owners = set(rows.objects.values_list("placement__enrolment", flat=True))
        assert owners == {staying.pk}
    assert RatingRevision.objects.count() == 12
    assert LedgerLine.objects.get(act="erased").by_id == olga.pk


def test_an_annotator_withdraws_on_the_page_and_an_owner_erases(study, client, olga):
    leaving = joined(study, "ann")
    studies.rate_all(enrolment=leaving, most=2)
    client.force_login(leaving.annotator)
    address = reverse("annotation:withdraw", args=[study.pk])
    assert address in client.get(reverse("annotation:my-studies")).content.decode()
    assert "cannot be taken back" in client.get(address).content.decode()
    assert client.post(address, {"erase": "on"}).status_code == 422
    assert Enrolment.objects.get(pk=leaving.pk).withdrawn_at is None
    done = client.post(address, {"erase": "on", "sure": "on"}, follow=True)
    assert "You withdrew your consent" in done.content.decode()
    for page in ("rate", "guidelines", "calibration", "withdraw"):
        assert client.get(reverse(f"annotation:{page}", args=[study.pk]), follow=True).redirect_chain
    client.force_login(olga)
    erase = reverse("annotation:study-erase", args=[study.pk, leaving.pk])
    monitor = client.get(reverse("annotation:study-monitor", args=[study.pk])).content.decode()
    assert erase in monitor
    assert client.get(erase).status_code == 405
    assert "6 marks are erased" in client.post(erase, follow=True).content.decode()
    assert not Rating.objects.exists()


def test_the_same_over_rest(study, olga):
    leaving = joined(study, "ann")
    studies.rate_all(enrolment=leaving, most=2)
    api, owner = APIClient(), APIClient()
    api.force_authenticate(leaving.annotator)
    owner.force_authenticate(olga)
    marks = f"/api/annotation/studies/{study.pk}/annotators/{leaving.pk}/marks/"
    assert owner.delete(marks).status_code == 409
    told = api.post(f"/api/annotation/rate/{study.pk}/withdrawal/", {"erase": True}, format="json")
    assert told.json()["stage"] == "withdrawn"
    assert api.post(f"/api/annotation/rate/{study.pk}/next/").status_code == 409
    assert api.delete(marks).status_code == 403
    assert owner.delete(marks).status_code == 204
    assert not Rating.objects.exists()
