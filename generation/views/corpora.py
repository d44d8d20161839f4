"""Owners' pages of corpora: the room's first page, a corpus with its row of stages, the whole pipeline at once."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRefresh

from generation import overview, tasks
from generation.forms import ColumnsForm, CorpusForm, PipelineForm, TablesForm
from generation.models import Corpus, Stage, Status
from generation.pipeline.logs.lines import ENCODINGS
from generation.portrait import portrait
from generation.services.create_corpus import create_corpus
from generation.services.folders import logs_root, rejected_rows
from generation.services.map_columns import FILES, DoubtfulColumns, map_columns, see_tables
from generation.services.parameters import BadParameters
from generation.services.queue_pipeline import queue_pipeline
from generation.views.room import RUNS_A_PAGE, owners_only, status_of, tell

CORPORA_A_PAGE = 10


@owners_only
@require_safe
def runs(request: HttpRequest) -> HttpResponse:
    corpora = Paginator(Corpus.objects.all(), CORPORA_A_PAGE).get_page(request.GET.get("corpora"))
    page = Paginator(overview.listed_runs(), RUNS_A_PAGE).get_page(request.GET.get("page"))
    lines = [overview.run_line(run) for run in page]
    rows = overview.corpus_rows(corpora)
    context = {"rows": rows, "corpora": corpora, "page": page, "lines": lines}
    return render(request, "generation/runs.html", context)


@owners_only
@require_http_methods(["GET", "HEAD", "POST"])
def new_corpus(request: HttpRequest) -> HttpResponse:
    form = CorpusForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            corpus, run = create_corpus(**form.as_request(), created_by=request.user)
        except BadParameters as refusal:
            tell(form, refusal, {"seed": "world_seed"})
        else:
            if run is None:
                return redirect("generation:columns", corpus.pk)
            tasks.enqueue(run)
            return redirect("generation:corpus", corpus.pk)
    context = {"form": form, "logs_root": logs_root()}
    return render(request, "generation/new_corpus.html", context, status=status_of(form))


@owners_only
@require_safe
def corpus(request: HttpRequest, corpus_id: int) -> HttpResponse:
    found = get_object_or_404(Corpus, pk=corpus_id)
    page = Paginator(overview.listed_runs().filter(corpus=found), RUNS_A_PAGE).get_page(
        request.GET.get("page")
    )
    [row] = overview.corpus_rows([found])
    context = {
        "row": row,
        "facts": portrait(found),
        "needs_columns": _needs_columns(found),
        "page": page,
        "lines": [overview.run_line(run) for run in page],
        "next_text": overview.NEXT_STAGE_TEXT.get(row.next_stage.stage) if row.next_stage else "",
    }
    if request.htmx and request.htmx.target == "live":
        if not row.any_open:
            return HttpResponseClientRefresh()  # what may be done next stands outside the live part
        return render(request, "generation/corpus.html#live", context)
    return render(request, "generation/corpus.html", context)


@owners_only
@require_http_methods(["GET", "HEAD", "POST"])
def columns(request: HttpRequest, corpus_id: int) -> HttpResponse:
    """Show the first rows of a corpus's tables, and ask what their columns mean."""
    found = get_object_or_404(Corpus, pk=corpus_id, log_format="table")
    if found.runs.exists():
        return redirect("generation:corpus", corpus_id)
    files = {name: request.GET.get(name, "") for name in FILES}
    encoding = files["encoding"] or "utf-8"
    try:
        seen = see_tables(corpus=found, **{**files, "encoding": encoding})
    except BadParameters as refusal:
        context = {"corpus": found, "refusal": str(refusal), "encodings": ENCODINGS, "encoding": encoding}
        return render(request, "generation/columns.html", context, status=422)
    form, doubts = ColumnsForm(request.POST or None, seen=seen), seen.doubts
    if request.method == "POST" and form.is_valid():
        said = {name: column for name, column in form.cleaned_data.items() if name != "sure"}
        chosen = {"interactions": seen.interactions.name, "items": seen.items.name if seen.items else ""}
        try:
            run = map_columns(
                corpus=found,
                columns={**said, **chosen, "encoding": encoding},
                guess=False,
                sure=form.cleaned_data["sure"],
                created_by=request.user,
            )
        except DoubtfulColumns as doubtful:
            doubts = doubtful.doubts
            form.add_error(
                None,
                _(
                    "The first rows speak against these columns: choose others, or say below that they are right."
                ),
            )
        except BadParameters as refusal:
            tell(form, refusal, {f"columns.{name}": name for name in form.fields})
        else:
            tasks.enqueue(run)
            return redirect("generation:corpus", corpus_id)
    files_form = TablesForm(seen=seen, encoding=encoding)
    context = {"corpus": found, "seen": seen, "form": form, "files": files_form, "doubts": doubts}
    return render(request, "generation/columns.html", context, status=status_of(form))


@owners_only
@require_safe
def rejected(request: HttpRequest, corpus_id: int) -> HttpResponseBase:
    """All rows of the log that stayed out, as CSV."""
    found = get_object_or_404(Corpus, pk=corpus_id)
    try:
        rows = rejected_rows(found)
    except FileNotFoundError:
        raise Http404(_("This log has not been read.")) from None
    return FileResponse(
        rows, as_attachment=True, filename=f"rejected-{found.pk}.csv", content_type="text/csv"
    )


@owners_only
@require_http_methods(["GET", "HEAD", "POST"])
def new_pipeline(request: HttpRequest, corpus_id: int) -> HttpResponse:
    found = get_object_or_404(Corpus, pk=corpus_id)
    if _needs_columns(found):
        return redirect("generation:columns", corpus_id)
    form = PipelineForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            queued = queue_pipeline(corpus=found, **form.as_request(), created_by=request.user)
        except BadParameters as refusal:
            tell(form, refusal)
        else:
            tasks.enqueue(*queued)
            messages.success(
                request,
                _("Queued %(n)d runs; each starts when those it needs are done.") % {"n": len(queued)},
            )
            return redirect("generation:corpus", corpus_id)
    unread = (
        None if found.imported else found.runs.filter(stage=Stage.IMPORT_LOG, status=Status.FAILED).first()
    )
    context = {"form": form, "corpus": found, "unread": unread}
    return render(request, "generation/new_pipeline.html", context, status=status_of(form))


def _needs_columns(corpus: Corpus) -> bool:
    """Whether it is a table that nobody has said the meaning of yet."""
    return corpus.log_format == "table" and not corpus.runs.exists()
