from typing import Any

from django.core.management.base import CommandError, CommandParser

from generation.management.stage_command import StageCommand
from generation.models import Corpus, Run, Stage
from generation.services.estimate_teacher import estimate_teacher
from generation.services.parameters import BadParameters


class Command(StageCommand):
    help = "Let the teacher write the explanations a student learns from."
    stage = Stage.DISTIL_TEACHER

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--estimate", action="store_true", help="Say what an endpoint would cost, and queue nothing."
        )

    def queue(
        self, corpus: Corpus, given: dict[str, Any], prefer: list[Run], options: dict[str, Any]
    ) -> None:
        if not options["estimate"]:
            super().queue(corpus, given, prefer, options)
            return
        try:
            self.stdout.write(str(estimate_teacher(corpus=corpus, parameters=given, prefer=prefer)))
        except BadParameters as refusal:
            raise CommandError(f"{refusal.field}: {refusal}") from None
