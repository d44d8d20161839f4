"""No response of any annotator's address says, in any form, which system wrote a card.

A study with systems whose names cannot be overlooked is walked through as an annotator walks it, by pages, by htmx
and by REST; every body, header and cookie is kept and searched.
"""

import hashlib
import json
import re
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import resolve, reverse

from annotation.design.guessing import GuessPlan
from annotation.design.plan import StudySettings
from annotation.models.card import Card
from annotation.models.provenance import Provenance
from annotation.services.build_study import build_study
from annotation.services.invite import invite
from annotation.services.open_study import open_study
from annotation.services.set_gold import set_gold
from tests import builders
from tests.annotation.loud import LOUD_SYSTEMS, enrolled, loud_study

pytestmark = pytest.mark.django_db

KEYS = ("persuasiveness", "personalization", "faithfulness")


class Crawl:
    """A client that keeps everything it was ever sent."""

    def __init__(self, person: User) -> None:
        self.client = Client()
        self.client.force_login(person)
        self.seen: list[tuple[str, str]] = []
        self.addresses: set[str] = set()

    def keep(self, url: str, response: HttpResponse) -> HttpResponse:
        headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
        cookies = "\n".join(morsel.OutputString() for morsel in response.cookies.values())
        self.seen.append((url, f"{headers}\n{cookies}\n{response.content.decode()}"))
        self.addresses.add(resolve(url.split("?")[0]).view_name)
        return response

    def get(self, url: str, **headers: str) -> HttpResponse:
        response = self.keep(url, self.client.get(url, headers=headers))
        return self.get(response["Location"]) if response.status_code == 302 else response

    def post(self, url: str, body: dict, **headers: str) -> HttpResponse:
        return self.keep(url, self.client.post(url, body, headers=headers))

    def send(self, url: str, body: dict) -> HttpResponse:
        return self.keep(url, self.client.post(url, json.dumps(body), content_type="application/json"))


def walk_pages(crawl: Crawl, study_id: int, link: str) -> None:
    def at(name: str) -> str:
        return reverse(f"annotation:{name}", args=[study_id])

    crawl.get(link)
    crawl.post(link, {})
    crawl.get(at("consent"))
    crawl.post(at("consent"), {"version": 1})
    crawl.post(at("consent"), {"version": 1, "agrees": "on"})
    crawl.get(at("guidelines"))
    crawl.post(at("guidelines"), {"version": 1})
    while "/calibration/" in (page := crawl.get(at("calibration")).content.decode()) and "data-token" in page:
        action = re.search(r'action="([^"]+)" novalidate', page)[1]
        gold = Card.objects.get(token=re.search(r'data-token="([^"]+)"', page)[1]).gold.first().value
        crawl.post(action, {"attempt": "1", "mark-faithfulness": "9"})
        answered = crawl.post(action, {"attempt": "1", **{f"mark-{key}": gold for key in KEYS}})
        if answered.status_code != 302:
            break
        crawl.get(answered["Location"])
        crawl.post(action, {"attempt": "1", **{f"mark-{key}": gold for key in KEYS}})
        if (
            not Card.objects.filter(study=study_id, block__kind="calibration")
            .exclude(pk__in=_answered(study_id))
            .exists()
        ):
            break
    crawl.get(at("gate"))
    crawl.get(at("rate"))
    page = crawl.get(at("rate")).content.decode()
    while found := re.search(r'action="([^"]+/card/[^"]+)"', page):
        url = found[1]
        version = re.search(r'name="version" value="(\d+)"', page)[1]
        crawl.post(url, {"key": "incomplete", "version": version})
        crawl.post(url, {"key": "stale", "version": "99", **{f"mark-{key}": "3" for key in KEYS}})
        crawl.post(f"{url}mark/", {"criterion": KEYS[0], "value": "4", "key": "one"})
        crawl.post(f"{url}mark/", {"criterion": KEYS[0], "value": "44", "key": "two"})
        marks = {f"mark-{key}": "4" for key in KEYS}
        crawl.post(
            url, {"key": f"whole{url}"[-60:], "version": int(version) + 1, **marks}, **{"HX-Request": "true"}
        )
        crawl.get(url)
        crawl.post(reverse("annotation:card", args=[study_id, "no-such-card"]), {})
        page = crawl.get(at("rate")).content.decode()
    page = crawl.get(at("guess")).content.decode()
    crawl.post(at("guess"), {})
    crawl.post(at("guess"), dict.fromkeys(re.findall(r'name="(writer-[^"]+)"', page), "person"))
    crawl.get(at("finish"))
    crawl.get(reverse("annotation:my-studies"))
    crawl.get(reverse("annotation:signed-in"))


def _answered(study_id: int) -> list[int]:
    from annotation.models.rating import CalibrationAnswer

    return list(CalibrationAnswer.objects.filter(enrolment__study=study_id).values_list("card", flat=True))


