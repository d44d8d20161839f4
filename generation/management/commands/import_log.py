from typing import Any

from django.core.management.base import CommandError, CommandParser

from generation.management.stage_command import StageCommand
from generation.models import Stage
from generation.pipeline.logs import LOG_FORMATS
from generation.pipeline.logs.table import MEANINGS
from generation.services.create_corpus import create_corpus
from generation.services.parameters import BadParameters


class Command(StageCommand):
    help = (
        "Read a log: import_log NAME --format movielens --folder ml-1m, or --format builtin, "
        "or --format table --folder mine --column user=userId."
    )
    stage = Stage.IMPORT_LOG

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("corpus", help="Name of the new corpus.")
        parser.add_argument("--format", choices=list(LOG_FORMATS), default="builtin")
        parser.add_argument("--folder", default="", help="Where the log's files lie on this machine.")
        parser.add_argument(
            "--column",
            action="append",
            default=[],
            metavar="MEANING=NAME",
            help=f"What a column of a table means, such as user=userId; one of {', '.join(MEANINGS)}, or of "
            "interactions, items (file names) and encoding. May be given many times; the rest is guessed.",
        )
        parser.add_argument("--n-users", type=int, help="Made-up users, for the built-in log.")
        parser.add_argument("--world-seed", type=int, help="Seed of the made-up users.")
        parser.add_argument("--queue", action="store_true", help="Hand the run to a worker and return.")

    def handle(self, *args: Any, **options: Any) -> None:
        named = dict(each.partition("=")[::2] for each in options["column"])
        world = {"n_users": options["n_users"], "seed": options["world_seed"]}
        try:
            _, run = create_corpus(
                name=options["corpus"],
                log_format=options["format"],
                folder=options["folder"],
                options={name: value for name, value in world.items() if value is not None},
                anywhere=True,
                columns=named if named or options["format"] == "table" else None,
            )
        except BadParameters as refusal:
            raise CommandError(f"{refusal.field}: {refusal}") from None
        assert run is not None, "the columns were named"
        self.work(run, queue=options["queue"])
        for row in run.report.get("rejected", [])[:5]:
            self.stderr.write(
                f"{row['file']}, line {row['line']}, {row['field']}: {row['reason']}. {row['remedy']}."
            )
