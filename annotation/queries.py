"""What annotators' pages and analysis may read of a study before it is unblinded: frozen values, never a row,
never a writer."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

import pandas as pd
from django.db.models import Count, Max, Q, Subquery

from annotation.check_queries import calibration_marks, wanted_marks
from annotation.design.blinding import (
    BlindedBoard,
    BlindedCard,
    BlindedColumn,
    BlindedCriterion,
    Level,
    blinded_history,
    blinded_item,
)
from annotation.design.checks import CheckPlan
from annotation.design.detectability import Detectability
from annotation.design.exclusions import RULES
from annotation.design.gate import GateRule
from annotation.design.guessing import GuessPlan
from annotation.design.scales import POINTS
from annotation.gate_words import feedback_words, plain_words
from annotation.guess_queries import guess_due
from annotation.models.card import (
    CalibrationGold,
    Card,
    Kind,
    Placement,
    Seat,
    free_slots,
)
from annotation.models.crowd import CrowdLink
from annotation.models.ledger import LedgerLine
from annotation.models.rating import Rating
from annotation.models.study import Criterion, Enrolment, Guidelines, Invitation, Study

Stage = Literal[
    "consent",
    "guidelines",
    "calibration",
    "failed",
    "rating",
    "full",
    "guess",
    "finished",
    "closed",
    "withdrawn",
]
"""Where an annotator stands; each is one page. `full`: passed, but every seat is taken. `guess`: all is judged, and one
question is left that may be passed over."""

CHECK_COLUMNS = (
    "annotator",
    "kind",
    "card",
    "criterion",
    "value",
    "wanted",
    "earlier",
    "position",
    "simulated",
)
PAGE_OF_BOARDS = ("slot", "kind")
"""What the cards of one board have in common."""
GREATEST_KEY = 2**63 - 1
"""No row has a greater one, and a database may refuse to be asked for it."""


@dataclass(frozen=True, slots=True)
class GuidelinesText:
    version: int
    text: str
    clarification: str
    """What this version added; empty in the first."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one annotator stands in one study: all that a page needs to say whether it is the right one."""

    enrolment_id: int
    study_id: int
    study_title: str
    description: str
    language: str
    stage: Stage
    guidelines_unread: bool
    """A version newer than the one this annotator read: show it before the next card."""
    attempt: int
    """At the calibration, from 1."""
    simulated: bool
    side_by_side: bool
    """All texts of a case are judged on one page, the board."""


@dataclass(frozen=True, slots=True)
class Journey(Standing):
    """One annotator's way through one study, as far as it has gone, with what its pages tell."""

    consent: str
    consent_version: int
    guidelines: tuple[GuidelinesText, ...]
    """Newest first; the first one is what holds now."""
    criteria: tuple[BlindedCriterion, ...]
    n_calibration: int
    attempts: int
    gate_in_words: str
    gate_feedback: tuple[str, ...]
    """Sentences about the last finished attempt."""
    completion_code: str
    """Empty until the study is finished; for people of a crowd service, the code of whatever end they came to."""
    no_consent_code: str
    """Of a crowd service's people, who bring it back when they do not agree."""
    return_url: str
    """Where the code is brought back to; empty where it is copied by hand, or there is none."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Counted in cards; in boards where the texts of a case stand side by side."""

    done: int
    total: int
    seconds_median: float | None
    """Over those done so far, as the page measured; None before the first."""

    @property
    def minutes_left(self) -> int | None:
        if self.seconds_median is None:
            return None
        return (
            max(1, round((self.total - self.done) * self.seconds_median / 60))
            if self.done < self.total
            else 0
        )


@dataclass(frozen=True, slots=True)
class MyStudy:
    """A line of an annotator's list."""

    enrolment_id: int
    study_id: int
    title: str
    stage: Stage
    progress: Progress
    simulated: bool


@dataclass(frozen=True, slots=True)
class InvitationView:
    """What the person who follows a link reads before signing up."""

    token: str
    study_title: str
    description: str
    usable: bool
    why_not: str
    crowd_parameter: str
    """Of the address, where a crowd service sends people by this link; empty otherwise."""


