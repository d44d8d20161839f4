"""The blind guess: one optional question after the last card. Drawn from GuessCards and the plan's kinds alone."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from annotation import journey_queries
from annotation.design.guessing import CANNOT_SAY
from annotation.design.scales import OutOfScale
from annotation.guess_queries import guess_cards, guess_plan, kind_words
from annotation.journey_queries import Standing
from annotation.services.answer_guess import answer_guess
from annotation.services.refusals import ForeignPlacement, Refused
from annotation.views.journey import on_journey, place, refusal


@on_journey("guess", judges=True)
@require_http_methods(["GET", "HEAD", "POST"])
def guess(request: HttpRequest, journey: Standing) -> HttpResponse:
    """Ask which kind of writer wrote a few of one's own cards, or pass the question over."""
    if request.method != "POST":
        return guess_page(request, journey)
    chosen = {
        name.removeprefix("writer-"): str(value)
        for name, value in request.POST.items()
        if name.startswith("writer-") and value
    }
    if "pass" in request.POST:
        chosen = {}
    elif not chosen and journey.stage == "guess":
        return guess_page(
            request, journey, error=_("Choose a writer for one text at least, or pass it over.")
        )
    try:
        answer_guess(enrolment_id=journey.enrolment_id, guesses=chosen)
    except OutOfScale:
        return guess_page(request, journey, chosen=chosen, error=_("Choose one of the kinds offered."))
    except ForeignPlacement as foreign:
        return refusal(request, _("This card is not yours"), str(foreign), place(journey), status=403)
    except Refused as refused:
        return refusal(request, _("This could not be stored"), str(refused), place(journey), status=409)
    return redirect(place(journey_queries.standing(journey.enrolment_id)))


def guess_page(
    request: HttpRequest, journey: Standing, *, chosen: dict[str, str] | None = None, error: str = ""
) -> HttpResponse:
    plan = guess_plan(journey.study_id)
    kinds = [(kind.key, kind_words(kind)) for kind in plan.kinds] if plan else []
    page = {
        "study_title": journey.study_title,
        "cards": [(card, (chosen or {}).get(card.token, "")) for card in guess_cards(journey.enrolment_id)],
        "kinds": [*kinds, (CANNOT_SAY, _("I cannot say"))],
        "error": error,
    }
    return render(request, "annotation/guess.html", page, status=422 if error else 200)
