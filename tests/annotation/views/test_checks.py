"""The owner's page of hidden cards, the same over REST, and what the monitor makes of them."""

import html
import re
from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from annotation.design.checks import CheckPlan, Recheck
from annotation.models.card import Placement
from annotation.models.study import Enrolment, Study
from annotation.services.claim_placement import claim_placement
from tests import builders
from tests.annotation import studies
from tests.annotation.hidden import PLAN, hidden_study, judge_all

pytestmark = pytest.mark.django_db

SENT = {
    "repeats": "10%",
    "repeat_gap": 5,
    "attention": 1,
    "texts": "Please choose 3 for every question.\n",
    "gold": "1",
    "recheck_after": 6,
    "recheck_n": 1,
    "recheck_feedback": "on",
    "attention_failed": 0,
    "gold_near": 60,
    "repeats_near": "",
}


def text(answer: object) -> str:
    bare = re.sub("<[^>]*>", " ", answer.content.decode())  # type: ignore[attr-defined]
    return " ".join(html.unescape(bare).split())


@pytest.fixture
def draft(olga: User, client: Client) -> Study:
    client.force_login(olga)
    return studies.draft(owner=olga)


def page_of(study: Study) -> str:
    return reverse("annotation:study-checks", args=[study.pk])


def test_an_owner_hides_cards_in_a_draft(draft: Study, client: Client) -> None:
    assert "This text explains nothing" in text(client.get(page_of(draft)))
    assert client.post(page_of(draft), SENT).status_code == 302
    draft.refresh_from_db()
    plan = CheckPlan.of(draft.plan)
    assert (str(plan.repeats), plan.gold.n, plan.texts[0].mark) == ("10%", 1, 3)
    assert (plan.recheck.after, plan.recheck.feedback) == (6, True)
    assert (plan.rules.attention_failed, plan.rules.gold_near, plan.rules.repeats_near) == (0, 0.6, None)
    said = text(client.get(reverse("annotation:study", args=[draft.pk])))
    assert "repeats: 10%, 5 cards later or more" in said
    assert "re-check: 1, after 6 cards" in said
    shown = client.get(page_of(draft)).content.decode()
    assert 'value="10%"' in shown
    nothing = {**SENT, "repeats": "", "attention": 0, "gold": "", "recheck_after": ""}
    nothing |= {"attention_failed": "", "gold_near": ""}
    client.post(page_of(draft), nothing)
    draft.refresh_from_db()
    assert "checks" not in draft.plan


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"repeats": "some"}, "Write a number such as 3, or a share such as 5%"),
        ({"repeats": "40"}, "can be repeated and not 40"),
        ({"texts": "Please choose well."}, "not on the scale"),
        ({"texts": "Foghorn says: choose 3."}, "names the system"),
        ({"texts": "choose " + "9" * 5000}, "not on the scale"),
        ({"texts": "choose 2\n" * 101}, "can be kept, not 101"),
        ({"repeats": "1_0"}, "Write a number such as 3, or a share such as 5%"),
        ({"gold": "2"}, "3 are planned, and the set has 2"),
        ({"repeats_near": 70, "repeats": ""}, "repeats, and none is planned"),
    ],
)
def test_what_cannot_be_hidden_comes_back_with_what_was_sent(
    draft: Study, client: Client, change: dict[str, object], said: str
) -> None:
    answer = client.post(page_of(draft), {**SENT, **change})
    assert answer.status_code == 422
    assert said in text(answer)
    draft.refresh_from_db()
    assert "checks" not in draft.plan


def test_an_opened_study_shows_what_it_hides_and_changes_nothing(olga: User, client: Client) -> None:
    client.force_login(olga)
    study = hidden_study(owner=olga)
    said = text(client.get(page_of(study)))
    assert "2, at least 3 cards later" in said
    assert "who fails more than 0 attention checks" in said
    assert "less than 60%" in said
    assert client.post(page_of(study), SENT).status_code == 409
    study.refresh_from_db()
    assert CheckPlan.of(study.plan) == PLAN
    bare = studies.opened(owner=olga)
    assert "opened without any" in text(client.get(page_of(bare)))


