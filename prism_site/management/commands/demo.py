import os
import signal
import sys
import time
from collections import Counter
from contextlib import ExitStack
from typing import Any

import numpy as np
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.table import Table

from prism_site import demo
from prism_site.embedded import stop_redis
from prism_site.processes import NotStarted, free_port, port_is_free, web_server, worker
from prism_site.rehearsal import RehearsalFailed


class Command(BaseCommand):
    help = (
        "Walk the whole path on this machine: teach, train, explain, rehearse a study, report; then serve it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--no-serve", action="store_true", help="Stop when the report is there.")

    def handle(self, *args: object, **options: Any) -> None:
        console = Console(width=None if sys.stdout.isatty() else 110)
        serve, port = not options["no_serve"], options["port"]
        if serve and not port_is_free(port):
            raise CommandError(
                f"Port {port} is taken: stop what listens there, or choose another with PORT=8001."
            )
        signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
        try:
            with ExitStack() as stack:
                self._walk(console, stack, port if serve else free_port(), options["seed"], serve)
        except KeyboardInterrupt:
            console.print("\nStopped. Nothing is lost: the same command goes on from here.")
        except (demo.DemoFailed, RehearsalFailed, NotStarted) as error:
            raise CommandError(f"{error}\nLogs: {settings.PRISM_HOME}/worker.log and web.log.") from None
        finally:
            if settings.EMBEDDED_REDIS:
                stop_redis(settings.PRISM_HOME)

    def _walk(self, console: Console, stack: ExitStack, port: int, seed: int, serve: bool) -> None:
        home = settings.PRISM_HOME
        started = time.monotonic()
        console.rule("Prism, the whole path once")
        logins = demo.logins(home)
        url = stack.enter_context(web_server(home, port=port)).url
        hands = stack.enter_context(worker(home, concurrency=min(2, os.cpu_count() or 1)))

        console.print(
            "[bold]1. Explanations[/]  a built-in log, an offline teacher, a student trained here, four systems"
        )
        runs = demo.write_explanations(console, seed=seed, alive=lambda: hands.poll() is None)
        console.print("  Measuring what the texts say of their cases …")
        self._measure(console, list(runs.values()), seed)

        console.print(
            "[bold]2. A rehearsal[/]  simulated annotators of known severity rate blind, through the real pages"
        )
        study = demo.open_demo_study(demo.REHEARSED, runs.values(), seed=seed)
        people = self._rehearse(console, study, url, runs, seed) if study.join_path else []
        demo.close_and_unblind(study.id)
        if people:
            self._compare(console, demo.known_and_estimated(study.id, people))
        else:
            console.print("  Kept from an earlier start.")

        console.print(
            "[bold]3. A report[/]  agreement, significance, correlations; every rating in it is simulated"
        )
        console.print("  Scoring the texts and drawing the intervals …")
        report = demo.report_on(study.id)
        for sentence in report.sentences:
            console.print(f"  {sentence}")

        empty = demo.open_demo_study(demo.EMPTY, runs.values(), seed=seed + 1)
        self._say_where(console, logins, url if serve else "", report, empty)
        console.print(f"Took {(time.monotonic() - started) / 60:.1f} minutes.")
        if serve:
            console.print(f"\nServing at [bold]{url}[/] with a worker beside it. Ctrl-C stops both.")
            signal.pause()
        else:
            console.print(str(report.folder / "report.html"), highlight=False, soft_wrap=True)

    def _measure(self, console: Console, run_ids: list[int], seed: int) -> None:
        from django.core.management import call_command

        call_command("measure", *run_ids, seed=seed)

    def _rehearse(
        self, console: Console, study: demo.OpenStudy, url: str, runs: dict[str, int], seed: int
    ) -> list[demo.Rehearsed]:
        catalogue = demo.catalogue_titles(explain_run_id=next(iter(runs.values()))).values()
        people = demo.rehearse(console, study=study, base_url=url, catalogue=catalogue, seed=seed)
        ends = Counter(person.stage for person in people)
        mildest, harshest = max(p.severity for p in people), min(p.severity for p in people)
        console.print(
            f"  {len(people)} simulated annotators, severity {harshest:+.2f} to {mildest:+.2f} points: "
            f"{ends['finished']} finished, {ends['failed']} failed at the gate, {ends['full']} found every seat "
            f"taken; {sum(p.n_cards for p in people)} cards marked, practice included."
        )
        return people

    def _compare(self, console: Console, pairs: list[tuple[float, float]]) -> None:
        """Whether the ratings tell the severities that went into them."""
        words = ", ".join(f"{known:+.2f} → {found:+.2f}" for known, found in sorted(pairs))
        correlation = np.corrcoef(np.array(pairs).T)[0, 1] if len(pairs) > 2 else float("nan")
        console.print(f"  Severity put in → estimated from the ratings: {words} (r = {correlation:.2f}).")

    def _say_where(
        self,
        console: Console,
        logins: list[demo.Login],
        url: str,
        report: demo.DemoReport,
        empty: demo.OpenStudy,
    ) -> None:
        table = Table("sign in as", "password", "role", box=None, pad_edge=False)
        for login in logins:
            table.add_row(login.name, login.password, login.role)
        console.print(table)
        site = url or "http://127.0.0.1:8000"
        if not url:
            console.print("To be seen when `make demo` or `make run` serves:")
        for what, address in (
            ("start", "/"),
            ("report", report.path),
            ("rate it yourself", f"{empty.join_path} (as {demo.LOGIN_OF_ANNOTATOR}, or sign up)"),
        ):
            console.print(f"  {what:<17} {site}{address}", highlight=False, soft_wrap=True)
        console.print(f"  {'report as files':<17} {report.folder}", highlight=False, soft_wrap=True)
