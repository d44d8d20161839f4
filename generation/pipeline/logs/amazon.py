"""Amazon reviews of 2014, 2018 and 2023: one file of reviews of a category, and its file of products.

2014 was written as Python literals; they are parsed as data, never run. 2023 knows variants of a product by their
`parent_asin`, which is what its products go by, and gives times in milliseconds. Titles hold HTML entities.

Facts of the formats: the pages of the three data sets by McAuley's group.
"""

import html
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from generation.pipeline.logs.fields import BadField, read_id, read_rating, read_seconds, read_text
from generation.pipeline.logs.objects import find_one, get, parse_literal, read_objects
from generation.pipeline.logs.rejected import Rejected
from generation.pipeline.records import Interaction, Item

MOST_CATEGORIES = 8
_ENDS = ("*.json", "*.json.gz", "*.jsonl", "*.jsonl.gz")


class Amazon:
    """A folder with one `meta_…` file of products and one file of reviews."""

    def __init__(self, folder: Path, rejected: Rejected) -> None:
        self._items = find_one(folder, "file of products", *(f"meta_{end}" for end in _ENDS))
        self._interactions = find_one(folder, "file of reviews", *_ENDS, without="meta_*")
        self.items_file, self.interactions_file = self._items.name, self._interactions.name
        self.rejected = rejected

    def items(self) -> Iterator[tuple[int, Item]]:
        for line, row in read_objects(self._items, rejected=self.rejected, parse=parse_literal):
            try:
                identity = read_product(row)
                title = _plain("title", row.get("title")) or f"Untitled product {identity}"
                yield line, Item(identity, title, None, read_categories(row))
            except BadField as problem:
                self._reject(self.items_file, line, problem, row)

    def interactions(self) -> Iterator[tuple[int, Interaction]]:
        for line, row in read_objects(self._interactions, rejected=self.rejected, parse=parse_literal):
            try:
                yield line, read_review(row)
            except BadField as problem:
                self._reject(self.interactions_file, line, problem, row)

    def _reject(self, file: str, line: int, problem: BadField, row: object) -> None:
        self.rejected.add(file, line, problem.field, problem.reason, problem.remedy, row)


def read_product(row: dict[str, Any]) -> str:
    """The id a product goes by: `parent_asin` where there is one."""
    if row.get("parent_asin") is not None:
        return read_id("parent_asin", row["parent_asin"])
    return read_id("asin", get(row, "asin"))


def read_review(row: dict[str, Any]) -> Interaction:
    """A review of any of the three years: 2023 says user_id where the others say reviewerID."""
    if "user_id" in row:
        milliseconds = get(row, "timestamp")
        if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float):
            raise BadField("timestamp", "is no number", "Give milliseconds since 1970")
        return Interaction(
            user=read_id("user_id", get(row, "user_id")),
            item=read_product(row),
            at=read_seconds("timestamp", milliseconds / 1000),
            rating=read_rating("rating", get(row, "rating"), lowest=1, highest=5),
            text=_plain("text", row.get("text")),
        )
    return Interaction(
        user=read_id("reviewerID", get(row, "reviewerID")),
        item=read_product(row),
        at=read_seconds("unixReviewTime", get(row, "unixReviewTime")),
        rating=read_rating("overall", get(row, "overall"), lowest=1, highest=5),
        text=_plain("reviewText", row.get("reviewText")),
    )


def read_categories(row: dict[str, Any]) -> tuple[str, ...]:
    """Categories, widest first: a list in 2018 and 2023, a list of paths in 2014."""
    value = row.get("categories", row.get("category"))
    if value is None:
        return ()
    if not isinstance(value, list):
        raise BadField("categories", "are no list", 'Give ["Beauty", "Nails"], or leave them out')
    flat = [name for path in value for name in (path if isinstance(path, list) else [path])]
    if not all(isinstance(name, str) for name in flat):
        raise BadField("categories", "hold something that is no text", "Give a list of texts")
    names = dict.fromkeys(filter(None, (_plain("categories", name) for name in flat)))
    return tuple(name for name in names if "<" not in name)[:MOST_CATEGORIES]  # 2018 has scraps of HTML


def _plain(field: str, value: Any) -> str:
    """A text with its HTML entities resolved, twice where they were escaped twice."""
    return read_text(field, html.unescape(html.unescape(read_text(field, value))))


def load(*, folder: str | Path, rejected: Rejected | None = None) -> Amazon:
    """Open a folder of one category.

    Raises:
        ImportRefused: no such folder, or not one file of each kind in it.
    """
    return Amazon(Path(folder), rejected if rejected is not None else Rejected())
