"""Each mistake is found, each sound installation is left in peace."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings as django_settings

from prism_site import checks


def ids(messages: list) -> list[str]:
    return [message.id for message in messages]


@pytest.fixture
def sound(settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A public installation with nothing to complain about."""
    settings.DEBUG = False
    settings.ALLOWED_HOSTS = ["prism.example.org"]
    settings.BEHIND_TLS = True
    settings.EMBEDDED_REDIS = False
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    monkeypatch.setattr(checks, "connection", SimpleNamespace(vendor="postgresql"))
    settings.PRISM_HOME = settings.PRISM_ARTEFACTS = tmp_path
    settings.PRISM_STORE = ""
    return settings


def everything() -> list[str]:
    found = [
        *checks.debug_in_public(None),
        *checks.hosts_and_transport(None),
        *checks.folders_can_be_written(None),
        *checks.engines_for_one_host_only(None),
    ]
    assert all(message.hint for message in found), "every complaint says what to do"
    return ids(found)


def test_a_sound_public_installation_is_left_in_peace(sound) -> None:
    assert everything() == []


def test_a_laptop_with_debug_and_embedded_engines_is_left_in_peace(sound) -> None:
    sound.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
    sound.DEBUG = sound.EMBEDDED_REDIS = True
    sound.BEHIND_TLS = False
    checks.connection.vendor = "sqlite"
    sound.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    assert everything() == []


def test_debug_in_public_is_an_error_that_names_the_host(sound) -> None:
    sound.DEBUG = True
    (found,) = checks.debug_in_public(None)
    assert found.id == "prism.E001"
    assert found.is_serious()
    assert "prism.example.org" in found.msg


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("ALLOWED_HOSTS", ["*"], "prism.W001"),
        ("BEHIND_TLS", False, "prism.W002"),
        ("EMBEDDED_REDIS", True, "prism.W004"),
        ("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend", "prism.W006"),
    ],
)
def test_one_mistake_is_one_warning(sound, name: str, value: object, complaint: str) -> None:
    setattr(sound, name, value)
    assert everything() == [complaint]


def test_sqlite_in_public_is_a_warning(sound) -> None:
    checks.connection.vendor = "sqlite"
    assert everything() == ["prism.W005"]


@pytest.mark.parametrize("name", ["PRISM_HOME", "PRISM_ARTEFACTS"])
def test_a_folder_that_is_a_file_is_named(sound, tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    setattr(sound, name, tmp_path / "file" / "deeper")
    (found,) = checks.folders_can_be_written(None)
    assert found.id == "prism.E002"
    assert name in found.msg
    assert "is a file" in found.msg


def test_a_folder_without_permission_is_named(sound, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = tmp_path / "sealed"
    sealed.mkdir()
    allowed = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: Path(path) != sealed and allowed(path, mode)
    )  # root too
    sound.PRISM_ARTEFACTS = sealed / "artefacts"
    (found,) = checks.folders_can_be_written(None)
    assert f"no permission to write in {sealed}" in found.msg


def test_a_folder_that_does_not_exist_yet_is_no_mistake(sound, tmp_path: Path) -> None:
    sound.PRISM_ARTEFACTS = tmp_path / "not" / "yet"
    assert everything() == []


def test_a_store_without_its_package_is_an_error_that_names_the_extra(sound) -> None:
    sound.PRISM_STORE = "gs://bucket/prism"
    (found,) = checks.folders_can_be_written(None)
    assert found.id == "prism.E003"
    assert "gcsfs" in found.msg
    assert "[s3]" in found.hint


def test_a_secret_key_others_can_read_is_a_warning(sound, tmp_path: Path) -> None:
    key = tmp_path / "secret_key"
    key.write_text("x", encoding="utf-8")
    key.chmod(0o644)
    assert everything() == ["prism.W003"]
    key.chmod(0o600)
    assert everything() == []


def test_the_checks_are_registered() -> None:
    from django.core.checks.registry import registry

    registered = set(registry.get_checks())
    assert {checks.debug_in_public, checks.hosts_and_transport} <= registered
    assert {checks.folders_can_be_written, checks.engines_for_one_host_only} <= registered
    assert "prism_site" in django_settings.INSTALLED_APPS
