"""An object store as a store of artefacts: written here, carried file by file, manifest last."""

import json
import logging
import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from generation.pipeline.artefacts import (
    ASIDE,
    MANIFEST,
    Artefact,
    DamagedArtefact,
    File,
    NotAnArtefact,
    hash_file,
    read_manifest,
    sweep_aside,
)
from generation.pipeline.stores.cache import Cache
from generation.pipeline.stores.leftovers import leftovers
from generation.pipeline.stores.names import checked, name_of
from generation.pipeline.stores.wire import Wire

logger = logging.getLogger(__name__)

FILES, STATES = "files", "states"
"""Where pushed files and states lie in the store, apart from the artefacts."""
PULLED_STAY = 7
"""How many times longer than half-written folders the copies of pushed files stay."""
LATEST = "latest.json"
"""Names the files of the state that was kept last."""


class RemoteStore:
    """`root` is this machine's cache of what lies at the other end of `wire`."""

    def __init__(self, root: Path, wire: Wire, cache: Cache) -> None:
        self.root, self.wire, self.cache = root, wire, cache

    def publish(self, artefact: Artefact, *, before_file: Callable[[], object] = lambda: None) -> str:
        """Carry an artefact; what the store has of it already, by name and size, is not carried again.

        Two machines may publish the same artefact at once: its name follows from its bytes, so they write the
        same ones.
        """
        name = name_of(self.root, artefact.path)
        self.cache.hold(name)
        there = self.wire.files(name)
        for inside in [*artefact.files, MANIFEST]:
            path = artefact.path / inside
            size, _ = there.get(f"{name}/{inside}", (-1, 0.0))
            if size != path.stat().st_size:
                before_file()
                self.wire.send(path, f"{name}/{inside}")
        self.cache.stamp(name)
        self.cache.make_room(0)
        return name

    def open(self, name: str) -> Path:
        folder = self.root / checked(name)
        self.cache.hold(name)
        if self.cache.trusted(name):
            return folder
        with self.cache.fetching(name):
            if not self.cache.trusted(name) and not self._sound(name):
                self._fetch(name)
        return folder

    def _sound(self, name: str) -> bool:
        """Compare a copy that is there but does not look as it did; a wrong one goes."""
        try:
            read_manifest(self.root / name, verify=True)
        except (NotAnArtefact, DamagedArtefact, OSError) as problem:
            if (self.root / name).exists():
                logger.warning("the copy of %s is fetched anew: %s", name, problem)
                self.cache.take_away(name)
            return False
        self.cache.stamp(name)
        return True

    def _fetch(self, name: str) -> None:
        aside = self.root / f"{ASIDE}fetch-{uuid.uuid4().hex}"
        aside.mkdir(parents=True)
        try:
            self._fetch_into(aside, name)
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            aside.rename(self.root / name)
            self.cache.stamp(name)
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def _fetch_into(self, aside: Path, name: str) -> None:
        try:
            (aside / MANIFEST).write_bytes(self.wire.read(f"{name}/{MANIFEST}"))
            files = _listed(aside, f"{self.wire.url}/{name}")
            self.cache.make_room(sum(file.n_bytes for file in files.values()))
            for inside in files:
                target = aside / checked(inside)
                target.parent.mkdir(parents=True, exist_ok=True)
                self.wire.fetch(f"{name}/{inside}", target)
        except FileNotFoundError as problem:
            raise FileNotFoundError(
                f"The artefact {name!r} is not in {self.wire.url}: run its stage again. ({problem})"
            ) from problem
        try:
            read_manifest(aside, verify=True)
        except DamagedArtefact as damage:
            words = str(damage).replace(str(aside), f"{self.wire.url}/{name}")
            raise DamagedArtefact(f"{words} Remove it from the store and run its stage again.") from damage

    def push(self, path: Path) -> None:
        self.wire.send(path, f"{FILES}/{name_of(self.root, path)}")

    def pull(self, name: str) -> Path:
        folder = self.root / checked(name)
        for found, (size, _) in self.wire.files(f"{FILES}/{name}").items():
            target = self.root / checked(found.removeprefix(f"{FILES}/"))
            if not target.exists() or target.stat().st_size < size:
                self._fetch_file(found, target)
        return folder

    def _fetch_file(self, name: str, target: Path) -> None:
        aside = self.root / f"{ASIDE}file-{uuid.uuid4().hex}" / target.name
        aside.parent.mkdir(parents=True)
        try:
            self.wire.fetch(name, aside)
            target.parent.mkdir(parents=True, exist_ok=True)
            aside.replace(target)
        finally:
            shutil.rmtree(aside.parent, ignore_errors=True)

    def keep_state(
        self, name: str, *, folders: tuple[str, ...], before_file: Callable[[], object] = lambda: None
    ) -> None:
        """Files go by their content, so one that did not change is not carried again; the list of them last."""
        place, far = self.root / checked(name), f"{STATES}/{name}"
        there = set(self.wire.files(far))
        kept = {}
        for path in sorted(one for folder in folders for one in (place / folder).rglob("*") if one.is_file()):
            sha256 = hash_file(path)
            kept[path.relative_to(place).as_posix()] = sha256
            if f"{far}/{sha256}" not in there:
                before_file()
                self.wire.send(path, f"{far}/{sha256}")
        before_file()
        self.wire.write(f"{far}/{LATEST}", json.dumps(kept, indent=2).encode())
        wanted = {f"{far}/{sha256}" for sha256 in kept.values()} | {f"{far}/{LATEST}"}
        self.wire.remove(sorted(there - wanted))

    def restore_state(self, name: str) -> Path:
        """A state that cannot be had whole is as good as none: the work begins anew, and the log says so."""
        place = self.root / checked(name)
        for _ in range(3):
            try:
                kept = json.loads(self.wire.read(f"{STATES}/{name}/{LATEST}"))
            except FileNotFoundError:
                break
            try:
                self._restore(f"{STATES}/{name}", place, kept)
                break
            except FileNotFoundError:
                continue  # its writer, still at it elsewhere, kept a newer one meanwhile
        else:
            logger.error("the state %s/%s/%s lacks files; its work begins anew", self.wire.url, STATES, name)
        return place

    def _restore(self, far: str, place: Path, kept: dict[str, str]) -> None:
        aside = self.root / f"{ASIDE}state-{uuid.uuid4().hex}"
        try:
            for inside, sha256 in kept.items():
                here, target = place / checked(inside), aside / inside
                target.parent.mkdir(parents=True, exist_ok=True)
                if here.exists() and hash_file(here) == sha256:
                    shutil.copy2(here, target)
                    continue
                self.wire.fetch(f"{far}/{sha256}", target)
                if hash_file(target) != sha256:
                    raise FileNotFoundError(f"{far}/{sha256} is damaged")
            place.mkdir(parents=True, exist_ok=True)
            for top in sorted({inside.split("/")[0] for inside in kept}):
                if (place / top).exists():
                    (place / top).rename(self.root / f"{ASIDE}old-{uuid.uuid4().hex}")
                (aside / top).rename(place / top)
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def drop_state(self, name: str) -> None:
        self.wire.remove(sorted(self.wire.files(f"{STATES}/{name}")))

    def sweep(self, *, older_than_seconds: float) -> int:
        n_here = sweep_aside(self.root, older_than_seconds=older_than_seconds)
        n_here += self._forget_pulled(before=time.time() - PULLED_STAY * older_than_seconds)
        found = leftovers(self.wire.files(""), before=time.time() - older_than_seconds)
        for names in found:
            self.wire.remove(names)
        return n_here + len(found)

    def _forget_pulled(self, *, before: float) -> int:
        """Copies of pushed files that nobody wrote to for long: the store has them."""
        there = {name.removeprefix(f"{FILES}/").rpartition("/")[0] for name in self.wire.files(FILES)}
        old = [
            folder
            for folder in (self.root / name for name in sorted(there))
            if folder.is_dir() and all(path.stat().st_mtime < before for path in folder.iterdir())
        ]
        for folder in old:
            shutil.rmtree(folder, ignore_errors=True)
        return len(old)


def _listed(folder: Path, where: str) -> dict[str, File]:
    """The files a fetched manifest names, before they are here."""
    try:
        raw = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return {name: File(each["sha256"], each["n_bytes"]) for name, each in raw["files"].items()}
    except (KeyError, TypeError, AttributeError, ValueError) as problem:
        raise NotAnArtefact(f"{where}/{MANIFEST} is not a manifest of ours ({problem!r})") from None
