"""Any log, as JSON lines: one object a line.

interactions.jsonl: user, item, timestamp (seconds since 1970 or ISO 8601), and maybe rating and text.
items.jsonl: item, title, and maybe year, genres and directors. Fields of other names are left alone.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from generation.pipeline.logs.fields import (
    BadField,
    read_id,
    read_names,
    read_rating,
    read_text,
    read_time,
    read_year,
)
from generation.pipeline.logs.objects import get, read_objects
from generation.pipeline.logs.rejected import ImportRefused, Rejected
from generation.pipeline.records import Interaction, Item


class JsonLines:
    """Two files of JSON objects in UTF-8, gzipped or not."""

    def __init__(self, interactions: Path, items: Path, *, encoding: str, rejected: Rejected) -> None:
        self._interactions, self._items = interactions, items
        self.items_file, self.interactions_file = items.name, interactions.name
        self.encoding = encoding
        self.rejected = rejected

    def items(self) -> Iterator[tuple[int, Item]]:
        for line, row in self._rows(self._items):
            try:
                title = read_text("title", get(row, "title"))
                if not title:
                    raise BadField("title", "is empty", "Every item needs one")
                yield (
                    line,
                    Item(
                        id=read_id("item", get(row, "item")),
                        title=title,
                        year=read_year("year", row.get("year")),
                        genres=read_names("genres", row.get("genres")),
                        directors=read_names("directors", row.get("directors")),
                    ),
                )
            except BadField as problem:
                self._reject(self._items, line, problem, row)

    def interactions(self) -> Iterator[tuple[int, Interaction]]:
        for line, row in self._rows(self._interactions):
            try:
                rating = row.get("rating")
                yield (
                    line,
                    Interaction(
                        user=read_id("user", get(row, "user")),
                        item=read_id("item", get(row, "item")),
                        at=read_time("timestamp", get(row, "timestamp")),
                        rating=None if rating is None else read_rating("rating", rating),
                        text=read_text("text", row.get("text")),
                    ),
                )
            except BadField as problem:
                self._reject(self._interactions, line, problem, row)

    def _rows(self, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
        return read_objects(path, rejected=self.rejected, encoding=self.encoding)

    def _reject(self, path: Path, line: int, problem: BadField, text: object) -> None:
        self.rejected.add(path.name, line, problem.field, problem.reason, problem.remedy, text)


def load(
    *,
    folder: str | Path | None = None,
    interactions: str | Path | None = None,
    items: str | Path | None = None,
    encoding: str = "utf-8",
    rejected: Rejected | None = None,
) -> JsonLines:
    """Open interactions.jsonl and items.jsonl (or .jsonl.gz) of `folder`, or two files named one by one.

    Raises:
        ImportRefused: a file is missing.
        ValueError: neither a folder nor both files were given, or the two have the same name.
    """
    if folder is None and (interactions is None or items is None):
        raise ValueError("name the folder that holds interactions.jsonl and items.jsonl, or both files")
    found = _find(folder, "interactions", interactions), _find(folder, "items", items)
    if found[0].name == found[1].name:
        raise ValueError(f"both files are called {found[0].name}; rename one, to tell their rows apart")
    return JsonLines(
        *found,
        encoding=encoding,
        rejected=rejected if rejected is not None else Rejected(),
    )


def _find(folder: str | Path | None, stem: str, given: str | Path | None) -> Path:
    names = (
        [Path(given)]
        if given is not None
        else [Path(folder or "", stem + end) for end in (".jsonl", ".jsonl.gz")]
    )
    for path in names:
        if path.is_file():
            return path
    raise ImportRefused(names[0].name, "the file is missing", f"Put it at {names[0]}")