@dataclass(frozen=True, slots=True)
class StudySummary:
    """A study as its owner's pages show it."""

    id: int
    title: str
    description: str
    language: str
    status: str
    status_label: str
    owner_id: int
    simulated: bool
    k: int
    n_annotators: int
    n_cases: int
    n_cards: int
    n_systems: int
    n_calibration: int
    design: str
    cards_a_slot: int
    """Cards of a case that one annotator rates."""
    slots_a_block: int
    """Annotators a case."""
    gap: int
    seed: int
    lease_hours: int
    gate_in_words: str
    gate_tolerance: int
    """A mark so far from the reference counts as near it."""
    notes: tuple[str, ...]
    """What building had to say: drops, a lowered gap."""
    n_hypotheses: int
    """What the plan is to confirm; which systems they name is not in it."""
    detectability: Detectability | None
    """How well systems can be told apart by the surface of their texts; None where it was not tried."""
    consent: str
    guidelines: tuple[GuidelinesText, ...]
    criteria: tuple[BlindedCriterion, ...]
    frozen_hash: str
    created_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None
    unblinded_at: datetime | None
    n_done: int
    """Cards finished, counted once an annotator."""
    n_target: int
    """Cards times annotators a card."""
    gold_missing: int
    """Marks of the calibration set the owner has yet to give."""
    guess: GuessPlan | None
    """What is asked after the last card; None where nothing is."""
    checks: CheckPlan | None
    """What is hidden among the cards; None where nothing is."""


@dataclass(frozen=True, slots=True)
class Flow:
    """What became of those who joined a study; nobody is named."""

    joined: int
    failed: int
    """Did not pass the gate."""
    finished: int
    unfinished: int
    withdrew: int
    """Withdrew consent, whatever they had done; not among the others."""
    excluded: int
    """Excluded by the owner, and not among the others."""


# ---- for annotators


def invitation(token: str) -> InvitationView | None:
    """What a link leads to, or None when no such link was ever made."""
    row = Invitation.objects.select_related("study", "crowd").filter(token=token).first()
    if row is None:
        return None
    why_not, crowd = row.why_unusable, getattr(row, "crowd", None)
    return InvitationView(
        token=row.token,
        study_title=row.study.title,
        description=row.study.description,
        usable=not why_not,
        why_not=why_not,
        crowd_parameter=crowd.id_parameter if crowd else "",
    )


def study_of_invitation(token: str) -> int:
    """The key of the study a link leads to.

    Raises:
        Invitation.DoesNotExist: there is no such link.
    """
    return Invitation.objects.values_list("study_id", flat=True).get(token=token)


def enrolment_of(study_id: int, user_id: int) -> int | None:
    """The key of this person's enrolment in the study, or None."""
    if study_id > GREATEST_KEY:
        return None
    return (
        Enrolment.objects.filter(study_id=study_id, annotator_id=user_id).values_list("pk", flat=True).first()
    )


def enrolment_by_invitation(token: str, user_id: int) -> int | None:
    """The key of this person's enrolment in the study a link leads to, by whichever link they joined."""
    found = Enrolment.objects.filter(study__invitations__token=token, annotator_id=user_id)
    return found.values_list("pk", flat=True).first()


def my_studies(user_id: int) -> list[MyStudy]:
    """The studies a person takes part in, newest first."""
    rows = (
        Enrolment.objects.filter(annotator_id=user_id).select_related("study").order_by("-enrolled_at", "-pk")
    )
    return [
        MyStudy(row.pk, row.study_id, row.study.title, stage_of(row), progress(row.pk), row.study.simulated)
        for row in rows
    ]


def standing(enrolment_id: int) -> Standing:
    """Where an annotator stands, without what the pages on the way there tell.

    Raises:
        Enrolment.DoesNotExist: no such enrolment.
    """
    return _standing(Enrolment.objects.select_related("study").get(pk=enrolment_id))


def journey(enrolment_id: int) -> Journey:
    """Everything the journey's pages need.

    Raises:
        Enrolment.DoesNotExist: no such enrolment.
    """
    row = Enrolment.objects.select_related("study", "invitation__crowd").get(pk=enrolment_id)
    now, study, rule = _standing(row), row.study, GateRule.from_json(row.study.gate_rule)
    crowd = getattr(row.invitation, "crowd", None)
    last = row.gate_results[-1] if row.gate_results else {}
    criteria = criteria_of(study.pk, row.criteria_order)
    return Journey(
        **asdict(now),
        consent=study.consent,
        consent_version=study.consent_version,
        guidelines=_guidelines(study),
        criteria=criteria,
        n_calibration=_n_calibration(study.pk),
        attempts=rule.attempts,
        gate_in_words=plain_words(rule),
        gate_feedback=feedback_words(last, rule, {one.key: one.name for one in criteria}),
        completion_code=_code_of(row, now.stage, crowd),
        no_consent_code=crowd.code_no_consent if crowd else "",
        return_url=crowd.return_url if crowd else "",
    )


