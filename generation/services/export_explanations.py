"""Write the texts of a run as JSON lines: each with its case, so that a line needs nothing beside it."""

import json
from collections.abc import Iterator

from generation.models import Explanation, Run, Stage

ROWS_A_READ = 500


class NothingWritten(ValueError):
    """The run is of a stage that explains no cases; says which."""


def export_explanations(*, run_id: int) -> Iterator[str]:
    """One line a text in the order of the cases, those that are not ok with their reasons.

    Raises:
        NothingWritten: at once, before the first line.
    """
    run = Run.objects.get(pk=run_id)
    if run.stage != Stage.EXPLAIN_CASES:
        raise NothingWritten(f"run {run.pk} is of {run.stage}: only explain_cases runs have explanations")
    return _lines(run)


def _lines(run: Run) -> Iterator[str]:
    rows = run.explanations.select_related("case").order_by("case__position")
    for row in rows.iterator(chunk_size=ROWS_A_READ):
        yield json.dumps(_line(run, row), ensure_ascii=False) + "\n"


def _line(run: Run, row: Explanation) -> dict[str, object]:
    return {
        "case": row.case.case_id,
        "system": run.parameters.get("system", ""),
        "text": row.text,
        "status": row.status,
        "reason": row.reason,
        "user": row.case.user,
        "split": row.case.split,
        "item": row.case.item,
        "history": row.case.history,
        "n_history_shown": row.n_history_shown,
        "unknown_user": row.unknown_user,
        "signature": row.signature,
        "run": run.pk,
    }
