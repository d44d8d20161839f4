"""Every mark of a study as a file, streamed; without systems, so that it may be read before unblinding."""

import csv
import io
import json
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from annotation.check_queries import wanted_marks
from annotation.design.formats import ExportFormat
from annotation.design.repeats import MAIN, REPEAT
from annotation.models.card import Card, Kind
from annotation.models.rating import Rating

ROWS_AT_ONCE = 2000
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
CSV_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def count_ratings(study_id: int) -> int:
    """How many rows an export has: one a mark that is stored, withdrawn ones too."""
    return Rating.objects.filter(placement__enrolment__study_id=study_id).count()


def export_ratings(study_id: int, form: ExportFormat) -> Iterator[bytes]:
    """The file, piece by piece. Rows are in the order of annotators and of what they met.

    case and card are numbers of this study alone, and say nothing of a system. `kind` is main, repeat (a card met a
    second time), attention, gold or recheck: main cards alone make results. An attention check and a card with
    reference marks have no case; their card is their number in their own set, and `wanted` what the text asks for, or
    the reference. `counted` is false for marks of people who left, withdrew or were excluded.
    """
    return written(_rows(study_id), COLUMNS, form)


def written(rows: Iterator[dict[str, Any]], columns: pa.Schema, form: ExportFormat) -> Iterator[bytes]:
    """Rows of these columns as a file, piece by piece."""
    writers: dict[str, Callable[[Iterator[dict[str, Any]], pa.Schema], Iterator[bytes]]] = {
        "csv": _csv,
        "jsonl": _jsonl,
        "parquet": _parquet,
    }
    if form not in get_args(ExportFormat):
        raise ValueError(f"an export is {', '.join(get_args(ExportFormat))}, not {form!r}")
    return writers[form](rows, columns)


def _rows(study_id: int) -> Iterator[dict[str, Any]]:
    cards = Card.objects.filter(study_id=study_id, block__kind=Kind.MAIN).order_by("token")
    number = {key: place for place, key in enumerate(cards.values_list("pk", flat=True), start=1)}
    wanted = wanted_marks(study_id)
    found = (
        Rating.objects.filter(placement__enrolment__study_id=study_id)
        .order_by("placement__enrolment__index", "placement__position", "criterion__position")
        .values_list(
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
    )
    for case, card, kind, index, question, criterion, value, *rest in found.iterator(ROWS_AT_ONCE):
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


def _csv(rows: Iterator[dict[str, Any]], columns: pa.Schema) -> Iterator[bytes]:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns.names)
    writer.writeheader()
    for row in rows:
        safe = {
            name: f"'{cell}" if isinstance(cell, str) and cell.startswith(CSV_FORMULA) else cell
            for name, cell in row.items()
        }
        writer.writerow({**safe, "stored_at": row["stored_at"].isoformat()})
        if text.tell() > 1 << 16:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def _jsonl(rows: Iterator[dict[str, Any]], columns: pa.Schema) -> Iterator[bytes]:
    while piece := list(islice(rows, ROWS_AT_ONCE)):
        lines = ({**row, "stored_at": row["stored_at"].isoformat()} for row in piece)
        yield "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()


def _parquet(rows: Iterator[dict[str, Any]], columns: pa.Schema) -> Iterator[bytes]:
    """Parquet ends with its index, so that it is written whole before its first byte leaves."""
    with tempfile.TemporaryDirectory(prefix="ratings-") as folder:
        path = Path(folder, "rows.parquet")
        with pq.ParquetWriter(path, columns, compression="zstd") as writer:
            while piece := list(islice(rows, ROWS_AT_ONCE)):
                writer.write_table(pa.Table.from_pylist(piece, schema=columns))
        with path.open("rb") as stream:
            yield from _pieces(stream)


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(1 << 16):
        yield piece
