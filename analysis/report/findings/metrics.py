"""What was found of automatic metrics: scores, and how far they follow people."""

from dataclasses import dataclass, field

from analysis.report.findings.number import LATER, Number
from analysis.stats.estimates import Interval


@dataclass(frozen=True, slots=True)
class MetricSummary:
    """One metric of one system's texts."""

    metric: str
    system: str
    score: Number
    n_undefined: int = 0
    """Texts the metric has no value for."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """How well a metric follows people on one criterion."""

    metric: str
    criterion: str
    level: str
    """`system`, `case` (within cases, averaged), `text` (no grouping) or `text-within-system`."""
    coefficient: str
    """`pearson`, `spearman` or `kendall`."""
    number: Number
    n_undefined: int | None = field(default=None, metadata=LATER)
    """Of reports made before the two below were told apart: both together. None since."""
    n_missing_cells: int | None = field(default=None, metadata=LATER)
    """Texts with a score or a rating and without the other; None in older reports."""
    n_undefined_cases: int | None = field(default=None, metadata=LATER)
    """At level `case`, cases in which scores or ratings do not vary over the systems; None in older reports."""


@dataclass(frozen=True, slots=True)
class CloudOfSystem:
    """The texts of one system; both in the same order."""

    system: str
    scores: tuple[float, ...]
    ratings: tuple[float, ...]
    """Mean rating of each."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """Single texts by their score and rating, for the metric that follows a criterion most closely over all texts.

    Kept where there are few enough to be told apart in a drawing.
    """

    criterion: str
    metric: str
    systems: tuple[CloudOfSystem, ...]


@dataclass(frozen=True, slots=True)
class DependentTest:
    """Two correlations with the same ratings, compared by normal theory over independent units."""

    n: int
    """Systems."""
    williams_t: float | None = None
    """Positive where the first follows people more closely; of n - 3 degrees of freedom."""
    df: int | None = None
    williams_p: float | None = None
    """Two-sided, as all here."""
    steiger_z: float | None = None
    steiger_p: float | None = None
    meng_z: float | None = None
    meng_p: float | None = None
    zou: Interval | None = None
    """Of the difference of the correlations."""
    undefined: str = ""


@dataclass(frozen=True, slots=True)
class MetricTest:
    """The metric closest to people at one level against another one, on the same texts, by Pearson's r."""

    criterion: str
    level: str
    """As in `Correlation`."""
    first: str
    """The closest of those looked at; the data say which, so the test is a little generous."""
    second: str
    difference: Number
    """Correlation of the first less that of the second."""
    permutation: Number
    """The p of PERM-BOTH, two-sided."""
    p_holm: float | None
    """Adjusted for the `family` tests of this criterion and level."""
    family: int
    dependent: DependentTest | None = None
    """At level `system` alone: the texts of one case are not independent of each other."""


@dataclass(frozen=True, slots=True)
class PairwiseAccuracy:
    """How often a metric orders texts, and systems, as people do on one criterion."""

    metric: str
    criterion: str
    calibrated: Number
    epsilon: float | None
    """Scores that differ by no more are called tied."""
    tied: float | None
    """Share of pairs that epsilon ties; near 1 the metric tells nothing apart."""
    uncalibrated: Number
    soft: Number
    """Soft pairwise accuracy, of pairs of systems."""
    cluster: int | None = None
    """Rank among the metrics that were set against each other within cases; None for the others."""
    tau_c: Number | None = field(default=None, metadata=LATER)
    """Over all texts."""
    differences: Number | None = field(default=None, metadata=LATER)
    """Pearson's r of the differences of pairs of texts of one case."""


@dataclass(frozen=True, slots=True)
class Ceiling:
    """How high any metric could correlate with ratings as noisy as these."""

    criterion: str
    level: str
    coefficient: str
    without: tuple[str, ...]
    """Systems left out, as for metrics whose references they wrote."""
    halves: Number
    reliability: Number
    ceiling: Number
