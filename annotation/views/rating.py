"""The blind loop: a card, its marks, the next card. Everything shown comes from a BlindedCard."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect, push_url

from annotation import card_queries, journey_queries
from annotation.calibration_queries import recheck_feedback
from annotation.card_queries import Progress
from annotation.design.blinding import BlindedBoard, BlindedCard, BlindedColumn, BlindedCriterion, Level
from annotation.design.scales import OutOfScale
from annotation.journey_queries import Standing
from annotation.rating_forms import CANNOT, Marks, field_of, read_marks, reasons
from annotation.scale_words import scale_words
from annotation.services.claim_placement import claim_placement
from annotation.services.refusals import ForeignPlacement, NotBlind, Refused, StaleWrite
from annotation.services.submit_rating import submit_rating
from annotation.views.journey import ENOUGH_FOR_A_PACE, end_page, not_blind_words, on_journey, place, refusal


@dataclass(frozen=True, slots=True)
class Question:
    """One criterion as the card asks it, with the answer so far and what was wrong with it."""

    key: str
    field: str
    """The key as the form's fields have it."""
    name: str
    question: str
    definition: str
    levels: tuple[Level, ...]
    mark: int | str | None
    """1 … 5, "cannot", or None while open."""
    reason: str
    error: str
    may_pass: bool
    reasons: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Header:
    """What stands over a card: where one is, and honestly how long it still takes."""

    done: int
    total: int
    label: str
    heading: str
    note: str = ""


@on_journey("rating", judges=True)
@require_safe
def rate(request: HttpRequest, journey: Standing) -> HttpResponse:
    """Where the loop begins and goes on: the first card not done yet."""
    token = _claim(journey)
    if token is None:
        # While this page was asked for, the last seat went, the last card was done or the study closed.
        now = journey_queries.standing(journey.enrolment_id)
        if now.stage == "rating" and not now.guidelines_unread:
            return end_page(request, now, "full")
        return redirect(place(now))
    return redirect(page_url(journey, token))


@on_journey("rating", judges=True)
@require_http_methods(["GET", "HEAD", "POST"])
def card(request: HttpRequest, journey: Standing, token: str) -> HttpResponse:
    """Show one card, or store its marks and go on to the next."""
    if journey.side_by_side:
        if request.method != "POST":
            return redirect(page_url(journey, token))
        text = _("In this study the texts of a case are judged together. Nothing was stored.")
        return refusal(
            request,
            _("This could not be stored"),
            text,
            page_url(journey, token),
            _("Go to your card"),
            status=409,
        )
    if request.method != "POST":
        return _shown(request, journey, token)
    marks = read_marks(request.POST, card_queries.criteria_of(journey.study_id))
    if marks.errors:
        return _shown(request, journey, token, marks=marks, status=422)
    try:
        submit_rating(
            placement_token=token,
            annotator_id=request.user.pk,
            study_id=journey.study_id,
            marks=marks.values,
            reasons=marks.reasons,
            seconds=marks.seconds,
            key=marks.key,
            version=marks.version,
        )
    except OutOfScale as wrong:
        marks = marks.with_error(wrong.criterion, _why(wrong, journey.study_id))
        return _shown(request, journey, token, marks=marks, status=422)
    except ForeignPlacement:
        return not_yours(request, journey)
    except StaleWrite as stale:
        return _stale(request, journey, token, str(stale))
    except Refused as refused:
        return refusal(request, _("This could not be stored"), str(refused), place(journey), status=409)
    if recheck_feedback(token, request.user.pk) is not None:
        compared = reverse("annotation:card-feedback", args=[journey.study_id, token])
        return HttpResponseClientRedirect(compared) if request.htmx else redirect(compared)  # type: ignore[attr-defined]
    token = onward(journey)
    following = card_queries.blinded_card(token, request.user.pk) if token else None
    if following is None:
        return leave(request, journey)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(page_url(journey, following.token))
    return push_url(card_page(request, journey, following), page_url(journey, following.token))


@never_cache
@require_POST
def mark(request: HttpRequest, study_id: int, token: str) -> JsonResponse:
    """Store one mark as it is made; the page's script calls this. Answers are JSON, refusals included."""
    if not request.user.is_authenticated:
        return JsonResponse({"detail": _("Sign in again to save your marks.")}, status=401)
    takes_part = journey_queries.enrolment_of(study_id, request.user.pk) is not None
    if not (takes_part and request.user.has_perm("annotation.rate")):
        return JsonResponse({"detail": _("This card is not yours to mark.")}, status=403)
    marks = read_marks(request.POST, (), only=request.POST.get("criterion") or "criterion")
    try:
        if marks.errors:
            raise OutOfScale(*next(iter(marks.errors.items())))
        stored = submit_rating(
            placement_token=token,
            annotator_id=request.user.pk,
            study_id=study_id,
            marks=marks.values,
            reasons=marks.reasons,
            seconds=marks.seconds,
            key=marks.key,
            version=marks.version,
            finish=False,
        )
    except OutOfScale as wrong:
        return JsonResponse({"detail": _why(wrong, study_id), "field": wrong.criterion}, status=422)
    except ForeignPlacement as foreign:
        return JsonResponse({"detail": str(foreign)}, status=403)
    except NotBlind:
        return JsonResponse({"detail": not_blind_words()}, status=403)
    except Refused as refused:
        return JsonResponse({"detail": str(refused)}, status=409)
    return JsonResponse({"version": stored.version})


