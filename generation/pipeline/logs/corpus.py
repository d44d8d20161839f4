"""A log turned into a corpus: files that every later stage reads, in one order that never changes.

interactions.parquet holds them for any tool, texts.parquet what was written, in the log's order (`text_row` says in
which row of it); the columns that stages need lie beside them as .npy files, to be mapped into memory instead of read.
None of these ever stands in memory whole; the catalogue does.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from generation.pipeline.logs.columns import ColumnWriter
from generation.pipeline.logs.interface import LogFormat
from generation.pipeline.logs.rejected import ImportRefused, Rejected, RejectedRow
from generation.pipeline.logs.sorting import MEMORY, SortingRoom
from generation.pipeline.records import Item

FORMAT = 2
ROWS_A_BATCH = 16_384
REJECTED = "rejected.csv"
"""All rows that stayed out, for people."""
_INTERACTIONS = pa.schema(
    [
        ("user", pa.int32()),
        ("item", pa.int32()),
        ("at", pa.timestamp("us", tz="UTC")),
        ("rating", pa.float32()),
        ("text_row", pa.int64()),
    ]
)
_TEXTS = pa.schema([("text", pa.string())])
_COLUMNS = {"user": "<i4", "item": "<i4", "at": "<M8[us]", "rating": "<f4"}
_ITEMS = pa.schema(
    [
        ("id", pa.string()),
        ("title", pa.string()),
        ("year", pa.int32()),
        ("genres", pa.list_(pa.string())),
        ("directors", pa.list_(pa.string())),
    ]
)


@dataclass(frozen=True, slots=True)
class CorpusSummary:
    """What came in and what stayed out."""

    n_users: int
    n_items: int
    """Items of the catalogue, met or not."""
    n_interactions: int
    n_rejected: int
    """Bad rows of both files, all of them."""
    rejected: tuple[RejectedRow, ...] = ()
    """The first of them, in the order they were found."""


class Ids(Sequence[str]):
    """Ids by code, held as one block of text: a tenth of what as many Python strings would take."""

    def __init__(self, ids: pa.Array) -> None:
        self._ids = ids

    def __len__(self) -> int:
        return len(self._ids)

    @overload
    def __getitem__(self, code: int) -> str: ...
    @overload
    def __getitem__(self, code: slice) -> "Ids": ...
    def __getitem__(self, code: int | slice) -> "str | Ids":
        if isinstance(code, slice):
            return Ids(self._ids[code])
        found: str = self._ids[int(code)].as_py()
        return found

    def __iter__(self) -> Iterator[str]:
        for first in range(0, len(self), ROWS_A_BATCH):
            yield from self._ids.slice(first, ROWS_A_BATCH).to_pylist()


@dataclass(frozen=True, slots=True, eq=False)
class CorpusData:
    """A corpus to be worked on: a row an interaction, sorted by user, then time, then a hash of (user, item).

    Ties in time are common (half of MovieLens); an order by item id among them would let a ranker guess the
    next item from its id, so they are broken by the hash, which says nothing.
    """

    users: Sequence[str]
    """Ids by user code."""
    items: tuple[Item, ...]
    """By item code."""
    user: np.ndarray
    """User codes, shape (n_interactions,), int32."""
    item: np.ndarray
    """Item codes, shape (n_interactions,), int32."""
    at: np.ndarray
    """Times in UTC, shape (n_interactions,), datetime64[us]."""
    rating: np.ndarray
    """Shape (n_interactions,), float32, NaN where the log gives none."""
    starts: np.ndarray
    """Shape (n_users + 1,), int64: the rows of user u are starts[u]:starts[u + 1]."""

    @property
    def position(self) -> np.ndarray:
        """How many interactions of the same user come before each row, shape (n_interactions,)."""
        position: np.ndarray = np.arange(len(self.user)) - self.starts[self.user]
        return position


def write_corpus(
    log_format: LogFormat,
    folder: Path,
    progress: Callable[[int], None] | None = None,
    *,
    max_rejected_share: float = 0.01,
    memory: str = MEMORY,
) -> CorpusSummary:
    """Read the whole log, row by row, into `folder`: all of it, or an error and nothing that could be read.

    Args:
        progress: called with the number of interactions read so far, about every 16,000, and every few seconds
            while they are sorted.
        max_rejected_share: how large a share of the rows of either file may be bad, 0 to 1.
        memory: what the sort may hold before it spills to disk, such as "1GB".

    Raises:
        ImportRefused: a file is missing or unreadable, has no good row, or too many bad ones; its `rejected`
            has them.
    """
    if not 0 <= max_rejected_share <= 1:
        raise ValueError(f"max_rejected_share is a share from 0 to 1, not {max_rejected_share}")
    folder.mkdir(parents=True, exist_ok=True)
    rejected = log_format.rejected
    with rejected.written_to(folder / REJECTED):
        item_codes = _write_items(log_format, folder / "items.parquet")
        _refuse_too_many(log_format.items_file, len(item_codes), rejected, max_rejected_share)
        with SortingRoom(folder / "sorting", memory=memory) as room:
            n_read = _stage(log_format, item_codes, room, folder / "texts.parquet", progress)
            room.number_users(folder / "users.parquet")
            n_users = pq.read_metadata(folder / "users.parquet").num_rows
            batches = room.in_order(ROWS_A_BATCH, lambda: progress(n_read) if progress is not None else None)
            n_interactions = _write_interactions(folder, batches, n_users, log_format)
        _refuse_too_many(log_format.interactions_file, n_interactions, rejected, max_rejected_share)
    summary = CorpusSummary(
        n_users=n_users,
        n_items=len(item_codes),
        n_interactions=n_interactions,
        n_rejected=rejected.count(),
        rejected=tuple(rejected.rows),
    )
    # Last, and read first: a folder without it is no corpus.
    described = json.dumps({"format": FORMAT, **asdict(summary)}, indent=2, ensure_ascii=False)
    (folder / "corpus.json").write_text(described, encoding="utf-8")
    return summary


def read_summary(folder: Path) -> CorpusSummary:
    """What `write_corpus` counted.

    Raises:
        FileNotFoundError: the folder holds no whole corpus.
    """
    raw: dict[str, Any] = json.loads((folder / "corpus.json").read_text(encoding="utf-8"))
    if raw.pop("format") != FORMAT:
        raise ValueError(f"{folder} was written by another version of Prism; import the log again")
    rows = tuple(RejectedRow(**row) for row in raw.pop("rejected"))
    return CorpusSummary(**raw, rejected=rows)


def read_items(folder: Path) -> tuple[Item, ...]:
    """The catalogue, by item code."""
    rows = pq.read_table(folder / "items.parquet").to_pylist()
    return tuple(
        Item(row["id"], row["title"], row["year"], tuple(row["genres"]), tuple(row["directors"]))
        for row in rows
    )


def read_corpus(folder: Path, *, min_rating: float | None = None) -> CorpusData:
    """Open what `write_corpus` wrote, texts left aside: its columns are mapped, and cost no memory until touched.

    Args:
        min_rating: leave out interactions rated lower, and those not rated, which copies the rest: 20 bytes an
            interaction. None keeps all, like the paper.
    """
    read_summary(folder)
    ids = pq.read_table(folder / "users.parquet")["id"].combine_chunks()
    columns = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in (*_COLUMNS, "starts")}
    if min_rating is not None:
        kept = columns["rating"] >= min_rating
        columns.update({name: columns[name][kept] for name in _COLUMNS})
        columns["starts"] = _starts(np.bincount(columns["user"], minlength=len(ids)))
    return CorpusData(users=Ids(ids), items=read_items(folder), **columns)


def tie_break(user_hash: np.ndarray, item_hash: np.ndarray) -> np.ndarray:
    """A number per (user, item) that depends on their ids' hashes alone and says nothing of them: (n,), uint64."""
    mixed = user_hash ^ (item_hash * np.uint64(0x9E3779B97F4A7C15))
    # The finaliser of splitmix64 (Steele, Lea and Flood, 2014).
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)), dtype=np.uint64)


