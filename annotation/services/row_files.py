"""Rows of the tables as files, streamed, with their number told beforehand."""

import csv
import io
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, get_args

import pyarrow as pa
import pyarrow.parquet as pq
from django.db.models import Count, QuerySet, Window

from annotation.design.formats import ExportFormat

ROWS_AT_ONCE = 2000
CSV_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Export:
    """A file on its way out."""

    n_rows: int
    pieces: Iterator[bytes]


def counted(found: QuerySet, *columns: str) -> tuple[int, Iterator[tuple[Any, ...]]]:
    """How many rows there are and the rows, both of one statement: what changes meanwhile is in both or in neither."""
    rows = found.annotate(n_rows=Window(Count("*"))).values_list("n_rows", *columns).iterator(ROWS_AT_ONCE)
    first = next(rows, None)
    if first is None:
        return 0, iter(())
    return first[0], (row[1:] for row in chain([first], rows))


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
