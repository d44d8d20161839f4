"""The owner's page of what is hidden among the cards: repeats, attention checks, gold cards, a re-check."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from annotation import check_queries
from annotation.check_forms import ChecksForm, initial
from annotation.design.shipped import checks_told
from annotation.models.frozen import StudyFrozen
from annotation.queries import StudySummary
from annotation.services.plan_checks import plan_checks
from annotation.services.refusals import Refused
from annotation.views.owners import on_study


@on_study
@require_http_methods(["GET", "HEAD", "POST"])
def study_checks(request: HttpRequest, study: StudySummary) -> HttpResponse:
    """Say it in a draft; read it afterwards."""
    form = None
    status = 200
    if study.status == "draft":
        form = ChecksForm(request.POST or None, initial=initial(study.checks, study.language))
    if request.method == "POST":
        status = 409 if form is None else 422
        if form is not None and form.is_valid():
            try:
                plan_checks(study_id=study.id, plan=form.plan())
            except (Refused, StudyFrozen) as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, _("What is hidden among the cards is saved."))
                if check_queries.untold(study.id):
                    words = _(
                        "The consent text is your own and was left as it is. It may say: “%(sentence)s”"
                    )
                    messages.info(request, words % {"sentence": checks_told(study.language)})
                return redirect("annotation:study", study_id=study.id)
    page = {"study": study, "form": form, "here": "plan", "checks": study.checks}
    return render(request, "annotation/study_checks.html", page, status=status)
