"""How soon the online stage answers: 1, 8 and 32 recommenders at a time ask one process for explanations.

    python -m benchmarks.explain_load
    python -m benchmarks.explain_load --engines torch onnx --seconds 10 --queue 16

A small student is trained first, in an installation of its own that is thrown away; then `manage.py serve_student`
is started once an engine, and clients ask over HTTP without pause, each with the next of the test cases. What is
measured is what a caller waits, network, queue and authentication included. Clients and server share the machine.
Half of the users asked about are unknown to the student.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 120
STAGES = ("import_log", "select_cases", "distil_teacher", "train_student")


@dataclass
class Seen:
    """What one client saw."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: int = 0
    """Answers that were not ok, or did not say rightly whether the user is known."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engines", nargs="+", default=["torch", "onnx"])
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--seconds", type=float, default=8.0, help="of asking, a row of the table")
    parser.add_argument("--steps", type=int, default=300, help="of training the small student")
    parser.add_argument("--queue", type=int, default=256)
    parser.add_argument("--port", type=int, default=8077)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {
            "PRISM_HOME": home,
            "DJANGO_SETTINGS_MODULE": "prism_site.settings",
            "LOG_LEVEL": "WARNING",
        }
        token, bodies = prepare(arguments.steps)
        print(
            f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores; one process of one thread"
        )
        print("engine      clients   answers/s   p50 ms   p95 ms   503   wrong")
        for engine in arguments.engines:
            with server(arguments, engine, token) as url:
                for n_clients in arguments.clients:
                    report(engine, n_clients, ask(url, token, bodies, n_clients, arguments.seconds))


def prepare(n_steps: int) -> tuple[str, list[dict[str, Any]]]:
    """An installation with a trained student: a recommender's token, and what it will ask."""
    import django

    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from rest_framework.authtoken.models import Token

    from generation.models import Case, Run
    from generation.services.create_corpus import create_corpus
    from generation.services.queue_pipeline import queue_pipeline
    from prism_site.roles import grant

    call_command("migrate", verbosity=0)
    corpus, _ = create_corpus(name="Films", log_format="builtin", options={"n_users": 200, "seed": 1})
    queue_pipeline(
        corpus=corpus,
        systems=["prism"],
        parameters={"select_cases": {"n_cases": 150}, "train_student": {"max_steps": n_steps}},
        seed=1,
    )
    for run in Run.objects.order_by("pk"):
        if run.stage in STAGES:
            work(run)
    failed = [run for run in Run.objects.filter(stage__in=STAGES) if run.status != "done"]
    if failed:
        raise SystemExit(f"could not prepare a student: {failed[0]}: {failed[0].error}")
    recommender = User.objects.create_user("recommender")
    grant(recommender, "recommender")
    bodies = [
        {
            "user": case.user if index % 2 else f"stranger {index}",
            "history": [item["id"] for item in case.history],
            "item": case.item["id"],
        }
        for index, case in enumerate(Case.objects.order_by("position"))
    ]
    return Token.objects.create(user=recommender).key, bodies


def work(run: Any) -> None:
    """Do a run here, without a queue."""
    import importlib

    service = importlib.import_module(f"generation.services.{run.stage}")
    getattr(service, run.stage)(run_id=run.pk)


@contextmanager
def server(arguments: argparse.Namespace, engine: str, token: str) -> Iterator[str]:
    """`manage.py serve_student` until the block ends."""
    address = f"127.0.0.1:{arguments.port}"
    process = subprocess.Popen(
        [
            *(sys.executable, "manage.py", "serve_student"),
            *("--engine", engine, "--bind", address, "--queue", str(arguments.queue)),
        ],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url, deadline = f"http://{address}/api/explain", time.monotonic() + PATIENCE
    try:
        while True:
            with suppress(requests.ConnectionError):
                if requests.get(url, headers={"Authorization": f"Token {token}"}, timeout=30).ok:
                    break
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"serve_student with {engine} did not come up")
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=60)


def ask(
    url: str, token: str, bodies: Sequence[dict[str, Any]], n_clients: int, seconds: float
) -> tuple[Seen, float]:
    """All that the clients saw, and for how long they asked."""
    all_seen = [Seen() for _ in range(n_clients)]
    until = time.monotonic() + seconds

    def client(number: int) -> None:
        seen, turn = all_seen[number], number
        with requests.Session() as session:
            session.headers["Authorization"] = f"Token {token}"
            while time.monotonic() < until:
                body = bodies[turn % len(bodies)]
                turn += n_clients
                started = time.perf_counter()
                answer = session.post(url, json=body, timeout=60)
                seen.statuses[answer.status_code] += 1
                if answer.status_code == 503:
                    time.sleep(min(float(answer.headers.get("Retry-After", 1)), 1.0))
                    continue
                seen.seconds.append(time.perf_counter() - started)
                (one,) = answer.json()["explanations"]
                stranger = body["user"].startswith("stranger")
                seen.wrong += one["unknown_user"] != stranger or one["status"] == "error"

    started = time.monotonic()
    threads = [threading.Thread(target=client, args=(number,)) for number in range(n_clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    together = Seen()
    for seen in all_seen:
        together.seconds += seen.seconds
        together.statuses += seen.statuses
        together.wrong += seen.wrong
    return together, time.monotonic() - started


def report(engine: str, n_clients: int, found: tuple[Seen, float]) -> None:
    seen, seconds = found
    cuts = statistics.quantiles(seen.seconds, n=20) if len(seen.seconds) > 1 else [0.0] * 19
    median = statistics.median(seen.seconds) * 1000
    print(
        f"{engine:<10} {n_clients:>8} {len(seen.seconds) / seconds:>11.1f} {median:>8.1f}"
        f" {cuts[18] * 1000:>8.1f} {seen.statuses[503]:>5} {seen.wrong:>7}",
        flush=True,
    )


if __name__ == "__main__":
    main()
