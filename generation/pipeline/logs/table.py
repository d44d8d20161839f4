"""Any log in a table: CSV, JSON lines or Parquet, once somebody has said what its columns mean.

One file of interactions, and maybe one of items; without that the items' columns are those of the interactions, and
the first row of an item describes it.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from generation.pipeline.logs.fields import (
    LATEST,
    BadField,
    read_id,
    read_names,
    read_rating,
    read_text,
    read_time,
    read_year,
)
from generation.pipeline.logs.rejected import ImportRefused, Rejected
from generation.pipeline.logs.tabular import Row, Table, tables_in
from generation.pipeline.logs.titles import split_title
from generation.pipeline.records import Interaction, Item


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a column can stand for."""

    label: str
    words: tuple[str, ...]
    """How such columns are called, the likeliest first, in small letters and digits alone."""
    of_items: bool = False
    """It is looked for in the file of items, where there is one."""
    needed: bool = False


MEANINGS: dict[str, Meaning] = {
    "user": Meaning("User", ("userid", "user", "reviewerid", "customerid", "memberid", "uid"), needed=True),
    "item": Meaning(
        "Item", ("itemid", "item", "movieid", "productid", "businessid", "bookid", "asin", "iid"), needed=True
    ),
    "timestamp": Meaning(
        "Time", ("timestamp", "time", "datetime", "date", "unixreviewtime", "createdat", "at"), needed=True
    ),
    "rating": Meaning("Rating", ("rating", "stars", "score", "overall")),
    "text": Meaning("Review", ("text", "reviewtext", "review", "comment", "body")),
    "catalogue_item": Meaning(
        "Item, in the file of items",
        ("itemid", "item", "movieid", "productid", "businessid", "bookid", "parentasin", "asin", "iid", "id"),
        of_items=True,
    ),
    "title": Meaning("Title", ("title", "name", "itemtitle", "itemname"), of_items=True, needed=True),
    "year": Meaning("Year", ("year", "releaseyear"), of_items=True),
    "genres": Meaning("Genres", ("genres", "genre", "categories", "category", "tags"), of_items=True),
    "directors": Meaning(
        "Directors", ("directors", "director", "authors", "author", "creator"), of_items=True
    ),
}
"""By the name under which a mapping gives the column."""

Columns = Mapping[str, str]
"""What means what: a key of MEANINGS -> a column's name."""


