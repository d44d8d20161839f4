"""Write the questions a run still has, for another machine or a cheaper hour to answer."""

from collections.abc import Iterator

from generation.models import Run, Stage, Status
from generation.pipeline.logs.corpus import read_items
from generation.pipeline.teacher.batch_files import question
from generation.pipeline.teacher.distilling import render, row_key
from generation.pipeline.teacher.rows import RowIndex
from generation.services.distil_teacher import cases_of_shard, decoding_of, load_teacher, store_name
from generation.services.folders import artefact_store, corpus_path


class NotForBatches(ValueError):
    """The run cannot be answered by batch files; says why."""


def export_batch(*, run_id: int) -> Iterator[str]:
    """One line of JSON a question nobody has answered yet, each question once.

    Raises:
        NotForBatches: at once, before the first line.
    """
    run = Run.objects.select_related("corpus").get(pk=run_id)
    check_for_batches(run)
    return _questions(run)


def takes_batches(run: Run) -> bool:
    """Whether its questions can be exported now and answers taken in."""
    try:
        check_for_batches(run)
    except NotForBatches:
        return False
    return run.status not in (Status.RUNNING, Status.DONE)


def check_for_batches(run: Run) -> None:
    if run.stage != Stage.DISTIL_TEACHER or run.parameters.get("teacher") != "endpoint":
        raise NotForBatches(f"run {run.pk} has no teacher behind an address: batch files are for these alone")
    if not all(need.status == "done" for need in run.needs.all()):
        raise NotForBatches(f"run {run.pk} waits for its cases; once they are there it has questions")


def _questions(run: Run) -> Iterator[str]:
    items = read_items(corpus_path(run))
    teacher, decoding, n_shards = load_teacher(run, items), decoding_of(run), run.shards.count()
    for index in range(n_shards):
        store = artefact_store().pull(store_name(run, n_shards, index))
        known = RowIndex(str(teacher.signature))
        known.read(store)
        for case in cases_of_shard(run, items, index, n_shards):
            prompt = render(case, teacher)
            key = row_key(teacher, case, prompt, decoding, run.seed)
            if key not in known:
                known.mark(key)
                model = run.parameters["endpoint_model"]
                yield question(key, prompt, model=model, decoding=decoding, seed=run.seed)
