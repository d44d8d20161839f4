"""What goes out of a run as a file, and what comes back into it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from generation.models import Run
from generation.services.export_batch import NotForBatches, export_batch
from generation.services.import_batch import import_batch
from generation.views.room import owners_only

BAD_LINES_SHOWN = 20


@owners_only
@require_safe
def questions(request: HttpRequest, run_id: int) -> HttpResponseBase:
    """The questions nobody has answered yet, as a batch file."""
    get_object_or_404(Run, pk=run_id)
    try:
        lines = export_batch(run_id=run_id)
    except NotForBatches as refusal:
        messages.warning(request, str(refusal))
        return redirect("generation:run", run_id)
    name = f'attachment; filename="questions-run-{run_id}.jsonl"'
    return StreamingHttpResponse(
        lines, content_type="application/jsonl", headers={"Content-Disposition": name}
    )


@owners_only
@require_POST
def answers(request: HttpRequest, run_id: int) -> HttpResponse:
    """Take a batch's answers in, and name the lines that gave no row."""
    get_object_or_404(Run, pk=run_id)
    uploads = request.FILES.getlist("uploads")
    try:
        done = import_batch(run_id=run_id, files=[(one.name or "upload", one) for one in uploads])
    except NotForBatches as refusal:
        messages.warning(request, str(refusal))
        return redirect("generation:run", run_id)
    words = {"ok": done.n_ok, "rejected": done.n_rejected, "errors": done.n_errors}
    messages.success(request, _("Taken in: %(ok)d ok, %(rejected)d rejected, %(errors)d failed.") % words)
    for bad in done.bad[:BAD_LINES_SHOWN]:
        messages.warning(request, f"{bad.file}, {_('line')} {bad.line}: {bad.reason}")
    if (more := len(done.bad) - BAD_LINES_SHOWN) > 0:
        messages.warning(request, _("and %(n)d more lines") % {"n": more})
    return redirect("generation:run", run_id)
