"""How far the systems' texts say what their cases support, by one strict measure for teacher and student."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from generation.models import Run, Stage
from generation.pipeline.logs.builtin.tastes import ASPECTS, aspect_of
from generation.pipeline.logs.corpus import read_items
from generation.pipeline.records import Case
from generation.pipeline.student.batches import render
from generation.pipeline.student.checkpoint import load
from generation.pipeline.student.decoding import explain
from generation.pipeline.student.faithfulness import Lexicon, Shares, UserEffect, shares, user_effect
from generation.pipeline.systems.prism import usual
from generation.queries import explained_cases
from generation.services.device import device
from generation.services.folders import artefact_path, corpus_path


@dataclass(frozen=True)
class Measured:
    shares: dict[str, Shares]
    """System -> its shares over the cases that every system explained."""
    n_dropped: int
    user_effect: UserEffect | None
    """What zeroing and permuting the user ids does to Prism; None where the teacher spoke of no aspect."""
    n_with_row: int
    """Cases behind the user effect: those whose user the student has a row for."""


def measure_explanations(*, explain_run_ids: Sequence[int], seed: int = 0) -> Measured:
    """Measure finished explain_cases runs over the same cases.

    Raises:
        ValueError: the runs cannot be compared; the message says why.
    """
    found = explained_cases(explain_run_ids=explain_run_ids)
    if not found.cases:
        raise ValueError("There is no case that every system explained: look at the runs' reasons.")
    runs = Run.objects.filter(pk__in=explain_run_ids).select_related("corpus")
    lexicon = Lexicon(read_items(corpus_path(runs[0])))
    cases = [one.case for one in found.cases]
    texts = {name: [one.explanations[name][1].text for one in found.cases] for name in found.systems}
    effect, n_with_row = None, 0
    for run in runs:
        if run.parameters["system"] == "prism":
            effect, n_with_row = _user_effect(run, cases, seed)
    return Measured(
        shares={name: shares(written, cases, lexicon) for name, written in texts.items()},
        n_dropped=found.n_dropped,
        user_effect=effect,
        n_with_row=n_with_row,
    )


def _user_effect(run: Run, cases: Sequence[Case], seed: int) -> tuple[UserEffect | None, int]:
    trained = run.needs.get(stage=Stage.TRAIN_STUDENT)
    if not trained.report.get("offline") or run.corpus.log_format != "builtin":
        return (
            None,
            0,
        )  # aspects are planted in the built-in corpus alone, and only the offline teacher says them
    student = load(artefact_path(trained.checkpoint.artefact), device=device())
    known = [case for case in cases if student.row(case.user)]
    if len({aspect_of(case.user) for case in known}) < 2:
        return None, len(known)
    prompts = [render(case, student.config, student.tokenizer).text for case in known]

    def write(rows: Sequence[int]) -> list[str]:
        return explain(student.model, student.tokenizer, prompts, rows, usual(student), seed=run.seed)

    effect = user_effect(
        write,
        [student.row(case.user) for case in known],
        [aspect_of(case.user) for case in known],
        all_aspects=ASPECTS,
        rng=np.random.default_rng([seed, 0]),
    )
    return effect, len(known)
