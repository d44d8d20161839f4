"""The line to a store: fsspec's calls, tried again while the trouble may pass, with errors in words."""

import errno
import logging
import os
import random
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from generation.pipeline.stores.interface import StoreRefused, StoreUnreachable

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer")

LOCAL_TROUBLE = {errno.EACCES, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.ENAMETOOLONG, errno.EMFILE}
"""Of this machine's own disk: no business of the store's."""
LASTING = {
    "InvalidRegionError",
    "NoCredentialsError",
    "ParamValidationError",
    "PartialCredentialsError",
    "ProfileNotFound",
    "UnknownEndpointError",
}
"""Names of errors of the S3 client that no waiting will mend."""
CLIENTS = ("botocore", "aiobotocore", "aiohttp", "s3fs", "fsspec", "asyncio")
"""Modules whose errors tell of the line or the other end; any other error is our own mistake."""
LONGEST_PAUSE = 15.0


class Wire:
    """A place in a file system that fsspec knows; credentials and endpoint are its environment's business."""

    def __init__(self, url: str, *, patience_seconds: float = 120.0) -> None:
        """
        Args:
            patience_seconds: how long a store that does not answer is asked again.
        """
        self.url = url.rstrip("/")
        self.patience = patience_seconds
        self._opened: tuple[int, Any, str] | None = None

    def files(self, name: str) -> dict[str, tuple[int, float]]:
        """Name of each file below `name` -> its size and the second it was last written (0: not told)."""

        def ask(system: Any, root: str) -> dict[str, tuple[int, float]]:
            found = system.find(_join(root, name), detail=True)
            start = len(system._strip_protocol(root)) + 1
            return {path[start:]: (int(info["size"]), _written(info)) for path, info in found.items()}

        try:
            return self._ask(f"list {name or 'everything'}", ask)
        except FileNotFoundError:
            return {}

    def read(self, name: str) -> bytes:
        """A small file whole; FileNotFoundError where there is none."""
        content: bytes = self._ask(f"read {name}", lambda system, root: system.cat_file(_join(root, name)))
        return content

    def write(self, name: str, content: bytes) -> None:
        self._write(name, lambda system, root: system.pipe_file(_join(root, name), content))

    def fetch(self, name: str, target: Path) -> None:
        """Copy a file here; FileNotFoundError where there is none. A torn copy is the caller's to notice."""
        self._ask(f"fetch {name}", lambda system, root: system.get_file(_join(root, name), str(target)))

    def send(self, source: Path, name: str) -> None:
        def ask(system: Any, root: str) -> None:
            system.put_file(str(source), _join(root, name))

        self._write(name, ask)

    def remove(self, names: list[str]) -> None:
        """Files that are gone already are no trouble."""

        def ask(system: Any, root: str) -> None:
            for name in names:
                try:
                    system.rm_file(_join(root, name))
                except FileNotFoundError:
                    continue

        if names:
            self._ask(f"remove {names[0]}", ask)

    def _write(self, name: str, ask: Callable[[Any, str], Any]) -> None:
        try:
            self._ask(f"write {name}", ask)
        except FileNotFoundError as error:  # an object store makes folders, never buckets
            raise StoreRefused(
                f"The artefact store {self.url} is not there ({error}): make the bucket, or mend PRISM_ARTEFACTS."
            ) from error

    def _ask(self, what: str, ask: Callable[[Any, str], Answer]) -> Answer:
        give_up = time.monotonic() + self.patience
        pause = 0.5
        while True:
            try:
                return ask(*self._open())
            except Exception as trouble:
                if self._lasts(trouble):
                    raise
                if isinstance(trouble, PermissionError) or type(trouble).__name__ in LASTING:
                    raise StoreRefused(
                        f"The artefact store {self.url} refused to {what}: {trouble}. Look at the credentials, "
                        "the region and the endpoint in this process's environment."
                    ) from trouble
                if time.monotonic() + pause > give_up:
                    raise StoreUnreachable(
                        f"The artefact store {self.url} could not {what}: {trouble or type(trouble).__name__}. "
                        f"It was asked for {self.patience:.0f} seconds."
                    ) from trouble
                logger.warning("the store %s could not %s, trying again: %r", self.url, what, trouble)
            time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  jitter, so that workers do not ask in step
            pause = min(2 * pause, LONGEST_PAUSE)

    @staticmethod
    def _lasts(trouble: Exception) -> bool:
        """Said in words already, an answer of its own, of this machine's disk, or our own mistake."""
        if isinstance(trouble, (StoreRefused, FileNotFoundError)):
            return True
        if isinstance(trouble, OSError):
            return trouble.errno in LOCAL_TROUBLE
        return not type(trouble).__module__.startswith(CLIENTS)

    def _open(self) -> tuple[Any, str]:
        """The file system and the path of the root in it; a forked process opens its own."""
        if self._opened is None or self._opened[0] != os.getpid():
            import fsspec.core

            try:
                system, root = fsspec.core.url_to_fs(
                    self.url, skip_instance_cache=self._opened is not None, use_listings_cache=False
                )
            except ImportError as missing:
                raise StoreRefused(
                    f"The artefact store {self.url} wants a package that is not installed: {missing}. "
                    "For s3:// it comes with pip install 'prism-explanations[s3]'."
                ) from missing
            self._opened = os.getpid(), system, root
        return self._opened[1], self._opened[2]


def _join(root: str, name: str) -> str:
    return f"{root.rstrip('/')}/{name}" if name else root


def _written(info: dict[str, Any]) -> float:
    """The second a file was written, as each file system calls it."""
    found = info.get("LastModified") or info.get("mtime") or info.get("created") or 0.0
    return found.timestamp() if isinstance(found, datetime) else float(found)
