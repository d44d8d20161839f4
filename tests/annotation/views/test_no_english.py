"""A study in Chinese, read by somebody whose browser asks for Chinese: no page of theirs holds a word of English."""

import json
import re
from html.parser import HTMLParser

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotation.design.checks import Amount, CheckPlan, Recheck, attention_texts
from annotation.design.guessing import GuessPlan
from annotation.design.plan import StudySettings
from annotation.design.sources import parse
from annotation.models.card import CalibrationGold, Card, Placement
from annotation.models.study import Enrolment, Invitation, Study
from annotation.services.amend_guidelines import amend_guidelines
from annotation.services.build_study import build_study
from annotation.services.close_study import close_study
from annotation.services.enrol_annotator import enrol_annotator
from annotation.services.invite import invite
from annotation.services.make_crowd_link import make_crowd_link
from annotation.services.open_study import open_study
from annotation.services.plan_checks import plan_checks
from annotation.services.set_gold import set_gold
from tests import builders

pytestmark = pytest.mark.django_db

KEYS = ("persuasiveness", "personalization", "faithfulness")
NAMES = {"Prism", "Enter", "Tab", "Ctrl", "Cookie", "olga"}
"""Words that are the same in every language: this program's, those on a keyboard, and a name."""
READ = {
    "aria-label",
    "title",
    "placeholder",
    "alt",
    "data-saved",
    "data-saving",
    "data-offline",
    "data-signin",
}
READ |= {"data-signin-link", "data-text"}
"""Attributes that are shown or read aloud."""


