"""How often two annotators of one card agree: a first look while a study runs. Analysis asks more,
afterwards."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from annotation.design.scales import POINTS

TAIL = 0.025
"""On either side of an interval."""


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Over all pairs of marks on one card and criterion, pooled over systems."""

    n_pairs: int
    exact: float
    """Share of pairs with one and the same mark."""
    near: float
    """Share of pairs at most one point apart."""
    interval: tuple[float, float]
    """95%, of `near`; (nan, nan) below two cases."""


def pair_agreement(
    cases: Sequence[Hashable],
    cards: Sequence[Hashable],
    criteria: Sequence[Hashable],
    values: Sequence[float],
) -> PairAgreement | None:
    """Compare every two annotators of a card on every criterion; None while no card has two marks.

    Args:
        cases: shape (n_marks,): the case of each mark; pairs of one case lean on each other.
        cards: shape (n_marks,): the card of each mark.
        criteria: shape (n_marks,): the criterion of each mark.
        values: shape (n_marks,), 1 … 5, or NaN where the annotator could not judge.
    """
    counts: dict[tuple[Hashable, Hashable, Hashable], np.ndarray] = {}
    for case, card, criterion, value in zip(cases, cards, criteria, values, strict=True):
        if not np.isnan(value):
            row = counts.setdefault((case, card, criterion), np.zeros(len(POINTS), dtype=np.int64))
            row[int(value) - POINTS[0]] += 1
    numbers = {case: number for number, case in enumerate(dict.fromkeys(case for case, _, _ in counts))}
    totals = np.zeros((len(numbers), 3), dtype=np.int64)  # (n_cases, [pairs, exact, near])
    for (case, _, _), row in counts.items():
        n, exact = row.sum(), (row * (row - 1) // 2).sum()
        totals[numbers[case]] += (n * (n - 1) // 2, exact, exact + (row[:-1] * row[1:]).sum())
    totals = totals[totals[:, 0] > 0]
    if not len(totals):
        return None
    pairs, exact, near = totals.sum(axis=0)
    interval = share_interval(near / pairs, totals[:, 0], totals[:, 2])
    return PairAgreement(int(pairs), float(exact / pairs), float(near / pairs), interval)


def share_interval(share: float, pairs: np.ndarray, near: np.ndarray) -> tuple[float, float]:
    """Clopper and Pearson's exact interval for as many independent pairs as the spread between cases leaves.

    Reference: Korn & Graubard (1998) Survey Methodology 24. A bootstrap of a few cases is too narrow.

    Args:
        pairs, near: shape (n_cases,): pairs of each case, and those that are near.
    """
    n_cases, n_pairs = len(pairs), int(pairs.sum())
    if n_cases < 2:
        return float("nan"), float("nan")
    variance = n_cases / (n_cases - 1) * float(((near - share * pairs) ** 2).sum()) / n_pairs**2
    # Where all cases are alike, how far they lean on each other is unknown: count each once.
    n = min(n_pairs, share * (1 - share) / variance) if variance > 0 else n_cases
    n *= (stats.t.ppf(TAIL, max(n_pairs - 1, 1)) / stats.t.ppf(TAIL, n_cases - 1)) ** 2
    hits = share * n
    low = stats.beta.ppf(TAIL, hits, n - hits + 1) if hits > 0 else 0.0
    high = stats.beta.ppf(1 - TAIL, hits + 1, n - hits) if hits < n else 1.0
    return float(low), float(high)
