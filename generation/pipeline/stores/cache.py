"""This machine's copies of what lies in an object store: bounded, checked, shared by all its processes.

Beside each copy lies a stamp in `.cache/`: the sizes and times its files had when their hashes were last
compared. A copy whose files still look so is trusted; any other is compared again. Two locks a copy, both the
kernel's, so that a killed process holds none: `use` is shared by those who read it, `fetch` is held by the one
who brings it.
"""

import fcntl
import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from generation.pipeline.artefacts import ASIDE, MANIFEST

GRACE_SECONDS = 600.0
"""What was opened within this time stays, whoever opened it: its files may be opened one after another."""

_held: ContextVar[ExitStack | None] = ContextVar("held", default=None)


@contextmanager
def in_use() -> Iterator[None]:
    """Whatever this thread opens inside stays in the cache until the end, however full it is."""
    if _held.get() is not None:
        yield
        return
    with ExitStack() as held:
        token = _held.set(held)
        try:
            yield
        finally:
            _held.reset(token)


@dataclass(frozen=True, slots=True)
class Copy:
    """A stamped copy, for deciding what goes first."""

    name: str
    n_bytes: int
    used_at: float


class Cache:
    """Copies below `root`, `max_bytes` of them at most as long as what is in use leaves room for that."""

    def __init__(self, root: Path, *, max_bytes: int) -> None:
        self.root, self.max_bytes = root, max_bytes
        self.stamps = root / ".cache"

    def hold(self, name: str) -> None:
        """Keep the copy from being evicted until the surrounding `in_use` ends; without one, this is brief."""
        held = _held.get()
        if held is None:
            with self._lock(name, "use", fcntl.LOCK_SH):
                pass
        else:
            held.enter_context(self._lock(name, "use", fcntl.LOCK_SH))

    @contextmanager
    def fetching(self, name: str) -> Iterator[None]:
        """One process at a time brings a copy; the others wait and find it."""
        with self._lock(name, "fetch", fcntl.LOCK_EX):
            yield

    def trusted(self, name: str) -> bool:
        """Whether the copy's files look as they did when their hashes were last compared; marks it as used."""
        stamp = self._stamp(name)
        try:
            found = json.loads(stamp.read_text(encoding="utf-8"))
            if found["files"] != _looks(self.root / name):
                return False
            os.utime(stamp)
        except (OSError, ValueError, KeyError, TypeError):
            return False
        return True

    def stamp(self, name: str) -> None:
        """The copy's hashes are right: remember how its files look."""
        looks = _looks(self.root / name)
        n_bytes = sum(size for size, _ in looks.values())
        partial = self.stamps / f".{uuid.uuid4().hex}"
        self.stamps.mkdir(parents=True, exist_ok=True)
        content = {"name": name, "n_bytes": n_bytes, "files": looks}
        partial.write_text(json.dumps(content), encoding="utf-8")
        partial.replace(self._stamp(name))

    def take_away(self, name: str) -> None:
        """Move the copy aside in one step, then remove it."""
        self._stamp(name).unlink(missing_ok=True)
        aside = self.root / f"{ASIDE}gone-{uuid.uuid4().hex}"
        try:
            (self.root / name).rename(aside)
        except FileNotFoundError:
            return
        shutil.rmtree(aside, ignore_errors=True)

    def make_room(self, n_bytes: int) -> int:
        """Evict what was used longest ago until `n_bytes` more fit; what is in use, or was a moment ago, stays.

        Returns: bytes that went. Fewer than needed is no error: the disk has the last word.
        """
        copies = sorted(self._copies(), key=lambda copy: copy.used_at)
        excess = sum(copy.n_bytes for copy in copies) + n_bytes - self.max_bytes
        gone, horizon = 0, time.time() - GRACE_SECONDS
        for copy in copies:
            if gone >= excess or copy.used_at > horizon:
                break
            if self._evict(copy):
                gone += copy.n_bytes
        return gone

    def _evict(self, copy: Copy) -> bool:
        try:
            with self._lock(copy.name, "use", fcntl.LOCK_EX | fcntl.LOCK_NB):
                self.take_away(copy.name)
        except BlockingIOError:
            return False
        return True

    def _copies(self) -> Iterator[Copy]:
        for stamp in self.stamps.glob("*.json"):
            try:
                found = json.loads(stamp.read_text(encoding="utf-8"))
                yield Copy(found["name"], found["n_bytes"], stamp.stat().st_mtime)
            except (OSError, ValueError, KeyError, TypeError):
                continue  # another process evicted it between two looks

    def _stamp(self, name: str) -> Path:
        return self.stamps / f"{_digest(name)}.json"

    @contextmanager
    def _lock(self, name: str, purpose: str, how: int) -> Iterator[None]:
        self.stamps.mkdir(parents=True, exist_ok=True)
        with open(self.stamps / f"{_digest(name)}.{purpose}", "ab") as file:
            fcntl.flock(file, how)
            yield


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:24]


def _looks(folder: Path) -> dict[str, list[int]]:
    """Path inside -> [size, time of the last change]; the manifest must be among them."""
    looks = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            status = path.stat()
            looks[path.relative_to(folder).as_posix()] = [status.st_size, status.st_mtime_ns]
    if MANIFEST not in looks:
        raise FileNotFoundError(f"{folder} has no {MANIFEST}")
    return looks
