"""What only owners' pages and REST read of a study: how it goes, its calibration set with the gold, its links
and its ledger. Pooled over systems, always."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from annotation import queries
from annotation.design.blinding import BlindedCriterion, BlindedItem, blinded_history, blinded_item
from annotation.design.gate import GateRule
from annotation.design.hypotheses import as_lines
from annotation.design.scales import POINTS
from annotation.models.card import Block, CalibrationGold, Kind, Placement, Seat, calibration_cards
from annotation.models.crowd import CrowdLink
from annotation.models.ledger import LedgerLine
from annotation.models.rating import CalibrationAnswer, Rating
from annotation.models.study import Criterion, Enrolment, Invitation, Study
from annotation.queries import Stage, StudySummary
from annotation.services.make_crowd_link import ENDS


def hypotheses(study_id: int) -> str:
    """What the study is to confirm, one hypothesis a line, as its owner entered it: it names systems."""
    plan = Study.objects.values_list("plan", flat=True).get(pk=study_id)
    return as_lines(plan.get("analysis", {}).get("hypotheses", ()))


@dataclass(frozen=True, slots=True)
class AnnotatorRow:
    enrolment_id: int
    pseudonym: str
    username: str
    stage: Stage
    gate: str
    attempt: int
    gate_share: float | None
    """Share of marks near the gold in the last finished attempt."""
    done: int
    total: int
    seconds_median: float | None
    """A card; side by side, a board's divided by its cards."""
    cards_an_hour: float | None
    """Pace by the server's clock, from first to last finished card; None below two cards."""
    cannot_judge: int
    same_mark_share: float | None
    """Share of cards marked alike on every criterion: high in somebody who does not read."""
    n_marks: int
    """Marks of finished and unfinished cards, without what could not be judged."""
    top_mark: int | None
    """The mark given most often; None before the first."""
    top_mark_share: float | None
    """Its share of all marks."""
    last_seen_at: datetime
    simulated: bool
    excluded: bool
    """By the owner, as the ledger tells."""
    erasure_due: bool
    """Withdrew, asked for erasure, and is not erased yet."""


@dataclass(frozen=True, slots=True)
class CriterionDistribution:
    """Marks of one criterion pooled over systems."""

    key: str
    name: str
    labels: tuple[str, ...]
    counts: tuple[int, ...]
    """Shape (5,), lowest point first."""
    cannot_judge: int

    @property
    def n(self) -> int:
        return sum(self.counts)

    @property
    def mean(self) -> float | None:
        return sum(p * c for p, c in zip(POINTS, self.counts, strict=True)) / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many cases have been rated completely by this many annotators."""

    n_raters: int
    n_cases: int


@dataclass(frozen=True, slots=True)
class Monitor:
    study: StudySummary
    seats_taken: int
    annotators: tuple[AnnotatorRow, ...]
    criteria: tuple[CriterionDistribution, ...]
    coverage: tuple[Coverage, ...]
    gate_passed: int
    gate_failed: int
    gate_pending: int
    n_withdrawn: int
    """Finished cards of people who left halfway; kept, and not counted."""


@dataclass(frozen=True, slots=True)
class MarkFlow:
    """What became of people, and of the marks they gave."""

    people: queries.Flow
    n_marks: int
    """All that are stored."""
    n_left: int
    """Of people who left halfway, withdrew, or whose row was issued again."""
    n_excluded: int

    @property
    def n_counted(self) -> int:
        return self.n_marks - self.n_left - self.n_excluded

    @property
    def n_passed(self) -> int:
        """People who did not fail the gate, left out or not."""
        return self.people.joined - self.people.failed


@dataclass(frozen=True, slots=True)
class GoldMark:
    criterion: str
    name: str
    value: int | None
    rationale: str
    experts: dict[str, int]
    """Expert -> mark, where the reference is their consensus."""


@dataclass(frozen=True, slots=True)
class GoldCard:
    """A calibration card as the owner marks it: as blind as everybody."""

    token: str
    number: int
    case_history: tuple[BlindedItem, ...]
    item: BlindedItem
    explanation: str
    marks: tuple[GoldMark, ...]


@dataclass(frozen=True, slots=True)
class DisagreementCell:
    """All first-attempt marks of one calibration card on one criterion."""

    card: int
    criterion: str
    gold: int
    counts: tuple[int, ...]
    """Shape (5,): how many annotators gave each point."""
    n_far: int
    """How many were further from the gold than the gate tolerates."""


@dataclass(frozen=True, slots=True)
class CrowdRow:
    id_parameter: str
    return_url: str
    codes: dict[str, str]
    """How a way through the study ends -> the code people bring back."""


@dataclass(frozen=True, slots=True)
class InvitationRow:
    id: int
    token: str
    label: str
    uses: int
    max_uses: int
    expires_at: datetime | None
    revoked_at: datetime | None
    usable: bool
    crowd: CrowdRow | None
    """What makes it a link for a crowd service; None for any other."""


@dataclass(frozen=True, slots=True)
class CheckedPages:
    """What the newest look through an annotator's pages found."""

    at: datetime
    n_addresses: int
    n_secrets: int
    n_leaks: int
    n_not_looked_for: int


