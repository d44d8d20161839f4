from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.table import Table

from generation import tasks
from generation.models import OPEN, Run, Status
from generation.overview import listed_runs, run_line
from generation.services.cancel_run import cancel_run
from generation.services.requeue_run import requeue_run


class Command(BaseCommand):
    help = "List the latest runs, or cancel or requeue one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--corpus", default="", help="Only runs of this corpus.")
        parser.add_argument("--open", action="store_true", help="Only runs that are queued or running.")
        parser.add_argument("--limit", type=int, default=20)
        parser.add_argument("--cancel", type=int, metavar="RUN")
        parser.add_argument("--requeue", type=int, metavar="RUN")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["cancel"] is not None:
            self._change(options["cancel"], cancel_run, "cancelled", "is over already")
        elif options["requeue"] is not None:
            run = self._change(
                options["requeue"], requeue_run, "queued again", "has neither failed nor been cancelled"
            )
            tasks.enqueue(run)
        else:
            self._list(options)

    def _change(self, run_id: int, service: Any, done: str, refused: str) -> Run:
        run = Run.objects.filter(pk=run_id).first()
        if run is None:
            raise CommandError(f"There is no run {run_id}.")
        if not service(run_id=run_id):
            raise CommandError(f"Run {run_id} {refused}.")
        self.stdout.write(f"Run {run_id} {done}.")
        return run

    def _list(self, options: dict[str, Any]) -> None:
        found = listed_runs()
        if options["corpus"]:
            found = found.filter(corpus__name=options["corpus"])
        if options["open"]:
            found = found.filter(status__in=OPEN)
        table = Table("run", "stage", "corpus", "state", "progress", "took", box=None, pad_edge=False)
        for line in map(run_line, found[: options["limit"]]):
            words = f"{line.progress.n_done:,} {line.progress.unit}" if line.progress.n_done else ""
            if line.run.status == Status.RUNNING:
                words = f"{line.progress.percent} % {line.progress.remaining_words}".strip()
            table.add_row(
                str(line.run.pk), line.run.title, line.run.corpus.name, line.state, words, line.took
            )
            if line.run.error:
                table.add_row("", f"  {line.run.error}")
        Console(file=self.stdout._out).print(table)  # type: ignore[attr-defined]
