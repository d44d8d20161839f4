"""Every mark of a study as a file, streamed; without systems, so that it may be read before unblinding."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from annotation.check_queries import wanted_marks
from annotation.design.formats import ExportFormat
from annotation.design.repeats import MAIN, REPEAT
from annotation.models.card import Card, Kind
from annotation.models.rating import Rating
from annotation.services.row_files import Export, counted, written

COLUMNS = pa.schema(
    [
        ("case", pa.int32()),
        ("card", pa.int32()),
        ("kind", pa.string()),
        ("annotator", pa.string()),
        ("criterion", pa.string()),
        ("value", pa.int8()),
        ("wanted", pa.int8()),
        ("reason", pa.string()),
        ("position", pa.int32()),
        ("seconds", pa.float64()),
        ("server_seconds", pa.float64()),
        ("guidelines_version", pa.int16()),
        ("counted", pa.bool_()),
        ("simulated", pa.bool_()),
        ("stored_at", pa.timestamp("us", tz="UTC")),
    ]
)


def export_ratings(study_id: int, form: ExportFormat) -> Export:
    """The file, piece by piece: one row a mark that is stored, withdrawn ones too, in the order of annotators and of
    what they met.

    case and card are numbers of this study alone, and say nothing of a system. `kind` is main, repeat (a card met a
    second time), attention, gold or recheck: main cards alone make results. An attention check and a card with
    reference marks have no case; their card is their number in their own set, and `wanted` what the text asks for, or
    the reference. `counted` is false for marks of people who left, withdrew or were excluded.
    """
    found = Rating.objects.filter(placement__enrolment__study_id=study_id)
    n_rows, marks = counted(
        found.order_by("placement__enrolment__index", "placement__position", "criterion__position"),
        "placement__card__block__number",
        "placement__card",
        "placement__kind",
        "placement__enrolment__index",
        "criterion",
        "criterion__key",
        "value",
        "reason",
        "placement__position",
        "seconds",
        "server_seconds",
        "guidelines_version",
        "placement__withdrawn_at",
        "placement__enrolment__excluded_at",
        "placement__enrolment__simulated",
        "updated_at",
    )
    return Export(n_rows, written(_rows(study_id, marks), COLUMNS, form))


def _rows(study_id: int, marks: Iterator[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    cards = Card.objects.filter(study_id=study_id, block__kind=Kind.MAIN).order_by("token")
    number = {key: place for place, key in enumerate(cards.values_list("pk", flat=True), start=1)}
    wanted = wanted_marks(study_id)
    for case, card, kind, index, question, criterion, value, *rest in marks:
        reason, position, seconds, server_seconds, version, withdrawn, excluded, simulated, at = rest
        of_study = kind in (MAIN, REPEAT)
        yield {
            "case": case + 1 if of_study else None,
            "card": number[card] if of_study else case + 1,
            "kind": kind,
            "annotator": f"A{index + 1:02d}",
            "criterion": criterion,
            "value": value,
            "wanted": None if of_study else wanted[card, question],
            "reason": reason,
            "position": position + 1,
            "seconds": seconds,
            "server_seconds": server_seconds,
            "guidelines_version": version,
            "counted": withdrawn is None and excluded is None,
            "simulated": simulated,
            "stored_at": at,
        }
