import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotation.design.checks import CheckPlan
from annotation.design.scales import Mark, validate
from annotation.models.card import Placement
from annotation.models.rating import Rating, RatingRevision, Submission
from annotation.models.study import Criterion, Enrolment, Study
from annotation.services.check_blindness import check_blindness
from annotation.services.refusals import (
    WITHDREW,
    ForeignPlacement,
    OutOfTurn,
    Refused,
    StaleWrite,
    StudyClosed,
)

LONGEST_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class SubmitResult:
    """What a submit did. A replay is answered with the result of the first time, `replayed` aside."""

    version: int
    """The card's version now; send it back with the next submit of the card."""
    missing: tuple[str, ...]
    """Criteria without a mark, in this annotator's order."""
    card_done: bool
    study_done: bool
    """This was the annotator's last card."""
    replayed: bool = False


@transaction.atomic
def submit_rating(
    *,
    placement_token: str,
    annotator_id: int,
    marks: Mapping[str, int | None],
    seconds: float | None,
    key: str,
    reasons: Mapping[str, str] | None = None,
    version: int | None = None,
    finish: bool = True,
    study_id: int | None = None,
) -> SubmitResult:
    """Store the marks of one card, all criteria or some. Stored marks may be changed while the study is open.

    A change updates the rating and adds a revision; the same key again changes nothing and is answered the
    same.

    Args:
        placement_token: which card of which annotator.
        annotator_id: who sends it.
        marks: criterion key to 1 … 5, or None for "cannot judge".
        seconds: time on the card as the page measured it; None when it did not.
        key: idempotency key, 1 to 80 characters, new for each submit and kept when it is sent again.
        reasons: criterion key to why it cannot be judged; needed where the mark is None.
        version: the card's version the page was drawn from; a newer stored one refuses the submit. None
        skips this.
        finish: the card counts as done once every criterion has a mark; False saves without ending the card.
        study_id: the study whose address it was sent to; None skips this.

    Raises:
        ForeignPlacement: no such card of this annotator, or one of another study.
        NotBlind: the annotator has become somebody who may know the systems.
        StaleWrite: the card was changed elsewhere or given to somebody else, or the key had other marks.
        StudyClosed: the study takes no marks any more.
        OutOfTurn: the annotator withdrew consent, was not shown the card yet, or has seen its reference marks.
        OutOfScale: a mark cannot be stored; names the criterion.
        Refused: the key or the seconds make no sense.
    """
    _check_envelope(key, seconds)
    own = Placement.objects.order_by().filter(token=placement_token, enrolment__annotator_id=annotator_id)
    found = own.values_list("enrolment_id", "pk", "enrolment__study_id").first()
    if found is None or study_id not in (None, found[2]):
        raise ForeignPlacement(_("This card is not yours, or does not exist. Nothing was stored."))
    # Everything that touches one annotator's cards waits here for its turn.
    enrolment = Enrolment.objects.select_for_update().get(pk=found[0])
    placement = Placement.objects.get(pk=found[1])
    body = _body_hash(marks, reasons)
    earlier = Submission.objects.filter(placement=placement, key=key).first()
    if earlier:
        if earlier.body_hash != body:
            raise StaleWrite(
                _("This key was used for other marks of this card. Nothing was stored: reload the page.")
            )
        return SubmitResult(
            **{**earlier.result, "missing": tuple(earlier.result["missing"]), "replayed": True}
        )
    study = Study.objects.get(pk=enrolment.study_id)
    if enrolment.withdrawn_at is not None:
        raise OutOfTurn(WITHDREW)
    _check_turn(study, placement, version)
    check_blindness(study_id=study.pk, person_id=annotator_id)
    criteria = {row.key: row for row in Criterion.objects.order_by().filter(study=study)}
    checked = validate(marks, criteria, reasons)
    now = timezone.now()
    stored = {row.criterion_id: row for row in placement.ratings.order_by()}
    for name, mark in checked.items():
        rating = stored.setdefault(criteria[name].pk, Rating(placement=placement, criterion=criteria[name]))
        _store(rating, mark, seconds, now, key, enrolment.guidelines_version or 1)
    rated = {name for name, row in criteria.items() if row.pk in stored}
    result = _advance(enrolment, placement, rated, now, finish)
    Submission.objects.create(
        placement=placement, key=key, body_hash=body, version=result.version, result=asdict(result)
    )
    return result


