"""Prism in a folder of its own with real processes, driven from outside as people and machines drive it."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import redis
import requests
from lxml import html

from prism_site.embedded import redis_socket, stop_redis
from prism_site.processes import WebServer, free_port, web_server, worker

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery staple"
"""That of tests.builders, whose import wants Django: nothing outside an installation does."""
QUICK = {"SHARD_LEASE_SECONDS": "3", "SWEEP_SECONDS": "1", "MESSAGE_PATIENCE_SECONDS": "4"}
"""What makes death noticed within seconds instead of minutes."""


class Installation:
    """A PRISM_HOME with its own database, broker, worker and web server; `close` ends everything it started."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.environment = {
            "DATABASE_URL": "",
            "REDIS_URL": "",
            "DEBUG": "",
            "PRISM_ARTEFACTS": "",
            "PRISM_HOME": str(home),
            "OMP_NUM_THREADS": "1",
            "LOG_LEVEL": "WARNING",
            "PRISM_BERTSCORE_MODEL": "none",
            **QUICK,
            **environment,
        }
        self._open = ExitStack()

    def copy(self, home: Path) -> "Installation":
        """Another one with the same database and artefacts; this one must be at rest."""
        home.mkdir(parents=True)
        for name in ("prism.sqlite3", "prism.sqlite3-wal", "secret_key"):
            if (self.home / name).exists():
                shutil.copy2(self.home / name, home / name)
        if (self.home / "artefacts").exists():
            shutil.copytree(self.home / "artefacts", home / "artefacts")
        return Installation(home)

    def manage(self, *arguments: object) -> str:
        return self._python("manage.py", *map(str, arguments))

    def step(self, name: str, **arguments: object) -> Any:
        """Call a function of steps.py in this installation and return what it answers."""
        said = self._python("-m", "tests.journeys.steps", name, json.dumps(arguments))
        return json.loads(said.splitlines()[-1])

    def _python(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout

    def start_worker(self, *, concurrency: int = 1) -> "subprocess.Popen[bytes]":
        return self._open.enter_context(worker(self.home, concurrency=concurrency, **self.environment))

    def start_web(self, *, port: int | None = None) -> WebServer:
        return self._open.enter_context(
            web_server(self.home, port=port or free_port(), **{**self.environment, "LOG_LEVEL": "INFO"})
        )

    def kill_redis(self) -> int:
        """SIGKILL to this folder's redis-server; its process id."""
        found = redis.Redis(unix_socket_path=str(redis_socket(self.home)), socket_timeout=5)
        process_id = int(found.info("server")["process_id"])
        found.close()
        os.kill(process_id, signal.SIGKILL)
        return process_id

    def wait_for(self, wanted: Callable[[], bool], *, what: str, seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if wanted():
                return
            time.sleep(0.05)
        logs = "".join(
            f"\n--- {name}\n{path.read_text(encoding='utf-8')[-3000:]}"
            for name in ("worker.log", "web.log", "redis.log")
            if (path := self.home / name).exists()
        )
        raise AssertionError(f"{what}: not within {seconds:.0f} s{logs}")

    def wait_for_runs(self, *run_ids: int, seconds: float = 120) -> dict[int, dict[str, Any]]:
        """Wait until the runs are over; what each came to."""
        marks = ",".join("?" * len(run_ids))
        unfinished = (
            f"SELECT count(*) FROM generation_run WHERE id IN ({marks}) AND status IN ('queued', 'running')"  # noqa: S608
        )
        self.wait_for(
            lambda: self.query(unfinished, *run_ids) == [(0,)], what=f"runs {run_ids} over", seconds=seconds
        )
        return {run["id"]: run for run in self.step("runs", ids=list(run_ids))}

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Read the SQLite file from outside, without a process to start."""
        address = f"file:{self.home / 'prism.sqlite3'}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=30)) as found:
            return found.execute(sql, values).fetchall()

    def close(self) -> None:
        self._open.close()
        stop_redis(self.home)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """SIGKILL to the whole group: nobody is left to tidy up."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(20)


def sign_in(url: str, name: str, password: str = PASSWORD) -> requests.Session:
    """A browser without a screen, signed in."""
    session = requests.Session()
    page = session.get(f"{url}/accounts/login/", timeout=60)
    form = next(
        form for form in html.fromstring(page.content, base_url=page.url).forms if "login" in form.fields
    )
    form.fields.update({"login": name, "password": password})
    answer = session.post(
        page.url, data=form.form_values(), headers={"Referer": page.url}, timeout=60, allow_redirects=False
    )
    assert answer.status_code == 302, answer.text[:500]
    return session
