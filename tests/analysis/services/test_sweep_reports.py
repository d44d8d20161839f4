"""A report whose message was lost, or whose worker died, gets another message, and one caller sends it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from analysis import tasks
from analysis.models import Report
from analysis.services.analyse_study import LEASE
from analysis.services.sweep_reports import sweep_reports
from tests.analysis import reports

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting(olga):
    return reports.report(study=reports.rated(owner=olga), done=False)


def sent_long_ago(report, settings, **fields):
    ago = timezone.now() - timedelta(seconds=settings.PRISM_MESSAGE_PATIENCE_SECONDS + 1)
    Report.objects.filter(pk=report.pk).update(enqueued_at=ago, **fields)


def test_a_young_message_is_given_time(waiting):
    assert sweep_reports() == []


def test_a_lost_message_is_sent_again_and_once(waiting, settings, monkeypatch):
    sent = []
    monkeypatch.setattr(tasks.analyse_study, "delay", sent.append)
    sent_long_ago(waiting, settings)
    tasks.sweep_reports()
    tasks.sweep_reports()
    assert sent == [waiting.pk]


def test_a_report_under_way_is_left_alone_until_its_worker_must_be_dead(waiting, settings):
    now = timezone.now()
    sent_long_ago(waiting, settings, status=Report.Status.RUNNING, started_at=now - LEASE / 2)
    assert sweep_reports() == []
    sent_long_ago(
        waiting, settings, status=Report.Status.RUNNING, started_at=now - LEASE - timedelta(minutes=1)
    )
    assert sweep_reports() == [waiting.pk]


def test_a_report_that_is_done_wants_nothing(olga, settings):
    sent_long_ago(reports.report(study=reports.rated(owner=olga)), settings)
    assert sweep_reports() == []
