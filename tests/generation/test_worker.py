"""A real worker over a real Redis, killed in the middle: another one goes on, and nothing is done twice."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

pytestmark = [pytest.mark.worker, pytest.mark.redis, pytest.mark.timeout(240)]
ROOT = Path(__file__).resolve().parents[2]


class Installation:
    """Prism in a folder of its own, driven by the commands people have."""

    def __init__(self, home):
        self.home = home
        self.environment = {
            **{
                name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")
            },
            "PRISM_HOME": str(home),
            "SHARD_LEASE_SECONDS": "4",
            "OMP_NUM_THREADS": "1",
            "LOG_LEVEL": "WARNING",
        }
        self.workers = []

    def manage(self, *arguments):
        command = [sys.executable, "manage.py", *map(str, arguments)]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start_worker(self):
        # One process, so that SIGKILL leaves nobody behind; beat apart from it, as it cannot be embedded then.
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "prism_site",
            "worker",
            "-Q",
            "cpu,gpu,http",
            "--pool",
            "solo",
        ]
        log = (self.home / "worker.log").open("ab")
        worker = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        self.workers.append(worker)
        return worker

    def query(self, sql, *values):
        with closing(
            sqlite3.connect(f"file:{self.home / 'prism.sqlite3'}?mode=ro", uri=True, timeout=20)
        ) as found:
            return found.execute(sql, values).fetchall()

    def wait_for(self, sql, *values, wanted, seconds=120):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.query(sql, *values)[0][0] in wanted:
                return
            time.sleep(0.1)
        log = (self.home / "worker.log").read_text(encoding="utf-8")[-3000:]
        runs = self.query("SELECT id, stage, status, error FROM generation_run")
        pytest.fail(f"{sql} never gave {wanted}; runs {runs}; worker: {log}")

    def close(self):
        for worker in self.workers:
            if worker.poll() is None:
                worker.kill()
            worker.wait(20)
        subprocess.run(
            [sys.executable, "manage.py", "stop_redis"],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            check=False,
        )


@pytest.fixture
def installation(tmp_path):
    made = Installation(tmp_path)
    made.manage("migrate", "-v0")
    yield made
    made.close()


def test_a_killed_worker_s_run_is_finished_by_the_next_one(installation):
    installation.manage("import_log", "Small", "--n-users", 40)
    installation.manage(
        "select_cases", "Small", "--n-cases", 10, "--n-train", 200, "--n-valid", 20, "--max-history", 8
    )
    installation.manage("distil_teacher", "Small")
    # Long enough to be killed in the middle, short enough to be finished after that.
    small = (
        '{"d_model": 16, "ffn_dim": 32, "layers": 1, "heads": 2, "checkpoint_every": 20, "valid_every": 20}'
    )
    installation.manage("train_student", "Small", "--max-steps", 250, "--config", small, "--queue")
    first = installation.start_worker()
    steps = "SELECT max(n_done) FROM generation_shard WHERE run_id = 4"
    installation.wait_for(steps, wanted=range(21, 250))
    first.send_signal(signal.SIGKILL)
    first.wait(20)
    status = "SELECT status FROM generation_run WHERE id = 4"
    assert installation.query(status) == [("running",)]
    time.sleep(5)
    # What beat does every half minute.
    installation.manage("shell", "-v0", "-c", "from generation.tasks import sweep_shards; sweep_shards()")
    installation.start_worker()
    installation.wait_for(status, wanted={"done", "failed"})
    [(state, error, counts)] = installation.query(
        "SELECT status, error, counts FROM generation_run WHERE id = 4"
    )
    assert (state, error) == ("done", "")
    assert '"n_steps": 250' in counts
    assert installation.query("SELECT count(*) FROM generation_checkpoint") == [(1,)]
    events = [
        text
        for (text,) in installation.query("SELECT text FROM generation_runevent WHERE run_id = 4 ORDER BY id")
    ]
    assert any("stopped answering" in text for text in events)
    assert events[-1] == "Done."
