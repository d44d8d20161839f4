"""Who may see an owner's pages, and how they tell what is wrong with a file, line by line."""

import re
from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import ObjectDoesNotExist
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from annotation import queries
from annotation.services.refusals import BadSource

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


def line_faults(bad: BadSource, form: Form) -> list[dict[str, str]]:
    """What is wrong line by line; what is wrong with the file as a whole goes onto the form."""
    faults = []
    for error in bad.errors:
        if found := LINE.fullmatch(error):
            faults.append(found.groupdict(default=""))
        else:
            form.add_error(None, error)
    return faults
