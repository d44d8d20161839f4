"""Train a student on what the teacher wrote; a training that died goes on where it was."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from generation.models import Checkpoint, Run, Stage, note
from generation.pipeline.student.config import StudentConfig
from generation.pipeline.student.plan import TrainingPlan
from generation.pipeline.student.recipe import CAPACITIES
from generation.pipeline.student.team import TeamLost
from generation.pipeline.student.training_summary import Drawn, TrainingSummary
from generation.services.claim_shard import Claim, LeaseLost
from generation.services.device import device, processes_for
from generation.services.folders import artefact_path, artefact_store, corpus_path, publish
from generation.services.run_shards import Outcome, run_shards

CURVE_EVERY_SECONDS = 2.0
"""The losses are written for the page at most this often, however short a step is."""

_IF_GIVEN = (
    "max_seconds",
    "max_epochs",
    "max_steps",
    "batch_size",
    "accumulate",
    "precision",
    "learning_rate",
    "user_learning_rate",
)
_UNLESS_BELOW_ZERO = ("user_dropout", "patience")
"""Parameters that are settings of the student by the same name; older runs lack some of them."""


def train_student(*, run_id: int) -> None:
    """Work on a train_student run; it has a Checkpoint when it is done."""
    run_shards(run_id=run_id, work=_train, finish=_keep_checkpoint)


def student_config(parameters: dict[str, Any]) -> StudentConfig:
    """The recipe with what the run was asked to change.

    Raises:
        BadConfig: a setting is unknown or contradicts another.
    """
    given = {
        name: parameters[name] for name in _IF_GIVEN if parameters.get(name, "recipe") not in (0, "recipe")
    }
    given |= {name: parameters[name] for name in _UNLESS_BELOW_ZERO if parameters.get(name, -1) >= 0}
    size = CAPACITIES.get(parameters.get("capacity", "recipe"), {})
    changes = {**size, **given, "with_user": parameters["with_user"], **parameters["config"]}
    if not changes["with_user"]:
        changes["user_dropout"] = 0.0
    if parameters["recipe"] == "paper":
        return StudentConfig.paper(parameters["path"], **changes)
    return StudentConfig.base(**changes) if parameters["recipe"] == "base" else StudentConfig.demo(**changes)


def _train(claim: Claim) -> dict[str, Any]:
    run = Run.objects.select_related("corpus").get(pk=claim.run_id)
    distilled = run.needs.get(stage=Stage.DISTIL_TEACHER)
    cases = distilled.needs.get(stage=Stage.SELECT_CASES)
    store, state = artefact_store(), f"training/run-{run.pk}"
    plan = TrainingPlan(
        corpus=corpus_path(run),
        cases=artefact_path(cases.artefact),
        distilled=artefact_path(distilled.artefact),
        config=student_config(run.parameters),
        folder=store.restore_state(state),
        seed=run.seed,
        device=device(),
        export=run.parameters.get("export", True),  # runs queued before there was a choice
        about=_about(run, distilled),
    )
    summary = _by_plan(
        plan,
        claim,
        processes_for(run.parameters.get("processes", 1)),
        kept=lambda folders: store.keep_state(state, folders=folders, before_file=claim.hold),
    )
    if claim.should_stop():
        raise LeaseLost
    claim.n_done = claim.n_total = summary.n_steps
    return {
        "artefact": publish(summary.artefact, before_file=claim.hold),
        "sha256": summary.artefact.sha256,
        "metrics": summary.metrics(),
        **_curve(summary.losses, summary.trace),
        "offline": bool(distilled.report.get("offline")),
        "teacher": str(distilled.report.get("signature", "")),
    }


def _by_plan(
    plan: TrainingPlan, claim: Claim, n_processes: int, *, kept: Callable[[tuple[str, ...]], object]
) -> TrainingSummary:
    """Train here, or in several processes of this machine."""
    progress, drawn = (lambda n_done, n_total, words: claim.progress(n_done, n_total)), _drawn(claim)
    if n_processes == 1:
        return plan.train(progress=progress, should_stop=claim.should_stop, kept=kept, drawn=drawn)
    from generation.pipeline.student.team_leader import train_side_by_side

    where = "a GPU each" if plan.device == "cuda" else "on the processor"
    note(claim.run_id, f"{n_processes} processes train side by side, {where}.")
    try:
        return train_side_by_side(
            plan, n_processes, progress=progress, should_stop=claim.should_stop, kept=kept, drawn=drawn
        )
    except TeamLost:
        if claim.should_stop():  # it was told to stop, and took too long
            raise LeaseLost from None
        raise


def _about(run: Run, distilled: Run) -> dict[str, Any]:
    """What the model card says of the student's teacher and data."""
    return {
        "data": run.corpus.name,
        "teacher": str(distilled.report.get("signature", "")),
        "offline": bool(distilled.report.get("offline")),
    }


def _drawn(claim: Claim) -> Drawn:
    """Keeps the losses with the shard while it trains: what the page draws of a run that is not over."""
    kept_at = -CURVE_EVERY_SECONDS

    def keep(losses: Sequence[tuple[int, float, float]], trace: Sequence[tuple[int, float]]) -> None:
        nonlocal kept_at
        if time.monotonic() - kept_at >= CURVE_EVERY_SECONDS:
            kept_at = time.monotonic()
            claim.held().update(result=_curve(losses, trace))

    return keep


def _curve(
    losses: Sequence[tuple[int, float, float]], trace: Sequence[tuple[int, float]]
) -> dict[str, list[list[float | None]]]:
    """As JSON values, at a precision nobody sees the end of; None for a loss that is no number any more."""

    def plain(loss: float) -> float | None:
        return round(loss, 6) if math.isfinite(loss) else None

    return {
        "losses": [[step, plain(train), plain(valid)] for step, train, valid in losses],
        "trace": [[step, plain(train)] for step, train in trace],
    }


def _keep_checkpoint(run: Run) -> Outcome:
    result = run.shards.get().result
    kept = {"artefact": result["artefact"], "sha256": result["sha256"], "metrics": result["metrics"]}
    Checkpoint.objects.update_or_create(run=run, defaults=kept)
    artefact_store().drop_state(f"training/run-{run.pk}")
    names = ("n_steps", "n_pairs", "n_valid", "n_too_long", "n_users", "best_step")
    return Outcome(
        artefact=result["artefact"],
        sha256=result["sha256"],
        counts={name: result["metrics"][name] for name in names},
        report={
            "losses": result["losses"],
            "trace": result.get("trace", []),
            "best_valid_loss": result["metrics"]["best_valid_loss"],
            "stopped": result["metrics"]["stopped"],
            "offline": result["offline"],
            "teacher": result["teacher"],
        },
    )
