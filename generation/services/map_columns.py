"""What the columns of somebody's table mean: shown, said, kept with the corpus and remembered for the next one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from generation.models import Corpus, Run, Stage, note
from generation.pipeline.logs.doubts import Doubt, doubts
from generation.pipeline.logs.lines import ENCODINGS
from generation.pipeline.logs.rejected import ImportRefused, Rejected
from generation.pipeline.logs.table import MEANINGS, BadColumns, check_columns, choose_files, guess_columns
from generation.pipeline.logs.tabular import Row, Table, tables_in
from generation.pipeline.storable import storable
from generation.services.folders import artefact_store
from generation.services.parameters import BadParameters
from generation.services.queue_run import queue_run

HEADERS = "headers"
"""The option of a corpus that keeps what columns its files had, to know such files again."""
ROWS_SHOWN = 5
LONGEST_VALUE = 60
FILES = ("interactions", "items", "encoding")


@dataclass(frozen=True)
class SeenTable:
    """One file as a person sees it before saying what it means."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """The first of them, long values cut."""


@dataclass(frozen=True)
class SeenTables:
    """The files of a corpus that is a table, and what their columns seem to mean."""

    names: tuple[str, ...]
    interactions: SeenTable
    items: SeenTable | None
    columns: dict[str, str]
    remembered: str
    """The corpus with the same columns whose mapping this is; empty where it is a guess."""
    doubts: tuple[Doubt, ...] = ()
    """What in the first rows speaks against it."""


class DoubtfulColumns(ValueError):
    """The first rows speak against a mapping that nobody has confirmed."""

    def __init__(self, doubts: Sequence[Doubt]) -> None:
        self.doubts = tuple(doubts)
        super().__init__("; ".join(f"the column {doubt.column!r} {doubt.words}" for doubt in doubts))


def see_tables(
    *, corpus: Corpus, interactions: str = "", items: str = "", encoding: str = "utf-8"
) -> SeenTables:
    """Look at the files of a corpus; what is named chooses which is which.

    Raises:
        BadParameters: they cannot be read, or there is no such file; names the field.
    """
    tables, chosen, catalogue = _choose(corpus, interactions, items, encoding)
    try:
        seen = _seen(chosen), _seen(catalogue) if catalogue else None
    except ImportRefused as refusal:
        raise BadParameters("encoding", str(refusal)) from None
    columns, remembered = _suggest(corpus, chosen, catalogue)
    names = tuple(table.name for table in tables)
    return SeenTables(names, *seen, columns, remembered, tuple(_doubts(columns, chosen, catalogue)))


def map_columns(
    *,
    corpus: Corpus,
    columns: Mapping[str, str],
    guess: bool = True,
    sure: bool = True,
    created_by: AbstractBaseUser | None = None,
) -> Run:
    """Keep what the columns mean and queue the import.

    Args:
        columns: a key of MEANINGS -> a column's name; beside them `interactions` and `items` may name the files
            and `encoding` what they are written in.
        guess: take the remembered or likely column for a meaning that is left out, unless its values speak against it.
        sure: read the log although the values of a column that was named speak against it; the run's log then says so.

    Raises:
        DoubtfulColumns: they do, and nobody is sure.
        BadParameters: the corpus is no table or is read already, or the mapping does not fit; `columns.user` and
            the like name the field.
    """
    if corpus.log_format != "table":
        raise BadParameters("columns", "this log is no table; its format knows its columns")
    _check_unread(corpus)
    files = {name: str(columns.get(name) or "") for name in FILES}
    encoding = files["encoding"] or "utf-8"
    _, chosen, catalogue = _choose(corpus, files["interactions"], files["items"], encoding)
    named = {name: column for name, column in columns.items() if name not in FILES and column}
    said = named
    if guess:
        suggested, _ = _suggest(corpus, chosen, catalogue)
        said = {**{name: one for name, one in suggested.items() if one not in said.values()}, **said}
    try:
        check_columns(said, chosen, catalogue)
    except BadColumns as problem:
        raise BadParameters(f"columns.{problem.meaning}", str(problem)) from None
    found = _doubts(said, chosen, catalogue)
    if guessed := [doubt for doubt in found if doubt.meaning not in named]:
        raise BadParameters(
            f"columns.{guessed[0].meaning}",
            f"{DoubtfulColumns(guessed[:1])}; name the column that is meant, this one or another",
        )
    if found and not sure:
        raise DoubtfulColumns(found)
    with transaction.atomic():
        # Two answers at once would queue two imports: the later one waits here and is refused.
        Corpus.objects.select_for_update().get(pk=corpus.pk)
        _check_unread(corpus)
        corpus.options = {
            **corpus.options,
            "columns": said,
            "interactions": chosen.name,
            "items": catalogue.name if catalogue else "",
            "encoding": encoding,
            HEADERS: _headers(chosen, catalogue),
        }
        corpus.save(update_fields=["options"])
        run = queue_run(corpus=corpus, stage=Stage.IMPORT_LOG, needs=[], created_by=created_by)
        for doubt in found:
            note(run.pk, f"Read as {doubt.meaning} although the column {doubt.column!r} {doubt.words}.")
        return run


def _doubts(columns: Mapping[str, str], chosen: Table, catalogue: Table | None) -> list[Doubt]:
    """What in the first rows speaks against the mapping; nothing where they cannot be read, which the import says."""

    def first(table: Table) -> Iterator[Row]:
        return (row for _, row in table.glance().rows(Rejected()))

    try:
        return doubts(columns, first(chosen), None if catalogue is None else first(catalogue))
    except ImportRefused:
        return []


def _check_unread(corpus: Corpus) -> None:
    if corpus.runs.exists():
        raise BadParameters(
            "columns", "this log has been read; name it anew as another corpus to change that"
        )


def _choose(
    corpus: Corpus, interactions: str, items: str, encoding: str
) -> tuple[tuple[Table, ...], Table, Table | None]:
    if encoding not in ENCODINGS:
        raise BadParameters(
            "encoding", f"{encoding!r} cannot be read; save it as one of {', '.join(ENCODINGS)}"
        )
    try:
        tables = tables_in(_folder(corpus), encoding=encoding)
        return tables, *choose_files(tables, interactions=interactions, items=items)
    except ImportRefused as refusal:
        raise BadParameters("uploads", str(refusal)) from None
    except BadColumns as problem:
        raise BadParameters(problem.meaning, str(problem)) from None


def _folder(corpus: Corpus) -> Path:
    if upload := corpus.options.get("upload"):
        return artefact_store().pull(upload)
    return Path(corpus.options["folder"])


def _seen(table: Table) -> SeenTable:
    columns = table.columns()
    rows = islice(table.glance().rows(Rejected()), ROWS_SHOWN)
    shown = tuple(tuple(_short(row.get(column)) for column in columns) for _, row in rows)
    return SeenTable(table.name, columns, shown)


def _short(value: Any) -> str:
    try:
        told = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
        text = "" if told is None else storable(str(told))
    except RecursionError:
        return "…"
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _suggest(corpus: Corpus, chosen: Table, catalogue: Table | None) -> tuple[dict[str, str], str]:
    """What was said of files with the same columns, else what the names tell; and whose mapping it is."""
    try:
        headers = _headers(chosen, catalogue)
    except ImportRefused as refusal:
        raise BadParameters("encoding", str(refusal)) from None
    same = Corpus.objects.filter(log_format="table", options__headers=headers).exclude(pk=corpus.pk)
    known = same.order_by("-pk").first()
    if known is not None:
        columns = {name: one for name, one in known.options["columns"].items() if name in MEANINGS}
        return columns, known.name
    return guess_columns(headers[0], headers[1] if catalogue else None), ""


def _headers(chosen: Table, catalogue: Table | None) -> list[list[str]]:
    return [list(chosen.columns()), list(catalogue.columns()) if catalogue else []]
