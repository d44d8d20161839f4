"""Nothing that an annotator gets says which card is a repeat, a check or one with reference marks."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotation.models.card import CalibrationGold, Placement
from annotation.models.rating import CalibrationAnswer
from annotation.models.study import Criterion, Enrolment
from annotation.services.blind_check import blind_check
from annotation.services.claim_placement import claim_placement
from tests.annotation import studies
from tests.annotation.hidden import hidden_study

pytestmark = pytest.mark.django_db

TOLD = re.compile(r"repeat|attention|gold|recheck|re-check|wanted|reference", re.IGNORECASE)


@pytest.fixture
def placed(olga: User, ada: User, client: Client) -> list[Placement]:
    study = hidden_study(owner=olga)
    enrolment = studies.enrol(study=study, person=ada)
    claim_placement(enrolment_id=enrolment.pk)
    client.force_login(ada)
    rows = Placement.objects.filter(enrolment=enrolment).select_related("card").order_by("position")
    assert {row.kind for row in rows} == {"main", "repeat", "attention", "gold", "recheck"}
    return list(rows)


def skeleton(page: str) -> list[str]:
    """The tags of a page and the names of their attributes, in order."""
    tags = re.findall(r"<(/?\w+)((?:\s[^<>]*)?)>", page)
    named = [(tag, sorted(re.findall(r"([\w-]+)=", rest))) for tag, rest in tags]
    return [" ".join([tag, *names]) for tag, names in named]


def test_every_card_is_drawn_alike(placed: list[Placement], client: Client) -> None:
    study = placed[0].enrolment.study_id
    drawn = {}
    for row in placed[1:-1]:  # the first has no way back, the last a button of its own
        page = client.get(reverse("annotation:card", args=[study, row.token])).content.decode()
        assert row.card.explanation in page.replace("&#x27;", "'")
        drawn.setdefault(row.kind, []).append(skeleton(page))
        bare = page.replace(row.card.explanation, "")
        assert TOLD.findall(bare) == []
        assert f">{row.position + 1} of {len(placed)}<" in bare.replace("\n", "")
    everything = [one for pages in drawn.values() for one in pages]
    assert all(one == everything[0] for one in everything)


def test_every_card_says_the_same_over_rest(placed: list[Placement], client: Client) -> None:
    study = placed[0].enrolment.study_id
    for row in placed:
        claim_placement(enrolment_id=row.enrolment_id)
        card = client.get(f"/api/annotation/rate/{study}/cards/{row.token}/").json()
        assert set(card) == {
            "token",
            "study_title",
            "language",
            "case_history",
            "item",
            "explanation",
            "position",
            "total",
            "criteria",
            "ratings",
            "reasons",
            "version",
        }
        assert (card["position"], card["total"], card["ratings"]) == (row.position + 1, len(placed), {})
        answer = client.post(
            f"/api/annotation/rate/{study}/cards/{row.token}/",
            {"marks": dict.fromkeys(row.enrolment.criteria_order, 3), "key": row.token},
            content_type="application/json",
        ).json()
        assert set(answer) == {"version", "missing", "card_done", "study_done", "replayed"}
        assert client.get(f"/api/annotation/rate/{study}/cards/{row.token}/feedback/").status_code == 404
    progress = client.get(f"/api/annotation/rate/{study}/progress/").json()
    assert (progress["done"], progress["total"]) == (len(placed), len(placed))


def test_the_crawl_looks_at_hidden_cards_too_and_finds_the_study_blind(olga: User) -> None:
    study = hidden_study(owner=olga)
    found = blind_check(study_id=study.pk)
    assert found.leaks == ()


def test_a_system_called_as_this_software_is_looked_for(olga: User) -> None:
    study = hidden_study(owner=olga, systems=("prism", "Prism (full)", "prism-nouser"))
    found = blind_check(study_id=study.pk)
    assert found.leaks == ()
    assert "prism" not in found.not_looked_for
    study.cards.model._base_manager.filter(study=study).update(explanation="As Prism would put it.")
    assert {leak.secret for leak in blind_check(study_id=study.pk).leaks} == {"prism"}


def test_reference_marks_of_the_practice_rest_while_its_cards_may_come_again(
    placed: list[Placement], client: Client
) -> None:
    enrolment = placed[0].enrolment
    study, criteria = enrolment.study, Criterion.objects.filter(study=enrolment.study_id)
    card = CalibrationGold.objects.filter(card__study=study).first().card
    for criterion in criteria:
        CalibrationAnswer.objects.create(
            enrolment=enrolment,
            card=card,
            criterion=criterion,
            value=3,
            gold=4,
            attempt=1,
            guidelines_version=1,
        )
    page = reverse("annotation:feedback", args=[study.pk, card.token])
    call = f"/api/annotation/rate/{study.pk}/calibration/{card.token}/"
    assert client.get(page).status_code == 302
    assert client.get(call).status_code == 404
    again = client.post(call, {"marks": {}, "attempt": 1}, content_type="application/json")
    assert again.status_code in (400, 409, 422)
    assert "gold" not in again.content.decode()
    Enrolment.objects.filter(pk=enrolment.pk).update(finished_at=timezone.now())
    assert client.get(page).status_code == 200
    assert client.get(call).json()["criteria"][0]["gold"] == 4
