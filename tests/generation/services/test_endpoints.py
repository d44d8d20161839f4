from typing import Any

import pytest

from generation.services.distil_teacher import load_teacher
from generation.services.endpoints import check_recommender, is_allowed, key_for
from generation.services.parameters import BadParameters, read_parameters
from generation.services.queue_run import _with_paths
from tests import builders

ALLOWED = "https://models.example.org/v1"
ENDPOINT = {"teacher": "endpoint", "endpoint": ALLOWED, "endpoint_model": "tiny"}


@pytest.fixture(autouse=True)
def operator(settings: Any) -> None:
    settings.PRISM_ENDPOINTS, settings.PRISM_ENDPOINT_KEY = [ALLOWED], "sk-secret"


def test_only_listed_addresses_may_be_named_through_the_web() -> None:
    assert is_allowed("https://MODELS.example.org/v1/")
    for other in ("http://models.example.org/v1", "https://models.example.org", "http://169.254.169.254/v1"):
        assert not is_allowed(other)
        with pytest.raises(BadParameters, match="PRISM_ENDPOINTS"):
            _with_paths({**ENDPOINT, "endpoint": other}, through_the_web=True)
    assert _with_paths(ENDPOINT, through_the_web=True)["endpoint"] == ALLOWED


@pytest.mark.django_db
def test_an_address_taken_off_the_list_is_asked_no_more(settings: Any, olga: Any) -> None:
    run = builders.run(
        stage="distil_teacher", parameters=read_parameters("distil_teacher", ENDPOINT).as_json()
    )
    by_olga = builders.run(
        stage="distil_teacher", corpus=run.corpus, parameters=run.parameters, created_by=olga
    )
    assert load_teacher(by_olga, ()).base_url == ALLOWED
    settings.PRISM_ENDPOINTS = []
    with pytest.raises(ValueError, match="PRISM_ENDPOINTS"):
        load_teacher(by_olga, ())
    assert load_teacher(run, ()).base_url == ALLOWED  # queued from a shell, which may name any


def test_a_recommender_is_one_of_the_list_or_the_refusal_names_it(settings: Any) -> None:
    settings.PRISM_RANKER_URLS = ["https://recommender.example.org:443"]
    check_recommender("https://recommender.example.org/top")
    with pytest.raises(ValueError, match="Allowed are https://recommender"):
        check_recommender("https://elsewhere.example.org/top")


def test_the_key_goes_to_listed_addresses_alone() -> None:
    assert key_for(ALLOWED) == "sk-secret"
    assert key_for("https://elsewhere.example.org/v1") == ""


@pytest.mark.parametrize("through_the_web", [True, False])
def test_a_key_is_never_kept_with_a_run(through_the_web: bool) -> None:
    with pytest.raises(BadParameters, match="never kept"):
        _with_paths({**ENDPOINT, "options": {"api_key": "sk"}}, through_the_web=through_the_web)


def test_an_endpoint_waits_in_the_queue_of_other_peoples_servers() -> None:
    assert read_parameters("distil_teacher", ENDPOINT).queue == "http"


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("endpoint", {"endpoint": "file:///etc/passwd"}),
        ("endpoint_model", {"endpoint_model": ""}),
        ("max_cost", {"max_cost": 5.0}),
    ],
)
def test_an_endpoint_that_cannot_be_asked_is_refused_by_field(field: str, change: dict) -> None:
    with pytest.raises(BadParameters) as refusal:
        read_parameters("distil_teacher", {**ENDPOINT, **change})
    assert refusal.value.field == field
