"""How far two persons agree, pair by pair: Cohen's kappa, its mean over pairs, and Conger's kappa of all at once.

These ask for persons: each annotator's own use of the scale makes the chance. Where the annotator column numbers
slots there are none, and the answer is undefined, in words. Cards need not be rated by everybody.

References:
    Cohen (1960) Educational and Psychological Measurement 20, (1968) Psychological Bulletin 70; Fleiss, Cohen &
    Everitt (1969) Psychological Bulletin 72 for the standard error; Light (1971) Psychological Bulletin 76; Conger
    (1980) Psychological Bulletin 88; Gwet (2014) Handbook of Inter-Rater Reliability, 4th ed., for Conger's kappa
    with missing ratings and its variance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from analysis.stats.estimates import Interval, Maybe, MaybeInterval, Undefined
from analysis.stats.linearised import Agreement
from analysis.stats.pair_weights import NO_PAIRS, Weights, pair_agreement, weight_matrix
from analysis.stats.ratings import RatingTable

SLOTS = Undefined("annotators are numbered slots, not persons, so there are no pairs of persons")
STEADY = 1e-12


@dataclass(frozen=True)
class Cohen:
    """Cohen's kappa of two annotators."""

    value: Maybe
    """Undefined where one of the two gave the same point throughout: it would be 0 whatever the other gave."""
    se: Maybe
    """Fleiss, Cohen and Everitt's, valid whatever the true agreement."""
    interval: MaybeInterval
    """value -/+ t(n - 1) * se, cut at 1."""
    observed: Maybe
    chance: Maybe
    n_cards: int
    """Cards that both rated."""


@dataclass(frozen=True)
class RaterPair:
    """Two annotators who share a card or more."""

    first: str
    second: str
    n_cards: int
    joint: npt.NDArray[np.int64]
    """Shape (n_levels, n_levels): points of the first by points of the second."""


@dataclass(frozen=True)
class Light:
    """The mean of Cohen's kappa over pairs."""

    value: Maybe
    n_pairs: int
    n_undefined: int
    """Pairs that share a card and have no kappa; not in the mean."""


