"""Owners' pages of cases: all of a run, and one with every system's text side by side."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from generation import comparing
from generation.models import Run, Stage
from generation.queries import system_label
from generation.services.sample_teacher import MOST_ROWS, STATUSES, sample_teacher
from generation.views.room import owners_only

CASES_A_PAGE = 25
TEXTS_A_PAGE = 10


@owners_only
@require_safe
def cases(request: HttpRequest, run_id: int) -> HttpResponse:
    """The cases a run chose or explains; ?case= leads to one of them."""
    entry, case_run = _runs(run_id)
    show = _show(request)
    if wanted := request.GET.get("case", "").strip():
        if case_run.cases.filter(case_id=wanted[:64]).exists():
            query = f"?show={show}" if show else ""
            return redirect(reverse("generation:case", args=[run_id, wanted]) + query)
        messages.warning(
            request, _("Run %(run)d has no case %(case)s.") % {"run": case_run.pk, "case": wanted}
        )
    runs = comparing.runs_compared(entry, case_run)
    page = Paginator(comparing.shown_cases(case_run, runs, show), CASES_A_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        **_common(entry, case_run, show),
        "page": page,
        "lines": comparing.case_lines(list(page), runs),
        "explained": [{"run": one.pk, "system": system_label(one.parameters["system"])} for one in runs],
    }
    return render(request, "generation/cases.html", context)


@owners_only
@require_safe
def case(request: HttpRequest, run_id: int, case_id: str) -> HttpResponse:
    """Every system's text of one case."""
    entry, case_run = _runs(run_id)
    show = _show(request)
    found = get_object_or_404(case_run.cases, case_id=case_id)
    runs = comparing.runs_compared(entry, case_run)
    compared = comparing.compare(found, case_run, runs, show)
    context = {**_common(entry, case_run, show), "compared": compared}
    return render(request, "generation/case.html", context)


@owners_only
@require_safe
def taught(request: HttpRequest, run_id: int) -> HttpResponse:
    """What a teacher wrote, rejected texts too, a few rows a page."""
    run = get_object_or_404(Run.objects.select_related("corpus"), pk=run_id)
    status, first = request.GET.get("status", ""), _first(request)
    if run.stage != Stage.DISTIL_TEACHER or (status and status not in STATUSES):
        raise Http404("there are no such texts")
    trouble, rows, more = "", [], False
    try:
        rows, more = sample_teacher(run_id=run_id, status=status, first=first, n=TEXTS_A_PAGE)
    except (OSError, ValueError) as error:
        trouble = str(error)
    context = {
        "run": run,
        "rows": [(row, comparing.teacher_provenance(row.row)) for row in rows],
        "trouble": trouble,
        "status": status,
        "statuses": STATUSES,
        "first": first + 1,
        "last": first + len(rows),
        "previous": max(first - TEXTS_A_PAGE, 0) if first else None,
        "following": first + TEXTS_A_PAGE if more else None,
    }
    return render(request, "generation/taught.html", context)


def _first(request: HttpRequest) -> int:
    given = request.GET.get("first", "0")
    return min(int(given), MOST_ROWS) if given.isascii() and given.isdigit() and len(given) < 10 else 0


def _runs(run_id: int) -> tuple[Run, Run]:
    """The run one comes from, and the select_cases run behind it."""
    entry = get_object_or_404(Run.objects.select_related("corpus").prefetch_related("needs"), pk=run_id)
    case_run = comparing.case_run_of(entry)
    if case_run is None:
        raise Http404("this run has no cases to judge")
    return entry, case_run


def _show(request: HttpRequest) -> str:
    show = request.GET.get("show", "")
    if show not in comparing.SHOWN:
        raise Http404(f"cases cannot be narrowed to {show!r}")
    return show


def _common(entry: Run, case_run: Run, show: str) -> dict[str, Any]:
    return {
        "run": entry,
        "case_run": case_run,
        "show": show,
        "shown": list(comparing.SHOWN.items()),
    }
