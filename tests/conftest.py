"""The cast every test knows: Olga owns the study, Ada passed the gate, Ben has not, Rosa researches."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.utils import translation

from prism_site.celery import app as celery_app
from tests import builders

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(autouse=True, scope="session")
def _broker_in_memory() -> None:
    """Nothing a test enqueues in this process leaves it; the journeys start real workers with a real Redis."""
    from django.conf import settings

    settings.EMBEDDED_REDIS = False
    celery_app.conf.broker_url = "memory://"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """SQLite in a file, as in production: in memory, threads that race do not wait for each other's locks."""
    from django.db import connections

    if connections["default"].vendor == "sqlite":
        test = connections["default"].settings_dict["TEST"]
        test["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(autouse=True)
def _own_artefacts(settings: object, tmp_path: Path) -> None:
    settings.PRISM_ARTEFACTS = tmp_path / "artefacts"  # type: ignore[attr-defined]
    settings.PRISM_STORE = ""  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _no_models_of_metrics(settings: object) -> None:
    """Whatever is installed, a report is computed without loading a network, but in the tests that say so."""
    settings.PRISM_BERTSCORE_MODEL = "none"  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _own_cache(settings: object, tmp_path: Path) -> None:
    """No test is throttled by what another one did; installations under test keep the files of production."""
    memory = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": str(tmp_path)}
    settings.CACHES = {"default": memory}  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _in_english() -> None:
    """The language of a page that an earlier test fetched stays with the thread."""
    translation.deactivate()


@pytest.fixture
def shared_data() -> Path:
    """Real logs and rating sets that lie beside the project and are not part of it."""
    if not SHARED.is_dir():
        pytest.skip("the data folder ../shared/data lies beside the project only where its licences allow it")
    return SHARED


@pytest.fixture
def olga(db: None) -> User:
    """Owns the study."""
    return builders.user("olga", role="owner")


@pytest.fixture
def ada(db: None) -> User:
    """An annotator; in a study's tests, the one who passed the gate."""
    return builders.user("ada", role="annotator")


@pytest.fixture
def ben(db: None) -> User:
    """An annotator who has not passed the gate."""
    return builders.user("ben", role="annotator")


@pytest.fixture
def rosa(db: None) -> User:
    """A researcher: reads findings, runs nothing, rates nothing."""
    return builders.user("rosa", role="researcher")
