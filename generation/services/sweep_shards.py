"""Put right what dead workers and lost messages left behind; harmless at any time, from any process."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from generation.models import OPEN, Run, Shard, Status, note
from generation.services.claim_shard import MAX_ATTEMPTS


def sweep_shards() -> list[int]:
    """Requeue expired shards, fail runs that keep killing workers; the ids of runs that want a message.

    The caller sends the messages. A second message for a run that is being worked on changes nothing.
    """
    now = timezone.now()
    expired = Shard.objects.filter(status=Status.RUNNING, lease_until__lt=now)
    for shard in expired.order_by("pk"):
        _requeue_or_fail(shard)
    return _claim_messages()


def _requeue_or_fail(shard: Shard) -> None:
    ours = Shard.objects.filter(pk=shard.pk, status=Status.RUNNING, claimed_by=shard.claimed_by)
    ours = ours.filter(lease_until__lt=timezone.now())
    if shard.attempts < MAX_ATTEMPTS:
        with transaction.atomic():
            if ours.update(status=Status.QUEUED, claimed_by="", lease_until=None):
                Run.objects.filter(pk=shard.run_id).update(enqueued_at=None)
                note(shard.run_id, f"Shard {shard.index + 1} queued again: its worker stopped answering.")
        return
    error = (
        f"The worker of shard {shard.index + 1} stopped answering {shard.attempts} times; most often it ran "
        "out of memory. Look at the worker's log, lower the batch size or the number of cases, then requeue "
        "the run."
    )
    with transaction.atomic():
        if ours.update(status=Status.FAILED, claimed_by="", lease_until=None, error=error):
            open_run = Run.objects.filter(pk=shard.run_id, status__in=OPEN)
            if open_run.update(status=Status.FAILED, error=error, finished_at=timezone.now()):
                note(shard.run_id, f"Failed: {error}")


def _claim_messages() -> list[int]:
    """Runs with free shards, or with none left to do but not finished, whose last message is old or lost."""
    patience = timedelta(seconds=settings.PRISM_MESSAGE_PATIENCE_SECONDS)
    stale = Q(enqueued_at=None) | Q(enqueued_at__lt=timezone.now() - patience)
    held = Shard.objects.filter(status=Status.RUNNING).values("run")
    wanting = Run.objects.ready().filter(stale).filter(Q(shards__status=Status.QUEUED) | ~Q(pk__in=held))
    due = []
    for run_id in wanting.distinct().values_list("pk", flat=True):
        if Run.objects.filter(stale, pk=run_id).update(enqueued_at=timezone.now()):
            due.append(run_id)
    return due
