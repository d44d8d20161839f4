"""Tables in files, whoever made them: CSV, JSON lines or Parquet, read one row at a time by column name."""

import csv
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from generation.pipeline.logs.lines import ENCODINGS, LONGEST_LINE, read_lines
from generation.pipeline.logs.objects import read_objects
from generation.pipeline.logs.rejected import ImportRefused, Rejected

CSV = (".csv", ".tsv", ".txt")
JSON_LINES = (".jsonl", ".ndjson", ".json")
PARQUET = (".parquet",)
DELIMITERS = (",", ";", "\t", "|")
ROWS_LOOKED_AT = 100
"""JSON lines have no header: their columns are those of so many first rows."""
BYTES_LOOKED_AT = 2**24
"""Unpacked. Where a text's header or first rows are not in so many, they are not found."""
MOST_COLUMNS = 1000
MOST_TABLES = 100
ROWS_A_BATCH, FEW_ROWS = 8192, 64
"""Decoded together; few where lists of texts may repeat, and few are values of Python at once."""
BYTES_A_BATCH, MOST_BYTES_A_ROW = 2**24, 2**17
"""Unpacked, as the file's own footer counts them, on average. A page of a thousand rows is unpacked at once, whatever
is asked for."""
csv.field_size_limit(min(LONGEST_LINE, sys.maxsize))

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """One file with named columns."""

    path: Path
    encoding: str = "utf-8"
    most_bytes: int | None = None
    """It seems to end once so many bytes are read; of a Parquet file, once its texts have so many characters."""

    @property
    def name(self) -> str:
        return self.path.name

    def glance(self) -> "Table":
        """The same file, of which no more is read than a page can wait for."""
        return replace(self, most_bytes=BYTES_LOOKED_AT)

    def columns(self) -> tuple[str, ...]:
        """The names of its columns.

        Raises:
            ImportRefused: it cannot be read, has no header, or a column's name stands twice or is empty.
        """
        if _kind(self.path) in PARQUET:
            names = [str(name) for name in _parquet(self.path).schema_arrow.names]
        elif _kind(self.path) in JSON_LINES:
            first = islice(self.glance()._objects(Rejected()), ROWS_LOOKED_AT)
            names = list(dict.fromkeys(name for _, row in first for name in row))
        else:
            names, _ = self._header()
        if not names:
            raise ImportRefused(self.name, "there is no row in it", "Give a file with named columns")
        if len(names) > MOST_COLUMNS:
            reason = f"it has {len(names):,} columns, more than {MOST_COLUMNS:,}"
            raise ImportRefused(self.name, reason, "Keep those that say who met what, and when")
        if not all(name.strip() for name in names):
            remedy = "Name every column in the first line"
            raise ImportRefused(self.name, "a column of the header has no name", remedy)
        if unreadable := next((name for name in names if not name.isprintable()), None):
            reason = f"a column's name holds a control character ({unreadable[:40]!r})"
            raise ImportRefused(self.name, reason, "Name it with letters alone")
        [(commonest, n_times)] = Counter(names).most_common(1)
        if n_times > 1:
            raise ImportRefused(self.name, f"two columns are called {commonest!r}", "Give each its own name")
        return tuple(names)

    def rows(self, rejected: Rejected) -> Iterator[tuple[int, Row]]:
        """Yield (line, or row number of a Parquet file; the row by column). Bad rows are told to `rejected`.

        Raises:
            ImportRefused: it cannot be read to its end.
        """
        if _kind(self.path) in PARQUET:
            return self._parquet_rows(rejected)
        if _kind(self.path) in JSON_LINES:
            return self._objects(rejected)
        return self._csv_rows(rejected)

    def _objects(self, rejected: Rejected) -> Iterator[tuple[int, Row]]:
        return read_objects(self.path, rejected=rejected, encoding=self.encoding, most_bytes=self.most_bytes)

    def _parquet_rows(self, rejected: Rejected) -> Iterator[tuple[int, Row]]:
        line = n_characters = 0
        try:
            for row in _parquet_objects(self.path):
                line += 1
                if self.most_bytes is not None:
                    if n_characters > self.most_bytes:
                        return
                    n_characters += sum(len(text) for text in _values(row) if isinstance(text, str | bytes))
                if isinstance(row, str):
                    rejected.add(self.name, line, "row", f"cannot be read: {row}", "Mend its times")
                else:
                    yield line, row
        except (pa.ArrowException, OSError) as problem:
            reason = f"it cannot be read beyond row {line} ({problem})"
            raise ImportRefused(self.name, reason, "Check that it was copied whole") from None

    def _header(self) -> tuple[list[str], str]:
        """The names in the first line, and the delimiter: of those that are known, the one it holds most often."""
        for _, text in read_lines(self.path, encoding=self.encoding, most_bytes=BYTES_LOOKED_AT):
            if not text.strip():
                continue
            delimiter = max(DELIMITERS, key=text.count)
            try:
                return [
                    name.strip() for name in next(csv.reader([text], delimiter=delimiter, strict=True))
                ], delimiter
            except (csv.Error, StopIteration):
                break
        raise ImportRefused(self.name, "it has no header", "Name the columns in the first line")

    def _csv_rows(self, rejected: Rejected) -> Iterator[tuple[int, Row]]:
        names, delimiter = self._header()
        found = read_lines(self.path, encoding=self.encoding, rejected=rejected, most_bytes=self.most_bytes)
        lines = (f"{text}\n" for _, text in found)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        while not "".join(next(reader)).strip():
            pass  # empty lines before the header
        while True:
            line = reader.line_num + 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as problem:
                # A quote that does not close swallows lines: each of them is lost, and told.
                remedy = "Double the quotes inside a field, and close each that is opened"
                for lost in range(line, reader.line_num + 1):
                    rejected.add(self.name, lost, "row", f"cannot be read as CSV: {problem}", remedy)
                continue
            if not fields:
                continue
            if len(fields) != len(names):
                reason = f"has {len(fields)} fields, not {len(names)}"
                rejected.add(
                    self.name, line, "row", reason, f"Write {', '.join(names)}", delimiter.join(fields)
                )
                continue
            yield line, dict(zip(names, fields, strict=True))


