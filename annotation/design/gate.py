"""The gate after calibration: how near an annotator's marks must be to the gold, as a rule that can be
read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from annotation.design.scales import POINTS


@dataclass(frozen=True, slots=True)
class GateRule:
    """What it takes to pass."""

    tolerance: int = 1
    """A mark this far from the gold still counts as near it."""
    share: float = 0.8
    """Share of all marks that must be near, over all criteria."""
    kappa: float = 0.6
    """Least quadratic-weighted kappa with the gold, on each criterion; -1 asks for none."""
    attempts: int = 2
    """How often the calibration set may be rated."""

    def __post_init__(self) -> None:
        if not (0 <= self.tolerance < len(POINTS) and 0 <= self.share <= 1 and -1 <= self.kappa <= 1):
            raise ValueError(f"impossible gate rule: {self}")
        if self.attempts < 1:
            raise ValueError(f"a gate needs at least one attempt, not {self.attempts}")

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "GateRule":
        known = {name: stored[name] for name in ("tolerance", "share", "kappa", "attempts") if name in stored}
        if unknown := sorted(set(stored) - set(known)):
            raise ValueError(f"unknown parts of a gate rule: {', '.join(unknown)}")
        return cls(**known)

    def in_words(self) -> str:
        apart = (
            "exactly the reference" if self.tolerance == 0 else f"at most {self.tolerance} from the reference"
        )
        kappa = (
            f", and agreement (quadratic-weighted kappa) of at least {self.kappa:g} on each criterion"
            if self.kappa > -1
            else ""
        )
        attempts = f"{self.attempts} attempt{'s' if self.attempts > 1 else ''}"
        return f"{self.share:.0%} of the marks {apart}{kappa}; {attempts}"


LEANING = 0.25
"""A mean so far from the reference is told with its direction."""


@dataclass(frozen=True, slots=True)
class CriterionResult:
    """One criterion at the gate."""

    key: str
    n: int
    share_within: float
    kappa: float | None
    """None where it is undefined; `note` then says why."""
    mean_error: float
    """Mean of own mark minus gold: above 0 is milder than the gold."""
    passed: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class GateResult:
    """The outcome of one attempt."""

    passed: bool
    share_within: float
    criteria: tuple[CriterionResult, ...]
    feedback: tuple[str, ...] = field(default=())
    """Sentences for the annotator: what was missed and in which direction."""

    @property
    def kappas(self) -> dict[str, float | None]:
        return {criterion.key: criterion.kappa for criterion in self.criteria}

    @property
    def errors(self) -> dict[str, float]:
        return {criterion.key: criterion.mean_error for criterion in self.criteria}


def weighted_kappa(own: Sequence[int], gold: Sequence[int]) -> float | None:
    """Cohen's kappa with quadratic weights over the five points; None where it is undefined.

    1 - sum(w * observed) / sum(w * expected) with w = (i - j)^2. It is undefined when both raters used one
    and the same point throughout: then no disagreement was possible by chance.

    Args:
        own: shape (n_cards,), marks 1 … 5.
        gold: shape (n_cards,), marks 1 … 5.

    Raises:
        ValueError: the lengths differ, or there is no card.

    Reference: Cohen (1968), Weighted kappa, Psychological Bulletin 70(4), 213-220.
    """
    if len(own) != len(gold) or not own:
        raise ValueError(f"own and gold marks must pair up, not {len(own)} against {len(gold)}")
    a, b = np.asarray(own, dtype=np.float64), np.asarray(gold, dtype=np.float64)
    observed = float(np.mean((a - b) ** 2))
    expected = float(
        np.mean((a[:, None] - b[None, :]) ** 2)
    )  # (n, n): every own mark against every gold mark
    return None if expected == 0 else 1 - observed / expected


def judge(
    marks: Mapping[str, Sequence[tuple[int, int]]], rule: GateRule, names: Mapping[str, str] | None = None
) -> GateResult:
    """Compare one attempt with the gold.

    A criterion whose kappa is undefined (own marks and gold are one constant) is decided by the share alone;
    a criterion whose own marks never vary while the gold does has kappa 0 and fails, since it tells nothing
    apart.

    Args:
        marks: criterion key to (own, gold) pairs, one a card.
        rule: what it takes.
        names: criterion key to the name used in sentences.

    Raises:
        ValueError: no criterion, or a criterion without a card.
    """
    if not marks:
        raise ValueError("the gate needs marks on at least one criterion")
    names = names or {}
    results = tuple(_criterion(key, pairs, rule) for key, pairs in marks.items())
    n = sum(result.n for result in results)
    share = sum(result.share_within * result.n for result in results) / n
    enough = share >= rule.share - 1e-12
    passed = enough and all(result.passed for result in results)
    feedback = [
        _sentence(names.get(result.key, result.key), result, rule) for result in results if not result.passed
    ]
    if not enough:
        feedback.insert(0, f"{share:.0%} of your marks were near the reference; {rule.share:.0%} are needed.")
    feedback += [f"{names.get(result.key, result.key)}: {result.note}" for result in results if result.note]
    return GateResult(passed=passed, share_within=share, criteria=results, feedback=tuple(feedback))


def _criterion(key: str, pairs: Sequence[tuple[int, int]], rule: GateRule) -> CriterionResult:
    own, gold = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    kappa = weighted_kappa(own, gold)
    errors = np.asarray(own, dtype=np.float64) - np.asarray(gold, dtype=np.float64)
    within = float(np.mean(np.abs(errors) <= rule.tolerance))
    note = ""
    if kappa is None:
        note = "your marks and the reference never vary, so no order of the cards is asked for."
    elif len(set(own)) == 1 and len(set(gold)) > 1:
        note = f"you gave {own[0]} to every card, which tells no card from another."
    elif len(set(gold)) == 1:
        note = f"the reference is {gold[0]} on every card, so no order of the cards is asked for."
    constant_gold = len(set(gold)) == 1
    # Constant gold is the study's fault, not the annotator's: with it kappa can only be 0 or undefined.
    passed = (
        within >= rule.share - 1e-12 if constant_gold else kappa is not None and kappa >= rule.kappa - 1e-12
    )
    return CriterionResult(
        key=key,
        n=len(pairs),
        share_within=within,
        kappa=kappa,
        mean_error=float(errors.mean()),
        passed=passed,
        note=note,
    )


def _sentence(name: str, result: CriterionResult, rule: GateRule) -> str:
    direction = "higher than" if result.mean_error > 0 else "lower than"
    tail = (
        f" On average you marked {abs(result.mean_error):.1f} {direction} the reference."
        if abs(result.mean_error) >= LEANING
        else ""
    )
    if result.kappa is None or rule.kappa <= result.kappa:
        return f"{name}: {result.share_within:.0%} of your marks were near the reference.{tail}"
    found = f"{result.kappa:.2f}".replace("-", "−")
    return (
        f"{name}: which cards you place high and which low differs from the reference "
        f"(agreement {found} where 1 is perfect and 0 is chance; {rule.kappa:g} is needed).{tail}"
    )
