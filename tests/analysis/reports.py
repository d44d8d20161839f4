"""Studies and reports in every state, for tests of this room: a test names only what matters to it."""

from django.contrib.auth.models import User

from analysis.models import Report
from analysis.services.analyse_study import analyse_study
from analysis.services.request_report import request_report
from annotation.models.study import Study
from annotation.services.close_study import close_study
from annotation.services.unblind_study import unblind_study
from tests import builders
from tests.annotation import studies


def rated(*, owner: User, unblinded: bool = True, **settings: object) -> Study:
    """A study three people rated, each in a way of their own; closed and unblinded unless asked otherwise."""
    study = studies.opened(owner=owner, n_cases=6, **settings)
    for place, name in enumerate(("ada2", "ben2", "cleo2")):
        enrolment = studies.enrol(study=study, person=builders.user(name, role="annotator"))
        n = 0
        while token := studies.claim_placement(enrolment_id=enrolment.pk):
            value = 1 + (n + place) % 5 if n else None
            reasons = {} if n else dict.fromkeys(enrolment.criteria_order, "It is cut off.")
            studies.rate(enrolment=enrolment, token=token, value=value, reasons=reasons)
            n += 1
    if unblinded:
        close_study(study_id=study.pk, by_id=owner.pk)
        unblind_study(study_id=study.pk, by_id=owner.pk, reason="All cards are rated.")
    study.refresh_from_db()
    return study


def report(*, study: Study, done: bool = True) -> Report:
    """A report of the study, computed unless asked otherwise."""
    key = request_report(study_id=study.pk, by_id=study.owner_id)
    if done:
        analyse_study(report_id=key)
    return Report.objects.get(pk=key)
