"""The owner's pages of a study: its texts, open, amend, close, unblind."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotation import overview, queries
from annotation.forms import (
    AmendForm,
    CloseForm,
    CriterionForm,
    DraftForm,
    UnblindForm,
)
from annotation.models.frozen import StudyFrozen
from annotation.queries import StudySummary
from annotation.services.amend_guidelines import amend_guidelines
from annotation.services.blind_check import BlindCheck
from annotation.services.check_pages import check_pages
from annotation.services.close_study import close_study
from annotation.services.discard_draft import discard_draft
from annotation.services.edit_draft import edit_criterion, edit_draft
from annotation.services.open_study import open_study
from annotation.services.refusals import NotReady, Refused
from annotation.services.unblind_study import unblind_study
from annotation.views.owners import for_owners, on_study

LEAKS_TOLD = 5


@for_owners
@require_safe
def studies(request: HttpRequest) -> HttpResponse:
    rows = queries.studies(None if request.user.is_superuser else request.user.pk)
    return render(request, "annotation/studies.html", {"rows": rows})


@on_study
@require_safe
def study(request: HttpRequest, study: StudySummary) -> HttpResponse:
    return study_page(request, study)


def study_page(
    request: HttpRequest,
    study: StudySummary,
    *,
    forms: dict[str, object] | None = None,
    missing: tuple[str, ...] = (),
    status: int = 200,
) -> HttpResponse:
    """The plan, what may be done with it now, and what was done to it."""
    page = {
        "study": study,
        "here": "plan",
        "missing": missing,
        "ledger": overview.ledger(study.id),
        "checked": overview.checked_pages(study.id),
        "amend_form": AmendForm(prefix="amend"),
        "close_form": CloseForm(prefix="close", title=study.title),
        "unblind_form": UnblindForm(prefix="unblind", title=study.title),
        **(forms or {}),
    }
    return render(request, "annotation/study.html", page, status=status)


@on_study
@require_http_methods(["GET", "HEAD", "POST"])
def study_edit(request: HttpRequest, study: StudySummary) -> HttpResponse:
    """The texts of a draft."""
    now = {"title": study.title, "description": study.description, "consent": study.consent}
    now |= {"guidelines": study.guidelines[0].text, "hypotheses": overview.hypotheses(study.id)}
    form = DraftForm(request.POST or None, initial=now)
    if request.method == "POST" and form.is_valid():
        try:
            edit_draft(study_id=study.id, **form.cleaned_data)
        except StudyFrozen as frozen:
            messages.error(request, str(frozen))
            return study_page(request, study, status=409)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("The texts are saved."))
            return redirect("annotation:study", study_id=study.id)
    page = {"study": study, "form": form, "here": "plan", "heading": _("Texts")}
    return render(request, "annotation/study_edit.html", page, status=422 if form.is_bound else 200)


@on_study
@require_http_methods(["GET", "HEAD", "POST"])
def study_criterion(request: HttpRequest, study: StudySummary, key: str) -> HttpResponse:
    """One criterion of a draft."""
    now = next((criterion for criterion in study.criteria if criterion.key == key), None)
    if now is None:
        raise Http404(_("This study asks no such question."))
    initial = {"name": now.name, "question": now.question, "definition": now.definition}
    for level in now.levels:
        initial |= {
            f"label_{level.value}": level.label,
            f"example_{level.value}": level.example,
            f"why_{level.value}": level.why,
        }
    form = CriterionForm(request.POST or None, initial=initial)
    status = 200
    if request.method == "POST" and form.is_valid():
        sent = form.cleaned_data
        try:
            edit_criterion(
                study_id=study.id,
                key=key,
                name=sent["name"],
                question=sent["question"],
                definition=sent["definition"],
                labels=[sent[f"label_{level.value}"] for level in now.levels],
                examples=[
                    {"explanation": sent[f"example_{level.value}"], "why": sent[f"why_{level.value}"]}
                    for level in now.levels
                ],
            )
        except StudyFrozen as frozen:
            messages.error(request, str(frozen))
            return study_page(request, study, status=409)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("The question is saved."))
            return redirect("annotation:study", study_id=study.id)
    if form.is_bound:
        status = 422
    page = {"study": study, "form": form, "here": "plan", "heading": now.name}
    return render(request, "annotation/study_edit.html", page, status=status)


@on_study
@require_POST
def study_open(request: HttpRequest, study: StudySummary) -> HttpResponse:
    try:
        open_study(study_id=study.id, by_id=request.user.pk)
    except NotReady as not_ready:
        return study_page(request, study, missing=tuple(not_ready.reasons), status=409)
    messages.success(request, _("The study is open and frozen. Invite annotators next."))
    _tell(request, check_pages(study_id=study.id, by_id=request.user.pk))
    return redirect("annotation:study-invitations", study_id=study.id)


@on_study
@require_POST
def study_blind_check(request: HttpRequest, study: StudySummary) -> HttpResponse:
    """Look through an annotator's pages again, such as after templates were changed."""
    if study.status == "draft":
        messages.warning(request, _("A draft is looked through when it opens."))
    else:
        found = check_pages(study_id=study.id, by_id=request.user.pk)
        if not found.leaks:
            messages.success(request, _("No page of an annotator holds the name of a system."))
        _tell(request, found)
    return redirect("annotation:study", study_id=study.id)


