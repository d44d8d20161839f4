"""Could annotators tell who wrote what? James' and Bang's blinding indices, from guesses beside the truth.

Whoever guesses several cards leans on one opinion of what machines sound like: standard errors are taken over
annotators where it is known who guessed, and over guesses, as both papers do, where it is not.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from analysis.stats.estimates import Interval, MaybeInterval, Undefined

Codes = npt.NDArray[np.int64]
CANNOT_SAY = -1
"""The guess of somebody who could not say."""


@dataclass(frozen=True)
class BlindingIndex:
    """One index, how sure it is, and of how much."""

    value: float
    standard_error: float | Undefined
    interval: MaybeInterval
    n: int
    """Guesses, "cannot say" among them."""
    n_people: int | None
    """Annotators behind them; None where it is not known who guessed."""


def james(
    truth: Codes, guess: Codes, *, people: Codes | None = None, confidence: float = 0.95
) -> BlindingIndex | Undefined:
    """James' index over all kinds: 1 when everybody says "cannot say", 0 when every guess is right, 0.5 by lot.

    With r and c the shares of true and of guessed kinds among all answers, "cannot say" aside, q their sum, and w = 1
    for a wrong guess, the published (1 + P_DK + (1 - P_DK) K_D) / 2 is 1 - q + q² Σ w P / (2 Σ w r c). Every wrong
    guess counts the same here; between two kinds the weight makes no difference.

    Args:
        truth: shape (n_guesses,), the kind that wrote the card, from 0.
        guess: shape (n_guesses,), the kind guessed, or CANNOT_SAY.
        people: shape (n_guesses,), who guessed.

    Returns:
        Undefined where fewer than two kinds were there to be told apart, or guessing by lot could not err.

    Reference: James, Bloch, Lee, Kraemer & Fuller (1996) Statistics in Medicine 15, 1421-1434; as given by Bang, Ni &
    Davis (2004) Controlled Clinical Trials 25, 143-156, section 2.1. Everybody without a guess: 1, ibid. p. 1425.
    """
    n = len(truth)
    if len(np.unique(truth)) < 2:
        return Undefined(
            "all cards guessed about were written by one kind, so there is nothing to tell apart"
        )
    said = guess != CANNOT_SAY
    if not said.any():
        nobody = Undefined("nobody ventured a guess")
        return BlindingIndex(1.0, nobody, nobody, n, _n_people(people))
    n_kinds = int(max(truth.max(), guess.max())) + 1
    joint = np.zeros((n_kinds, n_kinds))
    np.add.at(joint, (truth[said], guess[said]), 1 / n)
    wrong = 1 - np.eye(n_kinds)
    r, c, q = joint.sum(axis=1), joint.sum(axis=0), float(joint.sum())
    observed, by_lot = float((wrong * joint).sum()), float(r @ wrong @ c)
    if by_lot == 0:
        return Undefined("all who guessed named one kind, and their cards were of that kind")
    value = 1 - q + q**2 * observed / (2 * by_lot)
    slope = (
        -1
        + q * observed / by_lot
        + q**2 / (2 * by_lot) * wrong
        - q**2 * observed / (2 * by_lot**2) * ((r @ wrong)[None, :] + (wrong @ c)[:, None])
    )
    pull = np.zeros(n)
    pull[said] = slope[truth[said], guess[said]]
    return _index(value, pull, people, confidence, low=0.0)


def bang(
    kind: int,
    truth: Codes,
    guess: Codes,
    *,
    n_kinds: int,
    people: Codes | None = None,
    confidence: float = 0.95,
) -> BlindingIndex | Undefined:
    """Bang's index of one kind: 1 when all its cards are guessed right, 0 by lot or "cannot say", below 0 when misled.

    The share of right guesses less that of wrong ones, a wrong guess weighing 1 / (n_kinds - 1): with two kinds this
    is Bang's own index, with more of them guessing by lot still comes to 0, which without the weight it would not.

    Args:
        kind: whose index.
        n_kinds: how many kinds could be guessed, "cannot say" aside.

    Returns:
        Undefined where nobody guessed about a card of this kind.

    Raises:
        ValueError: fewer than two kinds, among which nothing is guessed.

    Reference: Bang, Ni & Davis (2004) Controlled Clinical Trials 25, 143-156, equation 2 and its variance.
    """
    if n_kinds < 2:
        raise ValueError(f"a guess is made among two kinds or more, not {n_kinds}")
    own = truth == kind
    if not own.any():
        return Undefined("nobody was asked about a card of this kind")
    right, wrong = guess[own] == kind, (guess[own] != kind) & (guess[own] != CANNOT_SAY)
    pull = right - wrong / (n_kinds - 1)
    value = float(pull.mean())
    return _index(value, pull, None if people is None else people[own], confidence, low=-1 / (n_kinds - 1))


def _index(
    value: float, pull: npt.NDArray[np.float64], people: Codes | None, confidence: float, *, low: float
) -> BlindingIndex:
    """The index with its linearised standard error: over guesses, or over the sums of each annotator."""
    n, n_people = len(pull), _n_people(people)
    apart = (pull - pull.mean()) / n
    if people is None:
        variance, quantile, method = (
            float(apart @ apart),
            float(special.ndtri((1 + confidence) / 2)),
            "normal",
        )
    elif n_people is None or n_people < 2:
        alone = Undefined("one annotator alone says nothing of others")
        return BlindingIndex(value, alone, alone, n, n_people)
    else:
        _, own = np.unique(people, return_inverse=True)
        sums = np.bincount(own, weights=apart)
        variance = float(sums @ sums) * n_people / (n_people - 1)
        quantile = float(special.stdtrit(n_people - 1, (1 + confidence) / 2))
        method = f"linearised over {n_people} annotators, t with {n_people - 1} degrees of freedom"
    if variance <= 1e-24:
        alike = "all answers are alike" if people is None else "the annotators' answers come to the same"
        flat = Undefined(f"{alike}, and a spread of 0 says nothing of other people")
        return BlindingIndex(value, flat, flat, n, n_people)
    error = variance**0.5
    half = quantile * error
    if people is None:
        method = "normal, guesses taken as independent"
    interval = Interval(
        max(low, value - half), min(1.0, value + half), confidence, f"{method}; cut at the ends of the index"
    )
    return BlindingIndex(value, error, interval, n, n_people)


def _n_people(people: Codes | None) -> int | None:
    return None if people is None else len(np.unique(people))
