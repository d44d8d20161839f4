from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.utils.translation import gettext as _

from annotation.design.scales import OutOfScale
from annotation.models.card import Placement
from annotation.services.refusals import ForeignPlacement, StaleWrite
from annotation.services.submit_rating import submit_rating


@dataclass(frozen=True, slots=True)
class ColumnMarks:
    """What is sent of one text of a board; fields as in submit_rating."""

    token: str
    marks: Mapping[str, int | None]
    reasons: Mapping[str, str] = field(default_factory=dict)
    version: int | None = None


@dataclass(frozen=True, slots=True)
class BoardResult:
    """What a submit did."""

    versions: Mapping[str, int]
    """Token to version now, of the columns that were sent."""
    missing: Mapping[str, tuple[str, ...]]
    """Token to criteria without a mark, of the columns that were sent and still lack one."""
    study_done: bool
    replayed: bool


@transaction.atomic
def submit_board(
    *,
    board_token: str,
    annotator_id: int,
    columns: Sequence[ColumnMarks],
    seconds: float | None,
    key: str,
    finish: bool = True,
    study_id: int | None = None,
) -> BoardResult:
    """Store the marks of a board, all columns or some: every one of them, or none where one is refused.

    Each column is a card and goes the way of a card (`submit_rating`), under the same key.

    Args:
        board_token: of any card on the board.
        annotator_id: who sends it.
        columns: no card twice.
        seconds: time on the board as the page measured it; None when it did not.
        key: idempotency key, as of a card.
        finish: a card counts as done once every criterion has a mark.
        study_id: the study whose address it was sent to; None skips this.

    Raises:
        ForeignPlacement: no such board of this annotator, or a card that does not stand on it.
        StaleWrite: a card was changed elsewhere, or the key had other marks.
        OutOfScale: a mark cannot be stored; names column and criterion, as "2-faithfulness".
        Refused: all else that submit_rating refuses.
    """
    own = Placement.objects.filter(token=board_token, enrolment__annotator_id=annotator_id)
    if study_id is not None:
        own = own.filter(enrolment__study=study_id)
    found = own.select_related("enrolment__study").first()
    if found is None or not found.enrolment.study.side_by_side:
        raise ForeignPlacement(_("This board is not yours, or does not exist. Nothing was stored."))
    shown = Placement.objects.filter(enrolment=found.enrolment_id, slot=found.slot_id, kind=found.kind)
    shown = shown.order_by("position")
    number = {token: place for place, token in enumerate(shown.values_list("token", flat=True), start=1)}
    sent = [column.token for column in columns]
    if not set(sent) <= set(number) or len(set(sent)) < len(sent):
        raise ForeignPlacement(
            _("A board is sent with its own cards, each of them once at most. Nothing was stored.")
        )
    if not columns:
        raise OutOfScale("columns", "Nothing was marked: send at least one column.", "no-columns")
    stored = {}
    for column in columns:
        try:
            stored[column.token] = submit_rating(
                placement_token=column.token,
                annotator_id=annotator_id,
                marks=column.marks,
                reasons=column.reasons,
                seconds=seconds,
                key=key,
                version=column.version,
                finish=finish,
            )
        except OutOfScale as wrong:
            where = f"{number[column.token]}-{wrong.criterion}".removesuffix("-")
            raise OutOfScale(where, str(wrong), wrong.why, **wrong.words) from None
    replayed = [result.replayed for result in stored.values()]
    if any(replayed) and not all(replayed):
        raise StaleWrite(
            _("This key was used for other columns of this board. Nothing was stored: reload the page.")
        )
    return BoardResult(
        versions={token: result.version for token, result in stored.items()},
        missing={token: result.missing for token, result in stored.items() if result.missing},
        study_done=any(result.study_done for result in stored.values()),
        replayed=all(replayed),
    )
