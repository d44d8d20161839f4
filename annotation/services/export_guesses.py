"""Every guess of a study as a file, streamed; without systems, so that it may be read before unblinding."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from annotation.design.formats import ExportFormat
from annotation.models.card import Card, Kind
from annotation.models.guess import Guess
from annotation.services.row_files import Export, counted, written

COLUMNS = pa.schema(
    [
        ("case", pa.int32()),
        ("card", pa.int32()),
        ("annotator", pa.string()),
        ("guess", pa.string()),
        ("counted", pa.bool_()),
        ("simulated", pa.bool_()),
        ("stored_at", pa.timestamp("us", tz="UTC")),
    ]
)


def export_guesses(study_id: int, form: ExportFormat) -> Export:
    """The file, piece by piece: one row a guess that is stored, withdrawn ones too, in the order of annotators and of
    what they were asked.

    case and card are the numbers that the export of ratings gives them; `counted` is false for people who withdrew or
    were excluded.
    """
    found = Guess.objects.filter(sheet__enrolment__study_id=study_id)
    n_rows, guesses = counted(
        found.order_by("sheet__enrolment__index", "pk"),
        "placement__card__block__number",
        "placement__card",
        "sheet__enrolment__index",
        "kind",
        "placement__withdrawn_at",
        "sheet__enrolment__excluded_at",
        "sheet__enrolment__simulated",
        "sheet__at",
    )
    return Export(n_rows, written(_rows(study_id, guesses), COLUMNS, form))


def _rows(study_id: int, guesses: Iterator[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    cards = Card.objects.filter(study_id=study_id, block__kind=Kind.MAIN).order_by("token")
    number = {key: place for place, key in enumerate(cards.values_list("pk", flat=True), start=1)}
    for case, card, index, kind, withdrawn, excluded, simulated, at in guesses:
        yield {
            "case": case + 1,
            "card": number[card],
            "annotator": f"A{index + 1:02d}",
            "guess": kind,
            "counted": withdrawn is None and excluded is None,
            "simulated": simulated,
            "stored_at": at,
        }
