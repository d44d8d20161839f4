"""A crawl of everything an annotator can fetch, in a transaction that is taken back: does anything name a system?"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.test import Client
from django.utils import timezone
from django.views import defaults
from django.views.csrf import csrf_failure

from annotation.design.blinding import comparable
from annotation.models.card import CalibrationGold, Placement, calibration_cards
from annotation.models.provenance import Provenance, SourceReport
from annotation.models.study import Enrolment, Study
from annotation.services.claim_placement import claim_placement
from annotation.services.enrol_annotator import enrol_annotator
from annotation.services.invite import invite

SHORTEST = 3
"""A name of fewer letters is a word of many languages, and is not looked for."""
CARDS = 5
"""Rating cards looked at, and one of each kind hidden among them: all are drawn by one template."""
LINK = re.compile(r'(?:href|action|hx-get|hx-post|data-[a-z-]+)="(/[^"#?]*)')


@dataclass(frozen=True, slots=True)
class Leak:
    """Where an annotator could read which system wrote what."""

    address: str
    where: str
    """body, address, or the name of a header."""
    secret: str

    def __str__(self) -> str:
        return f"{self.address}: the {self.where} holds {self.secret!r}"


@dataclass(frozen=True, slots=True)
class BlindCheck:
    n_addresses: int
    n_secrets: int
    leaks: tuple[Leak, ...]
    not_looked_for: tuple[str, ...]
    """Names too short or too common to be looked for."""


def blind_check(*, study_id: int) -> BlindCheck:
    """Go through a study as an annotator would, on pages and over REST, and look for every name, label and signature.

    An annotator is made, brought through consent, guidelines and calibration to the first cards, and unmade again
    with all of it: nothing is stored, no seat is taken, also in a study that is a draft or closed.

    Raises:
        Study.DoesNotExist: no such study.
    """
    secrets, skipped = _secrets(study_id)
    with transaction.atomic():
        leaks, seen = [], set()
        for address, answer in _crawl(study_id):
            seen.add(address)
            leaks += _found(address, answer, secrets)
        transaction.set_rollback(True)
    return BlindCheck(len(seen), len(secrets), tuple(dict.fromkeys(leaks)), skipped)


class _Reader(Client):
    """A client that remembers which links it followed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.followed: set[str] = set()


def _secrets(study_id: int) -> tuple[dict[str, str], tuple[str, ...]]:
    """What must not be read, as it is compared -> as it is written; and what is not looked for."""
    Study.objects.get(pk=study_id)
    report = SourceReport.objects.get(study_id=study_id).report
    names = {word for name, system in report["systems"].items() for word in (name, system["label"])}
    sealed = Provenance.objects.filter(card__study_id=study_id)
    names |= {text for text in sealed.values_list("signature", flat=True).distinct() if text}
    names |= set(sealed.values_list("case_key", flat=True).distinct()) - {""}
    plain = {name: comparable(name) for name in names}
    short = {name for name, word in plain.items() if len(word) < SHORTEST or word.isdigit()}
    return {plain[name]: name for name in sorted(names - short)}, tuple(sorted(short))