def cohen(
    joint: npt.ArrayLike,
    *,
    levels: Sequence[int] | None = None,
    weights: Weights = "identity",
    names: tuple[str, str] = ("the first", "the second"),
    confidence: float = 0.95,
) -> Cohen:
    """Cohen's kappa of two annotators, weighted or not.

    Args:
        joint: shape (n_levels, n_levels), how often the first gave the row's point and the second the column's.
        levels: values of the points, default 1..n_levels; for the weights.
        weights: "identity" is Cohen's own; "linear" and "quadratic" give partial credit to near misses.
        names: of the two, for the words of an undefined answer.

    Raises:
        ValueError: not a square table of counts.
    """
    table = np.asarray(joint, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or (table < 0).any():
        raise ValueError(f"joint must be a square table of counts, got shape {table.shape}")
    q, n = len(table), int(table.sum())
    values = np.asarray(levels if levels is not None else range(1, q + 1), dtype=np.float64)
    if not n:
        return _none(Undefined("they share no card"), 0)
    p = table / n
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    for name, shares in zip(names, (rows, columns), strict=True):
        if (shares > 0).sum() == 1:
            point = values[shares > 0][0]
            told = (
                f"{name} gave {point:g} to every card they share, so kappa would be 0 whatever the other gave"
            )
            return _none(Undefined(told), n)
    w = weight_matrix(values, weights)
    observed, chance = float((w * p).sum()), float(rows @ w @ columns)
    value = (observed - chance) / (1 - chance)
    # Mean credit of a point of one annotator against all the other gives.
    credit = (w @ columns)[:, None] + (rows @ w)[None, :]
    spread = float((p * (w - credit * (1 - value)) ** 2).sum()) - (value - chance * (1 - value)) ** 2
    se = np.sqrt(max(spread, 0.0) / n) / (1 - chance)
    if se < STEADY or n < 2:
        why = Undefined(
            "all cards speak alike, so their spread says nothing of the error"
            if n > 1
            else "they share one card"
        )
        return Cohen(value, why, why, observed, chance, n)
    half = float(special.stdtrit(n - 1, (1 + confidence) / 2)) * float(se)
    interval = Interval(
        value - half, min(1.0, value + half), confidence, "t over cards (Fleiss, Cohen and Everitt)"
    )
    return Cohen(value, float(se), interval, observed, chance, n)


def rater_pairs(table: RatingTable, criterion: str) -> tuple[RaterPair, ...] | Undefined:
    """All pairs of annotators who share a card, in the order of `table.annotators`; repeats are left out.

    Cost grows with ratings times annotators a card, not with the square of the annotators.

    Returns:
        Undefined for slots, or where nobody shares a card.

    Raises:
        UnknownLabel: no such criterion.
    """
    if not table.annotators_identified:
        table.first_looks(criterion)
        return SLOTS
    card, who, point = _judged(table, criterion)
    q, people = len(table.levels), len(table.annotators)
    order = np.lexsort((who, card))
    card, who, point = card[order], who[order], point[order]
    codes = []
    for lag in range(1, int(np.bincount(card).max(initial=0))):
        # Within a card annotators ascend, so the earlier of two rows is the first of the pair.
        same = np.flatnonzero(card[lag:] == card[:-lag])
        pair = who[same] * people + who[same + lag]
        codes.append((pair * q + point[same]) * q + point[same + lag])
    found, n = np.unique(np.concatenate(codes) if codes else np.zeros(0, np.int64), return_counts=True)
    if not len(found):
        return Undefined(NO_PAIRS)
    pairs, place = np.unique(found // (q * q), return_inverse=True)
    joint = np.zeros((len(pairs), q * q), dtype=np.int64)
    joint[place, found % (q * q)] = n
    return tuple(
        RaterPair(table.annotators[pair // people], table.annotators[pair % people], int(one.sum()), one)
        for pair, one in zip(pairs, joint.reshape(-1, q, q), strict=True)
    )


def light(
    pairs: Sequence[RaterPair], *, levels: Sequence[int] | None = None, weights: Weights = "identity"
) -> Light:
    """Light's kappa: the mean of `cohen` over pairs, each pair weighing the same; at least one pair."""
    joint = np.stack([pair.joint for pair in pairs]).astype(np.float64)  # (n_pairs, n_levels, n_levels)
    q = joint.shape[1]
    w = weight_matrix(
        np.asarray(levels if levels is not None else range(1, q + 1), dtype=np.float64), weights
    )
    p = joint / joint.sum(axis=(1, 2), keepdims=True)
    rows, columns = p.sum(axis=2), p.sum(axis=1)
    varied = ((rows > 0).sum(axis=1) > 1) & ((columns > 0).sum(axis=1) > 1)
    observed, chance = (p * w).sum(axis=(1, 2)), np.einsum("pk,kl,pl->p", rows, w, columns)
    defined = (observed[varied] - chance[varied]) / (1 - chance[varied])
    value: Maybe = float(defined.mean()) if len(defined) else Undefined("no pair of annotators has a kappa")
    return Light(value, len(defined), len(pairs) - len(defined))


def conger_kappa(
    table: RatingTable, criterion: str, *, weights: Weights = "identity", confidence: float = 0.95
) -> Agreement | Undefined:
    """Conger's kappa: as Fleiss', but chance is made of each annotator's own use of the scale.

    Two annotators make it Cohen's kappa; where all use the scale alike it is Fleiss'. Missing ratings are fine.

    Raises:
        UnknownLabel: no such criterion.
    """
    card, who, point = _judged(table, criterion)
    if not table.annotators_identified:
        return SLOTS
    values = np.asarray(table.levels, dtype=np.float64)
    q, n = len(values), int(card.max(initial=-1)) + 1
    counts = np.bincount(card * q + point, minlength=n * q).reshape(n, q)
    r = counts.sum(axis=1)
    n_used = int((r >= 2).sum())
    if not n_used:
        return Undefined(NO_PAIRS)
    people, who = np.unique(who, return_inverse=True)
    k = len(people)
    given = np.bincount(who * q + point, minlength=k * q).reshape(k, q).astype(np.float64)
    n_given = given.sum(axis=1)
    share = given / n_given[:, None]  # (k, q)
    if ((share.sum(axis=0) > 0).sum()) == 1:
        return Undefined(f"every rating is {values[share.sum(axis=0) > 0][0]:g} (100% agreement)")
    w = weight_matrix(values, weights)
    whole = share.sum(axis=0)
    chance = float(whole @ w @ whole - np.einsum("gk,kl,gl->", share, w, share)) / (k * (k - 1))
    agreeing = pair_agreement(counts, w)
    observed = float(agreeing.sum()) / n_used
    if 1 - chance < STEADY:
        return Undefined("chance alone would give full agreement")
    value = (observed - chance) / (1 - chance)
    # Influence of each card: through the observed agreement, then through each annotator's shares.
    direct = (n / n_used) * (agreeing - chance * (r >= 2)) / (1 - chance) - value
    pull = (whole - share) @ w  # (k, q): what a rating adds to the chance that others meet it
    own = np.einsum("gk,gk->g", share, pull)
    per_rating = 2 * (n / n_given[who]) * (pull[who, point] - own[who]) / (k * (k - 1))
    drift = np.bincount(card, weights=per_rating, minlength=n)
    influence = direct - (1 - value) * drift / (1 - chance)
    se: Maybe = float(np.sqrt(influence @ influence / (n * (n - 1)))) if n > 1 else Undefined("one card")
    interval: MaybeInterval
    if isinstance(se, Undefined) or se < STEADY:
        se = interval = Undefined("all cards speak alike, so their spread says nothing of the error")
    else:
        half = float(special.stdtrit(n - 1, (1 + confidence) / 2)) * se
        interval = Interval(
            value - half, min(1.0, value + half), confidence, "linearised t over cards (Gwet)"
        )
    return Agreement(
        name="Conger's kappa",
        value=value,
        observed=observed,
        chance=chance,
        se=se,
        interval=interval,
        n_cards=n,
        n_used=n_used,
        n_ratings=len(card),
        n_levels=q,
        convention=f"{weights} weights, shares of each annotator",
    )


def _judged(
    table: RatingTable, criterion: str
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Card (numbered from 0), annotator and point of each judgment with a value."""
    rows = table.first_looks(criterion)
    rows = rows[table.point[rows] >= 0]
    code = table.case[rows] * len(table.systems) + table.system[rows]
    _, card = np.unique(code, return_inverse=True)
    return card.astype(np.int64), table.annotator[rows], table.point[rows]


def _none(why: Undefined, n_cards: int) -> Cohen:
    return Cohen(why, why, why, why, why, n_cards)
