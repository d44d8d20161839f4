"""What was found of systems: ratings, differences, ranks and models."""

from dataclasses import dataclass, field
from typing import Literal

from analysis.report.findings.number import LATER, Number
from analysis.report.findings.subject import Hypothesis


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean, median and standard deviation over one unit."""

    mean: Number
    median: float | None
    sd: float | None
    """With n - 1; None for a single value."""


@dataclass(frozen=True, slots=True)
class Description:
    """One system on one criterion, by rating (as papers print it) and by case (as the tests use it)."""

    criterion: str
    system: str
    ratings: Spread
    cases: Spread
    """Over case means: each case weighs the same however many annotators it had."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two systems on one criterion. A positive difference favours `first`."""

    criterion: str
    first: str
    second: str
    n_cases: int
    n_left_out: int
    """Cases that lack a rating of either system; in an unpaired design none is left out for that."""
    difference: Number
    t: float | None
    df: float | None
    """Whole in a paired design; by Welch and Satterthwaite in an unpaired one."""
    p: float | None
    """Two-sided."""
    p_holm: float | None
    """Adjusted for all `family` comparisons of this design in the report."""
    family: int
    dz: Number
    """Difference over the standard deviation of the differences."""
    wilcoxon_p: float | None = None
    """Signed ranks, two-sided; a check that does not lean on equal steps of the scale."""
    permutation_p: float | None = None
    """Sign flips, two-sided; a check that leans on no distribution at all."""
    p_bh: float | None = field(default=None, metadata=LATER)
    """Adjusted by Benjamini and Hochberg over the same family."""
    p_by: float | None = field(default=None, metadata=LATER)
    """By Benjamini and Yekutieli, which holds whatever the tests have to do with each other."""
    wilcoxon: Number | None = field(default=None, metadata=LATER)
    """The same p as `wilcoxon_p`, with what was done about ties and zeros."""
    permutation: Number | None = field(default=None, metadata=LATER)
    """The same p as `permutation_p`, with its number of draws and its seed."""
    hedges_g: Number | None = field(default=None, metadata=LATER)
    dav: Number | None = field(default=None, metadata=LATER)
    """Difference over the mean of the two standard deviations."""
    rank_biserial: Number | None = field(default=None, metadata=LATER)
    cliffs_delta: Number | None = field(default=None, metadata=LATER)
    superiority: Number | None = field(default=None, metadata=LATER)
    """How often `first` was rated higher, ties counted half; of the same case where the data are paired."""
    design: Literal["paired", "unpaired"] = field(default="paired", metadata=LATER)
    """`unpaired`: the systems were not rated on the same cases; Welch's t, and a family of its own."""
    n_first: int | None = field(default=None, metadata=LATER)
    """Cases of `first` in an unpaired design."""
    n_second: int | None = field(default=None, metadata=LATER)
    mann_whitney: Number | None = field(default=None, metadata=LATER)
    """The p of the rank test of an unpaired design."""
    two_way: Number | None = field(default=None, metadata=LATER)
    """The difference with an interval over cases and annotators; of a paired design."""
    status: Literal["exploratory", "confirmatory"] = field(default="exploratory", metadata=LATER)
    """`confirmatory`: the plan named it before anybody judged; then p_holm is over the hypotheses alone."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What became of a hypothesis."""

    planned: Hypothesis
    p: Number
    """By the planned test."""
    p_holm: float | None
    """Adjusted for the hypotheses of the plan, and for nothing else."""
    family: int
    """Hypotheses that could be tested."""


@dataclass(frozen=True, slots=True)
class MeanRank:
    """One system's mean rank over cases; 1 is the lowest rating, so higher is better."""

    system: str
    rank: float


@dataclass(frozen=True, slots=True)
class RankPair:
    """Two systems by Nemenyi's procedure."""

    first: str
    second: str
    difference: float
    """Of mean ranks; positive favours `first`."""
    p: float
    """Adjusted for all pairs of the criterion."""
    conover_p: float | None = field(default=None, metadata=LATER)
    """By Conover's t of the rank sums, with Holm's adjustment over the pairs of the criterion."""


@dataclass(frozen=True, slots=True)
class Omnibus:
    """All systems at once on one criterion, ranked within the cases that have a rating of each."""

    criterion: str
    n_cases: int
    n_left_out: int
    """Cases that lack a rating of one system or more."""
    friedman: Number
    df: int | None
    p: float | None
    p_holm: float | None
    """Adjusted over the criteria."""
    iman_davenport: Number
    kendalls_w: Number
    critical_difference: Number
    """How far apart mean ranks must lie to differ."""
    ranks: tuple[MeanRank, ...]
    pairs: tuple[RankPair, ...]


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two systems in a model of all ratings. A positive estimate favours `first`."""

    first: str
    second: str
    estimate: Number
    """Points of the scale in the linear model, log-odds in the cumulative-link model."""
    se: float | None = None
    statistic: float | None = None
    """t with `df` in the linear model, z in the other."""
    df: float | None = None
    """Satterthwaite's; None for a z."""
    p: float | None = None
    """Two-sided."""
    p_holm: float | None = None
    """Adjusted over all contrasts of the model kind, all criteria together."""


@dataclass(frozen=True, slots=True)
class Variance:
    """What one random factor makes of the ratings' variance."""

    factor: str
    """`annotator`, `annotator by system`, `case`, `text` or `rest`."""
    variance: Number
    share: float
    """Of the variance that the systems do not make."""


@dataclass(frozen=True, slots=True)
class Model:
    """All ratings of one criterion in one model."""

    criterion: str
    kind: Literal["linear mixed", "cumulative link"]
    n_ratings: int
    contrasts: tuple[Contrast, ...] = ()
    variances: tuple[Variance, ...] = ()
    log_likelihood: float | None = None
    """Restricted in the linear model."""
    family: int = 0
    left_out: tuple[str, ...] = ()
    """Factors that could not take part, and why."""
    undefined: str = ""
    """Why there is no such model of these ratings."""
