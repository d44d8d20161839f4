"""The front door, for each of those who come through it."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotation.models.study import Study
from prism_site import front_door
from tests import builders

pytestmark = pytest.mark.django_db


def study(status: str, *, title: str = "Films", owner: User) -> Study:
    """A study row in a status, without cards."""
    now = timezone.now()
    times = {
        "draft": {},
        "open": {"opened_at": now, "frozen_hash": "0" * 64},
        "closed": {"opened_at": now, "frozen_hash": "0" * 64, "closed_at": now},
        "unblinded": {"opened_at": now, "frozen_hash": "0" * 64, "closed_at": now, "unblinded_at": now},
    }
    return Study.objects.create(
        title=title,
        status=status,
        owner=owner,
        n_annotators=3,
        gap=1,
        seed=1,
        consent="Yes.",
        **times[status],
    )


def steps() -> list[str]:
    return [room.step.label for room in front_door.rooms() if room.step]


def test_a_stranger_is_asked_to_sign_in(client: Client) -> None:
    assert client.get("/").headers["Location"] == "/accounts/login/?next=/"


def test_each_role_lands_where_it_works(client: Client, ada: User, rosa: User) -> None:
    client.force_login(ada)
    assert client.get("/").headers["Location"] == reverse("annotation:my-studies")
    client.force_login(rosa)
    assert client.get("/").headers["Location"] == reverse("analysis:reports")


def test_a_person_without_a_role_reads_what_to_do(client: Client) -> None:
    client.force_login(builders.user("nell"))
    page = client.get("/").content.decode()
    assert "Welcome, nell" in page
    assert "invitation link" in page


def test_a_new_owner_has_one_next_step(client: Client, olga: User) -> None:
    client.force_login(olga)
    page = client.get("/").content.decode()
    assert steps() == ["Import a log"]
    assert page.count('class="button primary"') == 1
    assert "No system has explained anything yet." in page
    assert "No study was built yet." in page


def test_the_step_moves_on_with_the_work(olga: User) -> None:
    builders.corpus()
    assert steps() == ["Write explanations"]
    cases = builders.case_run(n_cases=4)
    builders.explain_run(over=cases, failing=(0,))
    assert steps() == ["Build a study"]
    assert front_door.rooms()[0].number == 3


def test_nothing_is_asked_while_runs_are_going(olga: User) -> None:
    builders.run(stage="import_log", status="running", corpus=builders.corpus(artefact="", sha256=""))
    generation = front_door.rooms()[0]
    assert generation.step is None
    assert [line.text for line in generation.lines] == ["1 run at work or in line"]


def test_failed_runs_are_said_first(olga: User) -> None:
    builders.run(status="running")
    broken = builders.run(stage="train_student", status="failed")
    failed, running = front_door.rooms()[0].lines
    assert (failed.text, failed.badge) == ("Student of Films", "failed")
    assert failed.url == reverse("generation:run", args=[broken.pk])
    assert running.badge == "running"


def test_a_failure_that_was_made_good_is_forgotten(olga: User) -> None:
    builders.run(stage="train_student", status="failed")
    builders.run(stage="train_student", status="done")
    assert front_door.rooms()[0].lines == ()


@pytest.mark.parametrize(
    ("statuses", "step"),
    [
        (("draft",), ["Finish the draft"]),
        (("draft", "open"), []),
        (("draft", "open", "closed"), ["Unblind the closed study"]),
        (("unblinded",), []),
    ],
)
def test_what_a_study_wants_of_its_owner(olga: User, statuses: tuple[str, ...], step: list[str]) -> None:
    builders.explain_run(over=builders.case_run())
    for status in statuses:
        study(status, owner=olga)
    assert steps() == step
    assert len(front_door.rooms()[1].lines) == len([each for each in statuses if each != "unblinded"])


def test_an_unblinded_study_waits_in_the_last_room(client: Client, olga: User) -> None:
    study("unblinded", title="Books, autumn", owner=olga)
    assert [line.text for line in front_door.rooms()[2].lines] == ["Books, autumn"]
    client.force_login(olga)
    assert "study unblinded" in client.get("/").content.decode()


def test_healthz_answers_anyone(client: Client) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.content == b"ok"