def hash_ids(ids: Iterable[str]) -> np.ndarray:
    """The first 64 bits of each id's sha256, shape (n,), uint64."""
    digests = b"".join(hashlib.sha256(each.encode()).digest()[:8] for each in ids)
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)


def _write_items(log_format: LogFormat, path: Path) -> dict[str, int]:
    codes: dict[str, int] = {}
    columns: dict[str, list[Any]] = {name: [] for name in _ITEMS.names}
    for line, item in log_format.items():
        if item.id in codes:
            remedy = "Keep one row an item"
            log_format.rejected.add(log_format.items_file, line, "item", "stands twice", remedy, item.id)
            continue
        codes[item.id] = len(codes)
        values = (item.id, item.title, item.year, list(item.genres), list(item.directors))
        for name, value in zip(_ITEMS.names, values, strict=True):
            columns[name].append(value)
    pq.write_table(pa.table(columns, schema=_ITEMS), path, compression="zstd")
    return codes


def _stage(
    log_format: LogFormat,
    item_codes: dict[str, int],
    room: SortingRoom,
    texts: Path,
    progress: Callable[[int], None] | None,
) -> int:
    """Put every good row into the sorting room, and its text aside; how many rows were read."""
    item_hash, names = hash_ids(item_codes), ("user", "item", "at", "rating", "text", "line")
    rows: list[tuple[Any, ...]] = []
    file, n_read = log_format.interactions_file, 0

    def flush() -> None:
        if rows:
            columns: dict[str, Any] = dict(zip(names, zip(*rows, strict=True), strict=True))
            columns["at"] = pa.array(columns["at"], _INTERACTIONS.field("at").type).cast(pa.int64())
            tie = tie_break(hash_ids(columns["user"]), item_hash[np.array(columns["item"])])
            target.write_batch(pa.record_batch([pa.array(columns.pop("text"))], schema=_TEXTS))
            room.stage(**columns, tie=tie)
            rows.clear()
        if progress is not None:
            progress(n_read)

    with pq.ParquetWriter(texts, _TEXTS, compression="zstd") as target:
        for line, each in log_format.interactions():
            n_read += 1
            code = item_codes.get(each.item)
            if code is None:
                reason, remedy = "is unknown", f"Add the item to {log_format.items_file}"
                log_format.rejected.add(file, line, "item", reason, remedy, each.item)
                continue
            rows.append((each.user, code, each.at, each.rating, each.text, line))
            if len(rows) == ROWS_A_BATCH:
                flush()
        flush()
    return n_read