def _standing(row: Enrolment) -> Standing:
    study = row.study
    return Standing(
        enrolment_id=row.pk,
        study_id=study.pk,
        study_title=study.title,
        description=study.description,
        language=study.language,
        stage=stage_of(row),
        guidelines_unread=(row.guidelines_version or 0) < study.guidelines_version,
        attempt=row.attempt,
        simulated=study.simulated or row.simulated,
        side_by_side=study.side_by_side,
    )


def _code_of(row: Enrolment, stage: Stage, crowd: CrowdLink | None) -> str:
    """The code that an annotator brings back from where they stand; empty on the way."""
    if crowd is None:
        return row.completion_code if stage == "finished" else ""
    return {
        "finished": crowd.code_complete,
        "full": crowd.code_screened_out,
        "closed": crowd.code_screened_out,
        "failed": crowd.code_failed_gate,
        "withdrawn": crowd.code_no_consent,
    }.get(stage, "")


def stage_of(row: Enrolment) -> Stage:
    """Where an annotator stands now, by what is stored of the enrolment and by the seats still free."""
    if row.withdrawn_at is not None:
        return "withdrawn"
    if row.finished_at is not None:
        return "guess" if guess_due(row) else "finished"
    if row.study.status != Study.Status.OPEN:
        return "closed"
    if row.consented_at is None:
        return "consent"
    if row.guidelines_read_at is None:
        return "guidelines"
    if row.gate == Enrolment.Gate.FAILED:
        return "failed"
    if row.gate == Enrolment.Gate.PENDING:
        return "calibration"
    if Seat.objects.filter(enrolment=row).exists():
        return "rating"
    return "rating" if free_slots(row).exists() else "full"


def next_card(enrolment_id: int) -> BlindedCard | None:
    """The first card not done yet; claims nothing and marks nothing, so it can be fetched ahead.

    None before the first claim and after the last card.
    """
    row = (
        _placements()
        .filter(enrolment_id=enrolment_id, done_at__isnull=True, withdrawn_at__isnull=True)
        .order_by("position")
        .first()
    )
    return _blinded(row) if row else None


def following_card(placement_token: str, user_id: int) -> BlindedCard | None:
    """The first card not done after this one in the annotator's sequence, to be fetched ahead."""
    own = Placement.objects.filter(token=placement_token, enrolment__annotator_id=user_id).first()
    if own is None:
        return None
    row = (
        _placements()
        .filter(enrolment_id=own.enrolment_id, done_at__isnull=True, withdrawn_at__isnull=True)
        .filter(position__gt=own.position)
        .order_by("position")
        .first()
    )
    return _blinded(row) if row else None


def previous_token(placement_token: str, user_id: int) -> str | None:
    """The token of the card before this one in the annotator's sequence, for Back."""
    own = Placement.objects.filter(token=placement_token, enrolment__annotator_id=user_id)
    earlier = Placement.objects.filter(
        enrolment_id=Subquery(own.order_by().values("enrolment_id")),
        position__lt=Subquery(own.order_by().values("position")),
        withdrawn_at__isnull=True,
    )
    return earlier.order_by("-position").values_list("token", flat=True).first()


def blinded_card(placement_token: str, user_id: int) -> BlindedCard | None:
    """One of the annotator's own cards with its marks so far; None for anybody else's, or a withdrawn one."""
    row = (
        _placements()
        .filter(token=placement_token, enrolment__annotator_id=user_id, withdrawn_at__isnull=True)
        .first()
    )
    return _blinded(row) if row else None


