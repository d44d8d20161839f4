"""The page of the blind guess, as a browser without script meets it, and the same over REST."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from annotation.design.guessing import GuessPlan, WriterKind
from annotation.models.guess import Guess, GuessSheet
from tests import builders
from tests.annotation import studies
from tests.annotation.studies import LOUD_SYSTEMS

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(olga: User, ada: User) -> int:
    """A study with one question left for Ada."""
    kinds = (*GuessPlan().kinds[:2], WriterKind("parrot", "A parrot"))
    made = studies.opened(owner=olga, n_cases=3, guess=GuessPlan(3, kinds))
    studies.rate_all(enrolment=studies.enrol(study=made, person=ada))
    return made.pk


def page_of(client: Client, study: int, ada: User) -> str:
    client.force_login(ada)
    response = client.get(reverse("annotation:rate", args=[study]), follow=True)
    assert response.redirect_chain[-1][0] == reverse("annotation:guess", args=[study])
    return response.content.decode()


def test_a_person_guesses_without_script_and_comes_to_the_finish(
    client: Client, study: int, ada: User
) -> None:
    page = page_of(client, study, ada)
    names = sorted(set(re.findall(r'name="(writer-[^"]+)"', page)))
    assert len(names) == 3
    assert page.count("A parrot") == 3
    assert "checked" not in page
    assert not any(name.lower() in page.lower() for name in LOUD_SYSTEMS)
    answered = client.post(
        reverse("annotation:guess", args=[study]), {names[0]: "parrot", names[1]: "cannot-say"}
    )
    assert answered["Location"] == reverse("annotation:finish", args=[study])
    assert sorted(Guess.objects.values_list("kind", flat=True)) == ["cannot-say", "parrot"]
    assert "completion code" in client.get(answered["Location"]).content.decode()
    again = client.get(reverse("annotation:guess", args=[study]))
    assert again["Location"] == reverse("annotation:finish", args=[study])


def test_nothing_chosen_is_asked_once_more_and_passing_over_goes_on(
    client: Client, study: int, ada: User
) -> None:
    name = re.search(r'name="(writer-[^"]+)"', page_of(client, study, ada))[1]
    address = reverse("annotation:guess", args=[study])
    empty = client.post(address, {})
    assert empty.status_code == 422
    assert "or pass it over" in empty.content.decode()
    strange = client.post(address, {name: "Foghorn"})
    assert strange.status_code == 422
    assert client.post(address, {"writer-nobody": "person"}).status_code == 403
    assert not GuessSheet.objects.exists()
    assert client.post(address, {"pass": "1", name: "parrot"}).status_code == 302
    assert GuessSheet.objects.count() == 1
    assert not Guess.objects.exists()
    assert client.post(address, {name: "parrot"}).status_code == 409


def test_it_waits_on_my_studies_and_is_in_chinese(client: Client, study: int, ada: User) -> None:
    client.force_login(ada)
    mine = client.get(reverse("annotation:my-studies")).content.decode()
    assert "one question left" in mine
    assert reverse("annotation:guess", args=[study]) in mine
    chinese = client.get(
        reverse("annotation:guess", args=[study]), headers={"accept-language": "zh-CN"}
    ).content.decode()
    main = re.search(r"<main.*</main>", chinese, re.DOTALL)[0]
    assert "大型语言模型" in main
    assert "A parrot" in main, "an owner's own label stands as it is"
    assert "A large language model" not in main


def test_the_same_over_rest(study: int, ada: User) -> None:
    client = APIClient()
    client.force_authenticate(ada)
    at = f"/api/annotation/rate/{study}"
    assert client.get(f"{at}/").json()["stage"] == "guess"
    asked = client.get(f"{at}/guess/").json()
    assert [kind["key"] for kind in asked["kinds"]] == ["person", "large-model", "parrot"]
    assert set(asked["cards"][0]) == {"token", "item", "explanation", "language"}
    token = asked["cards"][0]["token"]
    assert client.post(f"{at}/guess/", {"guesses": {token: "x"}}, format="json").status_code == 422
    assert client.post(f"{at}/guess/", {"guesses": {"x": "parrot"}}, format="json").status_code == 403
    done = client.post(f"{at}/guess/", {"guesses": {token: "parrot"}}, format="json")
    assert (done.status_code, done.json()["stage"]) == (200, "finished")
    assert client.post(f"{at}/guess/", {"guesses": {}}, format="json").status_code == 409
    assert client.get(f"{at}/guess/").status_code == 204


def test_another_persons_question_is_nobody_elses(client: Client, study: int) -> None:
    client.force_login(builders.user("eve", role="annotator"))
    assert client.get(reverse("annotation:guess", args=[study])).status_code == 403
