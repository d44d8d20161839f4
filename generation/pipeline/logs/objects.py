"""Files with an object a line: JSON, or the Python literals that older data sets were written in."""

import ast
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from generation.pipeline.logs.fields import BadField
from generation.pipeline.logs.lines import read_lines
from generation.pipeline.logs.rejected import ImportRefused, Rejected

Parse = Callable[[str], Any]
"""One line to a value.

Raises:
    ValueError: the line is none.
"""


def read_objects(
    path: Path,
    *,
    rejected: Rejected,
    parse: Parse | None = None,
    encoding: str = "utf-8",
    most_bytes: int | None = None,
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number, object); empty lines are passed over, lines that are no object are told to `rejected`.

    Raises:
        ImportRefused: the file is missing, unreadable, or not in `encoding`.
    """
    for line, text in read_lines(path, encoding=encoding, rejected=rejected, most_bytes=most_bytes):
        if not text.strip():
            continue
        try:
            row = (parse or parse_json)(text)
        except (ValueError, RecursionError, MemoryError):
            remedy = "Write one JSON object a line, without NaN or Infinity"
            rejected.add(path.name, line, "row", "is no JSON", remedy, text)
            continue
        if not isinstance(row, dict):
            rejected.add(path.name, line, "row", "is no JSON object", 'Write {"name": value, …}', text)
            continue
        yield line, row


def parse_json(text: str) -> Any:
    """JSON as it is defined: no NaN, no Infinity."""
    return _JSON.decode(text)


def parse_literal(text: str) -> Any:
    """JSON, or a literal of Python such as {'asin': u'0001'}: read as data, never run."""
    try:
        return parse_json(text)
    except ValueError:
        try:
            return ast.literal_eval(text)
        except (SyntaxError, TypeError) as problem:
            raise ValueError(str(problem)) from None


def get(row: dict[str, Any], field: str) -> Any:
    """The field's value.

    Raises:
        BadField: the row has none.
    """
    if row.get(field) is None:
        raise BadField(field, "is missing", "Every row needs one")
    return row[field]


def find_one(folder: Path, names: str, *patterns: str, without: str | None = None) -> Path:
    """The one file of the folder that a pattern finds.

    Args:
        names: what people call such files, for the refusal.
        without: a pattern of files that do not count.

    Raises:
        ImportRefused: there is no folder, no such file, or several.
    """
    if not folder.is_dir():
        raise ImportRefused(str(folder), "there is no such folder", "Name the folder that holds the files")
    left_out = set(folder.glob(without)) if without else set()
    found = sorted({path for pattern in patterns for path in folder.glob(pattern)} - left_out)
    if len(found) == 1:
        return found[0]
    reason = f"{len(found)} files here could be {names}: {', '.join(path.name for path in found[:3])}"
    raise ImportRefused(
        folder.name,
        reason if found else f"there is no {names} here",
        "Leave one of them in the folder" if found else f"Put it there ({', '.join(patterns)})",
    )


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


_JSON = json.JSONDecoder(parse_constant=_refuse_constant)
