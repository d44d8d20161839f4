"""The whole REST interface against its own schema: nothing crashes it, and it answers only as it says."""

import json
import zlib
from collections.abc import Iterator, Sequence
from typing import Any
from unittest.mock import patch

import pytest
import schemathesis
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, settings
from rest_framework.authtoken.models import Token
from rest_framework.throttling import SimpleRateThrottle
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks

from annotation import overview
from annotation.services.claim_placement import claim_placement
from annotation.services.invite import invite
from generation import online
from generation.online import Online
from generation.pipeline.records import Case, Explanation, Signature
from generation.pipeline.serving.batcher import Batcher
from prism_site.wsgi import application
from tests import builders
from tests.analysis import reports
from tests.annotation.loud import enrolled, explanation_file, loud_study

pytestmark = pytest.mark.django_db

KNOWN: dict[str, list[Any]] = {}
"""Path parameter or body field -> values that exist, so that most requests reach the services."""

DOCUMENT = json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True)))
schema = schemathesis.openapi.from_dict(DOCUMENT)
schema.app = application

CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
]


def _room(path: str) -> str:
    return path.split("/")[-1 if path == "/api/explain" else 3]


def steer(case: schemathesis.Case) -> None:
    """Put what exists in the place of most numbers, tokens and names that were made up."""
    pick = zlib.crc32(repr((case.path_parameters, case.body)).encode("utf-8", "surrogatepass"))
    room = _room(case.operation.path)
    if pick % 4:
        for name in case.path_parameters or {}:
            known = KNOWN.get(f"{room}.{name}")
            if known:
                case.path_parameters[name] = known[pick % len(known)]
    if isinstance(case.body, dict) and pick % 3:
        case.body.update({name: KNOWN[f"body.{name}"][0] for name in case.body if f"body.{name}" in KNOWN})


def told_nothing(cases: Sequence[Case]) -> list[Explanation]:
    """A student of few words, for the endpoint of the online stage."""
    return [Explanation(case.id, "", "empty", Signature("prism", "1"), reason="empty") for case in cases]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, str]]:
    """One installation for all requests, each of which is undone. Role -> token."""
    # Each test's own transaction lies inside this one, so ending it must not close the connection.
    with django_db_blocker.unblock(), transaction.atomic(), patch.object(connection, "close"):
        olga, ada = builders.user("olga", role="owner"), builders.user("ada", role="annotator")
        case_run = builders.case_run()
        explained = builders.explain_run(over=case_run, failing=(1,))
        rejected = {"file": "a.csv", "line": 3, "field": "year", "reason": "x", "remedy": "y", "text": "z"}
        runs = [
            builders.run(stage="import_log", status="done", report={"rejected": [rejected]}),
            case_run,
            explained,
            builders.run(status="failed"),
            builders.run(),
        ]
        draft, opened = loud_study(olga, opened=False), loud_study(olga, title="Which film?")
        enrolment = enrolled(opened, ada, stage="rating")
        claimed = claim_placement(enrolment_id=enrolment)
        practising = loud_study(olga, title="What film?")
        enrolled(practising, ada, stage="calibration")
        links = {invite(study_id=study, by_id=olga.pk): study for study in (draft, opened)}
        report = reports.report(study=reports.rated(owner=olga))
        gold = [card.token for study in (draft, practising) for card in overview.gold_cards(study)]
        KNOWN.update(
            {
                "corpora.id": [runs[0].corpus_id],
                "runs.id": [run.pk for run in runs],
                "rate.study_id": [opened, practising],
                "rate.token": [claimed, *gold[-2:]],
                "studies.study_id": [draft, opened, report.study_id],
                "studies.token": gold[:2],
                "studies.key": ["faithfulness"],
                "studies.enrolment_id": [enrolment],
                "studies.form": ["csv", "jsonl", "parquet"],
                "studies.invitation_id": [
                    row.id for study in (draft, opened) for row in overview.invitations(study)
                ],
                "join.token": list(links),
                "reports.report_id": [report.pk, reports.report(study=report.study, done=False).pk],
                "reports.key": ["overview", "comparisons"],
                "body.rows": [explanation_file(n_cases=12)],
                "body.rows_format": ["jsonl"],
                "body.explain_run_ids": [[]],
                "body.n_calibration": [1],
                "body.n_cases": [None],
                "body.n_annotators": [120],
                "body.language": ["en"],
                "body.study": [report.study_id],
                "body.corpus": [runs[0].corpus_id],
                "body.needs": [[runs[0].pk]],
                "body.log_format": ["builtin"],
                "body.systems": [["template-knn"]],
                "body.version": [1],
                "body.marks": [dict.fromkeys(("persuasiveness", "personalization", "faithfulness"), 4)],
                "body.reasons": [{}],
                "body.rationales": [{"faithfulness": "Because."}],
            }
        )
        batcher = Batcher(told_nothing)
        online.install(Online(1, "prism", "prism|version:1", True, {}, batcher))
        yield {person.username: Token.objects.create(user=person).key for person in (olga, ada)}
        online.install(None)
        batcher.close()
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _unthrottled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SimpleRateThrottle, "allow_request", lambda *args: True)


