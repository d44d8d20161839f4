"""What the stage commands share: arguments drawn from the stage's parameters, a live line, exit codes."""

import argparse
import dataclasses
import json
import shlex
import sys
import threading
from typing import Any, ClassVar, get_type_hints

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from generation import tasks
from generation.models import OPEN, Corpus, Run, Stage, Status
from generation.overview import UNITS, listed_runs, progress_of
from generation.services.parameters import PARAMETERS, BadParameters, choices_of
from generation.services.queue_pipeline import DEMO_HISTORY
from generation.services.queue_run import queue_run

METAVARS: dict[type, str] = {int: "N", float: "X", str: "TEXT", dict: "JSON"}


class StageCommand(BaseCommand):
    """Queues one run of its stage and works on it here, or leaves it to a worker with --queue.

    Exit code 0: done, or queued. 1: the run failed, was cancelled or could not be queued.
    """

    stage: ClassVar[str]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("corpus", help="Name of the corpus.")
        self.add_common_arguments(parser)
        self.add_parameters(parser)

    def add_common_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--queue", action="store_true", help="Hand the run to a worker and return.")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument(
            "--after",
            type=int,
            nargs="*",
            default=[],
            metavar="RUN",
            help="Runs to build on; else the newest.",
        )

    def add_parameters(self, parser: CommandParser) -> None:
        kind = PARAMETERS[self.stage]
        types = get_type_hints(kind)
        for one in dataclasses.fields(kind):
            options: dict[str, Any] = {
                "dest": f"parameter_{one.name}",
                "default": argparse.SUPPRESS,
                "help": _help(one).replace("%", "%%"),
            }
            if types[one.name] is bool:
                options["action"] = argparse.BooleanOptionalAction
            else:
                options["type"] = _json_object if types[one.name] is dict else types[one.name]
                options["choices"] = list(choices_of(one)) or None
                options["metavar"] = None if options["choices"] else METAVARS[types[one.name]]
            parser.add_argument(f"--{one.name.replace('_', '-')}", **options)

    def handle(self, *args: Any, **options: Any) -> None:
        corpus = Corpus.objects.filter(name=options["corpus"]).first()
        if corpus is None:
            names = ", ".join(Corpus.objects.values_list("name", flat=True)[:20]) or "none yet"
            raise CommandError(f"There is no corpus {options['corpus']!r}. Known: {names}.")
        given = {
            name.removeprefix("parameter_"): value
            for name, value in options.items()
            if name.startswith("parameter_")
        }
        self.queue(corpus, given, list(Run.objects.filter(pk__in=options["after"])), options)

    def queue(
        self, corpus: Corpus, given: dict[str, Any], prefer: list[Run], options: dict[str, Any]
    ) -> None:
        """Queue the run and work on it."""
        try:
            run = queue_run(
                corpus=corpus, stage=self.stage, parameters=given, prefer=prefer, seed=options["seed"]
            )
        except BadParameters as refusal:
            raise CommandError(f"{refusal.field}: {refusal}") from None
        self.work(run, queue=options["queue"])

    def work(self, run: Run, *, queue: bool) -> None:
        """Work on the run here and wait for it, or send its message."""
        if queue:
            tasks.enqueue(run)
            self.stdout.write(f"Run {run.pk} queued: {run.title}.")
            return
        waits_for = run.needs.exclude(status=Status.DONE)
        if waits_for:
            names = ", ".join(f"run {need.pk} ({need.status})" for need in waits_for)
            raise CommandError(f"Run {run.pk} waits for {names}. Finish it first, or use --queue.")
        with _Line(run, self.stderr):
            work_here(run)
        run.refresh_from_db()
        if run.status != Status.DONE:
            raise CommandError(f"Run {run.pk} {run.status}. {run.error}".strip())
        counts = ", ".join(f"{name.removeprefix('n_')} {value:,}" for name, value in run.counts.items())
        self.stdout.write(f"Run {run.pk} done: {run.title}. {counts}".strip())
        if reasons := run.report.get("reasons") or run.report.get("rejected_reasons"):
            self.stdout.write(f"Left out: {', '.join(f'{n:,} {reason}' for reason, n in reasons.items())}.")
        self.stdout.write(f"Next: {_next(run)}")


def _help(one: dataclasses.Field[Any]) -> str:
    """What the parameter is, and its default where it has one worth reading."""
    words = f"{one.metadata['label']}. {one.metadata['help']}".strip()
    if one.default is dataclasses.MISSING or one.default == "":
        return words
    return f"{words} Default: {one.default}."


def _next(run: Run) -> str:
    """The command that goes on from this run."""
    name = shlex.quote(run.corpus.name)
    if run.stage == Stage.IMPORT_LOG:
        return (
            f"manage.py select_cases {name} --max-history {DEMO_HISTORY}  (what the small student is shown)"
        )
    if run.stage == Stage.SELECT_CASES:
        return f"manage.py distil_teacher {name} --after {run.pk}"
    if run.stage == Stage.DISTIL_TEACHER:
        return f"manage.py train_student {name} --after {run.pk}  (and with --no-with-user, for the ablation)"
    cases = run.needs.filter(stage=Stage.SELECT_CASES)
    if run.stage == Stage.TRAIN_STUDENT:
        cases = Run.objects.filter(stage=Stage.SELECT_CASES, needed_by__needed_by=run)
        system = "prism" if run.parameters["with_user"] else "prism-nouser"
        ground = " ".join(str(pk) for pk in (*cases.values_list("pk", flat=True), run.pk))
        return f"manage.py explain_cases {name} --system {system} --after {ground}"
    alike = Run.objects.filter(stage=Stage.EXPLAIN_CASES, status=Status.DONE, needs__in=cases)
    by_system = {one.parameters["system"]: one.pk for one in alike.order_by("pk") if one.counts.get("n_ok")}
    if not by_system:
        return "another system or model, for no case has a text; `manage.py explain_cases --help` lists them"
    runs = " ".join(map(str, sorted(by_system.values())))
    return f"manage.py measure {runs}, or manage.py build_study TITLE --owner NAME --runs {runs}"


def _json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        value, words = None, f"this is no JSON ({error})"
    else:
        words = "this is JSON, but no object"
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"""{words}; write for example '{{"vocab_size": 4000}}'""")
    return value


def work_here(run: Run) -> None:
    """Do the run's shards in this process, as its task would, without sending messages."""
    from importlib import import_module

    service = getattr(import_module(f"generation.services.{Stage(run.stage).value}"), run.stage)
    service(run_id=run.pk)


class _Line:
    """A bar on stderr that follows the run in the database; nothing where stderr is no terminal."""

    def __init__(self, run: Run, stream: Any) -> None:
        self.run = run
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._follow, daemon=True)
        self.shown = sys.stderr.isatty()

    def __enter__(self) -> None:
        if self.shown:
            self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.over.set()
        if self.shown:
            self.thread.join(timeout=5)

    def _follow(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            title = f"{self.run.title} ({UNITS[Stage(self.run.stage)]})"
            task = bar.add_task(title, total=None)
            while not self.over.wait(0.5):
                found = listed_runs().filter(pk=self.run.pk, status__in=OPEN).first()
                if found is not None:
                    progress = progress_of(found)
                    bar.update(task, completed=progress.n_done, total=progress.n_total or None)
        connection.close()
