"""Owners' pages of a run: queued, watched, cancelled, queued again, cloned."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from generation import comparing, lineage, overview, tasks
from generation.forms import RunForm
from generation.models import Corpus, Run, Stage, Status
from generation.services.cancel_run import cancel_dependents, cancel_run, dependents
from generation.services.clone_run import clone_run
from generation.services.estimate_teacher import estimate_teacher
from generation.services.export_batch import takes_batches
from generation.services.parameters import BadParameters
from generation.services.queue_run import queue_run
from generation.services.requeue_run import requeue_run
from generation.views.room import owners_only, status_of, tell

SAMPLES_A_PAGE = 3
SHOWN_AT_WORK = 3
"""Runs that one in the queue waits behind."""


@owners_only
@require_http_methods(["GET", "HEAD", "POST"])
def new_run(request: HttpRequest, corpus_id: int, stage: str) -> HttpResponse:
    found = get_object_or_404(Corpus, pk=corpus_id)
    if stage not in Stage.values:
        raise Http404(f"there is no stage {stage!r}")
    like = _like(request, found, stage)
    form = RunForm(request.POST or None, corpus=found, stage=stage, like=like)
    if request.method == "POST" and form.is_valid():
        try:
            if "estimate" in request.POST:
                wanted = form.as_request()
                estimate = estimate_teacher(
                    corpus=found, parameters=wanted["parameters"], prefer=wanted["prefer"]
                )
                messages.info(request, str(estimate))
                return render(request, "generation/new_run.html", _new_run(form, found, stage))
            if like is not None:
                queued = _clone(like, form, request)
            else:
                queued = [queue_run(corpus=found, stage=stage, **form.as_request(), created_by=request.user)]
        except BadParameters as refusal:
            tell(form, refusal)
        else:
            tasks.enqueue(*queued)
            return redirect("generation:run", queued[0].pk)
    context = {**_new_run(form, found, stage), "like": like}
    return render(request, "generation/new_run.html", context, status=status_of(form))


def _new_run(form: RunForm, corpus: Corpus, stage: str) -> dict[str, Any]:
    text = overview.NEXT_STAGE_TEXT[Stage(stage)]
    return {"form": form, "corpus": corpus, "stage": Stage(stage), "stage_text": text}


def _like(request: HttpRequest, corpus: Corpus, stage: str) -> Run | None:
    """The run of this corpus and stage whose settings were asked for, with ?like=."""
    named = request.GET.get("like", "")
    if not named:
        return None
    if not (named.isascii() and named.isdigit() and len(named) < 10):
        raise Http404("no such run")
    return get_object_or_404(Run, pk=int(named), corpus=corpus, stage=stage)


def _clone(like: Run, form: RunForm, request: HttpRequest) -> list[Run]:
    wanted = form.as_request()
    chosen = {need.stage: need for need in wanted["prefer"]}
    queued = clone_run(
        run_id=like.pk,
        parameters=wanted["parameters"],
        needs=[chosen.get(need.stage, need) for need in like.needs.all()],
        seed=wanted["seed"],
        dependents=bool(form.cleaned_data.get("dependents")),
        created_by=request.user,
    )
    if len(queued) > 1:
        words = _("Queued %(n)d runs; each starts when those it needs are done.") % {"n": len(queued)}
        messages.success(request, words)
    return queued


@owners_only
@require_safe
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    """The run's page; asked by htmx, only its live part, and a reload once the run is over."""
    found = get_object_or_404(overview.listed_runs(), pk=run_id)
    context: dict[str, Any] = {"line": overview.run_line(found), "run": found}
    if context["line"].state == Status.QUEUED:
        context["worked_on"] = Run.objects.filter(status=Status.RUNNING).order_by("pk")[:SHOWN_AT_WORK]
    context["row"] = overview.corpus_rows([found.corpus], current=found)[0]
    if found.status in (Status.FAILED, Status.CANCELLED):
        context["waiting_in_vain"] = len(dependents(found.pk))
    context["curve"] = overview.curve_of(found)
    context["lineage"] = lineage.lineage_of(found)
    context["events"] = found.events.order_by("-id")[:50]
    if request.htmx and request.htmx.target == "live":
        if not found.is_open:
            return HttpResponseClientRefresh()
        return render(request, "generation/run.html#live", context)
    context["shard_tally"] = overview.shard_tally(found)
    context["blocks"] = overview.report_blocks(found)
    context["needs"] = found.needs.all()
    context["takes_batches"] = takes_batches(found)
    context["needed_by"] = found.needed_by.all()
    context |= _samples(request, found)
    return render(request, "generation/run.html", context)


@owners_only
@require_safe
def pipeline(request: HttpRequest, corpus_id: int) -> HttpResponse:
    """All runs of a corpus as a drawing of what builds on what."""
    found = get_object_or_404(Corpus, pk=corpus_id)
    drawn = lineage.lineage_of_corpus(found)
    n_open = sum(node.line.run.is_open for node in drawn.nodes)
    context = {"corpus": found, "lineage": drawn, "n_open": n_open}
    live = request.htmx and request.htmx.target == "live"
    return render(request, f"generation/pipeline.html{'#live' if live else ''}", context)


@owners_only
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, run_id: int) -> HttpResponse:
    """Ask first what would be lost and who waits for it; cancel when that is sent."""
    found = get_object_or_404(overview.listed_runs(), pk=run_id)
    by = request.user.get_username()
    if request.method == "POST":
        n_more = cancel_dependents(run_id=run_id, by=by) if "dependents" in request.POST else 0
        if not cancel_run(run_id=run_id, by=by) and not n_more:
            messages.warning(request, _("The run was over already; nothing was cancelled."))
        return redirect("generation:run", run_id)
    waiting = dependents(run_id)
    if not found.is_open and not waiting:
        messages.warning(request, _("The run is over; there is nothing to cancel."))
        return redirect("generation:run", run_id)
    context = {"run": found, "line": overview.run_line(found), "waiting": waiting}
    return render(request, "generation/cancel.html", context)


@owners_only
@require_POST
def requeue(request: HttpRequest, run_id: int) -> HttpResponse:
    found = get_object_or_404(Run, pk=run_id)
    if requeue_run(run_id=run_id, by=request.user.get_username()):
        tasks.enqueue(found)
    else:
        messages.warning(request, _("Only a failed or cancelled run can be queued again."))
    return redirect("generation:run", run_id)


def _samples(request: HttpRequest, found: Run) -> dict[str, Any]:
    """The cases of this run, or those it explains, a few a page."""
    case_run = comparing.case_run_of(found)
    if case_run is None:
        return {}
    page = Paginator(case_run.cases.order_by("position"), SAMPLES_A_PAGE).get_page(request.GET.get("page"))
    first = max(page.start_index() - 1, 0)
    return {
        "samples": comparing.samples(entry=found, case_run=case_run, n=SAMPLES_A_PAGE, first=first),
        "sample_page": page,
    }
