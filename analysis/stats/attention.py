"""Who may not have looked: one answer to every card, in a hurry, at odds with everybody else.

A flag asks a question and answers none: a person may be right against all others, and quick. Nobody is left out
for a flag; `without` makes the table that says what would change if somebody were.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from analysis.stats import krippendorff, pair_weights
from analysis.stats.bootstrap import Array
from analysis.stats.estimates import Interval, Maybe, MaybeInterval, Undefined
from analysis.stats.krippendorff import Level
from analysis.stats.patterns import patterns
from analysis.stats.ratings import RatingTable

MIN_RATINGS = 10
"""Nobody is flagged for fewer."""
SAME_ANSWER, OTHERS_SAME = 0.9, 0.6
"""Flagged: one point to this share of own cards or more, where the others gave it to this share or less."""
HASTE = 1 / 3
"""Flagged: a median card took less than this part of the median annotator's."""


@dataclass(frozen=True)
class Attention:
    """One annotator on one criterion."""

    annotator: str
    n_ratings: int
    point: int | None
    """The point given most; None without ratings."""
    same_answer: Maybe
    """Its share among the own ratings."""
    others_same: Maybe
    """Its share among the others' ratings of the same cards."""
    median_seconds: Maybe
    alpha_without: Maybe
    """Krippendorff's alpha of all others."""
    flags: tuple[str, ...]
    """Clauses a reader understands; empty for most."""


def attention(
    table: RatingTable, criterion: str, *, level: Level = "ordinal", interval: MaybeInterval
) -> tuple[Attention, ...] | Undefined:
    """Every annotator on one criterion, in the order of `table.annotators`; repeats are left out.

    Args:
        interval: of alpha over all annotators; somebody without whom alpha lies above it is flagged.

    Returns:
        Undefined when the annotator column does not follow persons.

    Raises:
        UnknownLabel: no such criterion.
    """
    rows = table.first_looks(criterion)
    if not table.annotators_identified:
        return Undefined("annotators are numbered slots, not persons")
    rows = rows[table.point[rows] >= 0]
    _, card = np.unique(table.case[rows] * len(table.systems) + table.system[rows], return_inverse=True)
    point, who, q = table.point[rows], table.annotator[rows], len(table.levels)
    counts = np.bincount(card * q + point, minlength=q * (card.max(initial=-1) + 1)).reshape(-1, q)
    order = np.argsort(who, kind="stable")
    starts = np.searchsorted(who[order], np.arange(len(table.annotators) + 1))
    own = [order[a:b] for a, b in pairwise(starts)]
    alphas = _alphas_without(counts, card, point, own, np.asarray(table.levels, dtype=np.float64), level)
    seconds = [_median(table.seconds[rows[one]]) for one in own]
    usual = _median(np.array([one for one in seconds if not isinstance(one, Undefined)]))
    return tuple(
        _one(
            name,
            table.levels,
            others=counts[card[mine]] - np.eye(q, dtype=np.int64)[point[mine]],
            point=point[mine],
            seconds=seconds[index],
            usual=usual,
            alpha_without=alphas[index],
            interval=interval,
        )
        for index, (name, mine) in enumerate(zip(table.annotators, own, strict=True))
    )


def without(table: RatingTable, annotators: Collection[str]) -> RatingTable:
    """The table without the judgments of some annotators; names keep their codes."""
    gone = [index for index, name in enumerate(table.annotators) if name in annotators]
    keep = ~np.isin(table.annotator, gone)
    columns = (
        "annotator",
        "case",
        "system",
        "criterion",
        "point",
        "repeat",
        "seconds",
        "position",
        "simulated",
    )
    return replace(table, **{name: getattr(table, name)[keep] for name in columns})


def _alphas_without(
    counts: np.ndarray,
    card: np.ndarray,
    point: np.ndarray,
    own: Sequence[np.ndarray],
    values: Array,
    level: Level,
) -> list[Maybe]:
    """Alpha of all but one, for each: the coincidences of the own cards are made anew, the others stay."""
    whole = _coincidences(counts)
    answer: list[Maybe] = []
    for mine in own:
        cards, points = card[mine], point[mine]
        left = counts[cards].copy()
        left[np.arange(len(cards)), points] -= 1
        table_left = whole - _coincidences(counts[cards]) + _coincidences(left)
        table_left[table_left < 1e-9] = 0
        shares = table_left.sum(axis=1)
        if shares.sum() < 1:
            answer.append(Undefined("without them no card was rated by two annotators"))
        elif (shares > 0).sum() < 2:
            answer.append(Undefined("without them every rating is the same"))
        else:
            observed, expected = krippendorff.disagreements(table_left, values, level)
            answer.append(float(1 - observed / expected))
    return answer


def _coincidences(counts: np.ndarray) -> Array:
    q = counts.shape[1]
    if not len(counts):
        return np.zeros((q, q))
    cards = patterns(counts)
    return np.asarray((cards.multiplicity @ pair_weights.pair_table(cards.counts)).reshape(q, q))


def _median(values: np.ndarray) -> Maybe:
    measured = values[~np.isnan(values)]
    return float(np.median(measured)) if len(measured) else Undefined("time was not measured")


def _one(
    annotator: str,
    levels: tuple[int, ...],
    *,
    others: np.ndarray,
    point: np.ndarray,
    seconds: Maybe,
    usual: Maybe,
    alpha_without: Maybe,
    interval: MaybeInterval,
) -> Attention:
    n = len(point)
    if not n:
        nothing = Undefined("no ratings")
        return Attention(annotator, 0, None, nothing, nothing, seconds, alpha_without, ())
    most = int(np.bincount(point).argmax())
    same = float((point == most).mean())
    n_others = int(others.sum())
    elsewhere: Maybe = (
        float(others[:, most].sum() / n_others) if n_others else Undefined("nobody else rated these cards")
    )
    flags = []
    if n >= MIN_RATINGS:
        if same >= SAME_ANSWER and not isinstance(elsewhere, Undefined) and elsewhere <= OTHERS_SAME:
            cards = f"every one of {n:,} cards" if same == 1 else f"{same:.0%} of {n:,} cards"
            flags.append(f"gave {levels[most]} to {cards}, where others gave it {elsewhere:.0%} of the time")
        if (
            not isinstance(seconds, Undefined)
            and not isinstance(usual, Undefined)
            and seconds < HASTE * usual
        ):
            flags.append(
                f"took {seconds:.0f} seconds for a median card, where the median annotator took {usual:.0f}"
            )
        if (
            not isinstance(alpha_without, Undefined)
            and isinstance(interval, Interval)
            and alpha_without > interval.high
        ):
            flags.append(
                f"disagrees with the others: without them alpha would be {alpha_without:.2f}, "
                "beyond the interval of all"
            )
    return Attention(annotator, n, levels[most], same, elsewhere, seconds, alpha_without, tuple(flags))