def tables_in(folder: Path, *, encoding: str = "utf-8") -> tuple[Table, ...]:
    """The files of the folder that are tables, by name.

    Raises:
        ImportRefused: there is no folder, or no such file in it.
    """
    if encoding not in ENCODINGS:
        reason = f"files written in {encoding!r} cannot be read"
        raise ImportRefused(folder.name, reason, f"Save them as one of {', '.join(ENCODINGS)}")
    if not folder.is_dir():
        raise ImportRefused(str(folder), "there is no such folder", "Name the folder that holds the files")
    found = sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and not path.is_symlink() and _kind(path) in CSV + JSON_LINES + PARQUET
    )
    if not found:
        known = ", ".join(CSV + JSON_LINES + PARQUET)
        raise ImportRefused(
            folder.name, "there is no table here", f"Put a file there that ends in {known}, or .gz after it"
        )
    if len(found) > MOST_TABLES:
        reason = f"{len(found):,} tables are here, more than {MOST_TABLES}"
        raise ImportRefused(folder.name, reason, "Keep the one of interactions and the one of items")
    return tuple(Table(path, encoding) for path in found)


def _as_objects(batch: pa.RecordBatch) -> Iterator[Row | str]:
    """The rows; in the place of one that Python has no values for, what is wrong with it."""
    try:
        yield from batch.to_pylist()
    except (OverflowError, ValueError):  # a time that no calendar has
        for place in range(len(batch)):
            try:
                [row] = batch.slice(place, 1).to_pylist()
                yield row
            except (OverflowError, ValueError) as problem:
                yield str(problem)


def _values(row: Row | str) -> Iterable[object]:
    return () if isinstance(row, str) else row.values()


def _kind(path: Path) -> str:
    """The end of its name that tells what it is; a packed Parquet file is none that can be read row by row."""
    packed = path.suffix.lower() == ".gz"
    kind = Path(path.stem).suffix.lower() if packed else path.suffix.lower()
    return "" if packed and kind in PARQUET else kind


def _parquet_objects(path: Path) -> Iterator[Row | str]:
    """The rows of a Parquet file, or what is wrong with one. A text that stands in many rows is in memory once: a file
    of some kilobytes may say a megabyte of text thousands of times."""
    with _parquet(path) as plain:
        schema, n_rows = plain.schema_arrow, _rows_a_batch(path, plain)
        coded_in_file = _with_dictionary(plain.metadata)
    texts = [column.name for column in schema if _is_text(column.type) and column.name in coded_in_file]
    for batch in _parquet(path, read_dictionary=texts).iter_batches(n_rows):
        words = {
            name: column.dictionary.to_pylist()
            for name, column in _columns(batch)
            if pa.types.is_dictionary(column.type) and _is_text(column.type.value_type)
        }
        coded = pa.RecordBatch.from_arrays(
            [column.indices if name in words else column for name, column in _columns(batch)],
            names=batch.schema.names,
        )
        for start in range(0, len(coded), FEW_ROWS):
            for row in _as_objects(coded.slice(start, FEW_ROWS)):
                if not isinstance(row, str):
                    row |= {
                        name: None if row[name] is None else told[row[name]] for name, told in words.items()
                    }
                yield row


def _with_dictionary(footer: pq.FileMetaData) -> set[str]:
    """Columns that the file keeps as numbers and a dictionary, somewhere."""
    groups = [footer.row_group(index) for index in range(footer.num_row_groups)]
    columns = [group.column(index) for group in groups for index in range(group.num_columns)]
    return {column.path_in_schema for column in columns if column.has_dictionary_page}


def _rows_a_batch(path: Path, file: pq.ParquetFile) -> int:
    """As many as take little memory at the size that the footer tells, unpacked.

    Raises:
        ImportRefused: rows are of a size that no log's are.
    """
    schema, footer = file.schema_arrow, file.metadata
    fixed = sum(column.type.byte_width for column in schema if pa.types.is_fixed_size_binary(column.type))
    groups = [footer.row_group(index) for index in range(footer.num_row_groups)]
    told = [group.total_byte_size / group.num_rows for group in groups if group.num_rows]
    largest = max([fixed, *told])
    if largest > MOST_BYTES_A_ROW:
        reason = f"its rows have {largest / 2**10:,.0f} KiB each, unpacked"
        raise ImportRefused(path.name, reason, "Keep the columns that say who met what, and when")
    nested = any(pa.types.is_nested(column.type) for column in schema)
    return min(FEW_ROWS if nested else ROWS_A_BATCH, max(1, int(BYTES_A_BATCH // max(largest, 1))))


def _is_text(kind: pa.DataType) -> bool:
    """Of any length; one that repeats may be read as a number and a dictionary."""
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )


def _columns(batch: pa.RecordBatch) -> Iterator[tuple[str, pa.Array]]:
    return zip(batch.schema.names, batch.columns, strict=True)


def _parquet(path: Path, read_dictionary: list[str] | None = None) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path, read_dictionary=read_dictionary)
    except FileNotFoundError:
        raise ImportRefused(path.name, "the file is missing", f"Put it at {path}") from None
    except (pa.ArrowException, OSError) as problem:
        raise ImportRefused(path.name, f"is no Parquet file ({problem})", "Export it again") from None
