"""Small corpora, and files in each log format, written for tests: nothing in them comes from a real log."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from generation.pipeline.logs.corpus import CorpusData
from generation.pipeline.logs.rejected import Rejected
from generation.pipeline.records import Interaction, Item

START = datetime(2021, 1, 1, tzinfo=UTC)


class MadeUpLog:
    """A log format that hands out what the test gives it."""

    items_file, interactions_file = "films", "visits"

    def __init__(self, items: Sequence[Item], interactions: Iterable[Interaction]) -> None:
        self._items, self._interactions = items, interactions
        self.rejected = Rejected()

    def items(self):
        yield from enumerate(self._items, start=1)

    def interactions(self):
        yield from enumerate(self._interactions, start=1)


def films(n: int) -> tuple[Item, ...]:
    return tuple(Item(f"f{index}", f"Film {index}", 1950 + index % 70, ("Drama",)) for index in range(n))


def interaction(user: str, item: str, second: int = 0, **fields: Any) -> Interaction:
    return Interaction(user, item, START + timedelta(seconds=second), **fields)


def corpus_of(*visits: Sequence[int], n_items: int | None = None) -> CorpusData:
    """A corpus from each user's item codes, oldest first, a second apart."""
    flat = [code for codes in visits for code in codes]
    lengths = [len(codes) for codes in visits]
    at = np.concatenate([np.arange(n) for n in lengths]) if flat else np.empty(0)
    return CorpusData(
        users=tuple(f"u{index}" for index in range(len(visits))),
        items=films(n_items if n_items is not None else max(flat, default=-1) + 1),
        user=np.repeat(np.arange(len(visits), dtype=np.int32), lengths),
        item=np.array(flat, dtype=np.int32),
        at=at.astype("datetime64[s]").astype("datetime64[us]"),
        rating=np.full(len(flat), np.nan, dtype=np.float32),
        starts=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
    )


def write_dat(
    folder: Path, *, movies: Sequence[str], ratings: Sequence[str], encoding: str = "latin-1"
) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "movies.dat").write_bytes("".join(f"{line}\n" for line in movies).encode(encoding))
    (folder / "ratings.dat").write_text("".join(f"{line}\n" for line in ratings))
    return folder


def write_csv(folder: Path, *, movies: Sequence[str], ratings: Sequence[str]) -> Path:
    folder.mkdir(exist_ok=True)
    header = "movieId,title,genres"
    (folder / "movies.csv").write_text("\n".join([header, *movies]) + "\n", encoding="utf-8")
    (folder / "ratings.csv").write_text("\n".join(["userId,movieId,rating,timestamp", *ratings]) + "\n")
    return folder


def write_jsonl(folder: Path, *, items: Sequence[Any], interactions: Sequence[Any]) -> Path:
    """Each row is an object to be dumped, or a text to be written as it is."""
    folder.mkdir(exist_ok=True)
    for stem, rows in (("items", items), ("interactions", interactions)):
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        (folder / f"{stem}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
