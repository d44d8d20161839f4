"""Look at what a teacher wrote, as it lies in the stores: text, prompt and provenance, rejected rows too."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice

from generation.models import Run, Stage
from generation.pipeline import prompts
from generation.pipeline.case_files import find_cases
from generation.pipeline.logs.corpus import read_items
from generation.pipeline.records import Case, Item, Prompt
from generation.pipeline.registry import UnknownName
from generation.pipeline.teacher.rows import ERROR, OK, REJECTED, Row, read_rows
from generation.services.distil_teacher import store_name
from generation.services.folders import artefact_path, artefact_store, corpus_path

STATUSES = (OK, REJECTED, ERROR)
MOST_ROWS, MOST_READ = 1_000, 20_000
"""How far into a run one may look, and how many rows are read for that: more of them are in its store."""


@dataclass(frozen=True)
class Taught:
    """One row of a teacher, with its case and the prompt behind it."""

    row: Row
    case: Case | None
    """None where the artefact with the cases is gone."""
    prompt: Prompt | None
    """Rendered again, and the sha256 kept with the row agrees; None where it cannot be."""

    @property
    def newest_first(self) -> list[Item]:
        return list(reversed(self.case.history)) if self.case is not None else []


def sample_teacher(
    *, run_id: int, status: str = "", first: int = 0, n: int = 10
) -> tuple[list[Taught], bool]:
    """Rows from the `first` on, in the order in which they were written; and whether there are more.

    Args:
        status: ok, rejected or error; all where it is empty.

    Raises:
        ValueError: the run is of another stage, or `status` is none.
        OSError: the store or an artefact cannot be read.
    """
    run = Run.objects.select_related("corpus").prefetch_related("needs").get(pk=run_id)
    if run.stage != Stage.DISTIL_TEACHER:
        raise ValueError(f"run {run.pk} is of {run.stage}: only a distil_teacher run has texts of a teacher")
    if status and status not in STATUSES:
        raise ValueError(f"unknown status {status!r}. Known: {', '.join(STATUSES)}.")
    rows = (row for row in _rows(run) if not status or row.status == status)
    found = list(islice(rows, first, min(first + n + 1, MOST_ROWS)))
    more, found = len(found) > n, found[:n]
    cases = _cases(run, {row.case_id for row in found})
    return [_taught(row, cases.get(row.case_id)) for row in found], more


def _rows(run: Run) -> Iterator[Row]:
    """Each case once, as its last row has it where a failed one was asked again in the same file."""
    n_shards, n_left = run.shards.count(), MOST_READ
    signature = run.report.get("signature", "")
    for index in range(n_shards):
        newest: dict[str, Row] = {}
        for row in islice(read_rows(artefact_store().pull(store_name(run, n_shards, index))), n_left):
            n_left -= 1
            if not signature or row.teacher == signature:
                newest[row.case_id] = row
        yield from newest.values()


def _cases(run: Run, case_ids: Collection[str]) -> dict[str, Case]:
    case_run = next((need for need in run.needs.all() if need.stage == Stage.SELECT_CASES), None)
    if not case_ids or case_run is None or not case_run.artefact:
        return {}
    items = read_items(corpus_path(run))
    folder = artefact_path(case_run.artefact)
    found: dict[str, Case] = {}
    for split in ("train", "valid"):
        found |= {case.id: case for case in find_cases(folder / f"{split}.parquet", items, split, case_ids)}
    return found


def _taught(row: Row, case: Case | None) -> Taught:
    if case is None:
        return Taught(row, None, None)
    shown = len(case.history) - row.n_dropped
    try:
        prompt = prompts.render(case, version=row.prompt_version, max_titles=shown)
    except (UnknownName, ValueError):
        return Taught(row, case, None)
    return Taught(row, case, prompt if prompt.sha256 == row.prompt_sha256 else None)
