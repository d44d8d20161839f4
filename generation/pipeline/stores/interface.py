"""What a store of artefacts can do, and how it fails."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from generation.pipeline.artefacts import Artefact


class StoreUnreachable(ConnectionError):
    """The store did not answer for as long as one waits for it; a moment later it may."""


class StoreRefused(PermissionError):
    """The store will not do it, now or later: credentials, a bucket that is not there, a package not installed."""


class Store(Protocol):
    """Names are paths below the root with forward slashes, as artefact columns keep them."""

    root: Path
    """Where this machine writes artefacts and finds them."""

    def publish(self, artefact: Artefact, *, before_file: Callable[[], object] = ...) -> str:
        """Bring an artefact that was written below `root` to all machines, manifest last; its name.

        Args:
            before_file: called before each file that is carried; what it raises ends the carrying, and
                leaves nothing that could be mistaken for an artefact.
        """

    def open(self, name: str) -> Path:
        """The artefact's folder on this machine, whole.

        Raises:
            FileNotFoundError: the store has no such artefact.
            DamagedArtefact: the store's own files are not the ones its manifest names.
            StoreUnreachable, StoreRefused: it could not be asked.
        """

    def push(self, path: Path) -> None:
        """Bring one file that was written below `root`, and will only ever grow, to all machines."""

    def pull(self, name: str) -> Path:
        """The local folder `name` with every file that any machine pushed into it, or one such file; what is
        here and longer stays as it is."""

    def keep_state(
        self, name: str, *, folders: tuple[str, ...], before_file: Callable[[], object] = ...
    ) -> None:
        """Keep these subfolders of the folder `name` as they are now, in the place of what was kept before.

        Whoever restores finds this state whole or the one before it, never a mixture.
        """

    def restore_state(self, name: str) -> Path:
        """The local folder `name`, with the state that was kept last if there is one."""

    def drop_state(self, name: str) -> None:
        """Forget the state that was kept under this name: the work it belonged to is done."""

    def sweep(self, *, older_than_seconds: float) -> int:
        """Remove what dead writers left half written; how many folders went."""
