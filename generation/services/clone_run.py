"""Queue a run again with changes, beside the one that was; what built on it may be queued again over the new one."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from generation.models import Need, Run, note
from generation.services.queue_run import queue_run


def clone_run(
    *,
    run_id: int,
    parameters: Mapping[str, Any] | None = None,
    needs: Sequence[Run] | None = None,
    seed: int | None = None,
    dependents: bool = False,
    created_by: AbstractBaseUser | None = None,
) -> list[Run]:
    """The new run first, then the new ones of what built on the old one, in the order in which they can start.

    Args:
        parameters: what differs from the old run's.
        needs: runs to build on; by default those the old one built on.
        seed: of the new run; of all new runs with `dependents`.
        dependents: queue again whatever built on the old run, however far, over the new runs.

    Raises:
        BadParameters: as queue_run; nothing is queued then.
    """
    old = Run.objects.select_related("corpus").get(pk=run_id)
    with transaction.atomic():
        new = _again(
            old,
            list(old.needs.all()) if needs is None else list(needs),
            seed=seed,
            changes=parameters or {},
            created_by=created_by,
        )
        clones = {old.pk: new}
        for later in _built_on(old) if dependents else []:
            over = [clones.get(need.pk, need) for need in later.needs.all()]
            clones[later.pk] = _again(later, over, seed=seed, changes={}, created_by=created_by)
    return list(clones.values())


def _again(
    old: Run,
    needs: list[Run],
    *,
    seed: int | None,
    changes: Mapping[str, Any],
    created_by: AbstractBaseUser | None,
) -> Run:
    new = queue_run(
        corpus=old.corpus,
        stage=old.stage,
        parameters={**old.parameters, **changes},
        needs=needs,
        seed=old.seed if seed is None else seed,
        created_by=created_by,
    )
    note(new.pk, f"A clone of run {old.pk}.")
    return new


def _built_on(run: Run) -> list[Run]:
    """All runs that need this one, directly or not; a need always comes before what needs it."""
    found: set[int] = set()
    newest = {run.pk}
    while newest:
        following = set(Need.objects.filter(on__in=newest).values_list("run", flat=True)) - found
        found |= following
        newest = following
    # A run is made after those it needs, so its number is larger.
    return list(Run.objects.filter(pk__in=found).select_related("corpus").order_by("pk"))
