"""Fetch everything an annotator of a study can, and fail if any of it says which system wrote what."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotation.models.study import Study
from annotation.services.blind_check import blind_check


class Command(BaseCommand):
    help = f"{__doc__} Stores nothing. Exit code 1 where something leaks."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", type=int)

    def handle(self, *args: Any, study: int, **options: Any) -> None:
        try:
            found = blind_check(study_id=study)
        except Study.DoesNotExist:
            raise CommandError(f"There is no study {study}.") from None
        if found.not_looked_for:
            names = ", ".join(found.not_looked_for)
            self.stdout.write(f"Not looked for, being too short or too common: {names}.")
        if found.leaks:
            raise CommandError("\n".join(["Annotators can read:", *map(str, found.leaks)]))
        self.stdout.write(
            f"Blind: {found.n_addresses} addresses hold none of {found.n_secrets} names, labels, case keys and "
            "signatures."
        )
