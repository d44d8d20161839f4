"""Folders that a run leaves behind: written aside, renamed in whole, manifest last.

An artefact is addressed by its content: `root/kind/<first 24 digits of its sha256>`. A folder without a
manifest is no artefact, whatever lies in it, so a writer that died leaves nothing that could be mistaken
for a result.
"""

import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
FORMAT = 1
ASIDE = ".writing-"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class File:
    """One file of an artefact, as it was when it was written."""

    sha256: str
    n_bytes: int


@dataclass(frozen=True, slots=True)
class Artefact:
    """A folder that was written whole."""

    path: Path
    kind: str
    sha256: str
    """Of the whole: the kind, every file's path and hash, and the manifest's own facts."""
    manifest: dict[str, Any]
    """The facts its writer gave: JSON values only."""
    files: dict[str, File]
    """By path inside the folder, with forward slashes."""


class NotAnArtefact(ValueError):
    """A folder without a readable manifest: half written, or never ours."""


class DamagedArtefact(ValueError):
    """A folder whose files are not the ones its manifest names."""


def write_folder(
    root: Path, kind: str, fill: Callable[[Path], None], manifest: Mapping[str, Any] | None = None
) -> Artefact:
    """Let `fill` write into an empty folder aside, then rename it into `root/kind/`.

    Writing the same content with the same facts again gives back the artefact that is there already. Facts
    that change from one writing to the next (a clock, a host name) belong in a database row, not here.

    Raises:
        ValueError: `kind` is no plain name, or `fill` wrote nothing, a link, or its own manifest.json.
        TypeError: `manifest` holds something JSON cannot carry.
    """
    if not kind.replace("-", "").replace("_", "").isalnum():
        raise ValueError(f"the kind of an artefact is a plain name such as 'corpus', not {kind!r}")
    facts = json.loads(json.dumps(dict(manifest or {}), allow_nan=False))
    root.mkdir(parents=True, exist_ok=True)
    aside = root / f"{ASIDE}{kind}-{uuid.uuid4().hex}"
    aside.mkdir()
    try:
        fill(aside)
        files = _hash_files(aside)
        sha256 = _hash_whole(kind, facts, files)
        _write_manifest(aside, kind, sha256, facts, files)
        return _rename_in(aside, root / kind / sha256[:24])
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def read_manifest(path: Path, *, verify: bool = False) -> Artefact:
    """Open the artefact in the folder `path`; with `verify`, read every byte and compare.

    Without `verify` the files must be there with the sizes they had; with it, their hashes too.

    Raises:
        NotAnArtefact: there is no manifest, or it is not one of ours.
        DamagedArtefact: a file is missing, extra or changed; names the file.
    """
    try:
        raw = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        files = {name: File(each["sha256"], each["n_bytes"]) for name, each in raw["files"].items()}
        artefact = Artefact(path, raw["kind"], raw["sha256"], raw["facts"], files)
        if raw["format"] != FORMAT:
            raise NotAnArtefact(
                f"{path} was written in format {raw['format']}; this Prism reads format {FORMAT}"
            )
    except FileNotFoundError:
        raise NotAnArtefact(
            f"{path} has no {MANIFEST}: it was never finished. Run its stage again."
        ) from None
    except (KeyError, TypeError, AttributeError, UnicodeDecodeError, json.JSONDecodeError) as problem:
        raise NotAnArtefact(f"{path / MANIFEST} is not a manifest of ours ({problem!r})") from None
    _check_files(artefact, verify=verify)
    return artefact


def sweep_aside(root: Path, *, older_than_seconds: float) -> int:
    """Remove what dead writers left aside under `root`; how many folders went."""
    horizon = time.time() - older_than_seconds
    stale = [folder for folder in root.glob(f"{ASIDE}*") if folder.stat().st_mtime < horizon]
    for folder in stale:
        shutil.rmtree(folder, ignore_errors=True)
    return len(stale)


def hash_file(path: Path) -> str:
    """The sha256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _list_files(folder: Path) -> list[str]:
    found = []
    for path in folder.rglob("*"):
        if path.is_symlink():
            raise ValueError(f"{path} is a link; an artefact holds files only")
        if path.is_file():
            found.append(path.relative_to(folder).as_posix())
    return sorted(found)


def _hash_files(folder: Path) -> dict[str, File]:
    names = _list_files(folder)
    if not names:
        raise ValueError("an artefact without a single file is refused: its writer wrote nothing")
    if MANIFEST in names:
        raise ValueError(f"{MANIFEST} is written by artefacts.py alone; give its facts as `manifest`")
    return {name: File(hash_file(folder / name), (folder / name).stat().st_size) for name in names}


def _hash_whole(kind: str, facts: dict[str, Any], files: dict[str, File]) -> str:
    whole = {"kind": kind, "facts": facts, "files": {name: each.sha256 for name, each in files.items()}}
    return hashlib.sha256(json.dumps(whole, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _write_manifest(
    folder: Path, kind: str, sha256: str, facts: dict[str, Any], files: dict[str, File]
) -> None:
    listed = {name: {"sha256": each.sha256, "n_bytes": each.n_bytes} for name, each in files.items()}
    manifest = {"format": FORMAT, "kind": kind, "sha256": sha256, "facts": facts, "files": listed}
    for name in files:
        _sync(folder / name)
    partial = folder / f"{MANIFEST}.partial"
    partial.write_text(json.dumps(manifest, indent=2, ensure_ascii=False), encoding="utf-8")
    _sync(partial)
    partial.rename(folder / MANIFEST)
    _sync(folder)


def _rename_in(aside: Path, place: Path) -> Artefact:
    place.parent.mkdir(parents=True, exist_ok=True)
    for _ in range(3):
        try:
            aside.rename(place)
        except OSError:
            if not place.is_dir():
                raise
        else:
            _sync(place.parent)
            return read_manifest(place)
        try:
            return read_manifest(place, verify=True)
        except (NotAnArtefact, DamagedArtefact):
            # What stands there is broken. Take it out of the way under a name that sweep_aside knows.
            place.rename(aside.parent / f"{ASIDE}broken-{uuid.uuid4().hex}")
    raise OSError(f"{place} could not be written: something keeps putting a broken folder there")


def _check_files(artefact: Artefact, *, verify: bool) -> None:
    present = set(_list_files(artefact.path)) - {MANIFEST}
    if missing := sorted(set(artefact.files) - present):
        raise DamagedArtefact(f"{artefact.path} has lost {missing[0]!r}. Run its stage again.")
    if extra := sorted(present - set(artefact.files)):
        raise DamagedArtefact(f"{artefact.path} holds {extra[0]!r}, which its manifest does not name.")
    for name, wanted in artefact.files.items():
        file = artefact.path / name
        if (got := file.stat().st_size) != wanted.n_bytes:
            raise DamagedArtefact(f"{file} has {got} bytes; its manifest says {wanted.n_bytes}.")
        if verify and hash_file(file) != wanted.sha256:
            raise DamagedArtefact(f"{file} does not have the sha256 its manifest says.")
    if _hash_whole(artefact.kind, artefact.manifest, artefact.files) != artefact.sha256:
        raise DamagedArtefact(f"the manifest of {artefact.path} was changed after it was written.")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
