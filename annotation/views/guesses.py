"""The owner's page of the blind guess: what is asked, how many answered, which kind each system is."""

from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from annotation.design.formats import CONTENT_TYPES, ExportFormat
from annotation.design.guessing import GuessPlan
from annotation.guess_forms import GuessForm, KindsForm
from annotation.guess_queries import guess_count
from annotation.models.frozen import StudyFrozen
from annotation.queries import StudySummary
from annotation.services.export_guesses import export_guesses
from annotation.services.plan_guess import plan_guess
from annotation.services.refusals import OutOfTurn, Refused
from annotation.services.tell_kinds import tell_kinds, writers
from annotation.views.owners import on_study


@on_study
@require_http_methods(["GET", "HEAD", "POST"])
def study_guess(request: HttpRequest, study: StudySummary) -> HttpResponse:
    """A draft: what is asked. An unblinded study: which kind each system is. In between: how many answered."""
    form = _form(request, study)
    status = 200
    if request.method == "POST":
        if form is None:
            status = 409
        elif form.is_valid():
            try:
                _store(request, study, form)
            except (Refused, StudyFrozen) as refused:
                form.add_error(None, str(refused))
            else:
                return redirect("annotation:study-guess", study_id=study.id)
        status = 409 if form is None else 422
    page = {"study": study, "form": form, "here": "plan", "count": guess_count(study.id)}
    return render(request, "annotation/study_guess.html", page, status=status)


def _form(request: HttpRequest, study: StudySummary) -> GuessForm | KindsForm | None:
    """What may be said now: nothing while people judge."""
    sent = request.POST or None
    if study.status == "draft":
        plan = study.guess or GuessPlan()
        words = {"asked": study.guess is not None, "n_cards": plan.n_cards}
        return GuessForm(sent, initial={**words, "kinds": "\n".join(kind.label for kind in plan.kinds)})
    if study.guess is None or study.status != "unblinded":
        return None
    try:
        return KindsForm(sent, writers=writers(study.id), kinds=study.guess.kinds)
    except OutOfTurn:
        return None


def _store(request: HttpRequest, study: StudySummary, form: GuessForm | KindsForm) -> None:
    if isinstance(form, GuessForm):
        plan_guess(study_id=study.id, plan=form.plan())
        messages.success(request, _("What is asked at the end is saved."))
    else:
        tell_kinds(study_id=study.id, by_id=request.user.pk, kinds=form.kinds())
        messages.success(request, _("Saved, and written into the ledger. A new report shows the indices."))


@on_study
@require_safe
def study_guesses(request: HttpRequest, study: StudySummary, form: str) -> HttpResponseBase:
    """Every guess as a file, without systems; its header Rows says how many there are."""
    if form not in CONTENT_TYPES:
        raise Http404(_("Guesses leave as csv, jsonl or parquet."))
    kind = cast(ExportFormat, form)
    export = export_guesses(study.id, kind)
    headers = {
        "Content-Disposition": f'attachment; filename="guesses-study-{study.id}.{form}"',
        "Rows": str(export.n_rows),
    }
    return StreamingHttpResponse(export.pieces, content_type=CONTENT_TYPES[kind], headers=headers)
