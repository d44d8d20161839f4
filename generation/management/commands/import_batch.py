from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from generation.models import Run
from generation.services.export_batch import NotForBatches
from generation.services.import_batch import import_batch

MOST_SHOWN = 20


class Command(BaseCommand):
    help = "Take the answers of batch files into a distil_teacher run. Exit code 1 where no line was usable."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", type=int)
        parser.add_argument("files", type=Path, nargs="+", help="Output and error files, whole or in part.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with ExitStack() as stack:
                files = [(path.name, stack.enter_context(path.open("rb"))) for path in options["files"]]
                done = import_batch(run_id=options["run"], files=files)
        except Run.DoesNotExist:
            raise CommandError(f"There is no run {options['run']}.") from None
        except (NotForBatches, OSError) as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(f"{done.n_ok:,} ok, {done.n_rejected:,} rejected, {done.n_errors:,} failed.")
        for bad in done.bad[:MOST_SHOWN]:
            self.stderr.write(f"{bad.file}, line {bad.line}: {bad.reason}")
        if len(done.bad) > MOST_SHOWN:
            self.stderr.write(f"and {len(done.bad) - MOST_SHOWN:,} more lines")
        if done.bad and not done.n_ok + done.n_rejected + done.n_errors:
            raise CommandError("No line was an answer to this run.")
        self.stdout.write(f"Next: manage.py runs --requeue {options['run']}")
