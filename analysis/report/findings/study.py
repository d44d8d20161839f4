"""StudyFindings: what one study found, every number with its interval, n, method and seed.

These classes are the whole language between the statistics and everything that shows them: pages, tables,
figures, the REST interface and the files another lab reads. docs/report-json.md explains each key to that
lab.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Literal, NoReturn

from analysis.report.findings.agreement import (
    Agreement,
    Annotator,
    Blinding,
    Checks,
    Consistency,
    Persons,
    Prevalence,
    Sensitivity,
    WithoutFlagged,
)
from analysis.report.findings.comparisons import Comparison, Confirmation, Description, Model, Omnibus
from analysis.report.findings.metrics import (
    Ceiling,
    Cloud,
    Correlation,
    MetricSummary,
    MetricTest,
    PairwiseAccuracy,
)
from analysis.report.findings.number import LATER
from analysis.report.findings.reading import UnreadableFindings, read
from analysis.report.findings.subject import Criterion, Fieldwork, Metric, System

FORMAT = 1
MOST_LEVELS = 101
"""Points of the widest scale that is read, 0 to 100."""
"""Version of the JSON; a reader refuses one it does not know."""

Kind = Literal["pooled", "unblinded"]
"""`pooled` names no system: agreement and the use of the scale alone, as before unblinding."""


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
            raw = json.loads(text, parse_constant=_refuse_constant)
        except json.JSONDecodeError as error:
            raise UnreadableFindings(f"not JSON: {error}") from error
        meta = raw.get("meta") if isinstance(raw, dict) else None
        found = meta.get("format") if isinstance(meta, dict) else None
        if found != FORMAT:
            raise UnreadableFindings(f"this version reads report format {FORMAT}, not {found!r}")
        findings: StudyFindings = read(cls, raw, "report")
        levels, confidence = findings.meta.levels, findings.meta.confidence
        if not 2 <= len(levels) <= MOST_LEVELS or list(levels) != sorted(set(levels)):
            raise UnreadableFindings(f"meta.levels must be 2 to {MOST_LEVELS} rising whole numbers")
        if not 0 < confidence < 1:
            raise UnreadableFindings(f"meta.confidence must lie between 0 and 1, not {confidence}")
        return findings


def _refuse_constant(name: str) -> NoReturn:
    raise UnreadableFindings(f"not JSON: {name} is no number there")
