"""Reads deployment settings from the environment; a bad value stops the boot and names itself."""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def env_str(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def env_bool(name: str, default: bool) -> bool:
    value = env_str(name)
    if not value:
        return default
    if value not in {"True", "False"}:
        raise ImproperlyConfigured(f"{name} must be True or False, not {value!r}.")
    return value == "True"


def env_int(name: str, default: int) -> int:
    value = env_str(name)
    if not value:
        return default
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None


def env_list(name: str, default: list[str]) -> list[str]:
    value = env_str(name)
    return [part.strip() for part in value.split(",") if part.strip()] if value else default


def env_path(name: str, default: Path) -> Path:
    value = env_str(name)
    return Path(value).expanduser().resolve() if value else default


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
