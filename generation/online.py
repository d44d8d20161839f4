"""The student this process has loaded, if any: the paper's online stage, held by `manage.py serve_student`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from generation.models import Checkpoint, Run, Stage, Status
from generation.pipeline import systems
from generation.pipeline.logs.corpus import read_items
from generation.pipeline.records import Item
from generation.pipeline.serving.batcher import Batcher
from generation.queries import is_offline
from generation.services.device import device
from generation.services.folders import artefact_path, corpus_path


@dataclass(frozen=True)
class Online:
    """A loaded student, what it may be asked about, and the queue before it."""

    run_id: int
    system: str
    signature: str
    with_user: bool
    items: Mapping[str, Item]
    batcher: Batcher
    corpus: str = ""
    """The log whose users and items the student knows."""
    offline: bool = False
    """It learnt from the offline teacher."""


_current: Online | None = None


class NothingToServe(ValueError):
    """There is no trained student to load, or the run named is none."""


def current() -> Online | None:
    """The student of this process; None in the process that serves the pages."""
    return _current


def start(run_id: int | None, *, engine: str = "torch", **limits: Any) -> Online:
    """Load the student of a train_student run, by default the newest one with users, and begin to serve it.

    Args:
        limits: of the queue, as `Batcher` takes them.

    Raises:
        NothingToServe: no such run is done.
        FileNotFoundError: its artefact is gone, or was never exported for this engine.
    """
    global _current
    run = trained_run(run_id)
    with_user = bool(run.parameters.get("with_user", True))
    system = "prism" if with_user else "prism-nouser"
    checkpoint = artefact_path(Checkpoint.objects.get(run=run).artefact)
    loaded = systems.load(system, checkpoint=checkpoint, seed=run.seed, engine=engine, device=device())
    items = {item.id: item for item in read_items(corpus_path(run))}
    loaded.explain([])
    _current = Online(
        run_id=run.pk,
        system=system,
        signature=str(loaded.signature),
        with_user=with_user,
        items=items,
        batcher=Batcher(loaded.explain, **limits),
        corpus=run.corpus.name,
        offline=is_offline(run),
    )
    return _current


def install(online: Online | None) -> None:
    """Put a student in place, or take it away: for a process that loaded one by other means."""
    global _current
    _current = online


def trained_run(run_id: int | None) -> Run:
    """The run whose student is to be served.

    Raises:
        NothingToServe: there is none.
    """
    done = Run.objects.filter(stage=Stage.TRAIN_STUDENT, status=Status.DONE).select_related("corpus")
    if run_id is None:
        found = next((run for run in done.order_by("-pk") if run.parameters.get("with_user", True)), None)
        if found is None:
            raise NothingToServe("no student has been trained yet: queue a train_student run, or `make demo`")
        return found
    found = done.filter(pk=run_id).first()
    if found is None:
        raise NothingToServe(f"run {run_id} is no finished train_student run; `manage.py runs` lists them")
    return found
