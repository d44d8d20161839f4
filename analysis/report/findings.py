"""StudyFindings: what one study found, every number with its interval, n, method and seed.

These classes are the whole language between the statistics and everything that shows them: pages, tables,
figures, the REST interface and the files another lab reads. docs/report-json.md explains each key to that
lab.
"""

import json
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from analysis.stats.estimates import Interval

FORMAT = 1
"""Version of the JSON; a reader refuses one it does not know."""

LATER = {"later": True}
"""Marks a key that reports of this format did not have from the beginning: where it is absent, its default holds."""

Kind = Literal["pooled", "unblinded"]
"""`pooled` names no system: agreement and the use of the scale alone, as before unblinding."""


class UnreadableFindings(ValueError):
    """The JSON is not a report this version can read."""


@dataclass(frozen=True, slots=True)
class Number:
    """One number a reader may ask about: how it came about, of how many, how sure."""

    value: float | None
    """None where there is no such number; `undefined` then says why."""
    n: int
    counted: str
    """What n counts: cards, cases, ratings, texts, pairs, systems."""
    method: str
    """How it was computed, in words."""
    interval: Interval | None = None
    no_interval: str = ""
    """Why there is a value but no interval, in words."""
    undefined: str = ""
    seed: int | None = None
    """The seed, where chance had a part."""

    def __post_init__(self) -> None:
        if (self.value is None) != bool(self.undefined):
            raise ValueError("a number has either a value or words that say why there is none")


@dataclass(frozen=True, slots=True)
class Criterion:
    """One question asked of every card."""

    key: str
    name: str
    definition: str = ""
    labels: tuple[str, ...] = ()
    """What each point of the scale is called, lowest first; empty where nobody named them."""


@dataclass(frozen=True, slots=True)
class System:
    """One contestant, named because the study was unblinded."""

    name: str
    label: str
    offline: bool = False
    """True for the offline teacher: rules stand in for a language model; its numbers speak of the rules."""
    wrote_references: bool = False
    """True when the references of the overlap metrics are this system's own texts."""
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """One automatic metric."""

    name: str
    label: str
    level: Literal["case", "corpus"] = "case"
    signature: str = ""
    references: str = ""
    """The system that wrote the references; empty where the metric uses none."""
    better: Literal["higher", "lower", "neither"] = "higher"
    definition: str = field(default="", metadata=LATER)
    """What it is, in a clause; empty where nobody said."""
    range: str = field(default="", metadata=LATER)
    source: str = field(default="", metadata=LATER)


@dataclass(frozen=True, slots=True)
class Counts:
    """Who judged what, and what was left out."""

    n_annotators: int | None
    """None where annotator names are slots that follow nobody across cards."""
    n_cases: int
    n_cards: int
    n_systems: int | None
    """None while the study is blind."""
    n_ratings: int
    """First looks with a value, all criteria together."""
    n_cannot_judge: int
    n_repeats: int
    """Second looks at a card already judged: they enter consistency alone."""
    n_simulated: int
    """Ratings that no person gave."""
    median_seconds: float | None = None
    """A card, over the rows that recorded it; None where none did."""


@dataclass(frozen=True, slots=True)
class Fieldwork:
    """What was planned, and how far it came: known of a study of this site, not of a file of ratings."""

    k: int
    """Annotators a card, by plan."""
    n_seats: int
    n_planned: int
    """Cards of the main study."""
    n_judged: int
    """Cards with a mark of at least one annotator."""
    n_short: int
    """Cards with fewer than k annotators, those with none among them."""
    marks_min: int
    """Annotators of the card that has fewest; 0 where a card has none."""
    marks_max: int
    state: Literal["open", "complete", "closed early"]
    """`closed early`: closed before every planned place was finished."""
    n_joined: int
    n_failed: int
    """Did not pass the gate."""
    n_finished: int
    n_unfinished: int
    """Joined, and neither failed nor finished."""
    gate: str = ""
    """The rule in words; empty where there was no gate."""
    systems_a_case: int = 0
    n_withdrew: int = 0
    """Withdrew consent; their marks are not among these."""
    n_excluded: int = 0
    """Excluded by the owner, as the ledger tells; their marks are not among these."""
    closed: str = ""
    """ISO 8601, UTC; empty while the study is open."""
    design: str = field(default="paired", metadata=LATER)
    """paired, latin or side_by_side."""


