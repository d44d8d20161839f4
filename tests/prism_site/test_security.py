"""The Content-Security-Policy is strict, and no page of ours needs it to be less so."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client, RequestFactory

from prism_site.security import CONTENT_SECURITY_POLICY, SecurityHeaders
from tests import builders

BESIDE_THE_SITE = {"report_file.html"}
"""A report as a file of its own: no server sends it, so it carries its style inside."""
TEMPLATES = sorted(
    path for path in (settings.BASE_DIR / "templates").rglob("*.html") if path.name not in BESIDE_THE_SITE
)


def test_the_policy_allows_own_files_alone() -> None:
    assert "default-src 'self'" in CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "http" not in CONTENT_SECURITY_POLICY


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/accounts/login/", "/healthz", "/no/such/page", "/admin/login/", "/api/docs/"]
)
def test_every_answer_carries_the_policy(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert "camera=()" in answer.headers["Permissions-Policy"]


def test_a_view_may_set_its_own_policy() -> None:
    own = HttpResponse(headers={"Content-Security-Policy": "default-src 'none'"})
    answer = SecurityHeaders(lambda request: own)(RequestFactory().get("/"))
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'"


@pytest.mark.parametrize(
    ("debug", "status", "sent"), [(True, 500, False), (True, 200, True), (False, 500, True)]
)
def test_only_the_debugging_pages_go_without(settings, debug: bool, status: int, sent: bool) -> None:
    settings.DEBUG = debug
    answer = SecurityHeaders(lambda request: HttpResponse(status=status))(RequestFactory().get("/"))
    assert ("Content-Security-Policy" in answer.headers) is sent


@pytest.mark.parametrize(
    "path", TEMPLATES, ids=lambda path: str(path.relative_to(settings.BASE_DIR / "templates"))
)
def test_no_template_has_inline_style_or_script(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=", text), (
        "move it to site.css; a width that depends on data is a <progress>"
    )
    assert not re.search(r"<style\b", text)
    assert not re.search(r"\son[a-z]+=|\shx-on[:=]|javascript:|['\"]js:", text)
    scripts = re.findall(r"<script\b([^>]*)>", text)
    assert all("src=" in attributes or "application/json" in attributes for attributes in scripts)


@pytest.mark.django_db
def test_the_interface_page_loads_nothing_from_elsewhere(client: Client, olga: User) -> None:
    client.force_login(olga)
    page = client.get("/api/docs/").content.decode()
    assert re.findall(r'(?:src|href)="(?:https?:)?//', page) == []
    assert "<style" not in page
    assert client.get("/api/docs/?script=").headers["Content-Type"].startswith("application/javascript")


@pytest.mark.django_db
def test_htmx_swaps_a_refused_answer_and_evaluates_nothing(client: Client) -> None:
    page = client.get("/accounts/login/").content.decode()
    config = json.loads(re.search(r"name=\"htmx-config\" content='([^']+)'", page)[1])
    assert config["allowEval"] is False
    assert config["includeIndicatorStyles"] is False

    def handling(code: str) -> dict:
        return next(rule for rule in config["responseHandling"] if re.fullmatch(rule["code"], code))

    assert all(handling(code)["swap"] for code in ("200", "409", "422"))
    assert not any(handling(code)["swap"] for code in ("204", "403", "500"))


@pytest.mark.django_db
def test_the_admin_takes_no_password_of_its_own(client: Client, olga: User, ada: User) -> None:
    """Its form counts no failed attempts, so people sign in by the one that does."""
    for answer in (
        client.get("/admin/login/"),
        client.post("/admin/login/", {"username": "olga", "password": builders.PASSWORD}),
    ):
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")
    client.force_login(ada)
    assert client.get("/admin/login/").status_code == 403
    client.force_login(olga)
    assert client.get("/admin/").status_code == 200
