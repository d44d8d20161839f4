"""An annotator's way through a study, from joining to the end; and where a person belongs now."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from annotation import journey_queries
from annotation.journey_queries import Journey, Stage, Standing
from annotation.rating_forms import ConsentForm, WithdrawForm
from annotation.services.check_blindness import check_blindness
from annotation.services.give_consent import give_consent
from annotation.services.read_guidelines import read_guidelines
from annotation.services.refusals import NotBlind, Refused
from annotation.services.withdraw_consent import withdraw_consent

PAGES: dict[Stage, str] = {
    "consent": "consent",
    "guidelines": "guidelines",
    "calibration": "calibration",
    "failed": "gate",
    "rating": "rate",
    "full": "finish",
    "guess": "guess",
    "finished": "finish",
    "closed": "finish",
    "withdrawn": "finish",
}

ENOUGH_FOR_A_PACE = 3
"""Cards done before minutes left are told: earlier, one slow card would be a false promise."""

JourneyView = Callable[..., HttpResponse]


def place(journey: Standing) -> str:
    """The address of the one page this person belongs on now; every other page sends them there."""
    page = PAGES[journey.stage]
    if journey.guidelines_unread and page in {"calibration", "rate"}:
        page = "guidelines"
    return reverse(f"annotation:{page}", args=[journey.study_id])


def on_journey(*stages: Stage, judges: bool = False) -> Callable[[JourneyView], JourneyView]:
    """Guard a page: one's own enrolment only, and a reader whose stage is another goes where they belong.

    A write is passed on at any stage: the service refuses it with a reason, which a redirect would hide.
    Where `judges` is said, whoever may know the systems by now is refused before reading a card, and the view gets a
    Standing, which costs less to read than the Journey of the other pages.
    """

    def decorate(view: JourneyView) -> JourneyView:
        @wraps(view)
        @never_cache
        @login_required
        @permission_required("annotation.rate", raise_exception=True)
        def guarded(request: HttpRequest, study_id: int, **parts: str) -> HttpResponse:
            enrolment_id = journey_queries.enrolment_of(study_id, request.user.pk)
            if enrolment_id is None:
                raise PermissionDenied(
                    _("You do not take part in this study. Open its invitation link to join.")
                )
            read = journey_queries.standing if judges else journey_queries.journey
            journey = read(enrolment_id)
            if judges:
                try:
                    check_blindness(study_id=study_id, person_id=request.user.pk)
                except NotBlind:
                    title = _("You cannot judge in this study any more")
                    return refusal(request, title, not_blind_words(), status=403)
            if request.method in {"GET", "HEAD"} and stages:
                elsewhere = journey.stage not in stages
                unread = journey.guidelines_unread and journey.stage in {"calibration", "rating"}
                if elsewhere or (unread and "guidelines" not in stages):
                    return redirect(place(journey))
            return view(request, journey, **parts)

        return guarded

    return decorate


def not_blind_words() -> str:
    return _(
        "Your account has a new role, by which you may read which system wrote what. Marks you saved before "
        "are kept; nothing was stored now."
    )


@on_journey("consent")
@require_http_methods(["GET", "HEAD", "POST"])
def consent(request: HttpRequest, journey: Journey) -> HttpResponse:
    form = ConsentForm(request.POST or None, initial={"version": journey.consent_version})
    if request.method == "POST" and form.is_valid():
        try:
            give_consent(enrolment_id=journey.enrolment_id, version=form.cleaned_data["version"])
        except Refused as refused:
            return refusal(request, _("This could not be stored"), str(refused), place(journey), status=409)
        return redirect(place(journey_queries.standing(journey.enrolment_id)))
    return render(
        request,
        "annotation/consent.html",
        {
            "study_title": journey.study_title,
            "consent": journey.consent,
            "form": form,
            "simulated": journey.simulated,
            "declined_url": reverse("annotation:declined", args=[journey.study_id]),
        },
        status=422 if form.is_bound else 200,
    )


@on_journey("guidelines", "calibration", "rating", "full", "guess", "finished", "failed", "closed")
@require_http_methods(["GET", "HEAD", "POST"])
def guidelines(request: HttpRequest, journey: Journey) -> HttpResponse:
    """What the levels mean; read before calibration, again after each clarification, and at will."""
    newest = journey.guidelines[0]
    if request.method == "POST":
        version = request.POST.get("version", "")
        try:
            read_guidelines(
                enrolment_id=journey.enrolment_id,
                version=int(version) if version.isdecimal() and len(version) < 10 else 0,
            )
        except Refused as refused:
            return refusal(request, _("This could not be stored"), str(refused), place(journey), status=409)
        return redirect(place(journey_queries.standing(journey.enrolment_id)))
    unread = journey.guidelines_unread and journey.stage in {"guidelines", "calibration", "rating"}
    first = journey.stage == "guidelines"
    return render(
        request,
        "annotation/guidelines.html",
        {
            "study_title": journey.study_title,
            "guidelines": newest,
            "changed": unread and not first,
            "criteria": journey.criteria,
            "unread": unread,
            "next_url": place(journey),
            "next_label": _("I have read this") if unread else _("Go on"),
            "n_calibration": journey.n_calibration,
            "gate_in_words": journey.gate_in_words if journey.n_calibration else "",
            "first": first,
        },
    )


@on_journey("calibration", "failed", "rating", "full", "guess", "finished", "closed")
@require_safe
def gate(request: HttpRequest, journey: Journey) -> HttpResponse:
    """What calibration came to: passed, once more, or a polite end."""
    page = {"study_title": journey.study_title, "feedback": journey.gate_feedback, "next_url": place(journey)}
    page["guidelines_url"] = reverse("annotation:guidelines", args=[journey.study_id])
    if journey.stage == "failed":
        page |= {
            "heading": _("Thank you. Your part ends here"),
            "text": _(
                "Your practice marks read these texts differently from this study's guidelines. That is no "
                "judgment of you: the study needs marks that are given in one way. Nothing more is asked."
            ),
            "next_url": reverse("annotation:my-studies"),
            "next_label": _("My studies"),
            "next_is_quiet": True,
            "guidelines_url": "",
            "code": journey.completion_code,
            "return_url": return_url(journey, journey.completion_code),
        }
    elif journey.stage == "calibration":
        if not journey.gate_feedback:
            return redirect(place(journey))
        left = journey.attempts - journey.attempt + 1
        page |= {
            "heading": _("Not yet: please practise once more"),
            "text": ngettext(
                "Some marks were further from the reference than the study allows. There is one attempt "
                "left; reading the guidelines again usually helps.",
                "Some marks were further from the reference than the study allows. There are %(left)s "
                "attempts left; reading the guidelines again usually helps.",
                left,
            )
            % {"left": left},
            "next_label": _("Begin the next attempt"),
        }
    else:
        page |= {
            "heading": _("You passed: you can begin"),
            "text": _("From here on you get feedback on a few texts at most. Judge each text for itself.")
            if journey.feedback_later
            else _("From here on there is no feedback. Judge each text for itself."),
            "next_label": _("Begin rating"),
        }
    return render(request, "annotation/gate.html", page)


@on_journey("guidelines", "calibration", "failed", "rating", "full", "guess", "finished", "closed")
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, journey: Journey) -> HttpResponse:
    """Say what withdrawing means, ask once more, and do it."""
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        withdraw_consent(enrolment_id=journey.enrolment_id, erase=form.cleaned_data["erase"])
        return redirect("annotation:finish", journey.study_id)
    page = {"study_title": journey.study_title, "form": form, "stay_url": place(journey)}
    return render(request, "annotation/withdraw.html", page, status=422 if form.is_bound else 200)


@on_journey("finished", "full", "closed", "withdrawn")
@require_safe
def finish(request: HttpRequest, journey: Journey) -> HttpResponse:
    return end_page(request, journey, journey.stage)


def end_page(request: HttpRequest, journey: Journey, stage: Stage) -> HttpResponse:
    """Finished, no place left, or closed: in each case nothing is to be done now."""
    heading, text = {
        "finished": (
            _("You have finished"),
            _("Every card is judged and saved. Thank you: nothing more is to be done."),
        ),
        "full": (
            _("All places are taken"),
            _(
                "You passed, and in the meantime every place was taken. If one becomes free, you can go on "
                "from My studies."
            ),
        ),
        "closed": (
            _("This study is closed"),
            _("It takes no more marks. Everything you saved before it closed is kept and counts. Thank you."),
        ),
        "withdrawn": (
            _("You withdrew your consent"),
            _("None of your marks counts any more. Thank you for your time; nothing more is to be done."),
        ),
    }[stage]
    page = {
        "study_title": journey.study_title,
        "heading": heading,
        "text": text,
        "code": journey.completion_code,
        "return_url": return_url(journey, journey.completion_code),
    }
    return render(request, "annotation/finish.html", page)


def return_url(journey: Journey, code: str) -> str:
    """Where a crowd service's people bring the code; empty for everybody else."""
    return journey.return_url.replace("{code}", code) if code else ""


