"""The owner's page of links: one for one or many people, one a person of a list, one for a crowd service."""

import csv
import io

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotation import overview
from annotation.design.invitation_list import BadList
from annotation.inviting_forms import CrowdLinkForm, InvitationForm, InvitationListForm, LetReturnForm
from annotation.queries import StudySummary
from annotation.services.invite import invite
from annotation.services.invite_people import invite_people
from annotation.services.join_from_crowd import let_return
from annotation.services.make_crowd_link import make_crowd_link
from annotation.services.refusals import Refused
from annotation.services.revoke_invitation import revoke_invitation
from annotation.views.owners import LINE, on_study

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that spreadsheets compute instead of showing."""


@on_study
@require_http_methods(["GET", "HEAD", "POST"])
def study_invitations(request: HttpRequest, study: StudySummary) -> HttpResponse:
    """All links, and a new one for one person or several."""
    form = InvitationForm(request.POST or None)
    if form.is_valid():
        try:
            invite(study_id=study.id, by_id=request.user.pk, **form.cleaned_data)
        except Refused as refused:
            return _page(request, study, refused_by(form, refused), status=409)
        messages.success(request, _("The link is made. Copy it to the people it is for."))
        return redirect("annotation:study-invitations", study_id=study.id)
    return _page(request, study, form, status=422 if form.is_bound else 200)


@on_study
@require_POST
def study_invite_list(request: HttpRequest, study: StudySummary) -> HttpResponse:
    """A link for each person of a CSV file."""
    form = InvitationListForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, study, form, status=422)
    try:
        made = invite_people(
            study_id=study.id,
            by_id=request.user.pk,
            people=form.people(),
            expires_in_days=form.cleaned_data["expires_in_days"],
        )
    except BadList as bad:
        faults = [found.groupdict(default="") for error in bad.errors if (found := LINE.fullmatch(error))]
        return _page(request, study, form, status=422, line_errors=faults)
    except Refused as refused:
        return _page(request, study, refused_by(form, refused), status=409)
    words = ngettext("%(n)s link is made.", "%(n)s links are made.", len(made)) % {"n": len(made)}
    messages.success(request, words)
    return redirect("annotation:study-invitations", study_id=study.id)


@on_study
@require_POST
def study_crowd_link(request: HttpRequest, study: StudySummary) -> HttpResponse:
    """A link for the people of a crowd service."""
    form = CrowdLinkForm(request.POST)
    if not form.is_valid():
        return _page(request, study, form, status=422)
    try:
        make_crowd_link(study_id=study.id, by_id=request.user.pk, **form.as_request())
    except Refused as refused:
        return _page(request, study, refused_by(form, refused), status=409)
    messages.success(request, _("The link is made. Give it and its codes to the crowd service."))
    return redirect("annotation:study-invitations", study_id=study.id)


@on_study
@require_POST
def study_let_return(request: HttpRequest, study: StudySummary) -> HttpResponse:
    """Let somebody whom a crowd service sent in from another browser, once."""
    form = LetReturnForm(request.POST)
    if not form.is_valid():
        return _page(request, study, form, status=422)
    try:
        pseudonym = let_return(study_id=study.id, crowd_id=form.cleaned_data["crowd_id"])
    except Refused as refused:
        return _page(request, study, refused_by(form, refused), status=409)
    messages.success(request, _("%(who)s may open the link once from another browser.") % {"who": pseudonym})
    return redirect("annotation:study-invitations", study_id=study.id)


@on_study
@require_safe
def study_invitations_file(request: HttpRequest, study: StudySummary) -> HttpResponse:
    """The links as CSV, for a letter to each person."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(["name", "link", "joined", "of", "until", "usable"])
    for row in overview.invitations(study.id):
        name = f"'{row.label}" if row.label.startswith(FORMULA) else row.label
        until = row.expires_at.isoformat() if row.expires_at else ""
        writer.writerow([name, _url(request, row), row.uses, row.max_uses, until, row.usable])
    return HttpResponse(
        written.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="invitations-{study.id}.csv"'},
    )


@on_study
@require_POST
def study_revoke(request: HttpRequest, study: StudySummary, invitation_id: int) -> HttpResponse:
    if revoke_invitation(study_id=study.id, invitation_id=invitation_id):
        messages.success(request, _("The link is withdrawn; who joined by it stays."))
    else:
        messages.warning(request, _("There was no such link, or it was withdrawn before."))
    return redirect("annotation:study-invitations", study_id=study.id)


def refused_by(form: forms.Form, refused: Refused) -> forms.Form:
    form.add_error(None, str(refused))
    return form


def _page(
    request: HttpRequest,
    study: StudySummary,
    sent: forms.Form,
    *,
    status: int,
    line_errors: list[dict[str, str]] | None = None,
) -> HttpResponse:
    """The page with the form that was sent in its place, and the others empty."""
    rows = overview.invitations(study.id)
    page = {
        "study": study,
        "here": "invitations",
        "rows": [{"row": row, "url": _url(request, row)} for row in rows],
        "line_errors": line_errors or [],
        "n_line_errors": len(line_errors or []),
        "has_crowd": any(row.crowd for row in rows),
    }
    for name, kind in (
        ("form", InvitationForm),
        ("list_form", InvitationListForm),
        ("crowd_form", CrowdLinkForm),
        ("return_form", LetReturnForm),
    ):
        page[name] = sent if isinstance(sent, kind) and type(sent) is kind else kind()
    free = overview.free_seats(study.id)
    for name in ("form", "crowd_form"):
        page[name].fields["max_uses"].initial = max(1, free)
    return render(request, "annotation/study_invitations.html", page, status=status)


def _url(request: HttpRequest, row: overview.InvitationRow) -> str:
    """A crowd link with the service's own placeholder, as Prolific fills it in."""
    url = request.build_absolute_uri(reverse("annotation:join", args=[row.token]))
    if row.crowd is None:
        return url
    name = row.crowd.id_parameter
    return f"{url}?{name}={{{{%{name}%}}}}"
