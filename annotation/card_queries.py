"""What annotators read of the main study: their own cards and boards, blinded, and how far they are."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Max, Subquery

from annotation.design.blinding import (
    BlindedBoard,
    BlindedCard,
    BlindedColumn,
    BlindedCriterion,
    Level,
    blinded_history,
    blinded_item,
)
from annotation.design.scales import POINTS
from annotation.models.card import Placement
from annotation.models.rating import Rating
from annotation.models.study import Criterion, Study

PAGE_OF_BOARDS = ("slot", "kind")
"""What the cards of one board have in common."""


SECONDS_TO_A_PAUSE = 20 * 60
"""Of work on cards: then a pause is offered."""


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

    @property
    def pause_due(self) -> bool:
        """Whether the card done last ended another stretch of work, at the annotator's own pace."""
        if not self.done or self.seconds_median is None:
            return False
        before, after = ((self.done - ago) * self.seconds_median // SECONDS_TO_A_PAUSE for ago in (1, 0))
        return after > before


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
    design = Study.objects.order_by().filter(enrolments=enrolment_id).values_list("design", flat=True)
    page = PAGE_OF_BOARDS if design.get() == Study.Design.SIDE_BY_SIDE else ("pk",)
    placements = Placement.objects.filter(enrolment_id=enrolment_id, withdrawn_at__isnull=True)
    done_at = [(key, at) for at, *key in placements.order_by().values_list("done_at", *page)]
    total = len({tuple(key) for key, _ in done_at})
    waiting = len({tuple(key) for key, at in done_at if at is None})
    return Progress(total - waiting, total, _median(_seconds(enrolment_id, page)))


def _placements() -> object:
    return Placement.objects.order_by().select_related("enrolment__study", "card__block")


def _blinded(row: Placement) -> BlindedCard:
    study = row.enrolment.study
    positions = list(
        Placement.objects.order_by()
        .filter(enrolment_id=row.enrolment_id, withdrawn_at__isnull=True)
        .values_list("position", flat=True)
    )
    given = list(
        Rating.objects.order_by().filter(placement=row).values_list("criterion__key", "value", "reason")
    )
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


def criteria_of(study_id: int, order: Sequence[str] = ()) -> tuple[BlindedCriterion, ...]:
    """The questions of a study, in an annotator's own order where one is given."""
    rows = list(Criterion.objects.order_by().filter(study_id=study_id))
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
