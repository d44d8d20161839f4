from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from annotation.models.study import Enrolment, Invitation
from annotation.services.enrol_annotator import enrol_annotator
from annotation.services.invite import invite
from annotation.services.refusals import InvitationRefused, Refused
from annotation.services.revoke_invitation import revoke_invitation
from tests import builders
from tests.annotation import studies


def test_a_person_joins_once_however_often_the_link_is_followed(olga: User, ada: User) -> None:
    study = studies.opened(owner=olga)
    token = invite(study_id=study.pk, by_id=olga.pk, max_uses=5)
    first = enrol_annotator(token=token, annotator_id=ada.pk)
    assert enrol_annotator(token=token, annotator_id=ada.pk) == first
    assert Invitation.objects.get().uses == 1
    row = Enrolment.objects.get()
    assert (row.index, row.pseudonym) == (0, "A01")
    assert sorted(row.criteria_order) == ["faithfulness", "personalization", "persuasiveness"]


def test_somebody_new_becomes_an_annotator(olga: User) -> None:
    study = studies.opened(owner=olga)
    person = builders.user("newcomer")
    studies.enrol(study=study, person=person)
    assert User.objects.get(pk=person.pk).has_perm("annotation.rate")


def test_whoever_may_know_the_systems_cannot_rate(olga: User) -> None:
    study = studies.opened(owner=olga)
    token = invite(study_id=study.pk, by_id=olga.pk, max_uses=5)
    root = User.objects.create_superuser("root")
    reader = builders.user("rosa", role="researcher")
    recommender = builders.user("recommender", role="recommender")
    for person in (olga, builders.user("oscar", role="owner"), reader, recommender, root):
        with pytest.raises(InvitationRefused, match="may learn which system wrote what"):
            enrol_annotator(token=token, annotator_id=person.pk)
    assert Invitation.objects.get().uses == 0


def test_links_that_cannot_be_used_say_why(olga: User, ada: User) -> None:
    study = studies.opened(owner=olga)
    for change, words in (
        ({"uses": 1}, "has joined"),
        ({"expires_at": timezone.now() - timedelta(minutes=1)}, "expired"),
    ):
        token = invite(study_id=study.pk, by_id=olga.pk)
        Invitation.objects.filter(token=token).update(**change)
        with pytest.raises(InvitationRefused, match=words):
            enrol_annotator(token=token, annotator_id=ada.pk)
    token = invite(study_id=study.pk, by_id=olga.pk)
    assert revoke_invitation(study_id=study.pk, invitation_id=Invitation.objects.get(token=token).pk)
    with pytest.raises(InvitationRefused, match="withdrawn"):
        enrol_annotator(token=token, annotator_id=ada.pk)
    with pytest.raises(InvitationRefused, match="no such invitation"):
        enrol_annotator(token="made-up", annotator_id=ada.pk)
    draft = studies.draft(owner=olga)
    with pytest.raises(InvitationRefused, match="not open yet"):
        enrol_annotator(token=invite(study_id=draft.pk, by_id=olga.pk), annotator_id=ada.pk)


def test_invitations_make_sense(olga: User) -> None:
    study = studies.opened(owner=olga)
    for numbers in ({"max_uses": 0}, {"expires_in_days": 0}):
        with pytest.raises(Refused):
            invite(study_id=study.pk, by_id=olga.pk, **numbers)
