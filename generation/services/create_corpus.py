"""Name a log and queue its import. Uploaded files are kept beside the artefacts until they are read."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction

from generation.models import Corpus, Run, Stage
from generation.pipeline.logs import LOG_FORMATS
from generation.pipeline.logs.builtin.catalogue import catalogue
from generation.pipeline.logs.builtin.world import LONGEST, SHORTEST
from generation.services.folders import path_below_logs
from generation.services.keep_uploads import forget_uploads, keep_uploads
from generation.services.map_columns import map_columns
from generation.services.parameters import BadParameters
from generation.services.queue_run import queue_run

BUILTIN_OPTIONS = ("n_users", "seed", "shortest", "longest")


def create_corpus(
    *,
    name: str,
    log_format: str,
    options: Mapping[str, Any] | None = None,
    uploads: Iterable[UploadedFile] = (),
    folder: str = "",
    anywhere: bool = False,
    columns: Mapping[str, str] | None = None,
    created_by: AbstractBaseUser | None = None,
) -> tuple[Corpus, Run | None]:
    """The corpus, empty, and its queued import_log run; None for a table whose columns nobody has named yet.

    Args:
        columns: for the table log: what its columns mean, as `map_columns` takes it; what is left out is guessed.
        options: for the builtin log: n_users, seed, shortest, longest.
        uploads: files of the log, or one zip of them.
        folder: where the log lies on this server instead; below `logs_root()` unless `anywhere`.
        anywhere: the caller has a shell on this machine and may read what it likes.

    Raises:
        BadParameters: the name is taken, the format unknown, or there is nothing to read; names the field.
    """
    if log_format not in LOG_FORMATS:
        raise BadParameters("log_format", f"unknown format {log_format!r}. Known: {', '.join(LOG_FORMATS)}.")
    files = list(uploads)
    chosen = dict(options or {})
    if log_format == "builtin":
        _check_builtin(chosen, has_files=bool(files or folder))
    elif bool(files) == bool(folder):
        raise BadParameters(
            "folder" if files else "uploads",
            "upload the log's files or name their folder on the server: one of the two",
        )
    elif folder:
        chosen = {"folder": str(_folder_on_server(folder, anywhere=anywhere))}
    if columns is not None and log_format != "table":
        raise BadParameters("columns", "only a table has columns to name; the other formats know their own")
    if not name.strip():
        raise BadParameters("name", "a corpus needs a name")
    taken = BadParameters("name", f"there is a corpus {name.strip()!r} already; choose another name")
    if Corpus.objects.filter(name=name.strip()).exists():
        raise taken
    if files:
        # Before the transaction: it would keep everybody else from writing while a large log unpacks.
        chosen = keep_uploads(files)
    try:
        with transaction.atomic():
            corpus = Corpus.objects.create(
                name=name.strip(), log_format=log_format, options=chosen, created_by=created_by
            )
            if log_format != "table":
                run = queue_run(corpus=corpus, stage=Stage.IMPORT_LOG, needs=[], created_by=created_by)
            elif columns is None:
                run = None
            else:
                run = map_columns(corpus=corpus, columns=columns, created_by=created_by)
    except BaseException as problem:
        if files:
            forget_uploads(chosen)
        if isinstance(problem, IntegrityError):
            raise taken from None
        raise
    return corpus, run


def _check_builtin(options: dict[str, Any], *, has_files: bool) -> None:
    if has_files:
        raise BadParameters(
            "log_format", "the built-in log is made up and reads no file; choose another format"
        )
    for name, value in options.items():
        if name not in BUILTIN_OPTIONS:
            raise BadParameters(name, f"unknown option {name!r}. Known: {', '.join(BUILTIN_OPTIONS)}.")
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise BadParameters(name, f"must be a whole number from 0 up, not {value!r}")
    films = len(catalogue())
    shortest, longest = options.get("shortest", SHORTEST), options.get("longest", LONGEST)
    # With one of the two left at its default, the one that was named is at fault.
    at_fault = "shortest" if "shortest" in options else "longest"
    bounds = {
        "n_users": (1, 1_000_000),
        "seed": (0, 2**32 - 1),
        "shortest": (1, films),
        "longest": (1, films),
    }
    for name, (low, high) in bounds.items():
        if name in options and not low <= options[name] <= high:
            raise BadParameters(name, f"must be from {low:,} to {high:,}")
    if shortest > longest:
        raise BadParameters(
            at_fault,
            f"the shortest history ({shortest} films) must not be longer than the longest ({longest})",
        )


def _folder_on_server(folder: str, *, anywhere: bool) -> Path:
    try:
        path = Path(folder).expanduser().resolve() if anywhere else path_below_logs(folder)
    except PermissionError as refusal:
        raise BadParameters("folder", str(refusal)) from None
    try:
        found = path.is_dir()
    except OSError:  # a name longer than names can be
        found = False
    if not found:
        raise BadParameters("folder", f"there is no folder {str(path)[:200]} on this server")
    return path
