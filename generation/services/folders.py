"""Where this installation keeps its artefacts. Rows hold paths relative to that folder, so it may move."""

import re
from pathlib import Path

from django.conf import settings

HUB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}(/[A-Za-z0-9][A-Za-z0-9._-]{0,95})?")
"""How models are called on a hub: a name, or an owner and a name."""


def artefacts_root() -> Path:
    root = Path(settings.PRISM_ARTEFACTS)
    root.mkdir(parents=True, exist_ok=True)
    return root


def artefact_path(relative: str) -> Path:
    """The folder an artefact column names.

    Raises:
        FileNotFoundError: the column is empty or the folder is gone.
    """
    path = artefacts_root() / relative
    if not relative or not path.exists():
        raise FileNotFoundError(
            f"The artefact {relative or '(none)'!r} is not in {artefacts_root()}: run its stage again, "
            "or put the folder back."
        )
    return path


def relative(path: Path) -> str:
    """What an artefact column keeps."""
    return path.resolve().relative_to(artefacts_root().resolve()).as_posix()


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
