"""Any report of any stage as facts, tables and text that a page can show: no stage has to be known here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ROWS_SHOWN = 50
DEPTH = 4
"""How far an object within an object is told apart; what lies deeper stands as JSON."""

CELL = 300
"""Letters of one value; the file holds the whole."""


@dataclass(frozen=True)
class Cell:
    words: str
    number: bool


@dataclass(frozen=True)
class Block:
    """A part of a report under its name: facts, or a table, or text as it is; the others are empty."""

    name: str
    facts: tuple[tuple[str, str], ...] = ()
    columns: tuple[Cell, ...] = ()
    """Headings of the table; a heading is right-aligned with its numbers."""
    rows: tuple[tuple[Cell, ...], ...] = ()
    n_more: int = 0
    text: str = ""


def blocks(report: Mapping[str, Any], *, without: Sequence[str] = ()) -> list[Block]:
    """The report in parts: single values first, then one part for each list or object.

    Args:
        without: keys that the page shows in a form of their own.
    """
    return _object("", {name: value for name, value in report.items() if name not in without}, DEPTH)


def _object(name: str, value: Mapping[str, Any], depth: int) -> list[Block]:
    single = {key: one for key, one in value.items() if _is_single(one)}
    found = []
    if single:
        found.append(Block(name, facts=tuple((_words(key), _cell(one).words) for key, one in single.items())))
    for key, one in value.items():
        if key not in single:
            found += _part(f"{name}, {_words(key)}" if name else _words(key), one, depth - 1)
    return found


def _part(name: str, value: Any, depth: int) -> list[Block]:
    if isinstance(value, dict) and depth:
        if value and all(_is_number(one) for one in value.values()):
            return [_table(name, ("name", "value"), [(key, one) for key, one in value.items()])]
        return _object(name, value, depth)
    if isinstance(value, list) and value:
        if all(isinstance(one, dict) and one for one in value):
            columns = list(dict.fromkeys(key for row in value for key in row))
            return [_table(name, columns, [[row.get(key) for key in columns] for row in value])]
        if all(isinstance(one, list) and one for one in value):
            width = max(map(len, value))
            columns = [str(index + 1) for index in range(width)]
            return [_table(name, columns, [[*row, *[None] * (width - len(row))] for row in value])]
        if all(map(_is_single, value)):
            return [_table(name, ("value",), [[one] for one in value])]
    return [Block(name, text=json.dumps(value, indent=2, ensure_ascii=False)[: CELL * ROWS_SHOWN])]


def _table(name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Block:
    shown = [tuple(map(_cell, row)) for row in rows[:ROWS_SHOWN]]
    numeric = [all(row[index].number for row in shown) for index in range(len(columns))]
    heads = tuple(Cell(_words(one), number) for one, number in zip(columns, numeric, strict=True))
    return Block(name, columns=heads, rows=tuple(shown), n_more=max(len(rows) - ROWS_SHOWN, 0))


def _cell(value: Any) -> Cell:
    if isinstance(value, bool):
        return Cell("yes" if value else "no", False)
    if value is None:
        return Cell("–", True)
    if value in ("", [], {}):
        return Cell("none", False)
    if isinstance(value, int):
        return Cell(f"{value:,}", True)
    if isinstance(value, float):
        return Cell(f"{value:,.6g}", True)
    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return Cell(words if len(words) <= CELL else f"{words[: CELL - 1]}…", False)


def _is_single(value: Any) -> bool:
    return not isinstance(value, (dict, list)) or not value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _words(key: str) -> str:
    return str(key).replace("_", " ")