@never_cache
@login_required
@require_safe
def my_studies(request: HttpRequest) -> HttpResponse:
    """Everything this person takes part in, each with its one next step."""
    return render(
        request,
        "annotation/my_studies.html",
        {"rows": [_line(row) for row in journey_queries.my_studies(request.user.pk)]},
    )


@never_cache
@login_required
@require_safe
def signed_in(request: HttpRequest) -> HttpResponse:
    """Where signing in again in a second tab ends: the card waits in the first one."""
    return render(request, "annotation/signed_in.html", {"study_title": ""})


def refusal(
    request: HttpRequest, title: str, text: str, url: str = "", action: str = "", *, status: int
) -> HttpResponse:
    """What was refused, why, and where to go on: a page, or the fragment that htmx swaps in."""
    words = {"title": title, "text": text, "url": url or reverse("annotation:my-studies"), "action": action}
    words["action"] = action or (_("Go on") if url else _("My studies"))
    template = "annotation/refused.html" + ("#refusal" if request.htmx else "")  # type: ignore[attr-defined]
    return render(request, template, {"refusal": words, "study_title": ""}, status=status)


def _line(row: journey_queries.MyStudy) -> dict[str, object]:
    state, tone, note, action = {
        "consent": (_("invited"), "accent", _("Begins with your consent."), _("Begin")),
        "guidelines": (_("begun"), "accent", _("Next: the guidelines."), _("Go on")),
        "calibration": (_("practising"), "accent", _("Next: practice cards with feedback."), _("Go on")),
        "failed": (_("ended"), "", _("Your part ended after practice. Thank you."), ""),
        "rating": (_("rating"), "accent", "", _("Go on")),
        "full": (_("waiting"), "warn", _("All places are taken at the moment."), _("Look again")),
        "guess": (
            _("one question left"),
            "accent",
            _("All is saved; you may pass the question over."),
            _("Go on"),
        ),
        "finished": (_("finished"), "good", _("Everything is saved."), _("Completion code")),
        "closed": (_("closed"), "", _("The study is closed; what you saved counts."), ""),
        "withdrawn": (_("withdrawn"), "", _("You withdrew your consent; none of your marks counts."), ""),
    }[row.stage]
    minutes = row.progress.minutes_left
    if row.stage == "rating" and minutes and row.progress.done >= ENOUGH_FOR_A_PACE:
        note = ngettext("About %(n)s minute left.", "About %(n)s minutes left.", minutes) % {"n": minutes}
    return {
        "title": row.title,
        "state": state,
        "tone": tone,
        "note": note,
        "action": action,
        "url": reverse(f"annotation:{PAGES[row.stage]}", args=[row.study_id]),
        "done": row.progress.done,
        "total": row.progress.total,
        "finished": row.stage == "finished",
        "withdraw_url": ""
        if row.stage in {"consent", "withdrawn"}
        else reverse("annotation:withdraw", args=[row.study_id]),
        "simulated": row.simulated,
    }
