"""Django's admin over a study's rows: an owner's own, and nothing of anybody else's."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from annotation.models.study import Criterion, Enrolment, Guidelines, Invitation, Study
from tests import builders
from tests.annotation import studies

pytestmark = pytest.mark.django_db

ROOM = "/admin/annotation"


@pytest.fixture
def study(olga: User) -> Study:
    study = studies.opened(owner=olga, title="Films of the evening")
    studies.enrol(study=study, person=builders.user("quentin", role="annotator"))
    return study


def rows(study: Study) -> dict[str, int]:
    """The admin's pages of one row each, by the model's name."""
    return {
        "study": study.pk,
        "enrolment": Enrolment.objects.get(study=study).pk,
        "invitation": Invitation.objects.get(study=study).pk,
        "criterion": Criterion.objects.filter(study=study).first().pk,
        "guidelines": Guidelines.objects.get(study=study).pk,
        "ledgerline": study.ledger.first().pk,
    }


def test_another_owner_opens_no_row_and_reads_of_none(client: Client, study: Study) -> None:
    client.force_login(builders.user("oskar", role="owner"))
    secrets = (
        study.title,
        "quentin",
        Enrolment.objects.get().completion_code,
        Invitation.objects.get().token,
    )
    for model, key in rows(study).items():
        listed = client.get(f"{ROOM}/{model}/")
        assert listed.status_code == 200, model
        assert not [word for word in secrets if word in listed.content.decode()], model
        for page in ("change", "history"):
            opened = client.get(f"{ROOM}/{model}/{key}/{page}/", follow=True).content.decode()
            assert not [word for word in secrets if word in opened], (model, page)


def test_nobody_can_guess_a_hidden_token_letter_by_letter(client: Client, study: Study) -> None:
    client.force_login(User.objects.create_superuser("root"))
    for model, field, secret in (
        ("invitation", "token", Invitation.objects.get(study=study).token),
        ("enrolment", "completion_code", Enrolment.objects.get(study=study).completion_code),
    ):
        assert secret
        for guess in (secret[:2], "zz"):
            asked = client.get(f"{ROOM}/{model}/", {f"{field}__startswith": guess})
            assert asked.status_code in (302, 400), (model, guess)


def test_an_owner_opens_their_own_rows_and_no_list_shows_a_token(
    client: Client, olga: User, study: Study
) -> None:
    client.force_login(olga)
    link, enrolment = Invitation.objects.get(), Enrolment.objects.get()
    assert link.token in client.get(f"{ROOM}/invitation/{link.pk}/change/").content.decode()
    assert (
        enrolment.completion_code in client.get(f"{ROOM}/enrolment/{enrolment.pk}/change/").content.decode()
    )
    assert link.token not in client.get(f"{ROOM}/invitation/").content.decode()
    assert study.title in client.get(f"{ROOM}/study/").content.decode()


def test_an_administrator_sees_every_study_and_no_token_or_code(client: Client, study: Study) -> None:
    client.force_login(User.objects.create_superuser("root"))
    link, enrolment = Invitation.objects.get(), Enrolment.objects.get()
    for address in (f"invitation/{link.pk}", f"enrolment/{enrolment.pk}"):
        page = client.get(f"{ROOM}/{address}/change/")
        assert page.status_code == 200
        assert study.title in page.content.decode()
        assert link.token not in page.content.decode()
        assert enrolment.completion_code not in page.content.decode()
