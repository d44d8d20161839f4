"""Cancel a run: workers notice at their next renewal and write nothing more."""

from django.db import transaction
from django.utils import timezone

from generation.models import OPEN, Run, Shard, Status, note


def cancel_run(*, run_id: int, by: str = "") -> bool:
    """True when the run was open and is cancelled now; False when there was nothing left to cancel."""
    with transaction.atomic():
        # The shards first and the run second, as claiming does: the other order could deadlock.
        open_shards = Shard.objects.filter(run_id=run_id, run__status__in=OPEN, status__in=OPEN)
        open_shards.update(status=Status.CANCELLED, claimed_by="", lease_until=None)
        cancelled = Run.objects.filter(pk=run_id, status__in=OPEN).update(
            status=Status.CANCELLED, finished_at=timezone.now()
        )
        if cancelled:
            note(run_id, f"Cancelled by {by}." if by else "Cancelled.")
    return bool(cancelled)
