"""A calibration set from a file: cards made by the owner, each with reference marks and the reasons for them."""

from collections.abc import Mapping, Sequence
from typing import Any

from annotation.design.blinding import visible
from annotation.design.consensus import ExpertRow, settle
from annotation.design.gold_row import GoldRow
from annotation.design.scales import OutOfScale, validate
from annotation.design.sources import UNNAMED, Form, item_from_title, read_history, read_item, read_rows

LONGEST_NAME = 80


def parse_gold(
    content: str, form: Form, criteria: Sequence[str]
) -> tuple[tuple[GoldRow, ...], tuple[str, ...]]:
    """Read rows of text, history, item, a mark for each criterion and, if there is one, why.

    The columns of the marks are the criteria's keys, and those of the reasons are the keys followed by `_why`. With a
    column `expert` each card has a row an expert, and the reference is their consensus (see `settle`).

    Returns:
        The cards, and what is wrong with the file, with line, field and remedy; faulty rows are left out.
    """
    errors: list[str] = []
    rows: list[GoldRow] = []
    marked: list[ExpertRow] = []
    required = ("text", *criteria)
    optional = ("expert", "history", "item", *(f"{key}_why" for key in criteria))
    for line, row in read_rows(content, form, errors, required=required, optional=optional):
        try:
            gold = _gold(row, criteria)
            expert = _expert(row)
        except ValueError as error:
            errors.append(f"Line {line}, {error}")
        else:
            rows.append(gold)
            marked.append(ExpertRow(line, expert, gold))
    if any(row.expert for row in marked):
        nameless = [row.line for row in marked if not row.expert]
        errors += [f"Line {line}, expert: is empty; every row needs one, or none does." for line in nameless]
        if not errors:
            rows, errors = settle(marked, criteria)
    if not rows and not errors:
        errors.append(f"The file has no row: it needs columns {', '.join(required)}.")
    return tuple(rows), tuple(errors)


def _expert(row: Mapping[str, Any]) -> str:
    name = str(row.get("expert") or "").strip()
    if not name.isprintable() or len(name) > LONGEST_NAME:
        raise ValueError(f"expert: is no name; give at most {LONGEST_NAME} characters that can be read.")
    return name


def _gold(row: Mapping[str, Any], criteria: Sequence[str]) -> GoldRow:
    text = row.get("text")
    if not isinstance(text, str) or not visible(text).strip():
        raise ValueError("text: is empty; every calibration card needs one.")
    marks: dict[str, int] = {}
    for key in criteria:
        value = row.get(key)
        if isinstance(value, str) and value.strip().isdecimal():
            value = int(value)
        try:
            mark = validate({key: value}, criteria, {key: "-"} if value is None else None)[key]
        except OutOfScale as error:
            raise ValueError(str(error)) from None
        if mark.value is None:
            raise ValueError(f"{key}: is empty; a reference mark needs a number.")
        marks[key] = mark.value
    return GoldRow(
        text=text,
        history=read_history(row.get("history")),
        item=read_item(row.get("item")) or item_from_title(UNNAMED),
        marks=marks,
        rationales={key: str(row.get(f"{key}_why") or "").strip() for key in criteria},
    )