def walk_api(crawl: Crawl, study_id: int, token: str) -> None:
    room, at = "/api/annotation", f"/api/annotation/rate/{study_id}"
    crawl.send(f"{room}/join/{token}/", {})
    crawl.get(f"{at}/")
    crawl.send(f"{at}/consent/", {"version": 1})
    crawl.send(f"{at}/guidelines/", {"version": 1})
    while (card := crawl.get(f"{at}/calibration/")).status_code == 200:
        practice = card.json()["token"]
        gold = Card.objects.get(token=practice).gold.first().value
        crawl.send(f"{at}/calibration/{practice}/", {"marks": {"faithfulness": 9}})
        crawl.send(f"{at}/calibration/{practice}/", {"marks": dict.fromkeys(KEYS, gold)})
    while (card := crawl.send(f"{at}/next/", {})).status_code == 200:
        url = f"{at}/cards/{card.json()['token']}/"
        crawl.get(url)
        crawl.send(url, {"marks": {"faithfulness": 9}, "key": "a"})
        crawl.send(url, {"marks": {"faithfulness": 3}, "key": "b", "version": 99})
        crawl.send(url, {"marks": dict.fromkeys(KEYS, 3), "key": "c", "seconds": 3})
        crawl.get(f"{at}/progress/")
    asked = crawl.get(f"{at}/guess/")
    if asked.status_code == 200:
        cards = [card["token"] for card in asked.json()["cards"]]
        crawl.send(f"{at}/guess/", {"guesses": dict.fromkeys(cards, "nobody")})
        crawl.send(f"{at}/guess/", {"guesses": dict.fromkeys(cards, "person")})
    crawl.get(f"{room}/rate/")


def walk_boards(crawl: Crawl, study_id: int) -> None:
    """Every board by pages, by htmx and over REST, with what is refused on the way."""
    at = f"/api/annotation/rate/{study_id}"
    while (answer := crawl.send(f"{at}/next-board/", {})).status_code == 200:
        board = answer.json()
        url = reverse("annotation:board", args=[study_id, board["token"]])
        page = crawl.get(reverse("annotation:rate", args=[study_id])).content.decode()
        version = dict(re.findall(r'name="(\d+-version)" value="(\d+)"', page))
        columns = range(1, len(board["columns"]) + 1)
        marks = {f"mark-{column}-{key}": "4" for column in columns for key in KEYS}
        crawl.post(url, {"key": "incomplete", **version})
        crawl.post(url, {**marks, "key": "off", f"mark-1-{KEYS[0]}": "9", **version})
        crawl.post(url, {**marks, "key": "stale", **dict.fromkeys(version, "99")})
        for column in board["columns"]:
            mark = reverse("annotation:mark", args=[study_id, column["token"]])
            crawl.post(mark, {"criterion": KEYS[0], "value": "4", "key": "one"})
            crawl.get(reverse("annotation:card", args=[study_id, column["token"]]))
        rest = [{"token": column["token"], "marks": {KEYS[1]: 9}} for column in board["columns"]]
        crawl.send(f"{at}/boards/{board['token']}/", {"columns": rest, "key": "off"})
        crawl.get(f"{at}/boards/{board['token']}/previous/")
        page = crawl.get(f"{at}/boards/{board['token']}/").json()
        version = {f"{n}-version": column["version"] for n, column in enumerate(page["columns"], start=1)}
        crawl.post(url, {**marks, "key": "whole", **version}, **{"HX-Request": "true"})
    crawl.get(f"{at}/progress/")
    crawl.get(reverse("annotation:finish", args=[study_id]))


def secrets_of(study_id: int) -> Iterator[str]:
    """Everything that goes with a writer: names in any spelling, keys of cases, hashes, signatures, references."""
    for row in Provenance.objects.filter(card__study=study_id):
        yield from (row.system, row.system_label, row.case_key, row.signature, row.reference, row.user)
        yield from (hashlib.sha256(row.original.encode()).hexdigest(), row.card.text_hash)
    for system in LOUD_SYSTEMS:
        yield from (system.split("-")[-1], system.replace("-", "_"), system.replace("-", " "), "SYSTEM-LOUD")


@pytest.fixture
def crawl(olga: User) -> Crawl:
    return Crawl(builders.user("ada"))


def leaks(crawl: Crawl, study_id: int) -> list[tuple[str, str]]:
    words = {word.lower() for word in secrets_of(study_id) if word}
    return [(url, word) for url, sent in crawl.seen for word in words if word in sent.lower()]


