"""Queue a failed or cancelled run again; what its finished shards wrote is kept."""

from django.db import transaction

from generation.models import Run, Shard, Status, note


def requeue_run(*, run_id: int, by: str = "") -> bool:
    """True when the run had failed or been cancelled and is queued again; False when it had not."""
    closed = (Status.FAILED, Status.CANCELLED)
    with transaction.atomic():
        # The shards first and the run second, as claiming does: the other order could deadlock.
        unfinished = Shard.objects.filter(run_id=run_id, run__status__in=closed).exclude(status=Status.DONE)
        unfinished.update(
            status=Status.QUEUED,
            claimed_by="",
            lease_until=None,
            attempts=0,
            n_done=0,
            marks=[],
            error="",
        )
        requeued = Run.objects.filter(pk=run_id, status__in=closed).update(
            status=Status.QUEUED, error="", finished_at=None, enqueued_at=None
        )
        if requeued:
            note(run_id, f"Queued again by {by}." if by else "Queued again.")
    return bool(requeued)
