"""What the marks of one annotator say of how they judge: numbers for a monitor, while systems have no names."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from annotation.design.checks import ExclusionRules
from annotation.design.scales import POINTS

Z = 1.959963984540054
"""The normal quantile of .975."""
FEWEST_FOR_DRIFT = 9
"""Cards; with fewer a third is less than three."""
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Near:
    """How many of some marks lie at most so far from another mark of the same card."""

    n_cards: int
    n_marks: int
    exact: float
    near: float
    interval: tuple[float, float]
    """95% of `near`: Wilson's, counting cards and not marks, because the marks of one card lean on each other."""
    leaning: float
    """Mean of mark less the other mark: above 0 is higher."""

    @property
    def between(self) -> str:
        """The interval in per cent, to be read."""
        return f"[{self.interval[0] * 100:.0f}, {self.interval[1] * 100:.0f}]"


@dataclass(frozen=True, slots=True)
class Change:
    """A mean and its 95% interval by Student's t; without one below two values, or where none differ."""

    n: int
    value: float
    interval: tuple[float, float] | None

    @property
    def signed(self) -> str:
        """The value to be read: with its sign, two decimals."""
        return signed(self.value)

    @property
    def between(self) -> str:
        """The interval to be read; empty without one."""
        return f"[{signed(self.interval[0])}, {signed(self.interval[1])}]" if self.interval else ""

    @property
    def sure(self) -> bool:
        """Whether the interval lies on one side of 0."""
        return self.interval is not None and (self.interval[0] > 0 or self.interval[1] < 0)


@dataclass(frozen=True, slots=True)
class Drift:
    """How an annotator's marks move from the beginning of a session to its end."""

    n_cards: int
    slope: Change
    """Least squares, in points over the whole session, first card to last."""
    ends: Change
    """Mean of the last third less that of the first."""


def signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−").replace("+0.00", "0.00").replace("−0.00", "0.00")


def entropy(marks: Sequence[int]) -> float | None:
    """Shannon's entropy of the marks in bits: 0 for one mark throughout, log2(5) = 2.32 for all five equally often.

    None without a mark.
    """
    counts = np.bincount(np.asarray(marks, dtype=np.int64), minlength=POINTS[-1] + 1)
    shares = counts[counts > 0] / counts.sum() if len(marks) else counts[:0]
    return float(-(shares * np.log2(shares)).sum()) + 0.0 if len(shares) else None


def wilson(share: float, n: int) -> tuple[float, float]:
    """Wilson's 95% interval of a share of n.

    Reference: Wilson (1927), Journal of the American Statistical Association 22, 209-212.
    """
    centre = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def nearness(pairs: Mapping[object, Sequence[tuple[int, int]]], tolerance: int) -> Near | None:
    """Marks against other marks of the same cards: repeats against the first, or gold cards against the reference.

    Args:
        pairs: card -> (mark, other mark) of each criterion; what could not be judged is left out.
        tolerance: at most so far apart is near.
    """
    cards = [np.subtract(*np.asarray(one, dtype=np.float64).T) for one in pairs.values() if len(one)]
    if not cards:
        return None
    apart = np.concatenate(cards)
    near = float(np.mean(np.abs(apart) <= tolerance))
    return Near(
        n_cards=len(cards),
        n_marks=len(apart),
        exact=float(np.mean(apart == 0)),
        near=near,
        interval=wilson(near, len(cards)),
        leaning=float(apart.mean()),
    )


def change(values: Sequence[float]) -> Change | None:
    """The mean of some differences, each of a card of its own; None without any."""
    if not len(values):
        return None
    found = np.asarray(values, dtype=np.float64)
    mean = float(found.mean())
    if len(found) < 2 or np.ptp(found) == 0:
        return Change(len(found), mean, None)
    half = _t(len(found) - 1) * float(found.std(ddof=1)) / math.sqrt(len(found))
    return Change(len(found), mean, (mean - half, mean + half))


def distance_change(
    then: Mapping[object, Sequence[tuple[int, int]]], now: Mapping[object, Sequence[tuple[int, int]]]
) -> Change | None:
    """How much further from the reference marks are now than they were, over cards marked both times.

    Args:
        then: card -> (mark, reference) of each criterion, in calibration.
        now: the same in the middle of the study.

    Returns:
        the mean over cards of the change of the mean distance; above 0 is further away.
    """
    both = [card for card in now if card in then and len(now[card]) and len(then[card])]
    return change([_distance(now[card]) - _distance(then[card]) for card in both])


def drift(deviations: Sequence[float]) -> Drift | None:
    """Whether marks rise or fall over a session; None with fewer than nine cards.

    Args:
        deviations: shape (n_cards,), in the order the cards were judged: the mean over criteria of the own mark less
            what others gave the same card, so that a run of good cards is no drift.
    """
    n = len(deviations)
    if n < FEWEST_FOR_DRIFT:
        return None
    y = np.asarray(deviations, dtype=np.float64)
    x = np.linspace(0.0, 1.0, n) - 0.5
    sxx = float((x**2).sum())
    slope = float((x * y).sum()) / sxx
    rest = y - y.mean() - slope * x
    interval = None
    if float((rest**2).sum()) > 1e-12:
        half = _t(n - 2) * math.sqrt(float((rest**2).sum()) / (n - 2) / sxx)
        interval = slope - half, slope + half
    return Drift(n, Change(n, slope, interval), _ends(y[: n // 3], y[-(n // 3) :]))


def _ends(first: np.ndarray, last: np.ndarray) -> Change:
    """Welch's interval of the difference of two means."""
    n, value = len(first), float(last.mean() - first.mean())
    parts = first.var(ddof=1) / n, last.var(ddof=1) / n
    if sum(parts) <= 1e-12:
        return Change(2 * n, value, None)
    df = sum(parts) ** 2 / sum(part**2 / (n - 1) for part in parts)
    half = _t(df) * math.sqrt(sum(parts))
    return Change(2 * n, value, (value - half, value + half))


@dataclass(frozen=True, slots=True)
class Checked:
    """What the plan's rules of exclusion ask of one annotator."""

    attention_failed: int
    gold: Near | None
    repeats: Near | None
    all_answered: bool
    """Every hidden card was answered: shares do not move any more."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rule of the plan that an annotator's marks meet. A person decides."""

    rule: str
    """A key of design.exclusions.RULES."""
    found: float
    """Checks failed, or a share."""
    limit: float


def candidates(checked: Checked, rules: ExclusionRules) -> tuple[Candidate, ...]:
    """Which rules of the plan are met. Shares are decided once every hidden card is answered, failures at once."""
    found = []
    if rules.attention_failed is not None and checked.attention_failed > rules.attention_failed:
        found.append(Candidate("attention", checked.attention_failed, rules.attention_failed))
    for rule, near, least in (
        ("gold", checked.gold, rules.gold_near),
        ("consistency", checked.repeats, rules.repeats_near),
    ):
        if least is not None and near is not None and checked.all_answered and near.near < least - 1e-12:
            found.append(Candidate(rule, near.near, least))
    return tuple(found)


def _distance(pairs: Sequence[tuple[int, int]]) -> float:
    return float(np.mean(np.abs(np.subtract(*np.asarray(pairs, dtype=np.float64).T))))


def _t(df: float) -> float:
    from scipy.stats import t

    return float(t.ppf(0.5 + CONFIDENCE / 2, df))
