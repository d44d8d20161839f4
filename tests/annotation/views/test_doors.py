"""Every address of this room tried by everybody: who gets in, and who does not."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from annotation.models.card import Card
from annotation.models.study import Study
from annotation.services.claim_placement import claim_placement
from annotation.urls import urlpatterns
from tests import builders
from tests.annotation.loud import enrolled, loud_study

pytestmark = pytest.mark.django_db

OPEN_TO_ALL = {"join"}
SIGNED_IN = {"my-studies", "signed-in"}
ANNOTATORS = {
    "rate",
    "consent",
    "guidelines",
    "calibration",
    "practice",
    "feedback",
    "gate",
    "card",
    "card-feedback",
    "guess",
    "board",
    "finish",
    "withdraw",
    "declined",
}
MARK = {"mark"}
POST_ONLY = {"study-open", "study-discard", "study-amend", "study-close", "study-unblind", "study-revoke"} | {
    "study-calibration-file",
    "study-erase",
    "study-exclude",
    "study-blind-check",
    "study-invite-list",
    "study-crowd-link",
    "study-let-return",
}
OWNERS = {str(pattern.name) for pattern in urlpatterns if str(pattern.name).startswith("stud")}


@pytest.fixture
def addresses(olga: User, ada: User) -> dict[str, str]:
    """Every address of the room, filled in for Olga's study and Ada's card in it."""
    study_id = loud_study(olga)
    enrolment_id = enrolled(study_id, ada, stage="rating")
    card = claim_placement(enrolment_id=enrolment_id)
    practice = Card.objects.filter(block__kind="calibration")[0].token
    known = {
        "study_id": study_id,
        "invitation_id": 1,
        "key": "faithfulness",
        "enrolment_id": enrolment_id,
        "form": "csv",
    }
    tokens = {
        "join": "no-such",
        "card": card,
        "board": card,
        "card-feedback": card,
        "mark": card,
        "practice": practice,
        "feedback": practice,
    }
    found = {}
    for pattern in urlpatterns:
        name = str(pattern.name)
        wanted = pattern.pattern.converters
        parts = {part: tokens[name] if part == "token" else known[part] for part in wanted}
        found[name] = reverse(f"annotation:{name}", kwargs=parts)
    return found


def status(client: Client, name: str, url: str) -> int:
    return (client.post if name in POST_ONLY | MARK else client.get)(url).status_code


def test_every_address_belongs_to_somebody(addresses: dict[str, str]) -> None:
    assert set(addresses) == OPEN_TO_ALL | SIGNED_IN | ANNOTATORS | MARK | OWNERS


def test_nobody_gets_past_a_door_signed_out(client: Client, addresses: dict[str, str]) -> None:
    for name, url in addresses.items():
        if name in OPEN_TO_ALL:
            continue
        if name in MARK:
            assert status(client, name, url) == 401
            continue
        response = (client.post if name in POST_ONLY else client.get)(url)
        assert response.status_code == 302, name
        assert response["Location"].startswith(reverse("account_login")), name


@pytest.mark.parametrize("person", ["ben", "rosa", "olga"])
def test_annotators_pages_are_for_who_takes_part(
    client: Client, addresses: dict[str, str], person: str, ben: User, rosa: User
) -> None:
    client.force_login(User.objects.get(username=person))
    for name in ANNOTATORS | MARK:
        assert status(client, name, addresses[name]) == 403, name


@pytest.mark.parametrize("person", ["ada", "ben", "rosa"])
def test_owners_pages_are_for_owners(
    client: Client, addresses: dict[str, str], person: str, ben: User, rosa: User
) -> None:
    client.force_login(User.objects.get(username=person))
    for name in OWNERS:
        assert status(client, name, addresses[name]) == 403, name
    assert Study.objects.get().status == "open"


def test_another_owner_finds_no_study_that_is_not_theirs(client: Client, addresses: dict[str, str]) -> None:
    client.force_login(builders.user("oskar", role="owner"))
    for name in OWNERS - {"studies", "study-new", "study-upload", "study-planner"}:
        assert status(client, name, addresses[name]) == 404, name
    assert "Why this film?" not in client.get(addresses["studies"]).content.decode()
    assert Study.objects.get().status == "open"


def test_who_belongs_gets_in(client: Client, addresses: dict[str, str], ada: User, olga: User) -> None:
    client.force_login(ada)
    for name in ANNOTATORS | SIGNED_IN:
        assert status(client, name, addresses[name]) in {200, 302}, name
    client.force_login(olga)
    for name in OWNERS - POST_ONLY:
        assert status(client, name, addresses[name]) == 200, name


def test_acts_are_not_done_by_following_a_link(client: Client, addresses: dict[str, str], olga: User) -> None:
    client.force_login(olga)
    for name in POST_ONLY:
        assert client.get(addresses[name]).status_code == 405, name


def test_a_form_from_elsewhere_is_refused(addresses: dict[str, str], ada: User, olga: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    for person, names in (
        (ada, {"card", "mark", "practice", "consent"}),
        (olga, POST_ONLY | {"study-upload"}),
    ):
        strict.force_login(person)
        for name in names:
            assert strict.post(addresses[name]).status_code == 403, name
