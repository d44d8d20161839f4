"""A folder is a store: on one machine a disk, on several one they all mount."""

from collections.abc import Callable
from pathlib import Path

from generation.pipeline.artefacts import Artefact, sweep_aside
from generation.pipeline.stores.names import checked, name_of


class FolderStore:
    """Files lie where they were written, so there is nothing to carry."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def publish(self, artefact: Artefact, *, before_file: Callable[[], object] = lambda: None) -> str:
        return name_of(self.root, artefact.path)

    def open(self, name: str) -> Path:
        path = self.root / checked(name)
        if not path.exists():
            raise FileNotFoundError(
                f"The artefact {name!r} is not in {self.root}: run its stage again, or put the folder back."
            )
        return path

    def push(self, path: Path) -> None:
        name_of(self.root, path)

    def pull(self, name: str) -> Path:
        return self.root / checked(name)

    def keep_state(
        self, name: str, *, folders: tuple[str, ...], before_file: Callable[[], object] = lambda: None
    ) -> None:
        pass

    def restore_state(self, name: str) -> Path:
        return self.root / checked(name)

    def drop_state(self, name: str) -> None:
        pass

    def sweep(self, *, older_than_seconds: float) -> int:
        return sweep_aside(self.root, older_than_seconds=older_than_seconds)
