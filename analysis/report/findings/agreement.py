"""What was found of annotators: how they used the scale, how far they agree, and who stands apart."""

from dataclasses import dataclass, field

from analysis.report.findings.number import LATER, Number
from analysis.report.findings.subject import Excluded, WriterKind


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
