"""Serve a trained student: POST /api/explain, from a process of its own."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from generation.pipeline.student import ENGINES


class Command(BaseCommand):
    help = "Load a trained student and answer POST /api/explain until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--run", type=int, help="A finished train_student run; by default the newest with user vectors."
        )
        parser.add_argument("--bind", default="127.0.0.1:8001", help="Address and port.")
        parser.add_argument("--engine", choices=list(ENGINES), default="onnx", help="What runs the student.")
        parser.add_argument(
            "--processes", type=int, default=1, help="Each loads a student and has a queue of its own."
        )
        parser.add_argument("--threads", type=int, default=64, help="Requests that may be open a process.")
        parser.add_argument("--batch", type=int, default=32, help="Cases explained together at most.")
        parser.add_argument("--queue", type=int, default=256, help="Cases that may wait a process.")
        parser.add_argument(
            "--linger", type=float, default=2.0, help="Milliseconds an idle student waits for company."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        from generation import online
        from generation.queries import is_offline
        from prism_site.online_server import serve

        for name in ("processes", "threads", "batch", "queue"):
            if options[name] < 1:
                raise CommandError(f"--{name} is 1 or more, not {options[name]}")
        try:
            run = online.trained_run(options["run"])
        except online.NothingToServe as refusal:
            raise CommandError(str(refusal)) from None
        taught = ", taught by the offline teacher" if is_offline(run) else ""
        self.stdout.write(
            f"Serving the student of run {run.pk} (log {run.corpus.name!r}{taught}) at "
            f"http://{options['bind']}/api/explain."
        )
        serve(
            bind=options["bind"],
            processes=options["processes"],
            threads=options["threads"],
            run_id=run.pk,
            engine=options["engine"],
            max_batch=options["batch"],
            max_waiting=options["queue"],
            linger_seconds=options["linger"] / 1000,
        )
