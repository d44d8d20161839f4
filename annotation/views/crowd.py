"""The way in and out for people whom a crowd service sends: no account to make, and a code to bring back."""

from django.contrib.auth import get_user_model, login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotation import journey_queries
from annotation.journey_queries import InvitationView, Journey
from annotation.services.join_from_crowd import crowd_key, join_from_crowd
from annotation.services.refusals import InvitationRefused, Refused
from annotation.views import journey as pages

SESSION_SECONDS = 90 * 86_400
"""They have no password to sign in with again."""
SIGN_IN_BY = "django.contrib.auth.backends.ModelBackend"


def join(request: HttpRequest, invitation: InvitationView) -> HttpResponse:
    """What a crowd link leads to.

    The id in the address becomes a keyed hash in the session at once, and the address is left behind: no log of a later
    page and no neighbour's eye finds it.
    """
    kept = f"crowd-{invitation.token}"
    if (given := request.GET.get(invitation.crowd_parameter)) is not None:
        study_id = journey_queries.study_of_invitation(invitation.token)
        try:
            request.session[kept] = crowd_key(study_id, given)
        except Refused as refused:
            return pages.refusal(request, invitation.study_title, str(refused), status=400)
        return redirect("annotation:join", invitation.token)
    if request.user.is_authenticated:
        mine = journey_queries.enrolment_by_invitation(invitation.token, request.user.pk)
        if mine is not None:
            return redirect(pages.place(journey_queries.standing(mine)))
        title = _("You are signed in")
        text = _(
            "This link makes its own account for whoever a crowd service sends. Open it in a private window."
        )
        return pages.refusal(request, title, text, status=409)
    if kept not in request.session:
        text = _("The address holds no id of the crowd service: open the study from its page again.")
        return pages.refusal(request, invitation.study_title, text, status=400)
    if request.method != "POST":
        page = {
            "study_title": invitation.study_title,
            "instructions": invitation.description,
            "crowd": True,
            "invitation": invitation,
        }
        return render(request, "annotation/join.html", page)
    try:
        person = join_from_crowd(token=invitation.token, key=request.session[kept])
    except InvitationRefused as refused:
        return pages.refusal(request, _("You cannot join by this link"), str(refused), status=409)
    login(request, get_user_model().objects.get(pk=person), backend=SIGN_IN_BY)
    request.session.set_expiry(SESSION_SECONDS)
    enrolment_id = journey_queries.enrolment_by_invitation(invitation.token, person)
    assert enrolment_id is not None, "joining makes one"
    return redirect(pages.place(journey_queries.standing(enrolment_id)))


@pages.on_journey("consent")
@never_cache
@require_safe
def declined(request: HttpRequest, journey: Journey) -> HttpResponse:
    """Where somebody ends who does not agree: nothing was stored of them but that they came."""
    page = {
        "study_title": journey.study_title,
        "heading": _("You did not agree"),
        "text": _("Nothing is asked of you, and no mark is stored. You may close this page."),
        "code": journey.no_consent_code,
        "return_url": pages.return_url(journey, journey.no_consent_code),
        "back_url": pages.place(journey),
    }
    return render(request, "annotation/finish.html", page)
