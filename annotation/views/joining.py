"""Where an invitation link leads: into the study, or to why it leads nowhere."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotation import journey_queries
from annotation.services.check_blindness import check_blindness
from annotation.services.enrol_annotator import enrol_annotator
from annotation.services.refusals import InvitationRefused, NotBlind
from annotation.views import crowd
from annotation.views.journey import place, refusal

INVITED = "invited"
"""Of the session: an invitation was opened in this browser."""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """What an invitation leads to: the study's public title, what is asked, and the way in."""
    invitation = journey_queries.invitation(token)
    if invitation is None:
        text = _("There is no such invitation. Check that the link was copied whole.")
        return refusal(request, _("You cannot join by this link"), text, status=404)
    if not request.user.is_authenticated:
        request.session[INVITED] = True
    if invitation.crowd_parameter:
        return crowd.join(request, invitation)
    if request.method == "POST":
        if not request.user.is_authenticated:
            return redirect(f"{reverse('account_login')}?next={request.path}")
        try:
            enrolment_id = enrol_annotator(token=token, annotator_id=request.user.pk)
        except InvitationRefused as refused:
            return refusal(request, _("You cannot join by this link"), str(refused), status=409)
        return redirect(place(journey_queries.standing(enrolment_id)))
    mine = (
        journey_queries.enrolment_by_invitation(token, request.user.pk)
        if request.user.is_authenticated
        else None
    )
    if mine is not None:
        return redirect(place(journey_queries.standing(mine)))
    if not invitation.usable:
        return refusal(request, invitation.study_title, invitation.why_not, status=410)
    return render(
        request,
        "annotation/join.html",
        {
            "study_title": invitation.study_title,
            "instructions": invitation.description,
            "invitation": invitation,
            "not_blind": _not_blind(request, invitation.study_id),
        },
    )


def _not_blind(request: HttpRequest, study_id: int) -> str:
    """Why somebody who is signed in may not rate; empty where nothing is against it."""
    if request.user.pk is None:
        return ""
    try:
        check_blindness(study_id=study_id, person_id=request.user.pk)
    except NotBlind as refused:
        return str(refused)
    return ""