@dataclass(frozen=True, slots=True)
class Prevalence:
    """How often each point of the scale was used: without it no agreement coefficient can be read."""

    criterion: str
    system: str
    """Empty for all systems together."""
    counts: tuple[int, ...]
    n_ratings: int
    n_cannot_judge: int


@dataclass(frozen=True, slots=True)
class CategoryTest:
    """The test of the kappa of one point of the scale against the rest; the kappa stands in `categories`."""

    level: int
    share: float
    """Of the ratings of cards with two or more, mean over cards."""
    se0: float | None
    """Standard error if annotators rated at random; for the test alone."""
    z: float | None
    p: float | None
    """Two-sided."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far annotators agreed on one criterion, over all systems."""

    criterion: str
    n_cards: int
    n_single: int
    """Cards with fewer than two ratings: they can agree with nobody and are left out."""
    n_ratings: int
    fleiss: Number
    z: float | None
    """Against kappa 0, by the standard error under that hypothesis."""
    p: float | None
    landis_koch: str
    """The word for the LOWER bound of the interval of Fleiss' kappa; "not labelled" without one."""
    categories: tuple[Number, ...]
    """Kappa of each point of the scale against the rest, lowest point first."""
    alpha_ordinal: Number
    exact: Number
    """Share of pairs of ratings of one card that are equal."""
    within_one: Number
    ac1: Number
    free_marginal: Number
    """Randolph's kappa: chance is 1 / points of the scale."""
    fleiss_bca: Number | None = field(default=None, metadata=LATER)
    """The same kappa as `fleiss`, with the bootstrap's interval instead of the linearised one."""
    fleiss_linear: Number | None = field(default=None, metadata=LATER)
    fleiss_quadratic: Number | None = field(default=None, metadata=LATER)
    alpha_nominal: Number | None = field(default=None, metadata=LATER)
    alpha_interval: Number | None = field(default=None, metadata=LATER)
    ac2_quadratic: Number | None = field(default=None, metadata=LATER)
    icc_single: Number | None = field(default=None, metadata=LATER)
    """ICC(1): of one rating; cards differ in who rated them."""
    icc_mean: Number | None = field(default=None, metadata=LATER)
    """ICC(1,k): of the mean of a card's ratings."""
    unanimous: Number | None = field(default=None, metadata=LATER)
    """Share of cards on which all ratings are equal."""
    category_tests: tuple[CategoryTest, ...] = field(default=(), metadata=LATER)


@dataclass(frozen=True, slots=True)
class Consistency:
    """How annotators judged a card they had judged before."""

    criterion: str
    exact: Number
    within_one: Number


@dataclass(frozen=True, slots=True)
class GoldMarks:
    """Marks on hidden cards with reference marks, on one criterion."""

    criterion: str
    near: Number
    """Share at most `tolerance` from the reference."""
    lean: Number
    """Mean of mark less reference."""


@dataclass(frozen=True, slots=True)
class Checks:
    """What cards hidden among the others say of the annotators; none of them is in another number."""

    tolerance: int
    n_annotators: int
    """Who met one or more."""
    attention: Number | None
    """Share of attention checks passed; None where there were none."""
    gold: tuple[GoldMarks, ...]
    further: Number | None
    """How much further from the reference than in calibration, on the same cards."""


@dataclass(frozen=True, slots=True)
class Annotator:
    """One annotator on one criterion, by the name or pseudonym of the data."""

    criterion: str
    annotator: str
    n_ratings: int
    severity: Number
    """Mean of (own rating - mean of the others on the same card); below 0 is severe."""
    point: int | None
    """The point of the scale given most."""
    same_answer: Number
    """Its share among the own ratings."""
    others_same: float | None
    """Its share among the others' ratings of the same cards."""
    median_seconds: float | None
    """A card."""
    alpha_without: Number
    """Ordinal alpha of all others."""
    flags: tuple[str, ...]
    """What to look into, a clause each; no mark is left out for it."""


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two annotators on the cards they share."""

    first: str
    second: str
    n_cards: int
    equal: float
    """Share of these cards on which both gave the same point."""
    kappa: Number
    """Cohen's."""
    linear: Number
    quadratic: Number


@dataclass(frozen=True, slots=True)
class Persons:
    """How far annotators agree as persons; undefined in words where names are slots."""

    criterion: str
    conger: Number
    conger_quadratic: Number
    light: Number
    """Mean of Cohen's kappa over pairs."""
    light_linear: Number
    light_quadratic: Number
    icc_agreement: Number
    """ICC(2): severity counts as error."""
    icc_agreement_mean: Number
    icc_consistency: Number
    """ICC(3): severity set aside."""
    icc_consistency_mean: Number
    kendalls_w: Number
    w_p: float | None
    """Of no agreement on the order of the cards."""
    pairs: tuple[PairAgreement, ...]
    """Empty for slots, and with more than thirty annotators."""


