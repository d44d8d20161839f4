"""Interactions in their final order, sorted on disk by DuckDB: a log may be far larger than the memory.

Rows are staged as they come, as Parquet; DuckDB numbers the users, joins and sorts, spilling beside them. Texts stay
out of it: a sort that carries them along needs memory that grows with them (measured: 350 MB for 7 million reviews).
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

MEMORY = "256MB"
"""What DuckDB may hold before it spills. Seven million rows were sorted in 96 MB too, half as fast."""
SECONDS_BETWEEN_SIGNS = 5.0
_STAGED = pa.schema(
    [
        ("user", pa.string()),
        ("item", pa.int32()),
        ("at", pa.int64()),
        ("rating", pa.float32()),
        ("tie", pa.uint64()),
        ("line", pa.int64()),
        ("place", pa.int64()),
    ]
)
_IN_ORDER = """
    SELECT users.code AS "user", item, "at", rating, place, line
    FROM staged JOIN users USING (user)
    ORDER BY users.code, "at", tie, item, place
"""


class SortingRoom:
    """A folder of its own for staged rows and what DuckDB spills; gone when its `with` block ends."""

    def __init__(self, folder: Path, *, memory: str = MEMORY) -> None:
        self.folder = folder
        self.memory = memory
        self.n_rows = 0

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True)
        self._staged = self.folder / "staged.parquet"
        self._writer = pq.ParquetWriter(self._staged, _STAGED, compression="lz4")
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": self.memory,
                "threads": 1,
                "preserve_insertion_order": False,
                "temp_directory": str(self.folder / "spilled"),
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
        self._writer.close()
        for path in sorted(self.folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        self.folder.rmdir()

    def stage(self, **columns: Any) -> None:
        """Keep rows for the sort: arrays or lists of one length, named user, item, at, rating, tie, line.

        Args:
            columns: `at` in microseconds since 1970, `tie` (uint64) what orders rows of the same user and time.
        """
        n = len(columns["line"])
        columns["place"] = range(self.n_rows, self.n_rows + n)
        arrays = [pa.array(columns[field.name], field.type) for field in _STAGED]
        self._writer.write_batch(pa.record_batch(arrays, schema=_STAGED))
        self.n_rows += n

    def number_users(self, path: Path) -> None:
        """End the staging; write the users' ids to `path`, in the order of their first rows: row u is user code u."""
        self._writer.close()
        staged, target = self._connection.read_parquet(str(self._staged)), str(path)
        staged.create_view("staged")
        self._connection.execute(
            "CREATE TEMP TABLE users AS SELECT user, (row_number() OVER (ORDER BY min(place)) - 1)::INTEGER AS code "
            "FROM staged GROUP BY user"
        )
        users = self._connection.sql("SELECT user AS id FROM users ORDER BY code")
        users.write_parquet(target, compression="zstd")

    def in_order(self, n: int, still_here: Callable[[], None]) -> Iterator[pa.RecordBatch]:
        """The staged rows by user, time, tie and item, `n` at a time: user code, item, at, rating, place, line.

        A row's place is how many were staged before it.

        Args:
            still_here: called every few seconds while the sort goes on, which tells nothing by itself; may raise.
        """
        reader = iter(self._connection.sql(_IN_ORDER).to_arrow_reader(n))
        with ThreadPoolExecutor(1) as thread:
            while True:
                upcoming = thread.submit(next, reader, None)
                while not wait([upcoming], timeout=SECONDS_BETWEEN_SIGNS).done:
                    try:
                        still_here()
                    except BaseException:
                        self._connection.interrupt()
                        raise
                batch = upcoming.result()
                if batch is None:
                    return
                yield batch
