"""Who rates high, who rates low, who rates always the same.

An annotator's severity is the mean over cards of (own rating - mean of the others on the same card): a person
who was given better cards is not thereby lenient. Negative is severe.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from analysis.stats.estimates import Interval, Maybe, MaybeInterval, Undefined
from analysis.stats.ratings import RatingTable


@dataclass(frozen=True)
class Severity:
    """One annotator on one criterion."""

    annotator: str
    criterion: str
    n_ratings: int
    n_compared: int
    """Cards that another annotator rated too."""
    difference: Maybe
    """In points of the scale; below 0 is severe, above 0 lenient."""
    interval: MaybeInterval
    """t over cards. With many annotators some will lie outside by chance."""
    same_answer: Maybe
    """Largest share of one point among the ratings; near 1 on a varied set is straight-lining."""
    median_seconds: Maybe


def severity(
    table: RatingTable, criterion: str, *, confidence: float = 0.95
) -> tuple[Severity, ...] | Undefined:
    """Severity of every annotator on one criterion, in the order of `table.annotators`; repeats are left out.

    Returns:
        Undefined when the annotator column does not follow persons.

    Raises:
        UnknownLabel: no such criterion.
    """
    rows = table.first_looks(criterion)
    if not table.annotators_identified:
        return Undefined("annotators are numbered slots, not persons, so nobody can be called severe")
    rows = rows[table.point[rows] >= 0]
    value = np.asarray(table.levels, dtype=np.int64)[table.point[rows]]
    card = table.case[rows] * len(table.systems) + table.system[rows]
    _, card = np.unique(card, return_inverse=True)
    others_n = np.bincount(card)[card] - 1
    others_total = np.bincount(card, weights=value)[card] - value
    compared = others_n > 0
    gap = value - np.divide(others_total, others_n, out=np.zeros(len(rows)), where=compared)
    who = table.annotator[rows]
    order = np.argsort(who, kind="stable")
    starts = np.searchsorted(who[order], np.arange(len(table.annotators) + 1))
    answer = []
    for index, name in enumerate(table.annotators):
        own = order[starts[index] : starts[index + 1]]
        answer.append(
            _one(
                name,
                criterion,
                gap=gap[own][compared[own]],
                point=table.point[rows[own]],
                seconds=table.seconds[rows[own]],
                confidence=confidence,
            )
        )
    return tuple(answer)


def _one(
    annotator: str,
    criterion: str,
    *,
    gap: np.ndarray,
    point: np.ndarray,
    seconds: np.ndarray,
    confidence: float,
) -> Severity:
    n, measured = len(gap), seconds[~np.isnan(seconds)]
    difference: Maybe = float(gap.mean()) if n else Undefined("nobody else rated these cards")
    interval: MaybeInterval
    if isinstance(difference, Undefined):
        interval = difference
    elif n < 2:
        interval = Undefined("one card has no spread")
    else:
        half = float(special.stdtrit(n - 1, (1 + confidence) / 2)) * float(gap.std(ddof=1)) / np.sqrt(n)
        interval = Interval(difference - half, difference + half, confidence, "t over cards")
    return Severity(
        annotator=annotator,
        criterion=criterion,
        n_ratings=len(point),
        n_compared=n,
        difference=difference,
        interval=interval,
        same_answer=float(np.bincount(point).max() / len(point)) if len(point) else Undefined("no ratings"),
        median_seconds=float(np.median(measured)) if len(measured) else Undefined("time was not measured"),
    )
