"""Practice with feedback: a card, then the same scale with one's own mark and the reference on it."""

import secrets
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from annotation import calibration_queries
from annotation.calibration_queries import CalibrationFeedback, CriterionFeedback
from annotation.design.blinding import BlindedCard
from annotation.design.scales import OutOfScale
from annotation.journey_queries import Standing
from annotation.rating_forms import Marks, read_marks
from annotation.scale_words import scale_words
from annotation.services.answer_calibration import answer_calibration
from annotation.services.refusals import ForeignPlacement, Refused
from annotation.views.journey import on_journey, place, refusal
from annotation.views.rating import Header, questions


@dataclass(frozen=True, slots=True)
class ComparedLevel:
    """One point of the scale with what lies on it."""

    value: int
    label: str
    mine: bool
    reference: bool
    within: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """One criterion's two marks on one scale, and the same in words."""

    name: str
    question: str
    levels: tuple[ComparedLevel, ...]
    words: str
    within: bool
    rationale: str


@on_journey("calibration", judges=True)
@require_safe
def calibration(request: HttpRequest, journey: Standing) -> HttpResponse:
    """The next practice card of this attempt."""
    card = calibration_queries.calibration_card(journey.enrolment_id)
    if card is None:
        return redirect("annotation:gate", study_id=journey.study_id)
    return _card_page(request, journey, card)


@on_journey("calibration", judges=True)
@require_http_methods(["GET", "HEAD", "POST"])
def practice(request: HttpRequest, journey: Standing, token: str) -> HttpResponse:
    """Take the marks of one practice card, then show how they compare."""
    if request.method != "POST":
        return redirect("annotation:calibration", study_id=journey.study_id)
    sent = request.POST.get("attempt", "")
    attempt = int(sent) if sent.isdecimal() and len(sent) < 5 else None
    if attempt is None:
        text = _(
            "The page did not say which attempt its marks belong to. Nothing was stored: open the card again."
        )
        return refusal(request, _("This could not be stored"), text, place(journey), status=409)
    card = calibration_queries.calibration_card(journey.enrolment_id)
    if card is None or card.token != token or attempt != journey.attempt:
        return _answered_before(request, journey, token)
    marks = read_marks(request.POST, card.criteria)
    if marks.errors:
        return _card_page(request, journey, card, marks, status=422)
    try:
        answer_calibration(
            enrolment_id=journey.enrolment_id, card_token=token, marks=marks.values, attempt=attempt
        )
    except OutOfScale as wrong:
        words = scale_words(wrong, {criterion.key: criterion.name for criterion in card.criteria})
        return _card_page(request, journey, card, marks.with_error(wrong.criterion, words), status=422)
    except ForeignPlacement as foreign:
        return refusal(request, _("This card is not yours"), str(foreign), place(journey), status=403)
    except Refused as refused:
        return refusal(request, _("This could not be stored"), str(refused), place(journey), status=409)
    return redirect("annotation:feedback", study_id=journey.study_id, token=token)


@on_journey("calibration", "failed", "rating", "full", "guess", "finished", "closed")
@require_safe
def feedback(request: HttpRequest, journey: Standing, token: str) -> HttpResponse:
    """Own marks and reference on one scale, the distance in words, and why."""
    found = calibration_queries.calibration_feedback(journey.enrolment_id, token)
    if found is None:
        return redirect(place(journey))
    near = calibration_queries.calibration_near(journey.enrolment_id, found.attempt)
    page = {
        **_compared(found),
        "progress": _header(found.card, feedback=True),
        "dots": near,
        "dots_words": ngettext(
            "%(near)s of %(n)s mark close enough so far",
            "%(near)s of %(n)s marks close enough so far",
            len(near),
        )
        % {"near": sum(near), "n": len(near)},
        "next_url": reverse(f"annotation:{'gate' if found.last else 'calibration'}", args=[journey.study_id]),
        "next_label": _("See the result") if found.last else _("Next card"),
    }
    return render(request, "annotation/calibration_feedback.html", page)


@on_journey("rating", "full", "guess", "finished", "closed")
@require_safe
def recheck(request: HttpRequest, journey: Standing, token: str) -> HttpResponse:
    """The same of a card met again in the middle of the study, where the plan shows it."""
    found = calibration_queries.recheck_feedback(token, request.user.pk)
    if found is None:
        return redirect(place(journey))
    heading = _("How your marks compare on this card")
    page = {
        **_compared(found),
        "progress": Header(found.card.position, found.card.total, "", heading),
        "next_url": place(journey),
        "next_label": _("Go on"),
    }
    return render(request, "annotation/calibration_feedback.html", page)


def _compared(found: CalibrationFeedback) -> dict[str, object]:
    asked = {criterion.key: criterion.question for criterion in found.card.criteria}
    return {
        "card": found.card,
        "language": found.card.language,
        "marks": [_compare(criterion, asked[criterion.key]) for criterion in found.criteria],
    }


def _card_page(
    request: HttpRequest,
    journey: Standing,
    card: BlindedCard,
    marks: Marks | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    page = {
        "card": card,
        "language": card.language,
        "questions": questions(card, marks, may_pass=False),
        "progress": _header(card),
        "action_url": reverse("annotation:practice", args=[journey.study_id, card.token]),
        "guidelines_url": reverse("annotation:guidelines", args=[journey.study_id]),
        "save_label": _("Compare"),
        "key": secrets.token_urlsafe(12),
        "attempt": journey.attempt,
        "n_errors": len(marks.errors) if marks else 0,
    }
    return render(request, "annotation/card.html", page, status=status)


def _answered_before(request: HttpRequest, journey: Standing, token: str) -> HttpResponse:
    """A repeated submit of an answered card leads to its feedback; anything else is out of turn."""
    if calibration_queries.calibration_feedback(journey.enrolment_id, token) is not None:
        text = _(
            "You have answered this practice card before, and that first answer stands. Nothing was changed."
        )
        onward = reverse("annotation:feedback", args=[journey.study_id, token])
        return refusal(request, _("Already answered"), text, onward, _("See the comparison"), status=409)
    text = _("It is not the practice card you are at. Nothing was stored.")
    return refusal(
        request, _("This card is not yours"), text, place(journey), _("Go to your card"), status=403
    )


def _header(card: BlindedCard, *, feedback: bool = False) -> Header:
    where = {"position": card.position, "total": card.total}
    heading = _("Practice card %(position)s of %(total)s") % where
    if feedback:
        heading = _("How your marks compare on practice card %(position)s of %(total)s") % where
    return Header(card.position, card.total, _("Practice"), heading)


def _compare(criterion: CriterionFeedback, question: str) -> Comparison:
    low, high = criterion.band
    away = abs(criterion.distance)
    if not away:
        words = _("Exactly the reference.")
    else:
        words = (
            ngettext("%(n)s level above the reference", "%(n)s levels above the reference", away)
            if criterion.distance > 0
            else ngettext("%(n)s level below the reference", "%(n)s levels below the reference", away)
        ) % {"n": away}
        verdict = _(": close enough.") if criterion.near else _(": further away than the study allows.")
        words = f"{words}{verdict}"
    return Comparison(
        name=criterion.name,
        question=question,
        levels=tuple(
            ComparedLevel(
                value=level.value,
                label=level.label,
                mine=level.value == criterion.own,
                reference=level.value == criterion.gold,
                within=low <= level.value <= high,
            )
            for level in criterion.levels
        ),
        words=words,
        within=criterion.near,
        rationale=criterion.rationale,
    )