class BadColumns(ValueError):
    """A mapping that does not fit its files; names what is at fault."""

    def __init__(self, meaning: str, problem: str) -> None:
        self.meaning = meaning
        super().__init__(problem)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which file holds what, and what their columns mean."""

    interactions: Table
    items: Table | None
    columns: dict[str, str]


def choose_files(
    tables: Sequence[Table], *, interactions: str = "", items: str = ""
) -> tuple[Table, Table | None]:
    """The table of interactions and the one of items: those that are named, else those that look like it.

    Raises:
        BadColumns: there is no file of that name.
    """
    by_name = {table.name: table for table in tables}
    for meaning, name in (("interactions", interactions), ("items", items)):
        if name and name not in by_name:
            raise BadColumns(meaning, f"there is no {name!r} here, only {', '.join(by_name)}")
    chosen = by_name.get(interactions) or max(tables, key=_likeness)
    others = [table for table in tables if table != chosen]
    catalogue = by_name.get(items)
    if not items and not interactions and len(others) == 1:
        guessed = guess_columns(chosen.columns(), others[0].columns())
        catalogue = others[0] if {"catalogue_item", "title"} <= set(guessed) else None
    return chosen, catalogue if catalogue != chosen else None


def guess_columns(interactions: Sequence[str], items: Sequence[str] | None) -> dict[str, str]:
    """What the columns seem to mean, by how they are called; each is used once in its file."""
    found: dict[str, str] = {}
    for key, meaning in MEANINGS.items():
        if key == "catalogue_item" and items is None:
            continue
        columns = interactions if items is None or not meaning.of_items else items
        taken = {
            column
            for other, column in found.items()
            if items is None or MEANINGS[other].of_items == meaning.of_items
        }
        plain = {_plain(column): column for column in reversed(columns) if column not in taken}
        if key == "catalogue_item" and found.get("item") in (items or ()):
            found[key] = found["item"]
            continue
        name = next((plain[word] for word in meaning.words if word in plain), None)
        if name is not None:
            found[key] = name
    return found


def check_columns(columns: Columns, interactions: Table, items: Table | None) -> None:
    """Refuse a mapping that names no such column, leaves out what is needed, or uses one twice.

    Raises:
        BadColumns: says which column there is instead.
    """
    needed = {key for key, meaning in MEANINGS.items() if meaning.needed}
    needed |= {"catalogue_item"} if items is not None else set()
    for key in columns:
        if key not in MEANINGS:
            raise BadColumns(key, f"a column cannot mean {key!r}, only {', '.join(MEANINGS)}")
    if items is None and "catalogue_item" in columns:
        raise BadColumns("catalogue_item", "there is no file of items that could have it")
    for key, meaning in MEANINGS.items():
        table = items if items is not None and meaning.of_items else interactions
        there = table.columns()
        if key in columns and columns[key] not in there:
            raise BadColumns(key, f"{table.name} has no column {columns[key]!r}, only {', '.join(there)}")
        if key in needed and key not in columns:
            raise BadColumns(key, f"say which column of {table.name} holds it: {', '.join(there)}")
    for of_items in (False, True):
        used = [columns[key] for key in columns if items is None or MEANINGS[key].of_items == of_items]
        if twice := next((name for name in used if used.count(name) > 1), None):
            key = [key for key in columns if columns[key] == twice][-1]
            raise BadColumns(key, f"the column {twice!r} is used twice")


class TableLog:
    """A table of interactions under a mapping, and a table of items or none."""

    def __init__(self, choice: Choice, rejected: Rejected) -> None:
        self.choice = choice
        self.rejected = rejected
        self.interactions_file = choice.interactions.name
        self.items_file = choice.items.name if choice.items else choice.interactions.name
        self._described: set[str] = set()
        """Items that a row of the one file has described."""

    def items(self) -> Iterator[tuple[int, Item]]:
        if self.choice.items is not None:
            for line, row in self.choice.items.rows(self.rejected):
                try:
                    yield line, self._item(row, "catalogue_item")
                except BadField as problem:
                    self._reject(self.items_file, line, problem, row)
            return
        aside = Rejected(
            limit=self.rejected.limit
        )  # `interactions` tells of bad rows, if there is a good one
        for line, row in self.choice.interactions.rows(aside):
            try:
                item = self._item(row, "item")
            except BadField as problem:
                aside.add(self.items_file, line, problem.field, problem.reason, problem.remedy, row)
                continue
            if item.id not in self._described:
                self._described.add(item.id)
                yield line, item
        if not self._described:
            self.rejected.rows += aside.rows
            self.rejected.by_reason += aside.by_reason

    def interactions(self) -> Iterator[tuple[int, Interaction]]:
        for line, row in self.choice.interactions.rows(self.rejected):
            try:
                rating = self._get(row, "rating")
                if self.choice.items is None and self._id(row, "item") not in self._described:
                    self._item(row, "item")  # raises what is wrong with it
                yield (
                    line,
                    Interaction(
                        user=self._id(row, "user"),
                        item=self._id(row, "item"),
                        at=_time(self._column("timestamp"), self._needed(row, "timestamp")),
                        rating=None if rating is None else read_rating(self._column("rating"), rating),
                        text=read_text(self._column("text"), self._get(row, "text")),
                    ),
                )
            except BadField as problem:
                self._reject(self.interactions_file, line, problem, row)

    def _item(self, row: Row, id_meaning: str) -> Item:
        title, year = split_title(read_text(self._column("title"), self._needed(row, "title")))
        if not title:
            raise BadField(self._column("title"), "is empty", "Every item needs one")
        given = self._get(row, "year")
        return Item(
            id=self._id(row, id_meaning),
            title=title,
            year=year if given is None else _year(self._column("year"), given),
            genres=_names(self._column("genres"), self._get(row, "genres")),
            directors=_names(self._column("directors"), self._get(row, "directors")),
        )

    def _column(self, meaning: str) -> str:
        return self.choice.columns.get(meaning, meaning)

    def _get(self, row: Row, meaning: str) -> Any:
        """The field's value; None where the log has no such column, or nothing in it."""
        column = self.choice.columns.get(meaning)
        value = None if column is None else row.get(column)
        return None if isinstance(value, str) and not value.strip() else value

    def _needed(self, row: Row, meaning: str) -> Any:
        value = self._get(row, meaning)
        if value is None:
            raise BadField(self._column(meaning), "is missing", "Every row needs one")
        return value

    def _id(self, row: Row, meaning: str) -> str:
        value = self._needed(row, meaning)
        whole = isinstance(value, float) and value.is_integer()  # what pandas makes of a column with gaps
        return read_id(self._column(meaning), int(value) if whole else value)

    def _reject(self, file: str, line: int, problem: BadField, row: Row) -> None:
        shown = row.get(problem.field, row)
        self.rejected.add(file, line, problem.field, problem.reason, problem.remedy, shown)


def load(
    *,
    folder: str | Path,
    columns: Columns,
    interactions: str = "",
    items: str = "",
    encoding: str = "utf-8",
    rejected: Rejected | None = None,
) -> TableLog:
    """Open the tables of a folder under a mapping.

    Args:
        interactions, items: names of files in the folder; without them the files that look like it.

    Raises:
        ImportRefused: no folder or table, or the mapping does not fit them.
    """
    try:
        tables = tables_in(Path(folder), encoding=encoding)
        chosen, catalogue = choose_files(tables, interactions=interactions, items=items)
        check_columns(columns, chosen, catalogue)
    except BadColumns as problem:
        raise ImportRefused(Path(folder).name, str(problem), "Say again what its columns mean") from None
    choice = Choice(chosen, catalogue, dict(columns))
    return TableLog(choice, rejected if rejected is not None else Rejected())


def _likeness(table: Table) -> int:
    """How much a table looks like one of interactions."""
    return len({"user", "item", "timestamp"} & set(guess_columns(table.columns(), None)))


def _plain(column: str) -> str:
    return re.sub(r"[^a-z0-9]", "", column.lower())


def _time(field: str, value: Any) -> datetime:
    """Seconds or milliseconds since 1970, ISO 8601, or what a typed file holds as a time."""
    if isinstance(value, datetime):
        value = value if value.tzinfo else value.replace(tzinfo=UTC)
        return read_time(field, value.timestamp())
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    except (TypeError, ValueError):
        return read_time(field, str(value))
    # Seconds beyond 2200 are milliseconds: as such they lie after March 1970.
    return read_time(field, number / 1000 if number >= LATEST else number)


def _year(field: str, value: Any) -> int | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return read_year(field, value)
    return read_year(field, int(number) if number.is_integer() else value)


def _names(field: str, value: Any) -> tuple[str, ...]:
    """A list, or a text of names with | or ; or a comma between them; also a list written as JSON."""
    if not isinstance(value, str):
        return read_names(field, value)
    if value.lstrip().startswith("["):
        try:
            return read_names(field, json.loads(value))
        except (ValueError, RecursionError):
            pass
    divider = next((sign for sign in "|;" if sign in value), ",")
    return read_names(field, value.split(divider))
