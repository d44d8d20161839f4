"""Reads deployment settings from the environment; a bad value stops the boot and names itself."""

import os
import re
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from generation.pipeline.origins import origin_of

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
RATE = re.compile(r"[1-9]\d{0,8}/(s|sec|second|m|min|minute|h|hour|d|day)")
STORE_PLACE = re.compile(r"[\w.-]+(/[\w.=-]+)*/?")
"""A bucket and a prefix: no user, no password, no query."""
REDIS_DATABASE = re.compile(r"(/\d*)?")


def env_str(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def env_bool(name: str, default: bool) -> bool:
    value = env_str(name)
    if not value:
        return default
    if value not in {"True", "False"}:
        raise ImproperlyConfigured(f"{name} must be True or False, not {value!r}.")
    return value == "True"


def env_int(name: str, default: int, *, least: int | None = None) -> int:
    value = env_str(name)
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None
    if least is not None and number < least:
        raise ImproperlyConfigured(f"{name} must be a whole number from {least} up, not {value!r}.")
    return number


def env_choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    """One of the choices, in capitals however it is written."""
    value = env_str(name, default).upper() or default
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}, not {env_str(name)!r}.")
    return value


def env_rate(name: str, default: str) -> str:
    """How often something may be done, as Django REST framework writes it."""
    value = env_str(name) or default
    if not RATE.fullmatch(value):
        raise ImproperlyConfigured(
            f"{name} must be a number of requests over second, min, hour or day, such as {default}, "
            f"not {value!r}."
        )
    return value


def env_time_zone(name: str, default: str) -> str:
    value = env_str(name) or default
    try:
        ZoneInfo(value)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise ImproperlyConfigured(
            f"{name} must be a time zone such as Europe/Amsterdam or UTC, not {value!r}."
        ) from None
    return value


def env_origins(name: str) -> list[str]:
    """Origins as `https://recommender.example.org:443`, however they are written; a path is refused."""
    found = []
    for url in env_list(name, []):
        try:
            origin = origin_of(url)
        except ValueError as problem:
            raise ImproperlyConfigured(f"{name}: {problem}.") from None
        if urlsplit(url).path not in ("", "/") or urlsplit(url).query:
            raise ImproperlyConfigured(f"{name} names origins such as {origin}, without a path: not {url!r}.")
        found.append(origin)
    return found


def env_redis(name: str) -> str:
    """The address of a Redis, as broker and cache both read it; empty where none is set."""
    value = env_secret(name)
    if not value:
        return ""
    try:
        parts = urlsplit(value)
        sound = parts.port != 0 and bool(parts.hostname) and bool(REDIS_DATABASE.fullmatch(parts.path))
    except ValueError:
        sound = False
    if not sound or parts.scheme not in {"redis", "rediss"}:
        raise ImproperlyConfigured(
            f"{name} must be redis://host:6379/0, or rediss:// over TLS, not {_without_secrets(value)}."
        )
    return value


def env_database(name: str) -> dict[str, Any] | None:
    """Django's entry for the database an address names; None where none is set."""
    value = env_secret(name)
    if not value:
        return None
    try:
        entry = dj_database_url.parse(value, conn_max_age=60, conn_health_checks=True)
    except ValueError:
        entry = None
    if not entry or not entry["NAME"]:
        raise ImproperlyConfigured(
            f"{name} must be postgresql://user:password@host/name, with other signs than letters and digits "
            f"percent-encoded, not {_without_secrets(value)}."
        )
    return dict(entry)


def _without_secrets(address: str) -> str:
    scheme, separator, _ = address.partition("://")
    return f"one that begins with {scheme[:20]!r}" if separator else "a text without ://"


def env_list(name: str, default: list[str]) -> list[str]:
    value = env_str(name)
    return [part.strip() for part in value.split(",") if part.strip()] if value else default


def env_path(name: str, default: Path) -> Path:
    value = env_str(name)
    return Path(value).expanduser().resolve() if value else default


def env_store(name: str, folder: Path, cache: Path) -> tuple[Path, str]:
    """Where artefacts lie on this machine, and the URL of the store they are shared through, if there is one.

    A folder, also as file://, is both at once; for a URL such as s3://bucket/prefix this machine keeps a cache.
    """
    value = env_str(name)
    scheme, separator, rest = value.partition("://")
    if not separator:
        return env_path(name, folder), ""
    if scheme == "file" and rest.startswith("/"):
        return Path(rest).resolve(), ""
    from fsspec import available_protocols

    sound = scheme in available_protocols() and STORE_PLACE.fullmatch(rest)
    if not sound or scheme == "file" or "/../" in f"/{rest}/":
        raise ImproperlyConfigured(
            f"{name} must be a folder, file:///folder, or an object store such as s3://bucket/prefix with its "
            f"credentials in the environment and not in the address, not {_without_secrets(value)}."
        )
    return cache, value.rstrip("/")


def env_secret(name: str) -> str:
    """A secret from NAME or, as container platforms mount them, from the file that NAME_FILE names."""
    value, file = env_str(name), env_str(f"{name}_FILE")
    if value and file:
        raise ImproperlyConfigured(f"Set {name} or {name}_FILE, not both.")
    if not file:
        return value
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name}_FILE names {file!r}, which cannot be read: {error.strerror}."
        ) from None


def local_secret(folder: Path) -> str:
    """The secret key of a machine that was given none: made once, kept readable by its owner alone.

    Raises:
        ImproperlyConfigured: the folder cannot be written, or the file holds no key.
    """
    path = folder / "secret_key"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make_secret(path)
        key = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"PRISM_HOME is {folder}, where the secret key cannot be kept: {error.strerror}."
        ) from None
    if not key:
        raise ImproperlyConfigured(f"{path} is empty: delete it, and the next start makes a new key.")
    return key


def _make_secret(path: Path) -> None:
    """Written aside and linked in whole: of two processes that start together, neither reads half a key."""
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=".secret_key-")  # its owner's alone
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(50))
        with suppress(FileExistsError):
            os.link(aside, path)
    finally:
        os.unlink(aside)