def _check_envelope(key: str, seconds: float | None) -> None:
    if not 1 <= len(key) <= 80:
        raise Refused(_("A submit needs a key of 1 to 80 characters; this one has %(n)s.") % {"n": len(key)})
    if "\0" in key:
        raise Refused(_("A submit's key cannot hold the character NUL."))
    if seconds is not None and not 0 <= seconds <= LONGEST_SECONDS:
        words = {"most": f"{LONGEST_SECONDS:.0f}", "given": seconds}
        raise Refused(_("Seconds must lie between 0 and %(most)s, not %(given)s.") % words)


def _check_turn(study: Study, placement: Placement, version: int | None) -> None:
    if study.status != Study.Status.OPEN:
        raise StudyClosed(_("The study is closed: this mark came too late and was not stored."))
    if placement.withdrawn_at is not None:
        raise StaleWrite(
            _("You were away for long, and this card was given to somebody else. Nothing was stored.")
        )
    if placement.opened_at is None:
        raise OutOfTurn(_("This card has not been shown yet. Nothing was stored: ask for the next card."))
    if placement.done_at is not None and reference_shown(study, placement):
        raise OutOfTurn(
            _("You have seen how your marks of this card compare, and they stand. Nothing was changed.")
        )
    if version is not None and version != placement.version:
        raise StaleWrite(
            _(
                "This card was changed on another page or device since you opened it. Nothing was stored: "
                "reload to see the marks as they stand."
            )
        )


def reference_shown(study: Study, placement: Placement) -> bool:
    """Whether the plan shows the reference marks of this card once it is judged."""
    plan = CheckPlan.of(study.plan) if placement.kind == Placement.Kind.RECHECK else None
    return bool(plan and plan.recheck and plan.recheck.feedback)


def _body_hash(marks: Mapping[str, Any], reasons: Mapping[str, str] | None) -> str:
    body = json.dumps([dict(marks), dict(reasons or {})], sort_keys=True, default=repr, ensure_ascii=False)
    return hashlib.sha256(body.encode()).hexdigest()


def _store(
    rating: Rating, mark: Mark, seconds: float | None, now: datetime, key: str, guidelines: int
) -> None:
    """Write a mark with its revision, unless it stands there already."""
    if rating.pk and (rating.value, rating.reason) == (mark.value, mark.reason):
        return
    n_before = RatingRevision.objects.filter(rating=rating).count() if rating.pk else 0
    opened = rating.placement.opened_at
    rating.value, rating.reason, rating.seconds, rating.key = mark.value, mark.reason, seconds, key
    rating.guidelines_version = guidelines
    rating.server_seconds = (now - opened).total_seconds() if opened else None
    rating.save()
    RatingRevision.objects.create(
        rating=rating,
        number=n_before + 1,
        value=mark.value,
        reason=mark.reason,
        seconds=seconds,
        guidelines_version=guidelines,
        key=key,
    )


def _advance(
    enrolment: Enrolment, placement: Placement, rated: Collection[str], now: datetime, finish: bool
) -> SubmitResult:
    missing = tuple(key for key in enrolment.criteria_order if key not in rated)
    ends = placement.done_at is None and finish and not missing
    if ends:
        placement.done_at = now
    placement.version += 1
    placement.save(update_fields=["version", "done_at"])
    waiting = Placement.objects.filter(enrolment=enrolment, done_at__isnull=True, withdrawn_at__isnull=True)
    enrolment.last_seen_at = now
    # A change of a card done before ends nothing: other cards may have gone back with an idle seat.
    if ends and enrolment.finished_at is None and not waiting.exists():
        enrolment.finished_at = now
    enrolment.save(update_fields=["last_seen_at", "finished_at"])
    return SubmitResult(
        placement.version, missing, placement.done_at is not None, enrolment.finished_at is not None
    )
