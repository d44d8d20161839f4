"""Take a batch's answers into a run's rows, screened like any other text of the teacher."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from generation.models import Run, Status, note
from generation.pipeline.logs.corpus import read_items
from generation.pipeline.records import Case
from generation.pipeline.teacher.batch_files import AnsweredTeacher, BadLine, read_answers
from generation.pipeline.teacher.distilling import distil, render, row_key
from generation.services.distil_teacher import cases_of_shard, decoding_of, load_teacher, store_name
from generation.services.export_batch import NotForBatches, check_for_batches
from generation.services.folders import artefact_store, corpus_path


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of the lines."""

    n_ok: int
    n_rejected: int
    n_errors: int
    bad: list[BadLine]
    """Lines that gave no row: damaged, repeated, or answers to what this run never asked."""


def import_batch(*, run_id: int, files: Iterable[tuple[str, Iterable[bytes]]]) -> Imported:
    """Answers may be partial, come in several files and come twice; what is there already stays.

    Raises:
        NotForBatches: the run is not one of a teacher behind an address, or is being worked on, or is done.
    """
    run = Run.objects.select_related("corpus").get(pk=run_id)
    check_for_batches(run)
    if run.status in (Status.RUNNING, Status.DONE):
        raise NotForBatches(
            f"run {run.pk} is {run.status}: answers are taken by a run that waits or has ended"
        )
    answers = read_answers(files)
    items = read_items(corpus_path(run))
    teacher, decoding, n_shards = load_teacher(run, items), decoding_of(run), run.shards.count()
    asked: set[str] = set()
    n_ok = n_rejected = n_errors = 0
    for index in range(n_shards):
        cases: list[Case] = []
        for case in cases_of_shard(run, items, index, n_shards):
            key = row_key(teacher, case, render(case, teacher), decoding, run.seed)
            if key in answers.drafts:
                asked.add(key)
                cases.append(case)
        if not cases:
            continue
        store = artefact_store().pull(store_name(run, n_shards, index))
        number = secrets.randbits(32)
        summary = distil(
            AnsweredTeacher(teacher, answers.drafts),
            cases,
            decoding=decoding,
            seed=run.seed,
            store=store,
            shard=number,
        )
        artefact_store().push(store / f"shard-{number:05d}.jsonl")
        n_ok, n_rejected = n_ok + summary.n_ok, n_rejected + summary.n_rejected
        n_errors += summary.n_errors
    unknown = [
        BadLine(*answers.lines[key], f"custom_id {key[:80]!r} is of no question of run {run.pk}")
        for key in answers.drafts
        if key not in asked
    ]
    note(run.pk, f"Batch answers taken in: {n_ok:,} ok, {n_rejected:,} rejected, {n_errors:,} failed.")
    return Imported(n_ok, n_rejected, n_errors, [*answers.bad, *unknown])
