"""The user table on disk: vectors and names in shards of their own, mapped into memory, never read whole.

A shard is two files: `users-00000.safetensors` with a vector a row, and `users-00000.arrow` with the names in
order, each with its row. New users are a new shard: no earlier one is written again, nor is the backbone. Row 0,
the unknown user, is stored nowhere: it is zero by definition.
"""

import json
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import torch
from torch import nn

UNKNOWN_USER = 0
NAMES, VECTORS = "users-{:05d}.arrow", "users-{:05d}.safetensors"
_SCHEMA = pa.schema([("name", pa.large_string()), ("row", pa.int64())])
_TYPES: dict[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2")}
_BLOCK = 65_536


class NotATable(ValueError):
    """Files that are no shard of a user table, or do not fit the shards before them."""


def write_shard(
    folder: Path,
    names: Sequence[str],
    vectors: np.ndarray,
    *,
    dtype: Literal["F32", "F16"] = "F32",
) -> Path:
    """Write the next shard into the folder: the users' rows follow those of the shards that are there.

    Args:
        names: n users, each once, none of them in an earlier shard.
        vectors: (n, D), in the order of the names; may be mapped itself, it is copied in blocks.
        dtype: F16 halves the disk and what is read of it; vectors are handed out as float32 either way.

    Raises:
        NotATable: a name stands twice, or the width is not that of the earlier shards.
    """
    if len(names) != len(vectors):
        raise NotATable(f"{len(names)} names for {len(vectors)} vectors")
    there = UserTable.open(folder)
    if there.n_rows > 1 and there.width != vectors.shape[1]:
        raise NotATable(f"vectors of {vectors.shape[1]} beside shards of {there.width}")
    order = sorted(range(len(names)), key=lambda i: names[i])
    for before, after in pairwise(order):
        if names[before] == names[after]:
            raise NotATable(f"the user {names[before]!r} stands twice")
    if there.n_rows > 1 and (twice := next((name for name in names if name in there), None)) is not None:
        raise NotATable(f"the user {twice!r} has a row in an earlier shard")
    index = len(there.shards)
    batch = pa.record_batch(
        [pa.array([names[i] for i in order], pa.large_string()), pa.array(order, pa.int64())], schema=_SCHEMA
    )
    with pa.OSFile(str(folder / NAMES.format(index)), "wb") as sink, pa.ipc.new_file(sink, _SCHEMA) as writer:
        writer.write_batch(batch)
    path = folder / VECTORS.format(index)
    _write_vectors(path, vectors, dtype)
    return path


@dataclass(frozen=True, eq=False)
class _Shard:
    names: Any
    """Arrow strings in rising order, mapped."""
    rows: Any
    """Arrow int64: row within the shard of each name."""
    vectors: np.ndarray
    """(n, D), mapped."""

    def row(self, name: str) -> int | None:
        place = bisect_left(range(len(self.names)), name, key=lambda i: self.names[i].as_py())
        if place < len(self.names) and self.names[place].as_py() == name:
            return int(self.rows[place].as_py())
        return None


class UserTable(Mapping[str, int]):
    """User -> row, from 1, and the vectors of rows; a user without a row is the unknown user, row 0."""

    def __init__(self, shards: Sequence[_Shard], width: int) -> None:
        self.shards, self.width = list(shards), width
        sizes = [len(shard.vectors) for shard in self.shards]
        self.firsts = np.cumsum([1, *sizes])
        """Row at which each shard begins, and one past the last."""

    @classmethod
    def open(cls, folder: Path) -> "UserTable":
        """The table in a folder; without a shard it is empty, and every user unknown.

        Raises:
            NotATable: a shard is damaged; names the file.
        """
        shards: list[_Shard] = []
        while (path := folder / VECTORS.format(len(shards))).exists():
            shards.append(_open_shard(folder / NAMES.format(len(shards)), path))
        widths = {shard.vectors.shape[1] for shard in shards}
        if len(widths) > 1:
            raise NotATable(f"{folder} has shards of different widths: {sorted(widths)}")
        return cls(shards, widths.pop() if widths else 0)

    @property
    def n_rows(self) -> int:
        """Users and the unknown one."""
        return int(self.firsts[-1])

    def row(self, name: str) -> int:
        """The user's row, 0 where there is none."""
        for shard, first in zip(self.shards, self.firsts.tolist(), strict=False):
            if (within := shard.row(name)) is not None:
                return int(first) + within
        return UNKNOWN_USER

    def vectors(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """(B, D) float32; only these rows are read from the disk.

        Raises:
            IndexError: a row is outside the table.
        """
        wanted = np.asarray(rows, dtype=np.int64)
        if len(wanted) and not (wanted.min() >= 0 and wanted.max() < self.n_rows):
            raise IndexError(f"user row {wanted.max()} is outside the table of {self.n_rows} rows")
        found = np.zeros((len(wanted), self.width), dtype=np.float32)
        for shard, first in zip(self.shards, self.firsts.tolist(), strict=False):
            here = np.flatnonzero((wanted >= first) & (wanted < first + len(shard.vectors)))
            if len(here):
                found[here] = shard.vectors[wanted[here] - first]
        return found

    def __getitem__(self, name: str) -> int:
        row = self.row(name)
        if row == UNKNOWN_USER:
            raise KeyError(name)
        return row

    def __iter__(self) -> Iterator[str]:
        for shard in self.shards:
            for name in shard.names:
                yield name.as_py()

    def __len__(self) -> int:
        return self.n_rows - 1


class MappedEmbedding(nn.Module):
    """A user table in the place of a trained nn.Embedding: only the rows of a batch leave the disk, and no
    move to a device takes the table along."""

    def __init__(self, table: UserTable) -> None:
        super().__init__()
        self.table = table

    @property
    def num_embeddings(self) -> int:
        return self.table.n_rows

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """(B,) rows to (B, D) vectors on the device of the rows."""
        return torch.from_numpy(self.table.vectors(rows.cpu().numpy())).to(rows.device)


def _open_shard(names: Path, vectors: Path) -> _Shard:
    try:
        table = pa.ipc.open_file(pa.memory_map(str(names))).read_all().combine_chunks()
        mapped = _map(vectors)
    except (OSError, KeyError, ValueError, pa.ArrowInvalid) as problem:
        raise NotATable(f"{vectors} and {names.name} are no shard of a user table ({problem})") from None
    if table.num_rows != len(mapped):
        raise NotATable(f"{names} has {table.num_rows} names for {len(mapped)} vectors")
    return _Shard(names=_whole(table.column("name")), rows=_whole(table.column("row")), vectors=mapped)


def _whole(column: Any) -> Any:
    return column.chunk(0) if column.num_chunks else pa.array([], column.type)


def _map(path: Path) -> np.ndarray:
    """The tensor `weight` of a safetensors file, mapped: 8 bytes of length, a JSON header, the numbers."""
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        entry = json.loads(stream.read(length))["weight"]
    shape = tuple(entry["shape"])
    if 0 in shape:
        return np.zeros(shape, dtype=np.float32)
    start = 8 + length + entry["data_offsets"][0]
    mapped: np.ndarray = np.memmap(path, dtype=_TYPES[entry["dtype"]], mode="r", offset=start, shape=shape)
    return mapped


def _write_vectors(path: Path, vectors: np.ndarray, dtype: str) -> None:
    kind = _TYPES[dtype]
    n_bytes = int(np.prod(vectors.shape)) * kind.itemsize
    entry = {"dtype": dtype, "shape": list(vectors.shape), "data_offsets": [0, n_bytes]}
    header = json.dumps({"weight": entry}).encode()
    header += b" " * (-(8 + len(header)) % 8)
    with path.open("wb") as stream:
        stream.write(len(header).to_bytes(8, "little") + header)
        for start in range(0, len(vectors), _BLOCK):
            stream.write(np.ascontiguousarray(vectors[start : start + _BLOCK], dtype=kind).tobytes())
