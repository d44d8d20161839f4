"""What a study is built from: cases with one text a system, from generation's runs or from anybody's file."""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from annotation.design.blinding import visible

Form = Literal["csv", "jsonl"]
REQUIRED = ("case", "system", "text")
OPTIONAL = ("history", "item", "reference", "user")
UNNAMED = "(not named)"
MOST_ERRORS = 100
"""After so many the rest are counted, not listed."""

_YEAR = re.compile(r"^(?P<title>.+?)\s*\((?P<year>\d{4})\)$")


@dataclass(frozen=True, slots=True)
class SourceText:
    """One explanation before it is blinded."""

    text: str
    explanation_id: int | None = None
    signature: str = ""


@dataclass(frozen=True, slots=True)
class SourceSystem:
    label: str
    offline: bool = False


@dataclass(frozen=True, slots=True)
class SourceCase:
    """A case with the texts of some or all systems. Items are {id, title, year, genres, directors}."""

    key: str
    user: str
    history: tuple[Mapping[str, Any], ...]
    """Oldest first."""
    item: Mapping[str, Any]
    texts: Mapping[str, SourceText]
    """System name to text."""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    cases: tuple[SourceCase, ...]
    systems: Mapping[str, SourceSystem]
    n_dropped: int = 0
    """Cases left out for all systems because one had no usable text."""
    dropped_by_system: Mapping[str, int] = field(default_factory=dict)


def without_blanks(source: Source) -> Source:
    """The source without the cases in which some system wrote nothing that can be seen; they are counted."""
    blank = dict.fromkeys(source.systems, 0)
    kept = []
    for case in source.cases:
        silent = [name for name, written in case.texts.items() if not visible(written.text).strip()]
        for name in silent:
            blank[name] += 1
        if not silent:
            kept.append(case)
    return replace(
        source,
        cases=tuple(kept),
        n_dropped=source.n_dropped + len(source.cases) - len(kept),
        dropped_by_system={name: source.dropped_by_system.get(name, 0) + n for name, n in blank.items()},
    )


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file read: what could be used, and what could not, with line, field and remedy."""

    source: Source
    errors: tuple[str, ...]
    n_rows: int


def parse(content: str, form: Form) -> Parsed:
    """Read rows of (case, system, text[, history, item, reference, user]).

    In CSV the first line names the columns, and a history is titles separated by "|", oldest first, or a JSON
    list. In JSONL each line is an object, and a history is a list of titles or of items. A title may end in
    "(1999)". The same case must have the same history, item, reference and user in all its rows, or leave it
    empty.

    Every faulty row is left out and reported; nothing is guessed. A case without a text of every system is
    dropped for all systems and counted.
    """
    errors: list[str] = []
    cases: dict[str, _Draft] = {}
    systems: dict[str, SourceSystem] = {}
    n_rows = 0
    for line, row in read_rows(content, form, errors, required=REQUIRED, optional=OPTIONAL):
        n_rows += 1
        fault = _take(row, line, cases, systems)
        if fault:
            errors.append(fault)
    if not n_rows and not errors:
        errors.append(
            "The file has no row: it needs columns case, system and text, and a line for each text."
        )
    complete = [draft for draft in cases.values() if len(draft.texts) == len(systems)]
    missing = {name: sum(name not in draft.texts for draft in cases.values()) for name in systems}
    listed = errors[:MOST_ERRORS]
    if len(errors) > MOST_ERRORS:
        listed.append(f"… and {len(errors) - MOST_ERRORS} more errors.")
    source = Source(
        cases=tuple(draft.case() for draft in complete),
        systems=systems,
        n_dropped=len(cases) - len(complete),
        dropped_by_system=missing,
    )
    return Parsed(source, tuple(listed), n_rows)


@dataclass(slots=True)
class _Draft:
    """A case while its rows come in."""

    key: str
    line: int
    facts: dict[str, Any]
    texts: dict[str, SourceText]

    def case(self) -> SourceCase:
        return SourceCase(
            key=self.key,
            user=self.facts.get("user") or "",
            history=tuple(self.facts.get("history") or ()),
            item=self.facts.get("item") or item_from_title(UNNAMED),
            texts=self.texts,
            reference=self.facts.get("reference") or "",
        )


def _take(
    row: Mapping[str, Any], line: int, cases: dict[str, _Draft], systems: dict[str, SourceSystem]
) -> str:
    """Add one row to its case; returns what is wrong with it, or nothing."""
    for name in REQUIRED:
        value = row.get(name)
        if isinstance(value, bool) or not isinstance(value, (str, int)) or not visible(str(value)).strip():
            return f"Line {line}, {name}: is empty or not a text; every row needs one."
    key, system = str(row["case"]).strip(), str(row["system"]).strip()
    if len(key) > 120 or len(system) > 80:
        return f"Line {line}, case or system: the name is too long; 120 and 80 characters fit."
    try:
        facts = {
            "history": read_history(row.get("history")),
            "item": read_item(row.get("item")),
            "reference": str(row.get("reference") or "").strip(),
            "user": str(row.get("user") or "").strip()[:200],
        }
    except ValueError as error:
        return f"Line {line}, {error}"
    draft = cases.setdefault(key, _Draft(key, line, {}, {}))
    if system in draft.texts:
        return (
            f"Line {line}, system: {system!r} explained case {key!r} before; keep one text a case and system."
        )
    for name, value in facts.items():
        if value and draft.facts.get(name) and draft.facts[name] != value:
            return f"Line {line}, {name}: differs from line {draft.line}, same case {key!r}; make it equal."
    draft.facts.update({name: value for name, value in facts.items() if value})
    draft.texts[system] = SourceText(str(row["text"]))
    systems.setdefault(system, SourceSystem(system))
    return ""


def read_history(value: object) -> tuple[dict[str, Any], ...]:
    """A history as a file gives it: None, titles separated by "|", a JSON list as text, or a list.

    Raises:
        ValueError: none of these.
    """
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        if value.lstrip().startswith("["):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                raise ValueError(
                    "history: starts with “[” but is not a JSON list; check its quotes."
                ) from None
        else:
            value = [part for part in value.split("|") if part.strip()]
    if not isinstance(value, list):
        raise ValueError("history: write titles separated by “|”, or a list.")
    items = [read_item(one, "history") for one in value]
    if any(item is None for item in items):
        raise ValueError("history: holds an empty title; take it out.")
    return tuple(item for item in items if item is not None)


def read_item(value: object, name: str = "item") -> dict[str, Any] | None:
    """An item as a file gives it: a title, or an object with a title; None when it is empty.

    Raises:
        ValueError: an object without a title, or with a year that is no number.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str):
        if value.lstrip().startswith("{"):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                raise ValueError(
                    f"{name}: starts with “{{” but is not a JSON object; check its quotes."
                ) from None
        else:
            return item_from_title(value.strip())
    if not isinstance(value, dict) or not str(value.get("title") or "").strip():
        raise ValueError(f"{name}: write a title, or an object with a title.")
    year = value.get("year")
    if year is not None and (isinstance(year, bool) or not isinstance(year, int)):
        raise ValueError(f"{name}: the year {year!r} is not a whole number.")
    item = item_from_title(str(value["title"]).strip())
    lists = {}
    for part in ("genres", "directors"):
        found = value.get(part) or []
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            raise ValueError(f"{name}: {part} must be a list of texts.")
        lists[part] = list(found)
    return {
        **item,
        "id": str(value.get("id") or item["id"]),
        "year": year if year is not None else item["year"],
        **lists,
    }


