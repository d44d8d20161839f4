"""Long lists about runs, a page at a time: all runs, narrowed; a run's log; its shards."""

from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from generation import overview
from generation.forms import RunFilterForm
from generation.models import Run, Status
from generation.views.room import RUNS_A_PAGE, owners_only

LINES_A_PAGE = 100
SHARDS_A_PAGE = 100


@owners_only
@require_safe
def run_list(request: HttpRequest) -> HttpResponse:
    """All runs; corpus, stage, status and owner narrow them. A value that is none narrows nothing and is said."""
    form = RunFilterForm(request.GET)
    found = overview.listed_runs().filter(**form.lookups())
    page = Paginator(found, RUNS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "lines": [overview.run_line(run) for run in page],
        "narrowed": bool(urlencode(form.lookups())),
    }
    return render(request, "generation/run_list.html", context)


@owners_only
@require_safe
def log(request: HttpRequest, run_id: int) -> HttpResponse:
    """The whole log, the newest line first."""
    found = get_object_or_404(Run.objects.select_related("corpus"), pk=run_id)
    page = Paginator(found.events.order_by("-id"), LINES_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "generation/log.html", {"run": found, "page": page})


@owners_only
@require_safe
def shards(request: HttpRequest, run_id: int) -> HttpResponse:
    """The parts of a run, with what went wrong in each."""
    found = get_object_or_404(Run.objects.select_related("corpus"), pk=run_id)
    rows = found.shards.order_by("index").defer("result", "marks")
    status = request.GET.get("status", "")
    if status in Status.values:
        rows = rows.filter(status=status)
    page = Paginator(rows, SHARDS_A_PAGE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        "run": found,
        "page": page,
        "tally": overview.shard_tally(found),
        "status": status,
    }
    return render(request, "generation/shards.html", context)
