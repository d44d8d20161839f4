"""What the process that serves a student says of requests that never reach it."""

import pytest
from django.test import Client


@pytest.mark.urls("prism_site.urls_online")
def test_a_foreign_host_is_refused_in_json(settings):
    settings.ALLOWED_HOSTS = ["students.example.org"]
    answer = Client(raise_request_exception=False).post("/api/explain", headers={"host": "evil.example.org"})
    assert (answer.status_code, answer["content-type"]) == (400, "application/json")
    assert "host" in answer.json()["detail"]


@pytest.mark.urls("prism_site.urls_online")
def test_what_is_not_there_is_a_404_in_json():
    answer = Client().get("/nothing")
    assert (answer.status_code, list(answer.json())) == (404, ["detail"])