def blinded_board(placement_token: str, user_id: int) -> BlindedBoard | None:
    """The board that one of the annotator's own cards stands on, with the marks so far; None for anybody else's, a
    withdrawn one, or in a study that shows cards one by one."""
    row = _placements().filter(token=placement_token, enrolment__annotator_id=user_id).first()
    if row is None or row.withdrawn_at is not None or not row.enrolment.study.side_by_side:
        return None
    mine = Placement.objects.filter(enrolment_id=row.enrolment_id, withdrawn_at__isnull=True)
    shown = list(mine.filter(slot_id=row.slot_id, kind=row.kind).select_related("card").order_by("position"))
    boards = list(dict.fromkeys(mine.order_by("position").values_list("slot_id", "kind")))
    given: dict[int, list[tuple[str, int | None, str]]] = {each.pk: [] for each in shown}
    marks = Rating.objects.filter(placement__in=shown).order_by()
    for placement, key, value, reason in marks.values_list(
        "placement_id", "criterion__key", "value", "reason"
    ):
        given[placement].append((key, value, reason))
    study, block = row.enrolment.study, row.card.block
    return BlindedBoard(
        token=shown[0].token,
        study_title=study.title,
        language=study.language,
        case_history=blinded_history(block.history),
        item=blinded_item(block.item),
        columns=tuple(
            BlindedColumn(
                token=each.token,
                explanation=each.card.explanation,
                ratings={key: value for key, value, _ in given[each.pk]},
                reasons={key: reason for key, _, reason in given[each.pk] if reason},
                version=each.version,
            )
            for each in shown
        ),
        position=boards.index((row.slot_id, row.kind)) + 1,
        total=len(boards),
        criteria=criteria_of(study.pk, row.enrolment.criteria_order),
    )


def progress(enrolment_id: int) -> Progress:
    """How far an annotator is, whatever kind of cards these are; 0 of 0 before the first claim."""
    page = PAGE_OF_BOARDS if Study.objects.get(enrolments=enrolment_id).side_by_side else ("pk",)
    placements = Placement.objects.filter(enrolment_id=enrolment_id, withdrawn_at__isnull=True)
    done_at = [(key, at) for at, *key in placements.order_by().values_list("done_at", *page)]
    total = len({tuple(key) for key, _ in done_at})
    waiting = len({tuple(key) for key, at in done_at if at is None})
    return Progress(total - waiting, total, _median(_seconds(enrolment_id, page)))


# ---- for every page, and for analysis


def studies(owner_id: int | None = None) -> list[StudySummary]:
    """Studies newest first: one owner's, or everybody's."""
    rows = Study.objects.all() if owner_id is None else Study.objects.filter(owner_id=owner_id)
    return [_summary(row) for row in rows]


def study_summary(study_id: int) -> StudySummary:
    """Raises Study.DoesNotExist when there is no such study."""
    return _summary(Study.objects.get(pk=study_id))


def participant_flow(study_id: int) -> Flow:
    """How many joined, failed at the gate, finished, did neither, withdrew, and were excluded."""
    rows = Enrolment.objects.filter(study_id=study_id)
    joined, withdrew = rows.count(), rows.filter(withdrawn_at__isnull=False).count()
    rows = rows.filter(withdrawn_at__isnull=True)
    excluded = rows.filter(excluded_at__isnull=False).count()
    rows = rows.filter(excluded_at__isnull=True)
    finished = rows.filter(finished_at__isnull=False).count()
    failed = rows.filter(finished_at__isnull=True, gate=Enrolment.Gate.FAILED).count()
    unfinished = joined - failed - finished - withdrew - excluded
    return Flow(joined, failed, finished, unfinished, withdrew, excluded)


def n_erasures(study_id: int) -> int:
    """How many annotators' marks were erased. It only grows: who keeps a copy of marks drops it when it has grown."""
    return Enrolment.objects.filter(study_id=study_id, erased_at__isnull=False).count()


@dataclass(frozen=True, slots=True)
class Exclusion:
    """An annotator whom the owner excluded."""

    annotator: str
    """The pseudonym."""
    rule: str
    """In words."""
    after_unblinding: bool


def exclusions(study_id: int) -> tuple[Exclusion, ...]:
    """Who is excluded now, by which rule, and whether systems had names by then; those who withdrew aside."""
    lines = LedgerLine.objects.filter(study_id=study_id, act=LedgerLine.Act.EXCLUDED).order_by("number")
    told = {line.facts["annotator"]: line.facts for line in lines}
    out = Enrolment.objects.filter(
        study_id=study_id, excluded_at__isnull=False, withdrawn_at__isnull=True
    ).order_by("index")
    found = []
    for row in out:
        facts = told.get(row.pseudonym, {})
        rule = facts.get("rule", "")
        found.append(Exclusion(row.pseudonym, RULES.get(rule, rule), facts.get("after_unblinding", False)))
    return tuple(found)


