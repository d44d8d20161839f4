"""The owner's pages: build, mark the calibration set, open, invite, watch, close, unblind."""

import re
from collections.abc import Callable, Sequence
from functools import wraps

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotation import overview, queries
from annotation.design.plan import StudySettings
from annotation.design.scales import OutOfScale
from annotation.design.sources import parse
from annotation.forms import (
    AmendForm,
    CloseForm,
    CriterionForm,
    DraftForm,
    GoldFile,
    PlanForm,
    StudyFromFile,
    StudyFromRuns,
    UnblindForm,
    read_gold,
)
from annotation.models.frozen import StudyFrozen
from annotation.queries import StudySummary
from annotation.services.amend_guidelines import amend_guidelines
from annotation.services.blind_check import BlindCheck
from annotation.services.build_study import build_study
from annotation.services.check_pages import check_pages
from annotation.services.close_study import close_study
from annotation.services.discard_draft import discard_draft
from annotation.services.edit_draft import edit_criterion, edit_draft
from annotation.services.import_calibration import import_calibration
from annotation.services.open_study import open_study
from annotation.services.refusals import BadSource, NotReady, Refused
from annotation.services.set_gold import set_gold
from annotation.services.unblind_study import unblind_study
from generation.queries import explain_runs

LEAKS_TOLD = 5
LINE = re.compile(r"Line (?P<line>\d+)(?:, (?P<field>[^:]+))?: (?P<text>.*)", re.DOTALL)

StudyView = Callable[..., HttpResponse]


def for_owners(view: StudyView) -> StudyView:
    @wraps(view)
    @never_cache
    @login_required
    @permission_required("annotation.own", raise_exception=True)
    def guarded(request: HttpRequest, **parts: object) -> HttpResponse:
        return view(request, **parts)

    return guarded


def on_study(view: StudyView) -> StudyView:
    """Guard a study's page: for its own owner, or an administrator of the installation."""

    @for_owners
    @wraps(view)
    def guarded(request: HttpRequest, *, study_id: int, **parts: object) -> HttpResponse:
        try:
            study = queries.study_summary(study_id)
        except ObjectDoesNotExist:
            study = None
        if study is None or (study.owner_id != request.user.pk and not request.user.is_superuser):
            raise Http404(_("You own no such study."))
        return view(request, study, **parts)

    return guarded


@for_owners
@require_safe
def studies(request: HttpRequest) -> HttpResponse:
    rows = queries.studies(None if request.user.is_superuser else request.user.pk)
    return render(request, "annotation/studies.html", {"rows": rows})


@for_owners
@require_http_methods(["GET", "HEAD", "POST"])
def study_new(request: HttpRequest) -> HttpResponse:
    """A draft from explanations made here."""
    runs = explain_runs()
    form = StudyFromRuns(request.POST or None, runs=[(str(run.id), _run_words(run)) for run in runs])
    return _build(request, form, "runs", lambda plan: {"explain_run_ids": [int(run) for run in plan["runs"]]})


@for_owners
@require_http_methods(["GET", "HEAD", "POST"])
def study_upload(request: HttpRequest) -> HttpResponse:
    """A draft from a file. A faulty one is refused whole and comes back, line by line, to be put right."""
    form = StudyFromFile(request.POST or None, request.FILES or None)
    return _build(request, form, "file", lambda plan: {"upload": parse(form.content, form.form)})


def _build(request: HttpRequest, form: PlanForm, source: str, chosen: Callable[[dict], dict]) -> HttpResponse:
    faults: list[dict[str, str]] = []
    if request.method == "POST" and form.is_valid():
        plan = form.cleaned_data
        names = (
            "title",
            "description",
            "language",
            "k",
            "n_annotators",
            "design",
            "gap",
            "seed",
            "n_cases",
            "n_calibration",
            "hypotheses",
        )
        try:
            built = build_study(
                owner_id=request.user.pk,
                settings=StudySettings(**_stated(plan, names)),
                **chosen(plan),
            )
        except BadSource as bad:
            faults = _faults(bad, form)
        else:
            messages.success(
                request, _("The draft is built. Next: the reference marks of its calibration cards.")
            )
            return redirect("annotation:study", study_id=built.study_id)
    if isinstance(form, StudyFromFile) and form.is_bound and form.content:
        form.data = form.data.copy()  # type: ignore[union-attr]
        form.data["rows"] = form.content  # nothing that was sent is lost
    page = {"form": form, "source": source, "line_errors": faults, "n_line_errors": len(faults)}
    bad = form.is_bound and (form.errors or faults)
    return render(request, "annotation/study_new.html", page, status=422 if bad else 200)


def _stated(plan: dict, names: Sequence[str]) -> dict:
    """The plan as it was stated; calibration left open follows the cases."""
    stated = {name: plan[name] for name in names}
    if stated["n_calibration"] is None:
        del stated["n_calibration"]
        stated["calibration_follows"] = True
    return stated


def _faults(bad: BadSource, form: PlanForm | GoldFile) -> list[dict[str, str]]:
    """What is wrong line by line; what is wrong with the file as a whole goes onto the form."""
    faults = []
    for error in bad.errors:
        if found := LINE.fullmatch(error):
            faults.append(found.groupdict(default=""))
        else:
            form.add_error(None, error)
    return faults


