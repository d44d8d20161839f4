"""A report computed again: numbers from the data, and what the data do not say from the report itself."""

from collections.abc import Callable

import pandas as pd

from analysis.report.analyse import TOLERANCE, Subject, analyse
from analysis.report.beside import Beside
from analysis.report.findings.study import StudyFindings
from analysis.report.scores import ScoreTable
from analysis.stats.ratings import RatingTable


def subject_like(findings: StudyFindings) -> Subject:
    """What a report is about, as another report of the same data needs it."""
    return Subject(
        title=findings.meta.title,
        criteria=findings.criteria,
        systems=findings.systems,
        metrics=findings.metrics,
        notes=findings.meta.notes,
        fieldwork=findings.fieldwork,
        hypotheses=tuple(row.planned for row in findings.confirmations),
        kinds=findings.blinding.kinds if findings.blinding else (),
        excluded=findings.sensitivity.excluded if findings.sensitivity else (),
        n_passed_over=findings.blinding.n_passed_over if findings.blinding else 0,
        tolerance=findings.checks.tolerance if findings.checks else TOLERANCE,
    )


def again(
    like: StudyFindings,
    *,
    ratings: pd.DataFrame,
    scores: pd.DataFrame | None,
    beside: Beside = Beside(),  # noqa: B008  frozen and empty
    progress: Callable[[str], None] = lambda step: None,
) -> StudyFindings:
    """The findings that the data give under the seed, scale, time and words of `like`.

    Raises:
        BadRatings, BadScores, BadGuesses: the data are no ratings, no scores of their systems, or no guesses.
    """
    slots = like.counts.n_annotators is None
    table = RatingTable.from_frame(ratings, levels=like.meta.levels, annotators_identified=not slots)
    return analyse(
        table,
        None if scores is None else ScoreTable.from_frame(scores, systems=table.systems),
        subject=subject_like(like),
        seed=like.meta.seed,
        created=like.meta.created,
        kind=like.meta.kind,
        confidence=like.meta.confidence,
        beside=beside,
        progress=progress,
    )
