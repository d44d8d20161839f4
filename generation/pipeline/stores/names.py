"""The names artefacts go by: paths below the root, with forward slashes, that lead nowhere else."""

from pathlib import Path, PurePosixPath


def name_of(root: Path, path: Path) -> str:
    """What an artefact column keeps for a path below `root`.

    Raises:
        ValueError: the path lies elsewhere.
    """
    return path.resolve().relative_to(root.resolve()).as_posix()


def checked(name: str) -> str:
    """The name itself.

    Raises:
        ValueError: it is empty or would lead out of the root.
    """
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\\" in name:
        raise ValueError(f"{name!r} is no name of an artefact: a path below the store's root is")
    return name