@dataclass(frozen=True, slots=True)
class LedgerRow:
    number: int
    act: str
    by: str
    at: datetime
    reason: str
    hash: str


def monitor(study_id: int) -> Monitor:
    """How a study is going, pooled over systems.

    Raises:
        Study.DoesNotExist: no such study.
    """
    study = queries.study_summary(study_id)
    enrolments = list(Enrolment.objects.filter(study_id=study_id).select_related("study", "annotator"))
    gates = Counter(row.gate for row in enrolments)
    finished = Counter(
        Placement.objects.filter(enrolment__study=study_id, withdrawn_at__isnull=True, done_at__isnull=False)
        .values("slot__block", "slot")
        .annotate(n=Count("pk"))
        .filter(n__gte=study.cards_a_slot)
        .values_list("slot__block", flat=True)
    )
    blocks = Block.objects.filter(study_id=study_id, kind=Kind.MAIN).values_list("pk", flat=True)
    coverage = Counter(finished[block] for block in blocks)
    return Monitor(
        study=study,
        seats_taken=Seat.objects.filter(study_id=study_id, enrolment__isnull=False).count(),
        annotators=tuple(_annotator(row) for row in enrolments),
        criteria=_distributions(study_id, study.criteria),
        coverage=tuple(Coverage(n, coverage[n]) for n in range(study.slots_a_block + 1)),
        gate_passed=gates["passed"],
        gate_failed=gates["failed"],
        gate_pending=gates["pending"],
        n_withdrawn=Placement.objects.filter(
            enrolment__study=study_id, withdrawn_at__isnull=False, done_at__isnull=False
        ).count(),
    )


def mark_flow(study_id: int) -> MarkFlow:
    """How many joined and judged, and whose marks are counted."""
    marks = Rating.objects.filter(placement__enrolment__study_id=study_id)
    kept = marks.filter(placement__withdrawn_at__isnull=True)
    return MarkFlow(
        people=queries.participant_flow(study_id),
        n_marks=marks.count(),
        n_left=marks.filter(placement__withdrawn_at__isnull=False).count(),
        n_excluded=kept.filter(placement__enrolment__excluded_at__isnull=False).count(),
    )


def gold_cards(study_id: int) -> tuple[GoldCard, ...]:
    """The calibration set with the gold given so far, for the owner who marks it."""
    criteria = list(Criterion.objects.filter(study_id=study_id))
    given = {
        (row.card_id, row.criterion_id): row
        for row in CalibrationGold.objects.filter(card__study_id=study_id)
    }
    result = []
    for number, card in enumerate(calibration_cards(study_id), start=1):
        marks = []
        for criterion in criteria:
            gold = given.get((card.pk, criterion.pk))
            marks.append(
                GoldMark(
                    criterion=criterion.key,
                    name=criterion.name,
                    value=gold.value if gold else None,
                    rationale=gold.rationale if gold else "",
                    experts=dict(gold.experts) if gold else {},
                )
            )
        result.append(
            GoldCard(
                token=card.token,
                number=number,
                case_history=blinded_history(card.block.history),
                item=blinded_item(card.block.item),
                explanation=card.explanation,
                marks=tuple(marks),
            )
        )
    return tuple(result)


def calibration_disagreement(study_id: int) -> tuple[DisagreementCell, ...]:
    """Where annotators left the gold in their first attempt, a cell for each card and criterion."""
    study = Study.objects.get(pk=study_id)
    tolerance = GateRule.from_json(study.gate_rule).tolerance
    marks: dict[tuple[int, int], list[int]] = {}
    answers = CalibrationAnswer.objects.filter(enrolment__study=study, attempt=1)
    for card, criterion, value in answers.values_list("card_id", "criterion_id", "value"):
        marks.setdefault((card, criterion), []).append(value)
    gold = {
        (row.card_id, row.criterion_id): row.value
        for row in CalibrationGold.objects.filter(card__study=study)
    }
    criteria = list(Criterion.objects.filter(study=study))
    cells = []
    for number, card in enumerate(calibration_cards(study_id), start=1):
        for criterion in criteria:
            reference = gold.get((card.pk, criterion.pk))
            if reference is None:
                continue
            given = marks.get((card.pk, criterion.pk), [])
            cells.append(
                DisagreementCell(
                    card=number,
                    criterion=criterion.key,
                    gold=reference,
                    counts=tuple(given.count(point) for point in POINTS),
                    n_far=sum(abs(value - reference) > tolerance for value in given),
                )
            )
    return tuple(cells)


