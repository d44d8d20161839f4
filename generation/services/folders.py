"""Where this installation keeps its artefacts. Rows hold paths relative to that folder, so it may move."""

from pathlib import Path

from django.conf import settings


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