def _why(wrong: OutOfScale, study_id: int) -> str:
    return scale_words(wrong, {one.key: one.name for one in card_queries.criteria_of(study_id)})


def _shown(
    request: HttpRequest, journey: Standing, token: str, *, marks: Marks | None = None, status: int = 200
) -> HttpResponse:
    """The page of one of the annotator's own cards; a refusal for any other."""
    card = card_queries.blinded_card(token, request.user.pk)
    if card is None:
        return not_yours(request, journey)
    return card_page(request, journey, card, marks=marks, status=status)


def page_url(journey: Standing, token: str) -> str:
    """Where the card of this token is judged: a page of its own, or the board it stands on."""
    return reverse(
        f"annotation:{'board' if journey.side_by_side else 'card'}", args=[journey.study_id, token]
    )


def card_page(
    request: HttpRequest,
    journey: Standing,
    card: BlindedCard,
    *,
    marks: Marks | None = None,
    notice: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The card as a page, or as the fragment htmx swaps in."""
    heading = _("Card %(position)s of %(total)s") % {"position": card.position, "total": card.total}
    page = {
        "questions": questions(card, marks, may_pass=True),
        "mark_url": reverse("annotation:mark", args=[journey.study_id, card.token]),
        "refusal": notice,
        "n_errors": len(marks.errors) if marks else 0,
        "was_done": len(card.ratings) == len(card.criteria),
    }
    return judging_page(request, journey, card, heading, page, status=status)


def judging_page(
    request: HttpRequest,
    journey: Standing,
    card: BlindedCard | BlindedBoard,
    heading: str,
    page: dict[str, object],
    *,
    status: int,
) -> HttpResponse:
    """What a card's page and a board's have in common, around what is in `page`."""
    back = card_queries.previous_token(card.token, request.user.pk)
    page |= {
        "card": card,
        "progress": _header(card, heading, card_queries.progress(journey.enrolment_id)),
        "action_url": page_url(journey, card.token),
        "back_url": page_url(journey, back) if back else "",
        "guidelines_url": reverse("annotation:guidelines", args=[journey.study_id]),
        "save_label": _("Save & next") if card.position < card.total else _("Save & finish"),
        "swaps": True,
        "key": secrets.token_urlsafe(12),
        "language": card.language,
    }
    template = "annotation/card.html" + ("#card" if request.htmx else "")  # type: ignore[attr-defined]
    return render(request, template, page, status=status)


def questions(card: BlindedCard, marks: Marks | None, *, may_pass: bool) -> list[Question]:
    """The card's criteria with what is stored, or with what was just sent where that was refused."""
    return asked(card.criteria, card, marks, may_pass=may_pass)


def asked(
    criteria: Sequence[BlindedCriterion],
    card: BlindedCard | BlindedColumn,
    marks: Marks | None,
    *,
    may_pass: bool,
    column: int = 0,
) -> list[Question]:
    """The criteria as they are asked of a card, or of a column of a board."""
    found = []
    for criterion in criteria:
        stored = CANNOT if card.ratings.get(criterion.key, 0) is None else card.ratings.get(criterion.key)
        found.append(
            Question(
                key=criterion.key,
                field=field_of(criterion.key, column),
                name=_("Explanation %(n)s, %(name)s") % {"n": column, "name": criterion.name}
                if column
                else criterion.name,
                question=criterion.question,
                definition=criterion.definition,
                levels=criterion.levels,
                mark=marks.shown.get(criterion.key) if marks else stored,
                reason=(marks.reasons if marks else card.reasons).get(criterion.key, ""),
                error=marks.errors.get(criterion.key, "") if marks else "",
                may_pass=may_pass,
                reasons=reasons(),
            )
        )
    return found


def _header(card: BlindedCard | BlindedBoard, heading: str, progress: Progress) -> Header:
    minutes, note = progress.minutes_left, ""
    if minutes and progress.pause_due:
        note = _("A good moment for a pause: all is saved")
    elif minutes and progress.done >= ENOUGH_FOR_A_PACE:
        note = ngettext("about %(n)s minute left", "about %(n)s minutes left", minutes) % {"n": minutes}
    return Header(card.position, card.total, "", heading, note)


def _claim(journey: Standing) -> str | None:
    """The next card's token; None where there is none, or not any more since the journey was read."""
    try:
        return claim_placement(enrolment_id=journey.enrolment_id)
    except Refused:
        return None


def onward(journey: Standing) -> str | None:
    """The token of the card to go on with; None where there is none, or something else comes first."""
    now = journey_queries.standing(journey.enrolment_id)
    elsewhere = now.stage != "rating" or now.guidelines_unread
    return None if elsewhere else _claim(now)


def leave(request: HttpRequest, journey: Standing) -> HttpResponse:
    """To wherever this person belongs by now."""
    address = place(journey_queries.standing(journey.enrolment_id))
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)  # type: ignore[attr-defined]


def _stale(request: HttpRequest, journey: Standing, token: str, why: str) -> HttpResponse:
    title = _("Nothing was changed: this page was older than what is stored")
    now = card_queries.blinded_card(token, request.user.pk)
    if now is None:
        return refusal(request, title, why, place(journey_queries.standing(journey.enrolment_id)), status=409)
    return card_page(request, journey, now, notice={"title": title, "text": why}, status=409)


def not_yours(request: HttpRequest, journey: Standing) -> HttpResponse:
    text = _(
        "It belongs to another person, or was given to somebody else after a long pause. Nothing was stored."
    )
    return refusal(
        request, _("This card is not yours"), text, place(journey), _("Go to your card"), status=403
    )