def _crawl(study_id: int) -> Iterator[tuple[str, HttpResponseBase]]:
    """Every answer an annotator gets from the invitation to the first cards; the links of each page too."""
    now = timezone.now()
    opened = {"status": Study.Status.OPEN, "opened_at": now, "frozen_hash": "0" * 64}
    Study._base_manager.filter(pk=study_id).exclude(status=Study.Status.OPEN).update(**opened)
    study = Study.objects.get(pk=study_id)
    person = get_user_model().objects.create_user(f"blind-check-{now.timestamp():.0f}")
    invitation = invite(study_id=study_id, by_id=study.owner_id)
    client = _Reader(headers={"host": _host()})
    pages = f"/rate/{study_id}/", f"/api/annotation/rate/{study_id}/"
    yield from _at_the_door(client, f"/join/{invitation}/")
    client.force_login(person)
    yield from _errors(client, "/")
    yield from _fetch(client, "/accounts/password/change/", "/accounts/logout/")
    enrolment = Enrolment.objects.get(pk=enrol_annotator(token=invitation, annotator_id=person.pk))
    yield from _fetch(client, f"/join/{invitation}/", "/rate/", f"{pages[0]}consent/", pages[1])
    version = study.guidelines_version
    own = Enrolment.objects.filter(pk=enrolment.pk)
    own.update(consented_at=now, consent_version=study.consent_version)
    yield from _fetch(client, f"{pages[0]}guidelines/", pages[1])
    own.update(guidelines_read_at=now, guidelines_version=version)
    practice = list(calibration_cards(study_id))
    if practice:
        yield from _fetch(client, f"{pages[0]}calibration/", f"{pages[1]}calibration/")
    for card in practice:
        yield from _fetch(client, f"{pages[0]}calibration/{card.token}/")
        gold = dict(CalibrationGold.objects.filter(card=card).values_list("criterion__key", "value"))
        address = f"{pages[1]}calibration/{card.token}/"
        yield address, client.post(address, {"marks": gold, "attempt": 1}, content_type="application/json")
        yield from _fetch(client, f"{pages[0]}calibration/{card.token}/feedback/")
    if practice:
        yield from _fetch(client, f"{pages[0]}gate/")
    own.update(gate=Enrolment.Gate.PASSED)
    claim_placement(enrolment_id=enrolment.pk)
    onward = f"{pages[1]}next-board/" if study.side_by_side else f"{pages[1]}next/"
    yield onward, client.post(onward)
    yield from _fetch(client, pages[0], f"{pages[1]}progress/", "/api/annotation/rate/", "/api/me/", "/")
    placed = Placement.objects.filter(enrolment=enrolment).order_by("position")
    hidden = {
        kind: token for kind, token in placed.values_list("kind", "token") if kind != Placement.Kind.MAIN
    }
    for token in dict.fromkeys([*placed.values_list("token", flat=True)[:CARDS], *hidden.values()]):
        yield from _fetch(client, f"{pages[0]}card/{token}/", f"{pages[1]}cards/{token}/")
        yield from _fetch(client, f"{pages[1]}cards/{token}/previous/")
        if study.side_by_side:
            yield from _fetch(client, f"{pages[0]}board/{token}/", f"{pages[1]}boards/{token}/")
    own.update(finished_at=now)
    placed.update(done_at=now)
    for token in placed.filter(kind=Placement.Kind.RECHECK).values_list("token", flat=True):
        yield from _fetch(client, f"{pages[0]}card/{token}/feedback/", f"{pages[1]}cards/{token}/feedback/")
    yield from _fetch(client, f"{pages[0]}guess/", f"{pages[1]}guess/")
    yield from _fetch(client, f"{pages[0]}finish/", f"{pages[0]}withdraw/", "/rate/")


def _at_the_door(client: _Reader, invitation: str) -> Iterator[tuple[str, HttpResponseBase]]:
    """What somebody reads before there is an account: the invitation, the doors it leads to, and errors."""
    onward = f"?next={quote(invitation)}"
    yield from _fetch(client, invitation, f"/accounts/signup/{onward}", f"/accounts/login/{onward}")
    yield from _fetch(client, "/accounts/password/reset/", "/accounts/password/reset/done/", "/privacy/")
    yield from _errors(client, invitation)


def _errors(client: _Reader, address: str) -> Iterator[tuple[str, HttpResponseBase]]:
    """The pages of errors as this person gets them, also where DEBUG shows developers others."""
    request = client.get(address, follow=True, secure=True).wsgi_request
    yield f"{address}: error 400", defaults.bad_request(request, BadRequest())
    yield f"{address}: error 403", defaults.permission_denied(request, PermissionDenied())
    yield f"{address}: error 403 of a form", csrf_failure(request)
    yield f"{address}: error 404", defaults.page_not_found(request, Http404())
    yield f"{address}: error 500", defaults.server_error(request)


def _fetch(client: _Reader, *addresses: str) -> Iterator[tuple[str, HttpResponseBase]]:
    """Each address, and where it leads; once each, what it links to of the same person's journey.

    Static files are left aside: they are the same whatever the study.
    """
    for address in addresses:
        answer = client.get(address, follow=True, secure=True)
        yield address, answer
        if not isinstance(answer, HttpResponse):
            continue
        for link in LINK.findall(answer.content.decode(errors="replace")):
            reads = link.startswith("/rate/") and not link.endswith("/mark/")  # which only takes marks
            if reads and link not in client.followed:
                client.followed.add(link)
                yield link, client.get(link, secure=True)


def _found(address: str, answer: HttpResponseBase, secrets: dict[str, str]) -> list[Leak]:
    body = b"".join(answer) if answer.streaming else answer.content  # type: ignore[attr-defined]
    texts = {"address": urlsplit(address).path, "body": body.decode(errors="replace")}
    texts |= {f"header {name}": value for name, value in answer.items()}
    texts |= {f"cookie {name}": morsel.OutputString() for name, morsel in answer.cookies.items()}
    read = {where: comparable(text) for where, text in texts.items()}
    return [
        Leak(address, where, name)
        for where, text in read.items()
        for plain, name in secrets.items()
        if re.search(rf"(?<!\w){re.escape(plain)}(?!\w)", text)
    ]


def _host() -> str:
    """A name this installation answers to."""
    named = next((host for host in settings.ALLOWED_HOSTS if host and host != "*"), "localhost")
    return f"www{named}" if named.startswith(".") else named
