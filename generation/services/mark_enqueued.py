"""Remember when a run's message went out, so that the sweep can tell a lost one from a young one."""

from django.utils import timezone

from generation.models import Run, Shard, Status


def mark_enqueued(*, run_id: int) -> int:
    """How many shards are free, which is how many messages are worth sending."""
    Run.objects.filter(pk=run_id).update(enqueued_at=timezone.now())
    return Shard.objects.filter(run_id=run_id, status=Status.QUEUED).count()
