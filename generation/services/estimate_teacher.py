"""What a teacher behind an address would cost, before anything is asked or queued."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from generation.models import Corpus, Run, Stage, Status
from generation.pipeline.case_files import read_cases
from generation.pipeline.logs.corpus import read_items
from generation.pipeline.teacher.budget import Limits
from generation.pipeline.teacher.distilling import render
from generation.pipeline.teacher.endpoint import EndpointTeacher
from generation.services.folders import artefact_path, corpus_path
from generation.services.parameters import BadParameters, read_parameters

PROMPTS_READ = 500
"""From the front of each split; the mean of so many is close enough for a price."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Prompts times mean tokens times prices; nothing taken off for rows that are there already."""

    n_prompts: int
    mean_prompt_tokens: float
    """Counted roughly and rather too high: three bytes a token."""
    n_tokens_in: int
    n_tokens_out: int
    """If every text took all the tokens it may."""
    cost: float

    def __str__(self) -> str:
        return (
            f"{self.n_prompts:,} prompts of about {self.mean_prompt_tokens:,.0f} tokens: at most about "
            f"{self.n_tokens_in:,} tokens read and {self.n_tokens_out:,} written, {self.cost:,.2f} at the prices given."
        )


def estimate_teacher(*, corpus: Corpus, parameters: dict[str, Any], prefer: Sequence[Run] = ()) -> Estimate:
    """The estimate for a distil_teacher run of these parameters; queues nothing, asks nobody.

    Raises:
        BadParameters: a parameter is impossible, the teacher costs nothing, or no cases are selected yet.
    """
    chosen = read_parameters(Stage.DISTIL_TEACHER, parameters).as_json()
    if chosen["teacher"] != "endpoint":
        raise BadParameters("teacher", "only the teacher behind an address has prices to estimate by")
    cases = _case_run(corpus, prefer)
    folder = artefact_path(cases.artefact)
    items = read_items(corpus_path(cases))
    teacher = EndpointTeacher(
        chosen["endpoint"],
        chosen["endpoint_model"],
        budget=chosen["context"] or None,
        prompt_version=chosen["prompt_version"],
    )
    lengths: list[int] = []
    n_prompts = 0
    for split in ("train", "valid"):
        path = folder / f"{split}.parquet"
        n_prompts += _n_rows(path)
        some = islice(read_cases(path, items, split), PROMPTS_READ)  # type: ignore[arg-type]
        lengths += [teacher.count_tokens(render(case, teacher).text) for case in some]
    mean = sum(lengths) / len(lengths) if lengths else 0.0
    n_in, n_out = round(n_prompts * mean), n_prompts * chosen["max_new_tokens"]
    cost = Limits(price_in=chosen["price_in"], price_out=chosen["price_out"]).cost(n_in, n_out)
    return Estimate(n_prompts, mean, n_in, n_out, cost)


def _case_run(corpus: Corpus, prefer: Sequence[Run]) -> Run:
    named = [run for run in prefer if run.stage == Stage.SELECT_CASES and run.corpus_id == corpus.pk]
    done = corpus.runs.filter(stage=Stage.SELECT_CASES, status=Status.DONE).order_by("-pk")
    found = named[-1] if named else done.first()
    if found is None or found.status != Status.DONE:
        raise BadParameters("needs", "the estimate counts the cases of a select_cases run that is done")
    return found


def _n_rows(path: Path) -> int:
    return int(pq.read_metadata(path).num_rows)
