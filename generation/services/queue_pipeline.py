"""Queue the whole way from a log to explanations; each run starts when those it needs are done."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from generation.models import Corpus, Run, Stage, Status
from generation.pipeline.storable import storable
from generation.services.parameters import PARAMETERS, BadParameters
from generation.services.queue_run import TRAINED, queue_run

DEFAULT_SYSTEMS = ("scripted-teacher", "template-knn", "prism", "prism-nouser")

SAID_BY_SYSTEMS = {Stage.TRAIN_STUDENT: ("with_user",), Stage.EXPLAIN_CASES: ("system",)}
"""Parameters that each run of the stage gets for itself."""

DEMO_HISTORY = 8
"""What the small student is shown; the teacher of its pairs must cite nothing older."""


def queue_pipeline(
    *,
    corpus: Corpus,
    systems: Sequence[str] = DEFAULT_SYSTEMS,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    seed: int = 0,
    created_by: AbstractBaseUser | None = None,
) -> list[Run]:
    """Queue import, cases, teacher, the students the systems need and one explain run a system, in order.

    Args:
        parameters: by stage, what differs from the defaults; the same for every run of the stage.

    Raises:
        BadParameters: as queue_run; nothing is queued then.
    """
    chosen = {stage: dict(given) for stage, given in (parameters or {}).items()}
    _check(systems, chosen)
    if chosen.get(Stage.TRAIN_STUDENT, {}).get("recipe", "demo") == "demo":
        chosen.setdefault(Stage.SELECT_CASES, {}).setdefault("max_history", DEMO_HISTORY)
    runs: list[Run] = []

    def queue(stage: str, needs: Sequence[Run], **more: Any) -> Run:
        run = queue_run(
            corpus=corpus,
            stage=stage,
            parameters={**chosen.get(stage, {}), **more},
            needs=needs,
            seed=seed,
            created_by=created_by,
        )
        runs.append(run)
        return run

    with transaction.atomic():
        imported = _imported(corpus) or queue(Stage.IMPORT_LOG, [])
        cases = queue(Stage.SELECT_CASES, [imported])
        wanted = {TRAINED[system] for system in systems if system in TRAINED}
        students: dict[bool, Run] = {}
        if wanted:
            distilled = queue(Stage.DISTIL_TEACHER, [cases])
            for with_user in sorted(wanted, reverse=True):
                students[with_user] = queue(Stage.TRAIN_STUDENT, [distilled], with_user=with_user)
        for system in systems:
            needs = [cases, students[TRAINED[system]]] if system in TRAINED else [cases]
            queue(Stage.EXPLAIN_CASES, needs, system=system)
    return runs


def _check(systems: Sequence[str], chosen: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse what would be passed over in silence."""
    if not systems:
        raise BadParameters("systems", "name at least one system that is to explain")
    for stage, given in chosen.items():
        if stage not in PARAMETERS:
            raise BadParameters(
                "parameters", f"there is no stage {storable(stage[:40])!r}. Known: {', '.join(PARAMETERS)}."
            )
        for name in SAID_BY_SYSTEMS.get(stage, ()):
            if name in given:
                raise BadParameters("parameters", f"{name} of {stage} follows from the systems; name those")


def _imported(corpus: Corpus) -> Run | None:
    """An import that is done or under way: a log is read once."""
    usable = corpus.runs.filter(stage=Stage.IMPORT_LOG).exclude(status__in=(Status.FAILED, Status.CANCELLED))
    return usable.order_by("-pk").first()