def pooled_ratings(study_id: int, *, excluded: bool = False) -> pd.DataFrame:
    """Marks as they stand, without systems: columns case, card, annotator, criterion, value, repeat, simulated.

    `case` and `card` are numbers of this study only; value is NaN where the annotator could not judge; `repeat` is
    True for a card met a second time. Attention checks and cards with reference marks are not in it (`check_marks`),
    nor are marks of annotators whom the owner excluded; with `excluded` it is those alone.
    """
    rows = list(
        Rating.objects.filter(
            placement__enrolment__study_id=study_id,
            placement__kind__in=[Placement.Kind.MAIN, Placement.Kind.REPEAT],
            placement__withdrawn_at__isnull=True,
            placement__enrolment__excluded_at__isnull=not excluded,
        )
        .order_by(
            "placement__card__block__number",
            "placement__card__token",
            "placement__enrolment__index",
            "placement__kind",
            "criterion",
        )
        .values_list(
            "placement__card__block__number",
            "placement__card__token",
            "placement__enrolment__index",
            "criterion__key",
            "value",
            "placement__kind",
            "placement__enrolment__simulated",
        )
    )
    known = Card.objects.filter(study_id=study_id, block__kind=Kind.MAIN).order_by("block__number", "token")
    cards = {token: number for number, token in enumerate(known.values_list("token", flat=True))}
    columns = ["case", "card", "annotator", "criterion", "value", "repeat", "simulated"]
    frame = pd.DataFrame(rows, columns=columns)
    frame["repeat"] = (frame["repeat"] == Placement.Kind.REPEAT).astype("bool")
    frame["card"] = frame["card"].map(cards).astype("int64")
    frame["annotator"] = [f"A{index + 1:02d}" for index in frame["annotator"]]
    frame["value"] = frame["value"].astype("float64")
    return frame


def check_marks(study_id: int) -> pd.DataFrame:
    """Marks on attention checks and on cards with reference marks, whose writers are in no result.

    Columns: annotator (pseudonym), kind (attention, gold or recheck), card (a number within attention checks and
    within the calibration set), criterion (key), value (NaN: could not judge), wanted (the mark an attention check
    asks for, or the reference), earlier (the own mark on the same card when calibration was passed; NaN of attention
    checks), position (from 1), simulated. None of who left or was excluded.
    """
    rows = Rating.objects.filter(
        placement__enrolment__study_id=study_id,
        placement__slot__isnull=True,
        placement__withdrawn_at__isnull=True,
        placement__enrolment__excluded_at__isnull=True,
    ).order_by("placement__enrolment__index", "placement__position", "criterion__position")
    wanted, earlier = wanted_marks(study_id), calibration_marks(study_id)
    found = []
    for rating in rows.select_related("placement__enrolment", "placement__card__block", "criterion"):
        placement, person = rating.placement, rating.placement.enrolment
        found.append(
            (
                person.pseudonym,
                placement.kind,
                placement.card.block.number + 1,
                rating.criterion.key,
                rating.value,
                wanted[placement.card_id, rating.criterion_id],
                earlier.get((person.pk, placement.card_id, rating.criterion_id)),
                placement.position + 1,
                person.simulated,
            )
        )
    return pd.DataFrame(found, columns=list(CHECK_COLUMNS)).astype(
        {
            "value": "float64",
            "wanted": "int64",
            "earlier": "float64",
            "position": "int64",
            "simulated": "bool",
        }
    )


# ---- the same for all


def _placements() -> object:
    return Placement.objects.select_related("enrolment__study", "card__block")


def _blinded(row: Placement) -> BlindedCard:
    study = row.enrolment.study
    positions = list(
        Placement.objects.filter(enrolment_id=row.enrolment_id, withdrawn_at__isnull=True).values_list(
            "position", flat=True
        )
    )
    given = list(Rating.objects.filter(placement=row).values_list("criterion__key", "value", "reason"))
    return BlindedCard(
        token=row.token,
        study_title=study.title,
        language=study.language,
        case_history=blinded_history(row.card.block.history),
        item=blinded_item(row.card.block.item),
        explanation=row.card.explanation,
        position=sum(position <= row.position for position in positions),
        total=len(positions),
        criteria=criteria_of(study.pk, row.enrolment.criteria_order),
        ratings={key: value for key, value, _ in given},
        reasons={key: reason for key, _, reason in given if reason},
        version=row.version,
    )


