import csv
import io
import json

import pyarrow.parquet as pq
import pytest
from rest_framework.test import APIClient

from annotation.models.rating import Rating
from annotation.services.claim_placement import claim_placement
from annotation.services.submit_rating import submit_rating
from annotation.services.withdraw_consent import withdraw_consent
from tests import builders
from tests.annotation import studies

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(olga):
    study = studies.opened(owner=olga)
    for name, n in (("ann", 4), ("bob", 2)):
        person = builders.user(name, role="annotator")
        enrolment = studies.enrol(study=study, person=person)
        studies.rate_all(enrolment=enrolment, most=n)
    token = claim_placement(enrolment_id=enrolment.pk)
    keys = enrolment.criteria_order
    submit_rating(
        placement_token=token,
        annotator_id=person.pk,
        marks={keys[0]: None, keys[1]: 5},
        reasons={keys[0]: "=HYPERLINK(1) was all, “really”"},
        seconds=3,
        key="half",
        finish=False,
    )
    withdraw_consent(enrolment_id=study.enrolments.get(index=0).pk)
    return study


def read(form, body):
    if form == "csv":
        return list(csv.DictReader(io.StringIO(body.decode())))
    if form == "jsonl":
        return [json.loads(line) for line in body.decode().splitlines()]
    return pq.read_table(io.BytesIO(body)).to_pylist()


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_every_stored_mark_is_a_row_and_no_system_is_named(study, client, olga, form):
    client.force_login(olga)
    answer = client.get(f"/studies/{study.pk}/ratings.{form}")
    body = b"".join(answer.streaming_content)
    rows = read(form, body)
    assert len(rows) == int(answer["Rows"]) == Rating.objects.count() == 6 * 3 + 2
    counted = [row for row in rows if row["counted"] in (True, "True")]
    assert {row["annotator"] for row in counted} == {"A02"}
    assert len(counted) == 8
    unjudged = [row for row in rows if row["value"] in (None, "")]
    assert [row["reason"].lstrip("'") for row in unjudged] == ["=HYPERLINK(1) was all, “really”"]
    assert form != "csv" or unjudged[0]["reason"].startswith("'=")
    plain = str(rows) if form == "parquet" else body.decode()
    assert not any(name in plain for name in studies.LOUD_SYSTEMS)


def test_rest_gives_the_same_and_knows_no_other_form(study, olga):
    api = APIClient()
    api.force_authenticate(olga)
    answer = api.get(f"/api/annotation/studies/{study.pk}/ratings.jsonl")
    assert len(read("jsonl", b"".join(answer.streaming_content))) == int(answer["Rows"])
    assert api.get(f"/api/annotation/studies/{study.pk}/ratings.xlsx").status_code == 404