def _write_interactions(
    folder: Path, batches: Iterable[pa.RecordBatch], n_users: int, log_format: LogFormat
) -> int:
    """Write rows that come in order, without those whose user, item and time stood before; how many are left."""
    counts, n_kept = np.zeros(n_users, dtype=np.int64), 0
    previous = np.array([[-1, -1, -1]])
    repeated: list[int] = []
    rejected, file = log_format.rejected, log_format.interactions_file
    with (
        pq.ParquetWriter(folder / "interactions.parquet", _INTERACTIONS, compression="zstd") as target,
        ColumnWriter(folder, _COLUMNS) as columns,
    ):
        for batch in batches:
            key = np.column_stack([batch.column(name).to_numpy() for name in ("user", "item", "at")])
            repeats = (key == np.concatenate([previous, key[:-1]])).all(axis=1)
            previous = key[-1:]
            if repeats.any():
                repeated.extend(batch.column("line").to_numpy()[repeats].tolist())
                batch = batch.filter(pa.array(~repeats))
            kept = batch.rename_columns({"place": "text_row"}).select(_INTERACTIONS.names).cast(_INTERACTIONS)
            target.write_batch(kept)
            columns.append({name: kept.column(name).to_numpy(zero_copy_only=False) for name in _COLUMNS})
            users, n_rows = np.unique(kept.column("user").to_numpy(), return_counts=True)
            counts[users] += n_rows
            n_kept += len(kept)
    np.save(folder / "starts.npy", _starts(counts))
    reason, remedy = "same user, item and time as an earlier row", "Keep one of them"
    for line in sorted(repeated):
        rejected.add(file, line, "row", reason, remedy)
    return n_kept


def _starts(counts: np.ndarray) -> np.ndarray:
    """Where each user's rows begin, and the end, shape (n_users + 1,), int64."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _refuse_too_many(file: str, n_good: int, rejected: Rejected, max_share: float) -> None:
    n_bad = rejected.count(file)
    why = f"; the first is {next(str(row) for row in rejected.rows if row.file == file)}" if n_bad else ""
    if n_good == 0:
        raise ImportRefused(file, f"no good row among {n_bad}{why.rstrip('.')}", "Check the format", rejected)
    if n_bad / (n_good + n_bad) > max_share:
        reason = (
            f"{n_bad} of {n_good + n_bad} rows are bad, more than {max_share:.3g} of them{why.rstrip('.')}"
        )
        raise ImportRefused(file, reason, "Mend them, or allow a larger share", rejected)
