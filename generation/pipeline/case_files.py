"""Training and validation cases as Parquet: item codes of the corpus, so that millions stay small."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from generation.pipeline.records import Case, Item, Split

ROWS_A_BATCH = 8192
_CASES = pa.schema(
    [
        ("case_id", pa.string()),
        ("user", pa.string()),
        ("history", pa.list_(pa.int32())),
        ("item", pa.int32()),
    ]
)


def write_cases(path: Path, cases: Iterable[Case], items: tuple[Item, ...]) -> Iterator[int]:
    """Write the cases batch by batch, yielding how many are written so far."""
    codes = {item.id: code for code, item in enumerate(items)}
    source, n_written = iter(cases), 0
    with pq.ParquetWriter(path, _CASES, compression="zstd") as writer:
        while batch := list(islice(source, ROWS_A_BATCH)):
            columns = {
                "case_id": [case.id for case in batch],
                "user": [case.user for case in batch],
                "history": [[codes[item.id] for item in case.history] for case in batch],
                "item": [codes[case.item.id] for case in batch],
            }
            writer.write_table(pa.table(columns, schema=_CASES))
            n_written += len(batch)
            yield n_written


def read_cases(
    path: Path, items: tuple[Item, ...], split: Split, *, wanted: np.ndarray | None = None
) -> Iterator[Case]:
    """The cases in the order they were written; of those alone that `wanted`, one truth a row, chooses."""
    with pq.ParquetFile(path) as file:
        first = 0
        for batch in file.iter_batches(ROWS_A_BATCH):
            n_rows = batch.num_rows
            if wanted is not None:
                batch = batch.filter(pa.array(wanted[first : first + n_rows], pa.bool_()))
            first += n_rows
            yield from _as_cases(batch, items, split)


def find_cases(path: Path, items: Sequence[Item], split: Split, case_ids: Collection[str]) -> Iterator[Case]:
    """Those with one of the ids, without making the others."""
    wanted = pa.array(sorted(case_ids), pa.string())
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(ROWS_A_BATCH):
            found = batch.filter(pc.is_in(batch.column("case_id"), value_set=wanted))
            yield from _as_cases(found, items, split)


def _as_cases(rows: pa.RecordBatch, items: Sequence[Item], split: Split) -> Iterator[Case]:
    for row in rows.to_pylist():
        history = tuple(items[code] for code in row["history"])
        yield Case(row["case_id"], row["user"], history, items[row["item"]], split)


@lru_cache(maxsize=4)
def shards_of_cases(path: Path, n_shards: int, shard_of: Callable[[str, int], int]) -> np.ndarray:
    """The shard each row belongs to; kept, since a worker that takes one shard takes the next one too."""
    return np.fromiter((shard_of(case_id, n_shards) for case_id in read_case_ids(path)), np.int32)


def read_case_ids(path: Path) -> Iterator[str]:
    """Nothing but the ids, in the order they were written."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(ROWS_A_BATCH, columns=["case_id"]):
            yield from batch.column("case_id").to_pylist()
