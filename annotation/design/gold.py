"""A calibration set from a file: cards made by the owner, each with reference marks and the reasons for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from annotation.design.blinding import visible
from annotation.design.scales import OutOfScale, validate
from annotation.design.sources import UNNAMED, Form, item_from_title, read_history, read_item, read_rows


@dataclass(frozen=True, slots=True)
class GoldRow:
    """One calibration card with its gold."""

    text: str
    history: tuple[Mapping[str, Any], ...]
    item: Mapping[str, Any]
    marks: Mapping[str, int]
    rationales: Mapping[str, str]


def parse_gold(
    content: str, form: Form, criteria: Sequence[str]
) -> tuple[tuple[GoldRow, ...], tuple[str, ...]]:
    """Read rows of text, history, item, a mark for each criterion and, if there is one, why.

    The columns of the marks are the criteria's keys, and those of the reasons are the keys followed by `_why`.

    Returns:
        The cards, and what is wrong with the file, with line, field and remedy; faulty rows are left out.
    """
    errors: list[str] = []
    rows: list[GoldRow] = []
    required = ("text", *criteria)
    optional = ("history", "item", *(f"{key}_why" for key in criteria))
    for line, row in read_rows(content, form, errors, required=required, optional=optional):
        try:
            rows.append(_gold(row, criteria))
        except ValueError as error:
            errors.append(f"Line {line}, {error}")
    if not rows and not errors:
        errors.append(f"The file has no row: it needs columns {', '.join(required)}.")
    return tuple(rows), tuple(errors)


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
