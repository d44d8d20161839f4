"""Where an annotator stands on the way through a study, from the link they follow to the code they take home."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from math import ceil
from typing import Literal

from annotation.card_queries import Progress, criteria_of, progress
from annotation.check_queries import feedback_later
from annotation.design.blinding import BlindedCriterion
from annotation.design.checks import CheckPlan
from annotation.design.gate import GateRule
from annotation.design.planning import SECONDS_A_TEXT
from annotation.gate_words import feedback_words, plain_words
from annotation.guess_queries import guess_due
from annotation.models.card import Card, Kind, Seat, Slot, free_slots
from annotation.models.crowd import CrowdLink
from annotation.models.study import Enrolment, Guidelines, Invitation, Study

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
    feedback_later: bool
    """The plan has cards after the gate whose references are shown."""
    gate_feedback: tuple[str, ...]
    """Sentences about the last finished attempt."""
    completion_code: str
    """Empty until the study is finished; for people of a crowd service, the code of whatever end they came to."""
    no_consent_code: str
    """Of a crowd service's people, who bring it back when they do not agree."""
    return_url: str
    """Where the code is brought back to; empty where it is copied by hand, or there is none."""


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
    study_id: int
    study_title: str
    description: str
    usable: bool
    why_not: str
    crowd_parameter: str
    """Of the address, where a crowd service sends people by this link; empty otherwise."""
    n_texts: int
    """To judge, of the person who has most; hidden ones are among them."""
    n_practice: int
    minutes: int
    """For both, at the planner's seconds a text: an estimate, measured nowhere."""


def invitation(token: str) -> InvitationView | None:
    """What a link leads to, or None when no such link was ever made."""
    row = Invitation.objects.select_related("study", "crowd").filter(token=token).first()
    if row is None:
        return None
    why_not, crowd = row.why_unusable, getattr(row, "crowd", None)
    n_texts, n_practice = _most_texts(row.study), _n_calibration(row.study_id)
    return InvitationView(
        token=row.token,
        study_id=row.study_id,
        study_title=row.study.title,
        description=row.study.description,
        usable=not why_not,
        why_not=why_not,
        crowd_parameter=crowd.id_parameter if crowd else "",
        n_texts=n_texts,
        n_practice=n_practice,
        minutes=ceil((n_texts + n_practice) * SECONDS_A_TEXT / 60),
    )


def _most_texts(study: Study) -> int:
    """Texts of the seat that has most, with what is hidden among them."""
    loads: Counter[int] = Counter()
    for seat, order in Slot.objects.filter(seat__study=study).values_list("seat_id", "order"):
        loads[seat] += len(order)
    most, plan = max(loads.values(), default=0), CheckPlan.of(study.plan)
    if plan is None:
        return most
    page = study.n_systems if study.side_by_side else 1
    n_reference = _n_calibration(study.pk)
    hidden = plan.hidden(most // page, case_gap=study.gap, n_reference=n_reference)
    return most + page * hidden.n_repeats + hidden.n_attention + hidden.n_gold + hidden.n_recheck


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
    own = Enrolment.objects.order_by().filter(study_id=study_id, annotator_id=user_id)
    return own.values_list("pk", flat=True).first()


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
        guidelines=guidelines_of(study),
        criteria=criteria,
        n_calibration=_n_calibration(study.pk),
        attempts=rule.attempts,
        gate_in_words=plain_words(rule),
        feedback_later=feedback_later(study),
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


def _n_calibration(study_id: int) -> int:
    return Card.objects.filter(study_id=study_id, block__kind=Kind.CALIBRATION).count()


def guidelines_of(study: Study) -> tuple[GuidelinesText, ...]:
    rows = Guidelines.objects.filter(study=study).order_by("-version")
    return tuple(GuidelinesText(row.version, row.text, row.clarification, row.created_at) for row in rows)
