"""Cancel a run, and what cannot begin without it: workers notice at their next renewal and write nothing more."""

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


def cancel_dependents(*, run_id: int, by: str = "") -> int:
    """Cancel every open run that cannot begin without this one; returns how many."""
    return sum(cancel_run(run_id=run.pk, by=by) for run in dependents(run_id))


def dependents(run_id: int) -> list[Run]:
    """Open runs that need this one or need one that does, in the order they were queued."""
    found: dict[int, Run] = {}
    new = {run_id}
    while new:
        needing = Run.objects.filter(needs__in=new, status__in=OPEN).exclude(pk__in=found).distinct()
        new = {run.pk for run in needing}
        found.update({run.pk: run for run in needing})
    return [found[key] for key in sorted(found)]