@dataclass(frozen=True, slots=True)
class AgreementWithout:
    """Agreement on one criterion had the flagged annotators not taken part."""

    criterion: str
    fleiss: Number
    alpha_ordinal: Number


@dataclass(frozen=True, slots=True)
class DifferenceWithout:
    """A comparison had the flagged annotators not taken part."""

    criterion: str
    first: str
    second: str
    difference: Number
    p_holm: float | None


@dataclass(frozen=True, slots=True)
class WithoutFlagged:
    """What would change without the annotators who were flagged on any criterion."""

    without: tuple[str, ...]
    n_ratings: int
    """Theirs, all criteria together."""
    agreement: tuple[AgreementWithout, ...]
    differences: tuple[DifferenceWithout, ...]
    """Empty while the study is blind."""


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
class Hypothesis:
    """What a study was to confirm, as its plan said before anybody judged."""

    criterion: str
    first: str
    """The system expected to be rated higher, where one is."""
    second: str
    expects: Literal["higher", "different"]
    """`higher`: tested one-sided; `different`: two-sided."""


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
class WriterKind:
    """A kind of writer that annotators could guess."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class GuessedKind:
    """What annotators took the cards of one kind for."""

    kind: str
    counts: tuple[int, ...]
    """Guesses of each kind, in the order of `kinds`."""
    n_cannot_say: int
    bang: Number


@dataclass(frozen=True, slots=True)
class Blinding:
    """Whether annotators could tell who wrote what: guesses after the last card, beside the truth."""

    kinds: tuple[WriterKind, ...]
    n_annotators: int
    """Who guessed about one card or more."""
    n_passed_over: int
    n_guesses: int
    """About cards whose writer's kind is known."""
    n_untold: int
    """About cards of systems of which nobody said a kind; they are left out."""
    james: Number
    guessed: tuple[GuessedKind, ...]


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


@dataclass(frozen=True, slots=True)
class Excluded:
    """An annotator whose ratings are in no result, and why."""

    annotator: str
    rule: str
    """In words; empty where it is not known."""
    after_unblinding: bool = False
    """True when systems had names by then, so that results could be known."""
    n_ratings: int = 0
    """Of theirs that are left out, cards that could not be judged aside."""


@dataclass(frozen=True, slots=True)
class AgreementShift:
    """One agreement figure without and with the excluded."""

    criterion: str
    coefficient: str
    """Key of the figure in `agreement`."""
    counted: Number
    """As the report has it."""
    everybody: Number


