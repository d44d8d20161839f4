"""The owner's pages of a study's marks: how it goes, whose marks are left out or erased, and all of them as a file."""

from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from annotation import monitoring
from annotation.design.formats import CONTENT_TYPES, ExportFormat
from annotation.forms import ExcludeForm
from annotation.queries import StudySummary
from annotation.services.exclude_annotator import exclude_annotator, readmit_annotator
from annotation.services.export_ratings import export_ratings
from annotation.services.refusals import Refused
from annotation.services.withdraw_consent import erase_marks
from annotation.views.owners import on_study
from annotation.views.watching import watch


@on_study
@require_safe
def study_monitor(request: HttpRequest, study: StudySummary) -> HttpResponse:
    """How the study goes, pooled over systems; the page asks again every ten seconds."""
    seen = watch(study.id)
    page = {"study": study, "here": "monitor", "watch": seen, "exclude_form": exclude_form(seen.monitor)}
    fragment = "#watch" if request.htmx else ""  # type: ignore[attr-defined]
    template = f"annotation/study_monitor.html{fragment}"
    return render(request, template, page)


@on_study
@require_POST
def study_erase(request: HttpRequest, study: StudySummary, enrolment_id: int) -> HttpResponse:
    """Erase the marks of somebody who withdrew and asked for it."""
    try:
        n = erase_marks(study_id=study.id, enrolment_id=enrolment_id, by_id=request.user.pk)
    except Refused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, ngettext("%(n)s mark is erased.", "%(n)s marks are erased.", n) % {"n": n})
    return redirect("annotation:study-monitor", study_id=study.id)


@on_study
@require_safe
def study_ratings(request: HttpRequest, study: StudySummary, form: str) -> HttpResponseBase:
    """Every mark as a file, without systems; its header Rows says how many there are."""
    if form not in CONTENT_TYPES:
        raise Http404(_("Ratings leave as csv, jsonl or parquet."))
    kind = cast(ExportFormat, form)
    export = export_ratings(study.id, kind)
    headers = {
        "Content-Disposition": f'attachment; filename="ratings-study-{study.id}.{form}"',
        "Rows": str(export.n_rows),
    }
    return StreamingHttpResponse(export.pieces, content_type=CONTENT_TYPES[kind], headers=headers)


@on_study
@require_POST
def study_exclude(request: HttpRequest, study: StudySummary) -> HttpResponse:
    """Leave an annotator's marks out of all results, or (with `readmit`) count them again."""
    form = exclude_form(monitoring.monitor(study.id), request.POST)
    if not form.is_valid():
        messages.warning(
            request, _("Choose an annotator, and say why; the reason is kept in the study's ledger.")
        )
        return redirect("annotation:study-monitor", study_id=study.id)
    chosen = form.cleaned_data
    said = {"study_id": study.id, "enrolment_id": chosen["annotator"], "by_id": request.user.pk}
    try:
        if "readmit" in request.POST:
            n = readmit_annotator(**said, reason=chosen["reason"])
            words = ngettext("%(n)s mark counts again.", "%(n)s marks count again.", n)
        else:
            n = exclude_annotator(**said, rule=chosen["rule"], reason=chosen["reason"])
            words = ngettext("%(n)s mark is left out.", "%(n)s marks are left out.", n)
    except Refused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, words % {"n": n})
    return redirect("annotation:study-monitor", study_id=study.id)


def exclude_form(monitor: monitoring.Monitor, data: QueryDict | None = None) -> ExcludeForm:
    """The form over the study's own annotators."""
    rows = [(row.enrolment_id, f"{row.pseudonym} {row.username}") for row in monitor.annotators]
    return ExcludeForm(data, annotators=rows)
