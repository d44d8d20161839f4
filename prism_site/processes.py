"""Starts the web server and the worker beside a command, and takes them along when it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

SECONDS_TO_STOP = 15


@dataclass(frozen=True)
class WebServer:
    url: str
    process: subprocess.Popen[bytes]


class NotStarted(RuntimeError):
    """A process ended, or a server did not answer, before it could be used; names its log."""


@contextmanager
def running(arguments: list[str], *, log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own, writing to a log file; the whole group ends with the block."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        process = subprocess.Popen(
            arguments, stdout=file, stderr=file, start_new_session=True, env={**os.environ, **environment}
        )
        try:
            yield process
        finally:
            _stop(process)


@contextmanager
def worker(home: Path, *, concurrency: int, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker for every queue, with the sweep embedded; one thread a process, so that two share two cores."""
    arguments = [sys.executable, "-m", "celery", "-A", "prism_site", "worker", "--beat", "--loglevel", "INFO"]
    arguments += ["--schedule", str(home / "beat-schedule"), "--queues", "cpu,gpu,http"]
    arguments += ["--concurrency", str(concurrency)]
    environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **environment}
    with running(arguments, log=home / "worker.log", **environment) as process:
        yield process


@contextmanager
def web_server(home: Path, *, port: int, **environment: str) -> Iterator[WebServer]:
    """Gunicorn on the loopback address; yields once it answers.

    Raises:
        NotStarted: it ended, or did not answer within a minute.
    """
    url = f"http://127.0.0.1:{port}"
    arguments = [sys.executable, "-m", "gunicorn", "prism_site.wsgi", "--bind", f"127.0.0.1:{port}"]
    arguments += [
        "--workers",
        "2",
        "--threads",
        "4",
        "--preload",
        "--access-logfile",
        "-",
        "--no-control-socket",
    ]
    log = home / "web.log"
    with running(arguments, log=log, **environment) as process:
        deadline = time.monotonic() + 60
        while not _answers(f"{url}/healthz"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise NotStarted(f"The web server did not start on port {port}; its log is {log}.")
            time.sleep(0.1)
        yield WebServer(url, process)


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  our own loopback address
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(SECONDS_TO_STOP)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
