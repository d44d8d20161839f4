from itertools import islice
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from generation.models import Run
from generation.pipeline.teacher.batch_files import ROWS_A_FILE
from generation.services.export_batch import NotForBatches, export_batch


class Command(BaseCommand):
    help = "Write the questions a distil_teacher run still has as batch files (OpenAI Batch, vllm run-batch)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", type=int)
        parser.add_argument("folder", type=Path, help="Where questions-00000.jsonl and so on are written.")
        parser.add_argument("--rows", type=int, default=ROWS_A_FILE, help="Questions a file, at most.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["rows"] < 1:
            raise CommandError("--rows is 1 or more.")
        try:
            lines = export_batch(run_id=options["run"])
        except Run.DoesNotExist:
            raise CommandError(f"There is no run {options['run']}.") from None
        except NotForBatches as refusal:
            raise CommandError(str(refusal)) from None
        options["folder"].mkdir(parents=True, exist_ok=True)
        n_lines = n_files = 0
        while part := list(islice(lines, options["rows"])):
            path = options["folder"] / f"questions-{n_files:05d}.jsonl"
            path.write_text("".join(part), encoding="utf-8")
            n_lines, n_files = n_lines + len(part), n_files + 1
        self.stdout.write(f"{n_lines:,} questions in {n_files} files in {options['folder']}.")
