"""The online stage over REST: who may ask, what is answered, and what happens when too many ask."""

import threading
from collections.abc import Iterator, Sequence

import pytest
from rest_framework.test import APIClient

from generation import online
from generation.online import Online
from generation.pipeline.records import Case, Explanation, Signature
from generation.pipeline.serving.batcher import Batcher
from tests import builders
from tests.generation.pipeline.films import FILMS

pytestmark = pytest.mark.django_db
URL = "/api/explain"
BODY = {"user": "u1", "history": [FILMS[0].id, FILMS[1].id], "item": FILMS[2].id}
SIGNED = Signature("prism", "1", {"artefact": "abc"})


class Told:
    """Knows the user u1; has no words for the fourth film."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.words = ""
        """Written of every film, where there are any."""

    def __call__(self, cases: Sequence[Case]) -> list[Explanation]:
        self.gate.wait(10)
        return [
            Explanation(
                case.id,
                self.words or case.item.label,
                "filtered" if case.item == FILMS[3] else "ok",
                SIGNED,
                reason="refusal" if case.item == FILMS[3] else "",
                n_history_shown=len(case.history),
                unknown_user=case.user != "u1",
            )
            for case in cases
        ]


@pytest.fixture
def told() -> Iterator[Told]:
    told = Told()
    batcher = Batcher(told, max_waiting=2, linger_seconds=0)
    online.install(Online(7, "prism", str(SIGNED), True, {film.id: film for film in FILMS}, batcher))
    yield told
    online.install(None)
    told.gate.set()
    batcher.close()


@pytest.fixture
def api(db: None) -> APIClient:
    client = APIClient()
    client.force_authenticate(builders.user("netflix", role="recommender"))
    return client


def test_a_known_user_gets_a_personal_text(api: APIClient, told: Told) -> None:
    answer = api.post(URL, BODY, format="json").json()
    (one,) = answer["explanations"]
    assert (one["text"], one["status"]) == (FILMS[2].label, "ok")
    assert (one["personalised"], one["unknown_user"], one["note"]) == (True, False, "")
    assert (one["n_history_shown"], one["names_item"], answer["offline"]) == (2, True, False)
    assert answer["signature"] == "prism|artefact:abc|version:1"


@pytest.mark.parametrize("user", ["a stranger", None])
def test_an_unknown_user_gets_a_text_that_says_so(api: APIClient, told: Told, user: str | None) -> None:
    (one,) = api.post(URL, {**BODY, "user": user}, format="json").json()["explanations"]
    assert one["text"] == FILMS[2].label
    assert (one["personalised"], one["unknown_user"]) == (False, True)
    assert "history and the item alone" in one["note"]


def test_a_text_that_does_not_name_the_item_says_so(api: APIClient, told: Told) -> None:
    told.words = "A fine film for an evening like this."
    (one,) = api.post(URL, {**BODY, "user": None}, format="json").json()["explanations"]
    assert (one["text"], one["status"], one["names_item"]) == (told.words, "ok", False)
    assert one["note"].endswith("The text does not name the item: read it before anybody is shown it.")
    assert "history and the item alone" in one["note"]


def test_a_text_that_was_screened_out_is_not_handed_on(api: APIClient, told: Told) -> None:
    (one,) = api.post(URL, {**BODY, "item": FILMS[3].id}, format="json").json()["explanations"]
    assert (one["text"], one["status"], one["reason"]) == ("", "filtered", "refusal")


def test_a_list_is_answered_in_its_order(api: APIClient, told: Told) -> None:
    body = [BODY, {**BODY, "item": {"title": "Brand New", "year": 2026}}]
    answer = api.post(URL, body, format="json").json()
    assert [one["text"] for one in answer["explanations"]] == [FILMS[2].label, "Brand New (2026)"]


def test_faults_are_named_and_nothing_is_explained(api: APIClient, told: Told) -> None:
    refused = api.post(URL, {**BODY, "item": "no such film"}, format="json")
    assert refused.status_code == 422
    assert "catalogue" in refused.json()["item"]


def test_a_full_queue_answers_503_with_a_time_to_come_back(api: APIClient, told: Told) -> None:
    told.gate.clear()
    student = online.current()
    assert student is not None
    case = Case("c", "u1", (FILMS[0],), FILMS[1], "test")
    student.batcher.submit([case])
    while student.batcher.load().n_waiting:
        pass  # until the thread has taken it
    student.batcher.submit([case, case])
    refused = api.post(URL, BODY, format="json")
    assert refused.status_code == 503
    assert int(refused["Retry-After"]) >= 1
    assert "waiting" in refused.json()["detail"]


def test_who_may_ask(told: Told) -> None:
    codes = {}
    for role in ("annotator", "researcher", "recommender", "owner"):
        client = APIClient()
        client.force_authenticate(builders.user(role, role=role))
        codes[role] = client.post(URL, BODY, format="json").status_code
    assert codes == {"annotator": 403, "researcher": 403, "recommender": 200, "owner": 200}
    assert APIClient().post(URL, BODY, format="json").status_code == 401


def test_the_process_of_the_pages_says_where_to_go(api: APIClient) -> None:
    refused = api.post(URL, BODY, format="json")
    assert refused.status_code == 503
    assert "serve_student" in refused.json()["detail"]


def test_the_load_can_be_watched(api: APIClient, told: Told) -> None:
    api.post(URL, BODY, format="json")
    state = api.get(URL).json()
    assert (state["run"], state["n_explained"], state["n_waiting"]) == (7, 1, 0)
