"""System checks: what is wrong with a deployment, said before the first visitor finds it.

An installation counts as public as soon as ALLOWED_HOSTS names anything but this machine.
"""

import os
import stat
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connection

THIS_MACHINE = {"localhost", ".localhost", "127.0.0.1", "::1", "[::1]", "testserver"}


def public_hosts() -> list[str]:
    """The hosts in ALLOWED_HOSTS that others can reach."""
    return [host for host in settings.ALLOWED_HOSTS if host.lower() not in THIS_MACHINE]


@register(Tags.security)
def debug_in_public(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if not (settings.DEBUG and public_hosts()):
        return []
    return [
        Error(
            f"DEBUG is on and the site answers to {', '.join(public_hosts())}: error pages would show code.",
            hint="Unset DEBUG, or take the public names out of ALLOWED_HOSTS.",
            id="prism.E001",
        )
    ]


@register(Tags.security)
def hosts_and_transport(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    messages: list[CheckMessage] = []
    if "*" in settings.ALLOWED_HOSTS:
        messages.append(
            Warning(
                "ALLOWED_HOSTS is *: a forged Host header would end up in password-reset links.",
                hint="List the names this site is reached by.",
                id="prism.W001",
            )
        )
    if public_hosts() and not settings.BEHIND_TLS:
        messages.append(
            Warning(
                "The site is public without BEHIND_TLS: passwords and cookies may travel in the clear.",
                hint="Let a proxy end TLS and send X-Forwarded-Proto, then set BEHIND_TLS=True.",
                id="prism.W002",
            )
        )
    return messages


@register(Tags.files)
def folders_can_be_written(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    messages: list[CheckMessage] = []
    for name in ("PRISM_HOME", "PRISM_ARTEFACTS"):
        folder = Path(getattr(settings, name))
        obstacle = _cannot_write(folder)
        if obstacle:
            messages.append(
                Error(
                    f"{name} is {folder}, where this process cannot write: {obstacle}.",
                    hint=f"Give the folder to the user that runs Prism, or point {name} elsewhere.",
                    id="prism.E002",
                )
            )
    if settings.PRISM_STORE and (missing := _cannot_speak(settings.PRISM_STORE)):
        messages.append(
            Error(
                f"PRISM_ARTEFACTS is {settings.PRISM_STORE}, and what speaks to it is not installed: {missing}.",
                hint="For s3:// install the extra: pip install 'prism-explanations[s3]'.",
                id="prism.E003",
            )
        )
    key = Path(settings.PRISM_HOME) / "secret_key"
    if key.exists() and stat.S_IMODE(key.stat().st_mode) & 0o077:
        messages.append(
            Warning(
                f"{key} can be read by other users of this machine: whoever reads it can forge a session.",
                hint=f"chmod 600 {key}",
                id="prism.W003",
            )
        )
    return messages


@register(Tags.database)
def engines_for_one_host_only(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The embedded engines are real, but they live in one folder of one machine."""
    if not public_hosts():
        return []
    messages: list[CheckMessage] = []
    if settings.EMBEDDED_REDIS:
        messages.append(
            Warning(
                "The site is public on the embedded Redis: workers on other machines cannot reach it.",
                hint="Fine for one machine. Otherwise set REDIS_URL.",
                id="prism.W004",
            )
        )
    if connection.vendor == "sqlite":
        messages.append(
            Warning(
                "The site is public on SQLite: a second web host would have a database of its own.",
                hint="Fine for one machine with a local disk and a backup. Otherwise set DATABASE_URL.",
                id="prism.W005",
            )
        )
    if settings.EMAIL_BACKEND.endswith("console.EmailBackend"):
        messages.append(
            Warning(
                "The site is public and prints e-mail to the console: password-reset links reach nobody.",
                hint="Set EMAIL_BACKEND=django.core.mail.backends.smtp.EmailBackend and its server.",
                id="prism.W006",
            )
        )
    return messages


def _cannot_speak(url: str) -> str:
    """Why no file system can be made for a store; empty when one can."""
    from fsspec import get_filesystem_class

    try:
        get_filesystem_class(url.partition("://")[0])
    except ImportError as missing:
        return str(missing)
    return ""


def _cannot_write(folder: Path) -> str:
    """Why no file could be made in the folder, or where it would be made; empty when one could."""
    nearest = folder
    while not nearest.exists():
        nearest = nearest.parent
    if not nearest.is_dir():
        return f"{nearest} is a file"
    if not os.access(nearest, os.W_OK | os.X_OK):
        return f"no permission to write in {nearest}"
    return ""
