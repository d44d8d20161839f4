"""One thin task a service: ids in, nothing out. Each imports its service inside: the web never loads torch.

A message is a hint that there is work; the database is the truth. A second or a lost one does no harm.
"""

from celery import shared_task

from generation.models import Run, Stage


@shared_task
def import_log(run_id: int) -> None:
    from generation.services.import_log import import_log

    import_log(run_id=run_id)
    enqueue_dependents(run_id)


@shared_task
def select_cases(run_id: int) -> None:
    from generation.services.select_cases import select_cases

    select_cases(run_id=run_id)
    enqueue_dependents(run_id)


@shared_task
def distil_teacher(run_id: int) -> None:
    from generation.services.distil_teacher import distil_teacher

    distil_teacher(run_id=run_id)
    enqueue_dependents(run_id)


@shared_task
def train_student(run_id: int) -> None:
    from generation.services.train_student import train_student

    train_student(run_id=run_id)
    enqueue_dependents(run_id)


@shared_task
def explain_cases(run_id: int) -> None:
    from generation.services.explain_cases import explain_cases

    explain_cases(run_id=run_id)
    enqueue_dependents(run_id)


@shared_task
def sweep_shards() -> None:
    from generation.services.sweep_shards import sweep_shards

    for run in Run.objects.filter(pk__in=sweep_shards()):
        send(run)


@shared_task
def sweep_store() -> None:
    from generation.services.sweep_store import sweep_store

    sweep_store()


TASKS = {
    Stage.IMPORT_LOG: import_log,
    Stage.SELECT_CASES: select_cases,
    Stage.DISTIL_TEACHER: distil_teacher,
    Stage.TRAIN_STUDENT: train_student,
    Stage.EXPLAIN_CASES: explain_cases,
}

MOST_MESSAGES = 16
"""At most this many a run, whatever its shards: each worker goes on until no shard is free."""


def enqueue(*runs: Run) -> None:
    """Send messages, after the transaction, for those of the runs that could start now."""
    for run in Run.objects.ready().filter(pk__in=[run.pk for run in runs]):
        send(run)


def enqueue_dependents(run_id: int) -> None:
    """Send messages for the runs that waited for this one and for nothing else, and got none yet.

    Each message of a run ends here, so that without the last condition its dependents would hear of it many times.
    """
    enqueue(*Run.objects.ready().filter(needs=run_id, needs__status="done", enqueued_at=None))


def send(run: Run) -> None:
    """One message a free shard, so that several workers can share the run, to those who can do its work."""
    from generation.services.mark_enqueued import mark_enqueued
    from generation.services.parameters import queue_of

    queue = queue_of(run.stage, run.parameters)
    n_messages = mark_enqueued(run_id=run.pk)
    for _ in range(min(max(n_messages, 1), MOST_MESSAGES)):
        TASKS[Stage(run.stage)].apply_async_on_commit((run.pk,), queue=queue)
