"""The owner's pages that build a study, from runs or from a file."""

from collections.abc import Callable, Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from annotation.building_forms import (
    PlanForm,
    StudyFromFile,
    StudyFromRuns,
)
from annotation.design.plan import StudySettings
from annotation.design.sources import parse
from annotation.services.build_study import build_study
from annotation.services.refusals import BadSource
from annotation.views.owners import for_owners, line_faults
from generation.queries import explain_runs


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
            faults = line_faults(bad, form)
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
