"""How often two annotators of one card agree: a first look while a study runs. Analysis asks more,
afterwards."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from annotation.design.scales import POINTS

N_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Over all pairs of marks on one card and criterion, pooled over systems."""

    n_pairs: int
    exact: float
    """Share of pairs with one and the same mark."""
    near: float
    """Share of pairs at most one point apart."""
    interval: tuple[float, float]
    """95% percentile bootstrap of `near`, whole cases resampled; it is (nan, nan) below two cases."""


def pair_agreement(
    cases: Sequence[Hashable],
    cards: Sequence[Hashable],
    criteria: Sequence[Hashable],
    values: Sequence[float],
    seed: int,
) -> PairAgreement | None:
    """Compare every two annotators of a card on every criterion; None while no card has two marks.

    Args:
        cases: shape (n_marks,): the case of each mark, the unit that is resampled.
        cards: shape (n_marks,): the card of each mark.
        criteria: shape (n_marks,): the criterion of each mark.
        values: shape (n_marks,), 1 … 5, or NaN where the annotator could not judge.
        seed: of the bootstrap.
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
    low = high = float("nan")
    if len(totals) > 1:
        rng = np.random.default_rng(seed)
        drawn = totals[rng.integers(len(totals), size=(N_RESAMPLES, len(totals)))].sum(axis=1)  # (B, 3)
        low, high = np.quantile(drawn[:, 2] / drawn[:, 0], [0.025, 0.975])
    return PairAgreement(int(pairs), float(exact / pairs), float(near / pairs), (float(low), float(high)))
