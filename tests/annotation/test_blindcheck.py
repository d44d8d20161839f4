import json

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from rest_framework.test import APIClient

from annotation import overview
from annotation.design.guessing import GuessPlan, WriterKind
from annotation.models.card import Card, Placement
from annotation.models.ledger import LedgerLine
from annotation.models.study import Enrolment, Study
from annotation.services.blind_check import blind_check
from annotation.services.close_study import close_study
from tests.annotation import studies

pytestmark = pytest.mark.django_db


def state():
    return (
        Enrolment.objects.count(),
        Placement.objects.count(),
        list(Study.objects.values_list("status", "frozen_hash")),
    )


@pytest.mark.parametrize("status", ["draft", "open", "closed"])
def test_an_honest_study_is_blind_and_nothing_of_the_check_stays(olga, status, capsys):
    study = studies.draft(owner=olga) if status == "draft" else studies.opened(owner=olga)
    if status == "closed":
        close_study(study_id=study.pk, by_id=olga.pk)
    before = state()
    call_command("blindcheck", study.pk)
    assert "Blind: " in capsys.readouterr().out
    assert state() == before
    found = blind_check(study_id=study.pk)
    assert found.n_addresses > 20
    assert found.n_secrets > 15  # three names and the keys of the cases


@pytest.mark.parametrize("where", ["explanation", "title", "guidelines", "guess"])
def test_a_name_anywhere_is_found_whatever_its_case(olga, where):
    study = studies.opened(owner=olga)
    name = "as FOGHORN put it"
    if where == "explanation":
        Card._base_manager.filter(study=study).update(explanation=name)
    elif where == "title":
        Study._base_manager.filter(pk=study.pk).update(title=name)
    elif where == "guess":  # asked after the last card, on a page of its own
        plan = {**study.plan, "guess": GuessPlan(1, (WriterKind("a", "A"), WriterKind("b", name))).as_json()}
        Study._base_manager.filter(pk=study.pk).update(plan=plan)
    else:
        study.guidelines.model._base_manager.filter(study=study).update(text=name)
    with pytest.raises(CommandError, match="the body holds 'Foghorn'"):
        call_command("blindcheck", study.pk)


def test_a_header_that_names_a_system_is_found(olga, settings):
    study = studies.opened(owner=olga)
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.leaking"]
    leaks = blind_check(study_id=study.pk).leaks
    assert {leak.where for leak in leaks} == {"header X-Writer"}
    assert {leak.secret for leak in leaks} == {"Megaphone"}


def leaking(get_response):
    def answer(request):
        response = get_response(request)
        response["X-Writer"] = "megaphone"
        return response

    return answer


def test_no_such_study_is_said():
    with pytest.raises(CommandError, match="There is no study 9"):
        call_command("blindcheck", 9)


def test_a_study_says_how_well_systems_can_be_told_apart(olga, client):
    study = studies.draft(owner=olga)
    apart = study.plan["detectability"]
    assert apart["chance"] == pytest.approx(1 / 3)
    client.force_login(olga)
    page = " ".join(client.get(f"/studies/{study.pk}/").content.decode().split())
    assert "By the surface of the texts alone" in page
    assert "guessing gives 33%" in page


def test_opening_writes_into_the_ledger_that_the_pages_are_blind(olga, client):
    client.force_login(olga)
    study = studies.draft(owner=olga)
    page = reverse("annotation:study", args=[study.pk])
    assert "Blind on the wire" not in client.get(page).content.decode()
    client.post(reverse("annotation:study-open", args=[study.pk]))
    checked = overview.checked_pages(study.pk)
    assert (checked.n_leaks, checked.n_addresses > 20) == (0, True)
    assert [row.act for row in overview.ledger(study.pk)] == ["Opened", "Checked to be blind"]
    assert "0 found" in client.get(page).content.decode()
    call_command("verify_log", study.pk)


def test_a_leak_is_told_to_the_owner_and_counted_in_the_ledger(olga, client):
    client.force_login(olga)
    study = studies.opened(owner=olga)
    Card._base_manager.filter(study=study).update(explanation="as FOGHORN put it")
    answer = client.post(reverse("annotation:study-blind-check", args=[study.pk]), follow=True)
    page = answer.content.decode()
    assert "Annotators can read which system wrote what" in page
    assert "a name can be read" in page
    assert "foghorn" not in json.dumps(list(LedgerLine.objects.values_list("facts", flat=True))).lower()
    api = APIClient()
    api.force_authenticate(olga)
    told = api.post(f"/api/annotation/studies/{study.pk}/blind-check/").json()
    assert any("foghorn" in leak.lower() for leak in told["leaks"])


@pytest.mark.parametrize(
    "template",
    [
        "account/signup.html",
        "account/login.html",
        "account/password_reset.html",
        "404.html",
        "500.html",
        "403_csrf.html",
    ],
)
def test_doors_and_error_pages_are_looked_at_too(olga, settings, tmp_path, template):
    study = studies.opened(owner=olga)
    leaking_page = tmp_path / template
    leaking_page.parent.mkdir(exist_ok=True)
    leaking_page.write_text("As Foghorn put it.")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]
    leaks = blind_check(study_id=study.pk).leaks
    assert {leak.secret for leak in leaks} == {"Foghorn"}
