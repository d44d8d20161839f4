"""Find the reports whose message was lost, or whose worker died, and claim the sending of another message."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from analysis.models import Report
from analysis.services.analyse_study import claimable


def sweep_reports() -> list[int]:
    """The ids of reports that want a message, each given to one caller. Harmless at any time.

    The caller sends the messages. A second message for a report that is being computed changes nothing.
    """
    now = timezone.now()
    stale = Q(enqueued_at__lt=now - timedelta(seconds=settings.PRISM_MESSAGE_PATIENCE_SECONDS))
    waiting = Report.objects.filter(claimable(), stale).order_by("pk")
    return [
        report_id
        for report_id in waiting.values_list("pk", flat=True)
        if Report.objects.filter(stale, pk=report_id).update(enqueued_at=now)
    ]
