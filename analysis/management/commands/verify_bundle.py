"""`manage.py verify_bundle FILE`: whether a bundle somebody sent is what it says it is; no server, no database."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from analysis.report.unpacking import UnsafeBundle, unpacked
from analysis.report.verify import Verification, verify
from analysis.report.words import many
from analysis.report_file import html

DOES_NOT_HOLD = 1
"""Exit code when anything in the bundle is not what it says, or it cannot be opened safely."""


class Command(BaseCommand):
    help = (
        "Check a bundle: every sha256, every number from its data, every table and drawing from its numbers."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("bundle", type=Path, help="the zip, or the folder it was unpacked to")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            files = unpacked(options["bundle"])
            found = verify(files, page=html, progress=lambda step: self.stdout.write(f"{step} …"))
        except UnsafeBundle as error:
            self.stderr.write(self.style.ERROR(str(error)))
            sys.exit(DOES_NOT_HOLD)
        for line in told(found):
            self.stdout.write(line)
        if found.problems:
            for problem in found.problems:
                self.stderr.write(self.style.ERROR(problem))
            self.stderr.write(self.style.ERROR(f"{options['bundle']} does not hold."))
            sys.exit(DOES_NOT_HOLD)
        self.stdout.write(f"{options['bundle']} holds.")


def told(found: Verification) -> list[str]:
    """What was checked, in sentences."""
    lines = [f"{many(found.n_files, 'file')} as manifest.json says (sha256)."]
    if found.n_values:
        lines.append(
            f"{many(found.n_values, 'value')} of report.json compared with what the data give; the largest relative "
            f"difference among those that agree is {found.largest:.1g}."
        )
    if found.n_scores:
        lines.append(f"{many(found.n_scores, 'score')} came out again from the texts.")
    return [*lines, *found.notes]