class Words(HTMLParser):
    """Everything of a page that a person reads or hears."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in {"script", "style", "code"}
        self.said += [value for name, value in attrs if name in READ and value]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in {"script", "style", "code"}

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.said.append(data)


def english(text: str) -> list[str]:
    return [word for word in re.findall(r"[A-Za-z]{2,}", text.replace("%n", "")) if word not in NAMES]


class Reader:
    """A browser that asks for Chinese and remembers every page with English on it."""

    def __init__(self, person: User) -> None:
        self.client = Client(headers={"accept-language": "zh-CN,zh;q=0.9"})
        self.client.force_login(person)
        self.found: dict[str, list[str]] = {}
        self.seen: list[int] = []

    def get(self, address: str) -> str:
        return self.look(address, self.client.get(address, follow=True))

    def post(self, address: str, status: int, **sent: object) -> str:
        answer = self.client.post(address, sent)
        assert answer.status_code == status, (address, answer.content.decode()[:500])
        return self.look(f"{address} {sent}", answer)

    def look(self, where: str, answer: object) -> str:
        body = answer.content.decode()  # type: ignore[attr-defined]
        self.seen.append(answer.status_code)  # type: ignore[attr-defined]
        if answer["Content-Type"].startswith("application/json"):  # type: ignore[index]
            said = [json.loads(body)["detail"]]
        else:
            words = Words()
            words.feed(body)
            said = words.said
        if bad := [text.strip() for text in said if english(text)]:
            self.found[where] = bad
        return body


def chinese_study(olga: User, *, checks: CheckPlan | None = None, **more: object) -> Study:
    rows = [
        {
            "case": f"第{n}例",
            "system": system,
            "text": f"因为您喜欢电影{n}，理由{system}。",
            "history": [f"电影{n}"],
            "item": f"续集{n}",
        }
        for n in range(5)
        for system in ("甲系统", "乙系统")
    ]
    upload = parse("\n".join(json.dumps(row) for row in rows), "jsonl")
    plan = {"k": 1, "n_annotators": 1, "n_cases": 3, "n_calibration": 2, "gap": 1, "seed": 7, **more}
    settings = StudySettings(
        title="晚间电影",
        description="请评判。",
        language="zh-Hans",
        guess=GuessPlan(n_cards=2),
        **plan,  # type: ignore[arg-type]
    )
    built = build_study(owner_id=olga.pk, settings=settings, upload=upload)
    for number, card in enumerate(built.calibration):
        marks = dict.fromkeys(KEYS, 1 if number % 2 else 5)
        set_gold(
            study_id=built.study_id,
            card_token=card.token,
            marks=marks,
            rationales=dict.fromkeys(KEYS, "因为。"),
        )
    plan_checks(study_id=built.study_id, plan=checks)
    open_study(study_id=built.study_id, by_id=olga.pk)
    return Study.objects.get(pk=built.study_id)


def practise(reader: Reader, study: Study, *, attempt: int, right: bool) -> None:
    """One attempt at the calibration cards: as the reference, or as far from it as can be."""
    for card in Card.objects.filter(study=study, block__kind="calibration").order_by("block__number"):
        gold = CalibrationGold.objects.filter(card=card).first().value
        address = reverse("annotation:practice", args=[study.pk, card.token])
        reader.get(address)
        reader.post(address, 422, attempt=attempt)
        marks = {f"mark-{key}": gold if right else 6 - gold for key in KEYS}
        reader.post(address, 302, attempt=attempt, **marks)
        reader.get(reverse("annotation:feedback", args=[study.pk, card.token]))


def test_no_page_of_an_annotator_holds_english(olga: User) -> None:
    study = chinese_study(olga)
    link = invite(study_id=study.pk, by_id=olga.pk)
    person = User.objects.create_user("评分者")
    reader = Reader(person)

    def at(name: str) -> str:
        return reverse(f"annotation:{name}", args=[study.pk])

    join = reverse("annotation:join", args=[link])
    reader.get(join)
    reader.post(join, 302)
    reader.get(reverse("annotation:my-studies"))
    reader.get(at("consent"))
    reader.post(at("consent"), 422, version=1)
    reader.post(at("consent"), 409, version=9, agrees="on")
    reader.post(at("consent"), 302, version=1, agrees="on")
    reader.get(at("guidelines"))
    reader.post(at("guidelines"), 409, version=9)
    reader.post(at("guidelines"), 302, version=1)
    practise(reader, study, attempt=1, right=False)
    reader.get(at("gate"))
    practise(reader, study, attempt=2, right=True)
    reader.get(at("gate"))

    page = reader.get(at("rate"))
    first = re.search(r'data-token="([^"]+)"', page)[1]
    address = reverse("annotation:card", args=[study.pk, first])
    marks = {f"mark-{key}": 4 for key in KEYS}
    reader.post(address, 422, key="a", version=0)
    reader.post(address, 422, key="b", version=0, **{**marks, f"mark-{KEYS[0]}": "cannot"})
    reader.post(address, 422, key="b", version=0, **{**marks, f"mark-{KEYS[0]}": 9})
    reader.post(address, 409, key="c", version=9, **marks)
    reader.post(f"{address}mark/", 422, criterion=KEYS[0], value=9, key="d", version=0)
    reader.post(f"{address}mark/", 422, criterion="别的", value=4, key="d", version=0)
    reader.post(f"{address}mark/", 409, criterion=KEYS[0], value=4, key="", version=0)
    reader.post(f"{address}mark/", 409, criterion=KEYS[0], value=4, key="d", version=9)
    reader.post(f"{address}mark/", 422, criterion=KEYS[0], value="", key="e", version=0)
    reader.post(reverse("annotation:card", args=[study.pk, "x"]), 403, key="f")
    amend_guidelines(study_id=study.pk, by_id=olga.pk, clarification="新的说明。")
    reader.get(at("guidelines"))
    reader.post(at("guidelines"), 302, version=2)
    while (
        token := Placement.objects.filter(done_at=None)
        .order_by("position")
        .values_list("token", flat=True)
        .first()
    ):
        one = reverse("annotation:card", args=[study.pk, token])
        reader.get(one)
        reader.post(one, 302, key=token, **marks)
    reader.get(reverse("annotation:my-studies"))
    page = reader.get(at("guess"))
    reader.post(at("guess"), 422)
    reader.post(at("guess"), 302, **{re.search(r'name="(writer-[^"]+)"', page)[1]: "person"})
    reader.post(at("guess"), 409)
    for name in ("finish", "guidelines", "gate", "withdraw"):
        reader.get(at(name))
    reader.get(reverse("annotation:signed-in"))
    reader.post(at("withdraw"), 422, erase="on")
    close_study(study_id=study.pk, by_id=olga.pk)
    reader.post(address, 409, key="g", **marks)
    Enrolment.objects.filter(annotator=person).update(finished_at=None)
    reader.get(at("finish"))
    reader.get(reverse("annotation:my-studies"))
    reader.get("/privacy/")
    reader.post(at("withdraw"), 302, sure="on")
    reader.get(at("finish"))
    reader.get(reverse("annotation:my-studies"))
    assert reader.found == {}
    assert len(reader.seen) > 50


def test_no_refusal_at_the_door_is_in_english(olga: User) -> None:
    study = chinese_study(olga)
    reader = Reader(builders.user("评分者", role="annotator"))
    link = reverse("annotation:join", args=[invite(study_id=study.pk, by_id=olga.pk)])
    late = {"expires_at": "2020-01-01T00:00:00Z"}
    for change in (
        {"uses": 1},
        {"uses": 0, **late},
        {"expires_at": None, "revoked_at": "2020-01-01T00:00:00Z"},
    ):
        Invitation.objects.update(**change)
        reader.look(str(change), reader.client.get(link))
        reader.look(str(change), reader.client.post(link))
    Invitation.objects.update(revoked_at=None)
    close_study(study_id=study.pk, by_id=olga.pk)
    reader.look("closed", reader.client.get(link))
    reader.look("no such link", reader.client.get(reverse("annotation:join", args=["x"])))
    reader.look("not mine", reader.client.get(reverse("annotation:rate", args=[study.pk])))
    owner = Reader(olga)
    owner.look("an owner", owner.client.post(link))
    assert reader.found == {}
    assert owner.found == {}
    assert set(reader.seen) == {403, 404, 409, 410}


def enrolled(study: Study, person: User, **fields: object) -> None:
    """Through the gate, so that the next page is a card."""
    link = invite(study_id=study.pk, by_id=study.owner_id)
    key = enrol_annotator(token=link, annotator_id=person.pk)
    read = {"guidelines_read_at": timezone.now(), "guidelines_version": 1, "gate": "passed"}
    Enrolment.objects.filter(pk=key).update(consented_at=timezone.now(), consent_version=1, **read, **fields)


def test_no_board_is_in_english(olga: User) -> None:
    study = chinese_study(olga, design="side_by_side", checks=CheckPlan(repeats=Amount(1), repeat_gap=2))
    person = User.objects.create_user("评分者")
    enrolled(study, person)
    reader = Reader(person)
    rate = reverse("annotation:rate", args=[study.pk])
    page = reader.get(rate)
    token = re.search(r'data-token="([^"]+)"', page)[1]
    board, one = (reverse(f"annotation:{name}", args=[study.pk, token]) for name in ("board", "card"))
    marks = {f"mark-{column}-{key}": 4 for column in (1, 2) for key in KEYS}
    reader.post(board, 422, key="a")
    reader.post(board, 422, key="b", **{**marks, f"mark-2-{KEYS[0]}": 9})
    reader.post(board, 422, key="c", **{**marks, f"mark-1-{KEYS[0]}": "cannot"})
    reader.post(board, 409, key="d", **{**marks, "1-version": 9})
    reader.post(one, 409, key="e")
    reader.post(f"{one}mark/", 422, criterion=KEYS[0], value=9, key="f", version=0)
    reader.post(reverse("annotation:board", args=[study.pk, "x"]), 403, key="g")
    Placement.objects.update(withdrawn_at=timezone.now())
    reader.post(board, 403, key="h", **marks)
    Placement.objects.update(withdrawn_at=None)
    for number in range(4):
        token = Placement.objects.filter(done_at=None).order_by("position").first().token
        board = reverse("annotation:board", args=[study.pk, token])
        reader.get(board)
        reader.post(board, 302, key=f"board-{number}", **marks)
    reader.get(reverse("annotation:my-studies"))
    assert not Placement.objects.filter(done_at=None).exists()
    close_study(study_id=study.pk, by_id=olga.pk)
    reader.post(board, 409, key="i", **marks)
    assert reader.found == {}


def test_no_hidden_card_and_no_comparison_is_in_english(olga: User) -> None:
    checks = CheckPlan(
        attention=1, texts=attention_texts("zh-Hans"), recheck=Recheck(after=2, n=1, feedback=True)
    )
    study = chinese_study(olga, checks=checks)
    person = User.objects.create_user("评分者")
    enrolled(study, person)
    reader = Reader(person)
    reader.get(reverse("annotation:rate", args=[study.pk]))
    marks = {f"mark-{key}": 4 for key in KEYS}
    for row in Placement.objects.order_by("position"):
        address = reverse("annotation:card", args=[study.pk, row.token])
        reader.get(reverse("annotation:rate", args=[study.pk]))
        reader.get(address)
        reader.post(address, 302, key=row.token, **marks)
        if row.kind == "recheck":
            page = reader.get(reverse("annotation:card-feedback", args=[study.pk, row.token]))
            assert "您对这张卡片的评分与参考的比较" in page
            reader.post(address, 409, key="again", **{**marks, f"mark-{KEYS[0]}": 2})
    assert reader.found == {}


def test_nobody_who_comes_from_a_crowd_service_meets_english(olga: User) -> None:
    study = chinese_study(olga)
    token = make_crowd_link(study_id=study.pk, by_id=olga.pk, max_uses=1)
    link = reverse("annotation:join", args=[token])
    reader = Reader(olga)
    reader.client.logout()
    reader.look("no id", reader.client.get(link))
    reader.look("no id, sent", reader.client.post(link))
    reader.get(f"{link}?PROLIFIC_PID=p1")
    reader.look("joined", reader.client.post(link, follow=True))
    reader.get(reverse("annotation:consent", args=[study.pk]))
    reader.get(reverse("annotation:declined", args=[study.pk]))
    reader.get(f"{link}?PROLIFIC_PID=p1")
    other = Reader(olga)
    other.client.logout()
    for number in (1, 2):  # the same person in another browser, and somebody who comes too late
        other.get(f"{link}?PROLIFIC_PID=p{number}")
        other.look(f"person {number}", other.client.post(link, follow=True))
    reader.post(reverse("annotation:withdraw", args=[study.pk]), 302, sure="on")
    reader.get(reverse("annotation:finish", args=[study.pk]))
    assert reader.found == {}
    assert other.found == {}