@dataclass(frozen=True, slots=True)
class DifferenceShift:
    """One comparison without and with the excluded."""

    criterion: str
    first: str
    second: str
    counted: Number
    """The difference as the report has it."""
    everybody: Number
    p_holm: float | None
    p_holm_everybody: float | None


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What excluding annotators does to each result."""

    excluded: tuple[Excluded, ...]
    agreement: tuple[AgreementShift, ...]
    differences: tuple[DifferenceShift, ...]


@dataclass(frozen=True, slots=True)
class Meta:
    """What the report is about and how to compute it again."""

    title: str
    kind: Kind
    seed: int
    created: str
    """ISO 8601, UTC."""
    confidence: float
    levels: tuple[int, ...]
    versions: dict[str, str]
    simulated: bool
    """True when any rating was not given by a person."""
    offline_systems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What a reader must know before any number, in whole sentences."""
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class StudyFindings:
    """Everything one study found."""

    meta: Meta
    counts: Counts
    criteria: tuple[Criterion, ...]
    prevalence: tuple[Prevalence, ...]
    agreement: tuple[Agreement, ...]
    consistency: tuple[Consistency, ...] = ()
    annotators: tuple[Annotator, ...] = field(default=(), metadata=LATER)
    """Empty where names are slots that follow nobody across cards."""
    persons: tuple[Persons, ...] = field(default=(), metadata=LATER)
    flagged: WithoutFlagged | None = field(default=None, metadata=LATER)
    """None where nobody was flagged."""
    systems: tuple[System, ...] = ()
    descriptions: tuple[Description, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    metrics: tuple[Metric, ...] = ()
    metric_summaries: tuple[MetricSummary, ...] = ()
    correlations: tuple[Correlation, ...] = ()
    methods: tuple[str, ...] = ()
    """The methods paragraph, a sentence each."""
    fieldwork: Fieldwork | None = field(default=None, metadata=LATER)
    omnibus: tuple[Omnibus, ...] = field(default=(), metadata=LATER)
    """Where there are three systems or more."""
    models: tuple[Model, ...] = field(default=(), metadata=LATER)
    confirmations: tuple[Confirmation, ...] = field(default=(), metadata=LATER)
    """The hypotheses of the plan; empty where it named none."""
    blinding: Blinding | None = field(default=None, metadata=LATER)
    """Where annotators were asked for the writers, and answered."""
    clouds: tuple[Cloud, ...] = field(default=(), metadata=LATER)
    metric_tests: tuple[MetricTest, ...] = field(default=(), metadata=LATER)
    pairwise_accuracy: tuple[PairwiseAccuracy, ...] = field(default=(), metadata=LATER)
    ceiling: tuple[Ceiling, ...] = field(default=(), metadata=LATER)
    sensitivity: Sensitivity | None = field(default=None, metadata=LATER)
    """Where annotators were excluded."""
    checks: Checks | None = field(default=None, metadata=LATER)
    """Where cards were hidden among the others, repeats aside."""

    def __post_init__(self) -> None:
        tells_apart = (self.systems, self.descriptions, self.comparisons, self.omnibus, self.confirmations)
        without = self.flagged.differences if self.flagged else ()
        related = (
            without,
            self.correlations,
            self.clouds,
            self.metric_tests,
            self.pairwise_accuracy,
            self.blinding,
        )
        if self.meta.kind == "pooled" and (any(tells_apart) or any(related)):
            raise ValueError("findings of a blind study must not tell systems apart")
        if self.meta.kind == "pooled" and self.sensitivity and self.sensitivity.differences:
            raise ValueError("findings of a blind study must not tell systems apart")

    def to_json(self) -> str:
        """UTF-8 JSON, keys in the order of the classes; refuses NaN and infinity."""
        return json.dumps(asdict(self), ensure_ascii=False, allow_nan=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> "StudyFindings":
        """Read what `to_json` wrote.

        Raises:
            UnreadableFindings: not JSON, another format, or a key that is missing or of the wrong kind.
        """
        try:
            raw = json.loads(text)
        except json.JSONDecodeError as error:
            raise UnreadableFindings(f"not JSON: {error}") from error
        meta = raw.get("meta") if isinstance(raw, dict) else None
        found = meta.get("format") if isinstance(meta, dict) else None
        if found != FORMAT:
            raise UnreadableFindings(f"this version reads report format {FORMAT}, not {found!r}")
        findings: StudyFindings = _read(cls, raw, "report")
        return findings


def _read(kind: Any, raw: Any, where: str) -> Any:
    """Rebuild a value of the annotated type from JSON values."""
    origin, arguments = get_origin(kind), get_args(kind)
    if is_dataclass(kind) and isinstance(kind, type):
        return _read_dataclass(kind, raw, where)
    if origin in (Union, UnionType):
        wanted = next(argument for argument in arguments if argument is not NoneType)
        return None if raw is None else _read(wanted, raw, where)
    if origin is tuple and isinstance(raw, list):
        return tuple(_read(arguments[0], item, f"{where}[{index}]") for index, item in enumerate(raw))
    if origin is dict and isinstance(raw, dict):
        return dict(raw)
    if origin is Literal and raw in arguments:
        return raw
    if kind is float and isinstance(raw, (int, float)) and not isinstance(raw, bool):
        return float(raw)
    if isinstance(kind, type) and type(raw) is kind:
        return raw
    raise UnreadableFindings(f"{where}: expected {getattr(kind, '__name__', kind)}, got {raw!r}")


def _read_dataclass(kind: type, raw: Any, where: str) -> Any:
    if not isinstance(raw, dict):
        raise UnreadableFindings(f"{where}: expected the keys of {kind.__name__}, got {raw!r}")
    names = [field.name for field in fields(kind)]
    absent = {field.name for field in fields(kind) if field.metadata.get("later") and field.name not in raw}
    names = [name for name in names if name not in absent]
    missing, strange = [n for n in names if n not in raw], [n for n in raw if n not in names]
    if missing or strange:
        raise UnreadableFindings(f"{where}: missing {missing or 'nothing'}, unknown {strange or 'nothing'}")
    hints = get_type_hints(kind)
    return kind(**{name: _read(hints[name], raw[name], f"{where}.{name}") for name in names})
