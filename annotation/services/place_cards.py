import numpy as np
from django.db.models import Max

from annotation.design.checks import CheckPlan
from annotation.design.ordering import feasible_gap, interleave
from annotation.design.repeats import ATTENTION, GOLD, MAIN, RECHECK, REPEAT, Entry, hide
from annotation.design.streams import STREAM_CHECKS, STREAM_ORDER
from annotation.models.card import Card, Kind, Placement, Slot, calibration_cards
from annotation.models.study import Enrolment, Study


def place_cards(enrolment: Enrolment, slots: list[Slot]) -> None:
    """Write the sequence of an annotator who has just taken these slots, with what the plan hides among them.

    Cards that were withdrawn from this same person come back where they stood, and so do the hidden ones: somebody
    who takes up a second share meets no further ones. Call it inside the claim's own transaction.
    """
    known = {
        row.card_id: row for row in Placement.objects.filter(enrolment=enrolment, kind=Placement.Kind.MAIN)
    }
    latest = Placement.objects.filter(enrolment=enrolment).aggregate(latest=Max("position"))["latest"]
    start = 0 if latest is None else latest + 1
    stream = [enrolment.study.seed, STREAM_ORDER, enrolment.index, *([start] if start else [])]
    pages = _pages(enrolment.study, slots, stream)
    fresh = []
    for slot, cards in pages:
        back = [card for card in cards if card in known]
        Placement.objects.filter(enrolment=enrolment, kind=Placement.Kind.MAIN, card__in=back).update(
            withdrawn_at=None, slot=slot
        )
        if len(back) < len(cards):
            fresh.append((slot, [card for card in cards if card not in known]))
    if start:
        _bring_back(enrolment)
        entries = [Entry(MAIN, number) for number in range(len(fresh))]
    else:
        entries = _hidden(enrolment, [slot for slot, _ in pages])
    _write(enrolment, fresh, entries, start)


Page = tuple[Slot, list[int]]
"""A slot and those of its cards that one page shows: one, or a whole board."""


def _pages(study: Study, slots: list[Slot], stream: list[int]) -> list[Page]:
    """What the annotator meets, page by page."""
    order = _sequence(study, slots, stream)
    if study.side_by_side:
        return [(slot, list(slot.order)) for slot in dict.fromkeys(order)]
    met = dict.fromkeys((slot.pk for slot in slots), 0)
    pages: list[Page] = []
    for slot in order:
        pages.append((slot, [slot.order[met[slot.pk]]]))
        met[slot.pk] += 1
    return pages


def _sequence(study: Study, slots: list[Slot], stream: list[int]) -> list[Slot]:
    """The slots in the order their cards are met: by the seat's own places, or drawn so that the gap is kept."""
    if all(slot.place is not None for slot in slots):
        return [slot for slot in sorted(slots, key=lambda slot: slot.place or 0) for _ in slot.order]
    slots = sorted(slots, key=lambda slot: slot.block_id)
    gap, _note = feasible_gap(study.gap, len(slots), study.n_systems)
    return [
        slots[number]
        for number in interleave(len(slots), study.n_systems, gap, np.random.default_rng(stream))
    ]


def _hidden(enrolment: Enrolment, slots: list[Slot]) -> list[Entry]:
    """The sequence of pages with everything hidden among them, from the study's seed and the order of arrival."""
    study = enrolment.study
    plan = CheckPlan.of(study.plan)
    if plan is None:
        return [Entry(MAIN, number) for number in range(len(slots))]
    n_reference = Card.objects.filter(study=study, block__kind=Kind.CALIBRATION).count()
    hidden = plan.hidden(len(slots), case_gap=study.gap, n_reference=n_reference)
    rng = np.random.default_rng([study.seed, STREAM_CHECKS, enrolment.index])
    return hide([slot.block_id for slot in slots], hidden, rng)


def _write(enrolment: Enrolment, pages: list[Page], entries: list[Entry], start: int) -> None:
    study = enrolment.study
    references = [card.pk for card in calibration_cards(study.pk)]
    checks = Card.objects.filter(study=study, block__kind=Kind.ATTENTION).order_by("block__number")
    by_kind = {ATTENTION: list(checks.values_list("pk", flat=True)), GOLD: references, RECHECK: references}
    columns = np.random.default_rng([study.seed, STREAM_CHECKS, enrolment.index, 1])
    placements: list[Placement] = []
    for entry in entries:
        slot, cards = None, [0]
        if entry.kind in (MAIN, REPEAT):
            slot, cards = pages[entry.which]
        if entry.kind == REPEAT:  # a board comes again with its columns in another order
            cards = [cards[int(place)] for place in columns.permutation(len(cards))]
        for card in cards if slot else [by_kind[entry.kind][entry.which]]:
            position = start + len(placements)
            placements.append(
                Placement(enrolment=enrolment, card_id=card, slot=slot, kind=entry.kind, position=position)
            )
    Placement.objects.bulk_create(placements)


def _bring_back(enrolment: Enrolment) -> None:
    """Hidden cards withdrawn from this same person, but for repeats of what somebody else judges now."""
    own = Placement.objects.filter(enrolment=enrolment)
    held = dict(
        own.filter(kind=Placement.Kind.MAIN, withdrawn_at__isnull=True).values_list("card_id", "slot_id")
    )
    gone = own.filter(withdrawn_at__isnull=False)
    gone.filter(slot__isnull=True).update(withdrawn_at=None)
    for repeat in gone.filter(kind=Placement.Kind.REPEAT, card__in=held):
        repeat.withdrawn_at, repeat.slot_id = None, held[repeat.card_id]
        repeat.save(update_fields=["withdrawn_at", "slot"])