def test_no_page_or_fragment_says_who_wrote_a_card(crawl: Crawl, olga: User) -> None:
    study_id = loud_study(olga, guess=GuessPlan())
    link = reverse("annotation:join", args=[invite(study_id=study_id, by_id=olga.pk)])
    walk_pages(crawl, study_id, link)
    assert leaks(crawl, study_id) == []
    walked = {name.removeprefix("annotation:") for name in crawl.addresses if name.startswith("annotation:")}
    assert walked >= {
        "join", "consent", "guidelines", "calibration", "practice", "feedback", "gate", "rate", "card", "mark",
        "guess", "finish", "my-studies", "signed-in",
    }  # fmt: skip


def test_no_answer_of_the_api_says_who_wrote_a_card(crawl: Crawl, olga: User) -> None:
    study_id = loud_study(olga, guess=GuessPlan())
    walk_api(crawl, study_id, invite(study_id=study_id, by_id=olga.pk))
    assert leaks(crawl, study_id) == []
    assert sum("/cards/" in url for url, _ in crawl.seen) == 4 * 6
    assert sum("/guess/" in url for url, _ in crawl.seen) == 3


def test_no_board_says_who_wrote_its_texts(crawl: Crawl, olga: User) -> None:
    study_id = loud_study(olga, design="side_by_side")
    ada = User.objects.get(username="ada")
    enrolled(study_id, ada, stage="rating")
    walk_boards(crawl, study_id)
    assert leaks(crawl, study_id) == []
    assert {"annotation:board", "annotation:mark"} <= crawl.addresses
    assert sum("/boards/" in url for url, _ in crawl.seen) == 3 * 3
    pages = [sent for url, sent in crawl.seen if "/board/" in url and "</form>" in sent]
    assert (
        len({tuple(re.findall(r'class="column[^"]*"', page)) for page in pages}) == 1
    )  # columns differ by place alone


def test_the_search_itself_would_find_a_name(crawl: Crawl, olga: User) -> None:
    study_id = loud_study(olga)
    crawl.seen.append(("/planted/", f"X-Writer: {LOUD_SYSTEMS[0].title()}"))
    assert leaks(crawl, study_id)


def test_no_key_of_a_row_that_knows_its_writer_is_sent(crawl: Crawl, olga: User) -> None:
    """Explanations, cards, slots and placements get keys too large to be anything else, and none is ever sent."""
    from django.db import connection

    cases = builders.case_run(n_cases=5)
    runs = [builders.explain_run(over=cases, system=name) for name in ("prism", "template-knn")]
    tables = (
        "annotation_block",
        "annotation_card",
        "annotation_slot",
        "annotation_placement",
        "annotation_rating",
    )
    keys = {f"{740_000 + 1000 * number}": table for number, table in enumerate(tables)}
    with connection.cursor() as cursor:
        for start, table in keys.items():
            if connection.vendor == "sqlite":
                cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table])
                cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, int(start)])
            else:
                cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, int(start)])
    plan = StudySettings(title="Why?", k=1, n_annotators=1, n_cases=3, n_calibration=2, gap=1, seed=7)
    built = build_study(owner_id=olga.pk, settings=plan, explain_run_ids=[run.pk for run in runs])
    for number, card in enumerate(built.calibration):
        set_gold(
            study_id=built.study_id, card_token=card.token, marks=dict.fromkeys(KEYS, 1 + 4 * (number % 2))
        )
    open_study(study_id=built.study_id, by_id=olga.pk)
    token = invite(study_id=built.study_id, by_id=olga.pk)
    walk_pages(crawl, built.study_id, reverse("annotation:join", args=[token]))
    sent = "\n".join(text for _, text in crawl.seen)
    assert Card.objects.filter(pk__gt=741_000).count() == 8
    assert not re.search(r"(?<!\d)74[0-4]0\d\d(?!\d)", re.sub(r'value="[A-Za-z0-9_-]{40,}"', "", sent))
    hashes = Provenance.objects.values_list("signature", "case_key")
    assert not any(part and part in sent for row in hashes for part in row)


def test_headers_are_the_same_for_every_card(crawl: Crawl, olga: User) -> None:
    """Lengths aside, which follow the text that is shown anyway, no header tells one card from another."""
    study_id = loud_study(olga)
    link = reverse("annotation:join", args=[invite(study_id=study_id, by_id=olga.pk)])
    walk_pages(crawl, study_id, link)
    own = {"content-length", "expires", "hx-push-url", "set-cookie"}
    cards = set()
    for url, sent in crawl.seen:
        head = [line for line in sent.split("<")[0].split("\n") if ": " in line and "csrftoken=" not in line]
        names = {line.split(": ")[0].lower() for line in head}
        assert not names & {"etag", "last-modified", "server-timing"}, url
        if 'id="card-form"' in sent and "/card/" in url and "<!doctype" in sent:
            assert "no-store" in sent
            cards.add(frozenset(line for line in head if line.split(": ")[0].lower() not in own))
    assert len(cards) == 1, cards
