"""What a report is about: its criteria, systems and metrics, what was planned, and who was left out."""

from dataclasses import dataclass, field
from typing import Literal

from analysis.report.findings.number import LATER


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
    n_unseated: int = field(default=0, metadata=LATER)
    """Of the unfinished: through the gate, and no place was free."""
    design: str = field(default="paired", metadata=LATER)
    """paired, latin or side_by_side."""


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
class WriterKind:
    """A kind of writer that annotators could guess."""

    key: str
    label: str


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
