"""A log turned into a corpus: Parquet files that every later stage reads, in one order that never changes."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from generation.pipeline.logs.interface import LogFormat
from generation.pipeline.logs.rejected import ImportRefused, Rejected, RejectedRow
from generation.pipeline.records import Item

FORMAT = 1
ROWS_A_BATCH = 65_536
_INTERACTIONS = pa.schema(
    [
        ("user", pa.int32()),
        ("item", pa.int32()),
        ("at", pa.timestamp("us", tz="UTC")),
        ("rating", pa.float32()),
        ("text", pa.string()),
    ]
)
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


@dataclass(frozen=True, slots=True, eq=False)
class CorpusData:
    """A corpus in memory: a row an interaction, sorted by user, then time, then a hash of (user, item).

    Ties in time are common (half of MovieLens); an order by item id among them would let a ranker guess the
    next item from its id, so they are broken by the hash, which says nothing.
    """

    users: tuple[str, ...]
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
) -> CorpusSummary:
    """Read the whole log, row by row, into `folder`: all of it, or an error and nothing that could be read.

    Args:
        progress: called with the number of interactions read so far, about every 65,000.
        max_rejected_share: how large a share of the rows of either file may be bad, 0 to 1.

    Raises:
        ImportRefused: a file is missing or unreadable, has no good row, or too many bad ones; its `rejected`
            has them.
    """
    if not 0 <= max_rejected_share <= 1:
        raise ValueError(f"max_rejected_share is a share from 0 to 1, not {max_rejected_share}")
    folder.mkdir(parents=True, exist_ok=True)
    rejected = log_format.rejected
    item_codes = _write_items(log_format, folder / "items.parquet")
    _refuse_too_many(log_format.items_file, len(item_codes), rejected, max_rejected_share)
    writer = _InteractionWriter(folder / "interactions.parquet", item_codes)
    try:
        writer.write(log_format, progress)
    finally:
        writer.close()
    n_interactions = _drop_duplicates(writer, log_format)
    _refuse_too_many(log_format.interactions_file, n_interactions, rejected, max_rejected_share)
    pq.write_table(pa.table({"id": pa.array(list(writer.user_codes), pa.string())}), folder / "users.parquet")
    summary = CorpusSummary(
        n_users=len(writer.user_codes),
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
    """Read what `write_corpus` wrote, texts left aside: about 30 bytes an interaction.

    Args:
        min_rating: leave out interactions rated lower, and those not rated; None keeps all, like the paper.
    """
    read_summary(folder)
    users = tuple(pq.read_table(folder / "users.parquet")["id"].to_pylist())
    items = read_items(folder)
    table = pq.read_table(folder / "interactions.parquet", columns=["user", "item", "at", "rating"])
    user, item, rating = (table[name].to_numpy() for name in ("user", "item", "rating"))
    at = table["at"].to_numpy().astype("datetime64[us]")
    if min_rating is not None:
        kept = rating >= min_rating
        user, item, rating, at = user[kept], item[kept], rating[kept], at[kept]
    order = np.lexsort((tie_break(users, items, user, item), at, user))
    return CorpusData(
        users=users,
        items=items,
        user=user[order].astype(np.int32),
        item=item[order].astype(np.int32),
        at=at[order],
        rating=rating[order].astype(np.float32),
        starts=np.concatenate([[0], np.cumsum(np.bincount(user, minlength=len(users)))]).astype(np.int64),
    )


def tie_break(
    users: tuple[str, ...], items: tuple[Item, ...], user: np.ndarray, item: np.ndarray
) -> np.ndarray:
    """A number per (user, item) that depends on their ids alone and says nothing of them: (n,), uint64."""
    by_user, by_item = hash_ids(users), hash_ids(each.id for each in items)
    mixed = by_user[user] ^ (by_item[item] * np.uint64(0x9E3779B97F4A7C15))
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


class _InteractionWriter:
    """Streams interactions to Parquet; remembers their codes, times and lines as numbers, 32 bytes a row."""

    def __init__(self, path: Path, item_codes: dict[str, int]) -> None:
        self.path = path
        self.item_codes = item_codes
        self.user_codes: dict[str, int] = {}
        self.keys: list[np.ndarray] = []
        """Blocks of shape (n, 4), int64: user, item, microseconds, line."""
        self._parquet = pq.ParquetWriter(path, _INTERACTIONS, compression="zstd")
        self._start_batch()

    def write(self, log_format: LogFormat, progress: Callable[[int], None] | None) -> None:
        file, n_read = log_format.interactions_file, 0
        for line, interaction in log_format.interactions():
            n_read += 1
            code = self.item_codes.get(interaction.item)
            if code is None:
                reason, remedy = "is unknown", f"Add the item to {log_format.items_file}"
                log_format.rejected.add(file, line, "item", reason, remedy, interaction.item)
                continue
            user = self.user_codes.setdefault(interaction.user, len(self.user_codes))
            self._append(user, code, interaction.at, interaction.rating, interaction.text, line)
            if len(self._lines) == ROWS_A_BATCH:
                self._flush()
                if progress is not None:
                    progress(n_read)
        self._flush()
        if progress is not None:
            progress(n_read)

    def close(self) -> None:
        self._parquet.close()

    def _append(self, *values: Any) -> None:
        *columns, line = values
        for column, value in zip(self._columns, columns, strict=True):
            column.append(value)
        self._lines.append(line)

    def _flush(self) -> None:
        if self._lines:
            batch = pa.record_batch(
                [pa.array(c, f.type) for c, f in zip(self._columns, _INTERACTIONS, strict=True)],
                schema=_INTERACTIONS,
            )
            self._parquet.write_batch(batch)
            times = batch.column("at").cast(pa.int64()).to_numpy(zero_copy_only=False)
            self.keys.append(np.column_stack([self._columns[0], self._columns[1], times, self._lines]))
        self._start_batch()

    def _start_batch(self) -> None:
        self._columns: tuple[list[Any], ...] = tuple([] for _ in _INTERACTIONS.names)
        self._lines: list[int] = []


def _drop_duplicates(writer: _InteractionWriter, log_format: LogFormat) -> int:
    """Keep the first of rows with the same user, item and time; how many rows there are then."""
    if not writer.keys:
        return 0
    keys = np.concatenate(writer.keys)
    writer.keys.clear()
    order = np.lexsort((keys[:, 2], keys[:, 1], keys[:, 0]))  # stable: equal rows stay in file order
    same = (keys[order[1:], :3] == keys[order[:-1], :3]).all(axis=1)
    repeats = np.sort(order[1:][same])
    for line in keys[repeats, 3].tolist():
        reason, remedy = "same user, item and time as an earlier row", "Keep one of them"
        log_format.rejected.add(log_format.interactions_file, line, "row", reason, remedy)
    if len(repeats):
        kept = np.ones(len(keys), dtype=bool)
        kept[repeats] = False
        _rewrite(writer.path, kept)
    return len(keys) - len(repeats)


def _rewrite(path: Path, kept: np.ndarray) -> None:
    partial, first = path.with_suffix(".partial"), 0
    with (
        pq.ParquetFile(path) as source,
        pq.ParquetWriter(partial, _INTERACTIONS, compression="zstd") as target,
    ):
        for batch in source.iter_batches(ROWS_A_BATCH):
            target.write_batch(batch.filter(pa.array(kept[first : first + len(batch)])))
            first += len(batch)
    partial.replace(path)


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
