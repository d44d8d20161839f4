from django.contrib.auth.models import User

from annotation import monitoring
from tests.annotation import studies


def test_the_monitor_counts_cards_people_and_marks(olga: User, ada: User, ben: User) -> None:
    study = studies.opened(owner=olga)
    mine = studies.enrol(study=study, person=ada)
    studies.enrol(study=study, person=ben, passed=False)
    studies.rate_all(enrolment=mine, value=4)
    seen = monitoring.monitor(study.pk)
    assert (seen.study.n_done, seen.study.n_target, seen.seats_taken) == (24, 72, 1)
    assert (seen.gate_passed, seen.gate_pending, seen.gate_failed) == (1, 1, 0)
    assert [(one.n_raters, one.n_cases) for one in seen.coverage] == [(0, 4), (1, 8), (2, 0)]
    assert [one.counts for one in seen.criteria] == [(0, 0, 0, 24, 0)] * 3
    assert [one.mean for one in seen.criteria] == [4.0] * 3
    first, second = seen.annotators
    assert (first.pseudonym, first.done, first.total, first.stage) == ("A01", 24, 24, "finished")
    assert (first.seconds_median, first.same_mark_share) == (12.5, 1.0)
    assert (second.stage, second.done, second.cards_an_hour) == ("calibration", 0, None)
