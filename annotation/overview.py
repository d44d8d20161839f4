"""What only owners' pages and REST read of a study: how it goes, its calibration set with the gold, its links
and its ledger. Pooled over systems, always."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from annotation.design.blinding import BlindedItem, blinded_history, blinded_item
from annotation.design.gate import GateRule
from annotation.design.hypotheses import as_lines
from annotation.design.scales import POINTS
from annotation.models.card import CalibrationGold, Seat, calibration_cards
from annotation.models.crowd import CrowdLink
from annotation.models.ledger import LedgerLine
from annotation.models.rating import CalibrationAnswer
from annotation.models.study import Criterion, Invitation, Study
from annotation.services.make_crowd_link import ENDS


def hypotheses(study_id: int) -> str:
    """What the study is to confirm, one hypothesis a line, as its owner entered it: it names systems."""
    plan = Study.objects.values_list("plan", flat=True).get(pk=study_id)
    return as_lines(plan.get("analysis", {}).get("hypotheses", ()))


def gate_rule(study_id: int) -> GateRule:
    """What it takes to pass the calibration of the study."""
    return GateRule.from_json(Study.objects.values_list("gate_rule", flat=True).get(pk=study_id))


def free_seats(study_id: int) -> int:
    """Seats that nobody holds: so many people more a study can take."""
    return Seat.objects.filter(study_id=study_id, enrolment__isnull=True).count()


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