def _run_words(run: object) -> str:
    words = _("%(label)s: %(n_ok)s of %(n_cases)s cases of %(corpus)s, case set %(case_run)s, run %(id)s") % {
        "label": run.label,  # type: ignore[attr-defined]
        "n_ok": run.n_ok,  # type: ignore[attr-defined]
        "n_cases": run.n_cases,  # type: ignore[attr-defined]
        "corpus": run.corpus,  # type: ignore[attr-defined]
        "case_run": run.case_run_id,  # type: ignore[attr-defined]
        "id": run.id,  # type: ignore[attr-defined]
    }
    return f"{words} ({_('offline teacher')})" if run.offline else words  # type: ignore[attr-defined]


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


@on_study
@require_http_methods(["GET", "HEAD", "POST"])
def study_calibration(request: HttpRequest, study: StudySummary) -> HttpResponse:
    """The calibration cards with their reference marks; each card is saved on its own."""
    keys = [criterion.key for criterion in study.criteria]
    fault: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        token = request.POST.get("card", "")
        marks, rationales = read_gold(request.POST, keys)
        try:
            if study.status != "draft":
                raise StudyFrozen(
                    _("The study was opened: its reference marks are frozen. Nothing was changed.")
                )
            set_gold(study_id=study.id, card_token=token, marks=marks, rationales=rationales)
        except StudyFrozen as frozen:
            fault, status = {"card": token, "text": str(frozen)}, 409
        except OutOfScale as wrong:
            fault, status = {"card": token, "text": str(wrong), "field": wrong.criterion}, 422
        except Refused as refused:
            fault, status = {"card": token, "text": str(refused)}, 409
        else:
            saved = next(card for card in overview.gold_cards(study.id) if card.token == token)
            given = sum(mark.value is not None for mark in saved.marks)
            words = {"n": saved.number, "given": given, "total": len(saved.marks)}
            if given == len(saved.marks):
                messages.success(request, _("Card %(n)s is saved: all %(total)s marks.") % words)
            else:
                messages.warning(request, _("Card %(n)s is saved with %(given)s of %(total)s marks.") % words)
            return redirect(f"{reverse('annotation:study-calibration', args=[study.id])}#card-{token}")
    return _calibration_page(request, study, GoldFile(criteria=keys), fault=fault, status=status)


@on_study
@require_POST
def study_calibration_file(request: HttpRequest, study: StudySummary) -> HttpResponse:
    """Replace a draft's calibration set by a file's. A faulty one is refused whole, line by line."""
    form = GoldFile(request.POST, request.FILES, criteria=[criterion.key for criterion in study.criteria])
    faults: list[dict[str, str]] = []
    status = 422
    if form.is_valid():
        try:
            n = import_calibration(study_id=study.id, content=form.content, form=form.form)
        except BadSource as bad:
            faults = _faults(bad, form)
        except StudyFrozen as frozen:
            form.add_error(None, str(frozen))
            status = 409
        else:
            words = ngettext(
                "The calibration set is now the file's: %(n)s card with its reference marks.",
                "The calibration set is now the file's: %(n)s cards with their reference marks.",
                n,
            )
            messages.success(request, words % {"n": n})
            return redirect("annotation:study-calibration", study_id=study.id)
    return _calibration_page(request, study, form, faults=faults, status=status)


def _calibration_page(
    request: HttpRequest,
    study: StudySummary,
    form: GoldFile,
    *,
    fault: dict[str, str] | None = None,
    faults: Sequence[dict[str, str]] = (),
    status: int = 200,
) -> HttpResponse:
    levels = {criterion.key: criterion.levels for criterion in study.criteria}
    cards = [
        {
            "card": card,
            "rows": [{"mark": mark, "levels": levels[mark.criterion]} for mark in card.marks],
            "given": sum(mark.value is not None for mark in card.marks),
        }
        for card in overview.gold_cards(study.id)
    ]
    page = {
        "study": study,
        "here": "calibration",
        "cards": cards,
        "form": form,
        "fault": fault or {},
        "line_errors": faults,
        "n_line_errors": len(faults),
        "editable": study.status == "draft",
    }
    page["disagreement"] = _disagreement(study) if study.status != "draft" else []
    return render(request, "annotation/study_calibration.html", page, status=status)


def _disagreement(study: StudySummary) -> list[dict[str, object]]:
    """Rows of cards, cells of criteria: how far first attempts were from the reference."""
    rows: dict[int, dict[str, object]] = {}
    names = {criterion.key: criterion.name for criterion in study.criteria}
    for cell in overview.calibration_disagreement(study.id):
        row = rows.setdefault(cell.card, {"card": cell.card, "cells": []})
        points = [
            {"value": value, "n": n, "gold": value == cell.gold}
            for value, n in enumerate(cell.counts, start=1)
        ]
        row["cells"].append(
            {"name": names[cell.criterion], "points": points, "n_far": cell.n_far, "n": sum(cell.counts)}
        )  # type: ignore[attr-defined]
    return list(rows.values())