def _who(path: str) -> str:
    return "ada" if "/annotation/rate/" in path or "/annotation/join/" in path else "olga"


@schema.parametrize()
@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_the_schema_promises(case: schemathesis.Case, world: dict[str, str]) -> None:
    headers = {"Authorization": f"Token {world[_who(case.operation.path)]}"}
    steer(case)
    with transaction.atomic():
        response = case.call(headers=headers)
        transaction.set_rollback(True)
    case.validate_response(response, checks=CHECKS, headers=headers)


RUBBISH = {
    "bytes that are not UTF-8": (b'{"title": "\xff\xfe"}', "application/json", 400),
    "half an object": (b'{"title":', "application/json", 400),
    "NUL in a text": (rb'{"title": "a\u0000b"}', "application/json", 400),
    "half a character": (rb'{"title": "\ud800"}', "application/json", 400),
    "NUL in a name": (rb'{"a\u0000b": 1}', "application/json", 400),
    "an infinite number": (b'{"options": {"x": 1e999}}', "application/json", 400),
    "not a number": (b'{"seconds": NaN}', "application/json", 400),
    "a number without end": (b'{"seed": ' + b"9" * 5000 + b"}", "application/json", 400),
    "a well without ground": (b"[" * 100_000, "application/json", 400),
    "a list": (b"[1, 2]", "application/json", 422),
    "a text": (b'"text"', "application/json", 422),
    "XML": (b"<a/>", "application/xml", 415),
}
WITH_BODY = [
    (method, path, "application/json" in operation["requestBody"]["content"])
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
    if "requestBody" in operation
]


@pytest.mark.parametrize("rubbish", RUBBISH)
def test_rubbish_is_refused_at_every_door_that_reads_a_body(rubbish: str, world: dict[str, str]) -> None:
    body, content_type, expected = RUBBISH[rubbish]
    first = {"study_id": "rate.study_id", "token": "rate.token", "id": "runs.id", "key": "studies.key"}
    first |= {"enrolment_id": "studies.enrolment_id"}
    for method, path, reads_json in WITH_BODY:
        room = _room(path)
        known = {name: KNOWN.get(f"{room}.{name}", KNOWN[other])[0] for name, other in first.items()}
        answer = Client(headers={"Authorization": f"Token {world[_who(path)]}"}).generic(
            method.upper(), path.format(**known), body, content_type
        )
        # A door for files alone reads no JSON, so all of this is of a type it does not read.
        assert answer.status_code == (expected if reads_json else 415), (method, path, answer.content)
        assert answer["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "query", ["limit=99999999999999999999&offset=99999999999999999999", "limit=-1&offset=x"]
)
def test_pages_beyond_the_last_are_empty_or_the_first(query: str, world: dict[str, str]) -> None:
    client = Client(headers={"Authorization": f"Token {world['olga']}"})
    answer = client.get(f"/api/generation/runs/?{query}")
    assert answer.status_code == 200
    assert bool(answer.json()["results"]) == ("x" in query)


def test_an_address_that_does_not_exist_is_told_in_json(world: dict[str, str]) -> None:
    for method in ("get", "post", "delete"):
        answer = getattr(Client(), method)("/api/annotation/studies")
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/json")
        assert "slash" in answer.json()["detail"]


def test_the_schema_is_written_without_a_warning() -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", "/dev/null")