def invitations(study_id: int) -> list[InvitationRow]:
    """The links of a study, newest first."""
    return [
        InvitationRow(
            id=row.pk,
            token=row.token,
            label=row.label,
            uses=row.uses,
            max_uses=row.max_uses,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
            usable=not row.why_unusable,
            crowd=_crowd(getattr(row, "crowd", None)),
        )
        for row in Invitation.objects.filter(study_id=study_id).select_related("study", "crowd")
    ]


def _crowd(row: CrowdLink | None) -> CrowdRow | None:
    if row is None:
        return None
    codes = {end: getattr(row, f"code_{end}") for end in ENDS}
    return CrowdRow(row.id_parameter, row.return_url, codes)


def checked_pages(study_id: int) -> CheckedPages | None:
    """Whether annotators' pages were found to hold no name of a system; None where nobody has looked."""
    row = LedgerLine.objects.filter(study_id=study_id, act=LedgerLine.Act.CHECKED).order_by("number").last()
    return CheckedPages(at=row.at, **row.facts) if row else None


def ledger(study_id: int) -> list[LedgerRow]:
    """What was done to a study, oldest first."""
    return [
        LedgerRow(
            number=row.number,
            act=row.get_act_display(),
            by=row.by.get_username() if row.by else "",
            at=row.at,
            reason=row.reason,
            hash=row.hash,
        )
        for row in LedgerLine.objects.filter(study_id=study_id).select_related("by")
    ]


def _annotator(row: Enrolment) -> AnnotatorRow:
    progress = queries.progress(row.pk)
    placements = Placement.objects.filter(enrolment=row, withdrawn_at__isnull=True, done_at__isnull=False)
    n_done, cards = placements.count(), row.study.n_systems if row.study.side_by_side else 1
    page = "slot" if row.study.side_by_side else "pk"
    ends = sorted(dict(placements.order_by("done_at").values_list(page, "done_at")).values())
    hours = (ends[-1] - ends[0]).total_seconds() / 3600 if len(ends) > 1 else 0.0
    seconds = progress.seconds_median
    marks: dict[int, list[int | None]] = {}
    ratings = Rating.objects.filter(placement__enrolment=row, placement__withdrawn_at__isnull=True)
    for placement, value in ratings.values_list("placement_id", "value"):
        marks.setdefault(placement, []).append(value)
    several = [values for values in marks.values() if len(values) > 1]
    tally = Counter(value for values in marks.values() for value in values if value is not None)
    n_marks = tally.total()
    [(top_mark, n_top)] = tally.most_common(1) or [(None, 0)]
    last = row.gate_results[-1] if row.gate_results else {}
    return AnnotatorRow(
        enrolment_id=row.pk,
        pseudonym=row.pseudonym,
        username=row.annotator.get_username(),
        stage=queries.stage_of(row),
        gate=row.gate,
        attempt=row.attempt,
        gate_share=last.get("share_within"),
        done=n_done,
        total=progress.total * cards,
        seconds_median=None if seconds is None else seconds / cards,
        cards_an_hour=(len(ends) - 1) * cards / hours if hours > 0 else None,
        cannot_judge=sum(value is None for values in marks.values() for value in values),
        same_mark_share=sum(len(set(values)) == 1 for values in several) / len(several) if several else None,
        n_marks=n_marks,
        top_mark=top_mark,
        top_mark_share=n_top / n_marks if n_marks else None,
        last_seen_at=row.last_seen_at,
        simulated=row.simulated,
        excluded=row.excluded_at is not None,
        erasure_due=row.erasure_asked_at is not None and row.erased_at is None,
    )


def _distributions(
    study_id: int, criteria: tuple[BlindedCriterion, ...]
) -> tuple[CriterionDistribution, ...]:
    counts: dict[str, Counter[int | None]] = {}
    rows = Rating.objects.filter(placement__enrolment__study=study_id, placement__withdrawn_at__isnull=True)
    for key, value, n in rows.order_by().values_list("criterion__key", "value").annotate(n=Count("pk")):
        counts.setdefault(key, Counter())[value] = n
    return tuple(
        CriterionDistribution(
            key=criterion.key,
            name=criterion.name,
            labels=tuple(level.label for level in criterion.levels),
            counts=tuple(counts.get(criterion.key, Counter())[point] for point in POINTS),
            cannot_judge=counts.get(criterion.key, Counter())[None],
        )
        for criterion in criteria
    )