def item_from_title(label: str) -> dict[str, Any]:
    """An item known by its title alone, such as "The Matrix (1999)"; the label serves as its id."""
    match = _YEAR.match(label)
    title, year = (match["title"], int(match["year"])) if match else (label, None)
    return {"id": label, "title": title, "year": year, "genres": [], "directors": []}


Columns = Sequence[str]


def read_rows(
    content: str, form: Form, errors: list[str], *, required: Columns, optional: Columns
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Rows of a CSV or JSONL text with their line; what cannot be a row is added to `errors` and left out."""
    content = content.removeprefix("\ufeff")
    if form == "csv":
        rows = _csv_rows(content, errors, required, optional)
    else:
        rows = _jsonl_rows(content, errors, required, optional)
    for line, row in rows:
        if _unstorable(row):
            errors.append(f"Line {line}: holds the character NUL or half of a character; take it out.")
        else:
            yield line, row


def _unstorable(value: object) -> bool:
    """Texts that no database keeps: with NUL, or with a surrogate that has lost its pair."""
    if isinstance(value, str):
        return any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in value)
    if isinstance(value, Mapping):
        return _unstorable([*value.keys(), *value.values()])
    return isinstance(value, list) and any(map(_unstorable, value))


def _csv_rows(
    content: str, errors: list[str], required: Columns, optional: Columns
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    reader = csv.DictReader(io.StringIO(content, newline=""), strict=True)
    try:
        columns = [(name or "").strip() for name in reader.fieldnames or ()]
        reader.fieldnames = columns
        missing = [name for name in required if name not in columns]
        if missing and columns:
            errors.append(
                f"Line 1: there is no column {', '.join(missing)}; the columns are {', '.join(columns)}."
            )
        twice = sorted({name for name in columns if name and columns.count(name) > 1})
        if twice:
            errors.append(f"Line 1: two columns are called {', '.join(twice)}; keep one of each.")
        unknown = [name or "(unnamed)" for name in columns if name not in {*required, *optional}]
        if unknown and not missing:
            known = ", ".join([*required, *optional])
            errors.append(f"Line 1: unknown column {', '.join(unknown)}; known are {known}.")
        if missing or unknown or twice:
            return
        for row in reader:
            if None in row:
                errors.append(
                    f"Line {reader.line_num}: more fields than columns; put quotes round texts with commas."
                )
                continue
            yield reader.line_num, row
    except csv.Error as error:
        errors.append(
            f"Line {reader.line_num}: this is not CSV ({error}); the rest of the file was not read."
        )


def _jsonl_rows(
    content: str, errors: list[str], required: Columns, optional: Columns
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    # Not splitlines: it would also split at separators that may stand inside a JSON text.
    for line, text in enumerate(content.split("\n"), start=1):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
        except (ValueError, RecursionError) as error:
            errors.append(f"Line {line}: this is not JSON ({error}); write one object a line.")
            continue
        if not isinstance(row, dict):
            errors.append(f"Line {line}: is not an object with {', '.join(required)}.")
            continue
        unknown = [name for name in row if name not in {*required, *optional}]
        if unknown:
            known = ", ".join([*required, *optional])
            errors.append(f"Line {line}: unknown field {', '.join(unknown)}; known are {known}.")
            continue
        yield line, row
