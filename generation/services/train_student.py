"""Train a student on what the teacher wrote; a training that died goes on where it was."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from generation.models import Checkpoint, Run, Stage
from generation.pipeline.case_files import ROWS_A_BATCH, read_cases
from generation.pipeline.logs.corpus import read_items
from generation.pipeline.records import Item, Split
from generation.pipeline.student.config import StudentConfig
from generation.pipeline.student.pairs import DistilledPair, PairTable
from generation.pipeline.student.recipe import CAPACITIES
from generation.pipeline.student.training import Drawn, train
from generation.services.claim_shard import Claim, LeaseLost
from generation.services.device import device
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
    items = read_items(corpus_path(run))
    pairs_train, pairs_valid = _pairs(cases, distilled, items)
    config = student_config(run.parameters)
    store, state = artefact_store(), f"training/run-{run.pk}"
    summary = train(
        pairs_train,
        pairs_valid,
        config,
        store.restore_state(state),
        run.seed,
        catalogue=items,
        progress=_progress(claim, config),
        should_stop=claim.should_stop,
        drawn=_drawn(claim),
        kept=lambda folders: store.keep_state(state, folders=folders, before_file=claim.hold),
        device=device(),
        export=run.parameters.get("export", True),  # runs queued before there was a choice
        about=_about(run, distilled),
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


def _about(run: Run, distilled: Run) -> dict[str, Any]:
    """What the model card says of the student's teacher and data."""
    return {
        "data": run.corpus.name,
        "teacher": str(distilled.report.get("signature", "")),
        "offline": bool(distilled.report.get("offline")),
    }


def _progress(claim: Claim, config: StudentConfig) -> Callable[[int, int, str], None]:
    """Reports steps; with a time limit, out of the steps that time is likely to allow."""
    first_step: list[int] = []
    started = time.process_time()

    def report(n_done: int, n_total: int, words: str) -> None:
        first_step[:] = first_step or [n_done - 1]
        seconds = time.process_time() - started
        if config.max_seconds and seconds > config.max_seconds / 20:
            allowed = first_step[0] + (n_done - first_step[0]) * config.max_seconds / seconds
            n_total = max(n_done, min(n_total, round(allowed)))
        claim.progress(n_done, n_total)

    return report


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


def _pairs(cases: Run, distilled: Run, items: tuple[Item, ...]) -> tuple[PairTable, PairTable]:
    """What to train and what to validate on: cases beside their texts, which come in the order of the cases."""
    texts = _golden(artefact_path(distilled.artefact) / "golden.parquet")
    waiting = next(texts, None)

    def met(split: Split) -> Iterator[DistilledPair]:
        nonlocal waiting
        for case in read_cases(artefact_path(cases.artefact) / f"{split}.parquet", items, split):
            if waiting is not None and waiting[0] == case.id:
                yield DistilledPair(case, waiting[1])
                waiting = next(texts, None)

    found = PairTable(met("train")), PairTable(met("valid"))
    if waiting is not None:
        raise ValueError(
            f"the teacher's text for case {waiting[0]} belongs to no case of run {cases.pk}: distil again"
        )
    return found


def _golden(path: Path) -> Iterator[tuple[str, str]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(ROWS_A_BATCH, columns=["case_id", "text"]):
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


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