def _n_calibration(study_id: int) -> int:
    return Card.objects.filter(study_id=study_id, block__kind=Kind.CALIBRATION).count()


def criteria_of(study_id: int, order: Sequence[str] = ()) -> tuple[BlindedCriterion, ...]:
    """The questions of a study, in an annotator's own order where one is given."""
    rows = list(Criterion.objects.filter(study_id=study_id))
    rank = {key: number for number, key in enumerate(order)}
    rows.sort(key=lambda row: (rank.get(row.key, len(rank)), row.position))
    return tuple(
        BlindedCriterion(
            key=row.key,
            name=row.name,
            definition=row.definition,
            question=row.question,
            levels=tuple(
                Level(
                    value=point,
                    label=label,
                    example=example.get("explanation", ""),
                    why=example.get("why", ""),
                )
                for point, label, example in zip(POINTS, row.labels, row.examples, strict=True)
            ),
        )
        for row in rows
    )


def _guidelines(study: Study) -> tuple[GuidelinesText, ...]:
    rows = Guidelines.objects.filter(study=study).order_by("-version")
    return tuple(GuidelinesText(row.version, row.text, row.clarification, row.created_at) for row in rows)


def _summary(row: Study) -> StudySummary:
    cards = Card.objects.filter(study=row).aggregate(
        main=Count("pk", filter=Q(block__kind=Kind.MAIN)),
        calibration=Count("pk", filter=Q(block__kind=Kind.CALIBRATION)),
    )
    criteria, rule = criteria_of(row.pk), GateRule.from_json(row.gate_rule)
    n_gold = CalibrationGold.objects.filter(card__study=row).count()
    done = Placement.objects.filter(
        enrolment__study=row, kind=Placement.Kind.MAIN, withdrawn_at__isnull=True, done_at__isnull=False
    ).count()
    return StudySummary(
        id=row.pk,
        title=row.title,
        description=row.description,
        language=row.language,
        status=row.status,
        status_label=row.get_status_display(),
        owner_id=row.owner_id,
        simulated=row.simulated or row.enrolments.filter(simulated=True).exists(),
        k=row.k,
        n_annotators=row.n_annotators,
        n_cases=row.blocks.filter(kind=Kind.MAIN).count(),
        n_cards=cards["main"],
        n_systems=row.n_systems,
        n_calibration=cards["calibration"],
        design=row.design,
        cards_a_slot=row.cards_a_slot,
        slots_a_block=row.slots_a_block,
        gap=row.gap,
        seed=row.seed,
        lease_hours=row.lease_hours,
        gate_in_words=rule.in_words(),
        gate_tolerance=rule.tolerance,
        notes=tuple(row.plan.get("notes", ())),
        n_hypotheses=len(row.plan.get("analysis", {}).get("hypotheses", ())),
        detectability=_detectability(row.plan),
        consent=row.consent,
        guidelines=_guidelines(row),
        criteria=criteria,
        frozen_hash=row.frozen_hash,
        created_at=row.created_at,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        unblinded_at=row.unblinded_at,
        n_done=done,
        n_target=cards["main"] * row.k,
        gold_missing=cards["calibration"] * len(criteria) - n_gold,
        guess=GuessPlan.of(row.plan),
        checks=CheckPlan.of(row.plan),
    )


def _detectability(plan: Mapping[str, Any]) -> Detectability | None:
    found = plan.get("detectability")
    return Detectability(**{**found, "telling": tuple(found["telling"])}) if found else None


def _seconds(enrolment_id: int, page: Sequence[str]) -> list[float]:
    """One number a finished page, a card or board: the longest time any of its marks was sent with."""
    rows = Rating.objects.filter(
        placement__enrolment_id=enrolment_id,
        placement__done_at__isnull=False,
        placement__withdrawn_at__isnull=True,
        seconds__isnull=False,
    )
    told = rows.order_by().values(*(f"placement__{column}" for column in page))
    return list(told.annotate(longest=Max("seconds")).values_list("longest", flat=True))


def _median(values: Sequence[float]) -> float | None:
    return float(statistics.median(values)) if values else None