def _tell(request: HttpRequest, found: BlindCheck) -> None:
    """Where an annotator could read a name: the first few places; `manage.py blindcheck` lists all."""
    if found.leaks:
        words = _("Annotators can read which system wrote what: %(places)s.")
        places = "; ".join(map(str, found.leaks[:LEAKS_TOLD]))
        messages.error(request, words % {"places": places})


@on_study
@require_POST
def study_discard(request: HttpRequest, study: StudySummary) -> HttpResponse:
    try:
        discard_draft(study_id=study.id)
    except StudyFrozen as frozen:
        messages.error(request, str(frozen))
        return study_page(request, study, status=409)
    messages.success(request, _("The draft “%(title)s” is discarded.") % {"title": study.title})
    return redirect("annotation:studies")


@on_study
@require_POST
def study_amend(request: HttpRequest, study: StudySummary) -> HttpResponse:
    form = AmendForm(request.POST, prefix="amend")
    if not form.is_valid():
        return study_page(request, study, forms={"amend_form": form}, status=422)
    try:
        version = amend_guidelines(
            study_id=study.id, by_id=request.user.pk, clarification=form.cleaned_data["clarification"]
        )
    except Refused as refused:
        form.add_error(None, str(refused))
        return study_page(request, study, forms={"amend_form": form}, status=409)
    messages.success(
        request,
        _("Guidelines are now at version %(n)s; everybody reads it before their next card.") % {"n": version},
    )
    return redirect("annotation:study", study_id=study.id)


@on_study
@require_POST
def study_close(request: HttpRequest, study: StudySummary) -> HttpResponse:
    form = CloseForm(request.POST, prefix="close", title=study.title)
    if not form.is_valid():
        return study_page(request, study, forms={"close_form": form}, status=422)
    try:
        close_study(study_id=study.id, by_id=request.user.pk, reason=form.cleaned_data["reason"])
    except Refused as refused:
        form.add_error(None, str(refused))
        return study_page(request, study, forms={"close_form": form}, status=409)
    messages.success(request, _("The study is closed: no mark is taken any more. It is still blind."))
    return redirect("annotation:study", study_id=study.id)


@on_study
@require_POST
def study_unblind(request: HttpRequest, study: StudySummary) -> HttpResponse:
    form = UnblindForm(request.POST, prefix="unblind", title=study.title)
    if not form.is_valid():
        return study_page(request, study, forms={"unblind_form": form}, status=422)
    try:
        unblind_study(study_id=study.id, by_id=request.user.pk, reason=form.cleaned_data["reason"])
    except Refused as refused:
        form.add_error(None, str(refused))
        return study_page(request, study, forms={"unblind_form": form}, status=409)
    messages.success(request, _("The study is unblinded. Analysis may now read who wrote what."))
    return redirect("annotation:study", study_id=study.id)
