"""The door of this room: what its owners' pages and analysis may read of a study before it is unblinded. Frozen values,
never a row, never a writer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from django.db.models import Count, Exists, OuterRef, Q

from annotation.card_queries import criteria_of
from annotation.check_queries import calibration_marks, wanted_marks
from annotation.design.blinding import BlindedCriterion
from annotation.design.checks import CheckPlan
from annotation.design.detectability import Detectability
from annotation.design.exclusions import RULES
from annotation.design.gate import GateRule
from annotation.design.guessing import GuessPlan
from annotation.journey_queries import GuidelinesText, guidelines_of
from annotation.models.card import CalibrationGold, Card, Kind, Placement
from annotation.models.ledger import LedgerLine
from annotation.models.rating import Rating
from annotation.models.study import Enrolment, Study

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
    unseated: int
    """Of the unfinished: through the gate, and never given a card, since no place was free."""
    withdrew: int
    """Withdrew consent, whatever they had done; not among the others."""
    excluded: int
    """Excluded by the owner, and not among the others."""


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
    carded = Placement.objects.filter(enrolment=OuterRef("pk"), kind=Placement.Kind.MAIN)
    unseated = rows.filter(
        ~Exists(carded), finished_at__isnull=True, gate=Enrolment.Gate.PASSED, seat__isnull=True
    ).count()
    return Flow(joined, failed, finished, unfinished, unseated, withdrew, excluded)


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
        guidelines=guidelines_of(row),
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