def test_the_same_over_rest(draft: Study, olga: User) -> None:
    api = APIClient()
    api.force_authenticate(olga)
    url = f"/api/annotation/studies/{draft.pk}/checks/"
    assert api.get(url).json()["attention"] == 0
    sent = {"repeats": {"share": 0.1}, "attention": 2, "gold": {"n": 1}, "rules": {"attention_failed": 1}}
    told = api.put(url, sent, format="json").json()
    assert told["repeats"] == {"n": 0, "share": 0.1}
    assert [one["mark"] for one in told["texts"]] == [2, 4]
    assert told["rules"] == {"attention_failed": 1, "gold_near": None, "repeats_near": None}
    refused = api.put(url, {"gold": {"n": 3}}, format="json")
    assert refused.status_code == 422
    assert "the set has 2" in refused.json()["checks"][0]
    both = api.put(url, {"repeats": {"n": 1, "share": 0.1}}, format="json")
    assert both.status_code == 422
    assert api.delete(url).status_code == 204
    assert api.get(url).json()["attention"] == 0
    Study._base_manager.filter(pk=draft.pk).update(
        status="open", opened_at="2026-01-01T00:00Z", frozen_hash="x"
    )
    assert api.put(url, sent, format="json").status_code == 409
    assert api.delete(url).status_code == 409


def test_the_monitor_tells_how_people_judge_and_excludes_by_the_plan_with_one_button(
    olga: User, client: Client
) -> None:
    study = hidden_study(owner=olga)
    careful, careless = (
        studies.enrol(study=study, person=builders.user(name, role="annotator")) for name in "uv"
    )
    judge_all(careful)
    judge_all(careless, fails=True)
    client.force_login(olga)
    monitor = reverse("annotation:study-monitor", args=[study.pk])
    page = client.get(monitor)
    said = text(page)
    assert "By the plan's rules" in said
    assert f"{careless.pseudonym} failed 2 attention checks" in said
    assert "2 / 2" in said
    assert "0 / 2" in said
    form = next(
        one
        for one in re.findall(r"<form.*?</form>", page.content.decode(), re.DOTALL)
        if "By the plan:" in one
    )
    fields = dict(re.findall(r'name="(annotator|rule|reason)" value="([^"]*)"', form))
    answer = client.post(reverse("annotation:study-exclude", args=[study.pk]), fields, follow=True)
    assert "marks are left out" in text(answer)
    assert "By the plan's rules" not in text(answer)
    assert Enrolment.objects.get(pk=careless.pk).excluded_at
    api = APIClient()
    api.force_authenticate(olga)
    told = api.get(f"/api/annotation/studies/{study.pk}/monitor/").json()
    first = next(row for row in told["annotators"] if row["pseudonym"] == careful.pseudonym)
    assert first["judging"]["attention"] == [True, True]
    assert first["judging"]["repeats"]["near"] == 1.0
    assert told["candidates"] == []


def test_the_reference_is_shown_after_a_card_of_the_re_check_where_it_is_planned(
    olga: User, ada: User, client: Client
) -> None:
    plan = CheckPlan.of({"checks": {**PLAN.as_json(), "recheck": {"after": 3, "n": 1, "feedback": True}}})
    study = hidden_study(owner=olga, plan=plan)
    enrolment = studies.enrol(study=study, person=ada)
    client.force_login(ada)
    claim_placement(enrolment_id=enrolment.pk)
    marks = {f"mark-{key}": 3 for key in enrolment.criteria_order}
    check = Placement.objects.get(enrolment=enrolment, kind="recheck")
    for row in Placement.objects.filter(enrolment=enrolment, position__lte=check.position).order_by(
        "position"
    ):
        address = reverse("annotation:card", args=[study.pk, row.token])
        compared = reverse("annotation:card-feedback", args=[study.pk, row.token])
        assert client.get(compared).status_code == 302  # nothing is told before
        script = {"hx-request": "true"} if row.pk == check.pk else {}
        answer = client.post(address, {"key": row.token, **marks}, headers=script)
        assert (answer.headers.get("HX-Redirect") == compared) == (row.pk == check.pk)
    said = text(client.get(compared))
    assert "How your marks compare on this card" in said
    assert "That is what the page supports." in said
    over_rest = client.get(f"/api/annotation/rate/{study.pk}/cards/{check.token}/feedback/").json()
    assert {one["own"] for one in over_rest["criteria"]} == {3}
    swapped = client.post(address, {"key": "new", **marks, "version": 1}, headers={"hx-request": "true"})
    assert swapped.status_code == 409  # the marks stand


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (None, "From here on there is no feedback."),
        (PLAN, "From here on there is no feedback."),
        (replace(PLAN, recheck=Recheck(after=3, n=1, feedback=True)), "feedback on a few texts at most."),
    ],
)
def test_what_is_said_after_the_gate_is_true_of_the_plan(olga, ada, client, plan, said):
    study = studies.opened(owner=olga) if plan is None else hidden_study(owner=olga, plan=plan)
    studies.enrol(study=study, person=ada)
    client.force_login(ada)
    page = text(client.get(reverse("annotation:gate", args=[study.pk])))
    assert said in page
    assert "hidden" not in page
