"""Where this installation keeps its artefacts. Rows hold names below that place, so it may move."""

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from generation.models import Corpus, Run, Stage
from generation.pipeline.artefacts import Artefact
from generation.pipeline.logs.corpus import REJECTED
from generation.pipeline.stores import Store, open_store

NEARER = (Stage.IMPORT_LOG, Stage.SELECT_CASES, Stage.DISTIL_TEACHER)
"""The way from a run back to its log."""
HUB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}(/[A-Za-z0-9][A-Za-z0-9._-]{0,95})?")
"""How models are called on a hub: a name, or an owner and a name."""


def artefacts_root() -> Path:
    """Where this machine writes artefacts: the store itself, or its cache of a store that is named by a URL."""
    root = Path(settings.PRISM_ARTEFACTS)
    root.mkdir(parents=True, exist_ok=True)
    return root


def artefact_store() -> Store:
    """What all machines share, one object a process for as long as the settings stay."""
    return _store(artefacts_root(), settings.PRISM_STORE, settings.PRISM_ARTEFACT_CACHE_BYTES)


@lru_cache(maxsize=8)
def _store(root: Path, url: str, cache_bytes: int) -> Store:
    return open_store(root, url=url, cache_bytes=cache_bytes)


def artefact_path(name: str) -> Path:
    """The folder of an artefact on this machine, fetched from the store if it is not here yet.

    Raises:
        FileNotFoundError: the column is empty or the store has no such artefact.
        StoreUnreachable: the store does not answer; a moment later it may.
    """
    if not name:
        raise FileNotFoundError("There is no artefact: the stage that writes it is not done. Run it again.")
    return artefact_store().open(name)


def corpus_path(run: Run) -> Path:
    """The corpus a run builds on, as its import read it: a later import of the same log changes nothing for it.

    Raises:
        FileNotFoundError, StoreUnreachable: as `artefact_path`.
    """
    return artefact_path(import_of(run).artefact)


def import_of(run: Run) -> Run:
    """The import_log run behind a run: itself, or that of the cases it builds on.

    Raises:
        Run.DoesNotExist: it builds on none.
    """
    while run.stage != Stage.IMPORT_LOG:
        # A system that was trained builds on its cases and its student; what it explains are the cases.
        needs = {need.stage: need for need in run.needs.all()}
        stage = next((stage for stage in NEARER if stage in needs), None)
        if stage is None:
            raise Run.DoesNotExist(f"Run {run.pk} builds on no log that was read.")
        run = needs[stage]
    return run


def rejected_rows(corpus: Corpus) -> BinaryIO:
    """The CSV of all rows of a log that stayed out.

    Raises:
        FileNotFoundError: the log has not been read.
    """
    return (artefact_path(corpus.artefact) / REJECTED).open("rb")


def publish(artefact: Artefact, *, before_file: Callable[[], object] = lambda: None) -> str:
    """Bring an artefact to all machines; what an artefact column keeps of it.

    Args:
        before_file: called before each file is carried; `claim.hold` ends it when the lease is lost.
    """
    return artefact_store().publish(artefact, before_file=before_file)


def logs_root() -> Path:
    """The one folder whose logs may be named through the web: what lies elsewhere is none of its business."""
    return Path(getattr(settings, "PRISM_LOGS", settings.PRISM_HOME / "logs"))


def path_below_logs(named: str) -> Path:
    """The path a person named through the web, from `logs_root()` on.

    Raises:
        PermissionError: it leads out of that folder.
    """
    root = logs_root().resolve()
    path = (root / named).resolve()
    if not path.is_relative_to(root):
        raise PermissionError(f"it must lie in {root}; ask whoever runs this server to put it there")
    return path


def models_root() -> Path:
    """The one folder whose language models may be named through the web."""
    return Path(settings.PRISM_MODELS)


def model_below_models(named: str) -> str:
    """The model a person named through the web: a folder in `models_root()`, or a hub's name as it is.

    Raises:
        PermissionError: it is neither.
    """
    root = models_root().resolve()
    path = (root / named).resolve()
    try:
        if path != root and path.is_relative_to(root) and path.is_dir():
            return str(path)
        # What lies in the working directory under a hub's name would be loaded in its stead.
        if HUB_NAME.fullmatch(named) and ".." not in named and not Path(named).exists():
            return named
    except OSError:  # a name longer than names can be
        pass
    raise PermissionError(
        f"name a folder that lies in {root}, or a model of a hub such as google/flan-t5-base; "
        "ask whoever runs this server to put yours there"
    )
