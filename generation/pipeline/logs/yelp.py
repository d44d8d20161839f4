"""The Yelp open dataset, in the shapes of all its releases: businesses are the items, reviews the interactions.

Releases differ in the files' names, in whether a date has a time, in categories as one text or a list, and in
votes as one object or three fields; the fields read here are in all of them. Chains share a name, so a business is
called by name and city.

Facts of the format: the documentation of the Yelp Open Dataset.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from generation.pipeline.logs.fields import BadField, read_id, read_rating, read_text, read_time
from generation.pipeline.logs.objects import find_one, get, read_objects
from generation.pipeline.logs.rejected import Rejected
from generation.pipeline.records import Interaction, Item


class Yelp:
    """A folder with one file of businesses and one of reviews; other files are left alone."""

    def __init__(self, folder: Path, rejected: Rejected) -> None:
        self._items = find_one(folder, "file of businesses", "*business.json", "*business.json.gz")
        self._interactions = find_one(folder, "file of reviews", "*review.json", "*review.json.gz")
        self.items_file, self.interactions_file = self._items.name, self._interactions.name
        self.rejected = rejected

    def items(self) -> Iterator[tuple[int, Item]]:
        for line, row in read_objects(self._items, rejected=self.rejected):
            try:
                _check_type(row, "business")
                name, city = read_text("name", get(row, "name")), read_text("city", row.get("city"))
                if not name:
                    raise BadField("name", "is empty", "Every business needs one")
                title = f"{name}, {city}" if city else name
                identity = read_id("business_id", get(row, "business_id"))
                yield line, Item(identity, title, None, read_categories(row.get("categories")))
            except BadField as problem:
                self._reject(self.items_file, line, problem, row)

    def interactions(self) -> Iterator[tuple[int, Interaction]]:
        for line, row in read_objects(self._interactions, rejected=self.rejected):
            try:
                _check_type(row, "review")
                yield (
                    line,
                    Interaction(
                        user=read_id("user_id", get(row, "user_id")),
                        item=read_id("business_id", get(row, "business_id")),
                        at=read_time("date", get(row, "date")),
                        rating=read_rating("stars", get(row, "stars"), lowest=1, highest=5),
                        text=read_text("text", row.get("text")),
                    ),
                )
            except BadField as problem:
                self._reject(self.interactions_file, line, problem, row)

    def _reject(self, file: str, line: int, problem: BadField, row: object) -> None:
        self.rejected.add(file, line, problem.field, problem.reason, problem.remedy, row)


def read_categories(value: Any) -> tuple[str, ...]:
    """Categories of either shape: "Bars, Pubs", ["Bars", "Pubs"], or null."""
    if value is None:
        return ()
    names = value.split(", ") if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BadField("categories", "are neither a text nor a list", 'Give "Bars, Pubs" or ["Bars", "Pubs"]')
    return tuple(dict.fromkeys(filter(None, (read_text("categories", name) for name in names))))


def _check_type(row: dict[str, Any], wanted: str) -> None:
    """Early releases name what a row is."""
    if row.get("type", wanted) != wanted:
        raise BadField("type", f"is not {wanted}", f"Keep the {wanted} rows in a file of their own")


def load(*, folder: str | Path, rejected: Rejected | None = None) -> Yelp:
    """Open a folder of the dataset.

    Raises:
        ImportRefused: no such folder, or not one file of each kind in it.
    """
    return Yelp(Path(folder), rejected if rejected is not None else Rejected())
