"""Check that the ledgers of studies are whole: no line changed, taken out, put in or moved."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotation.models.ledger import LedgerLine, broken_at
from annotation.models.study import Study
from annotation.services.fingerprint import fingerprint


class Command(BaseCommand):
    help = (
        f"{__doc__} Prints the last hash of each: noted elsewhere, it also shows that no line was cut off the end. "
        "Exit code 1 where one is broken, or where an opened study is not what was opened."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", type=int, nargs="*", help="All studies when none is named.")

    def handle(self, *args: Any, study: list[int], **options: Any) -> None:
        rows = Study.objects.order_by("pk")
        if study:
            rows = rows.filter(pk__in=study)
            if missing := set(study).difference(rows.values_list("pk", flat=True)):
                raise CommandError(f"There is no study {', '.join(map(str, sorted(missing)))}.")
        faults = [fault for row in rows for fault in self._check(row)]
        if faults:
            raise CommandError("\n".join(faults))

    def _check(self, study: Study) -> list[str]:
        """What is wrong with the study, a sentence each; what is right is printed."""
        lines = list(LedgerLine.objects.filter(study=study).order_by("number"))
        faults = []
        if (bad := broken_at(lines)) is not None:
            faults.append(
                f"Study {study.pk}: line {bad.number} ({bad.act}, {bad.at:%Y-%m-%d %H:%M}) does not follow from those "
                "before it. It or an earlier line was changed, taken out or put in: compare with a backup."
            )
        if study.status != Study.Status.DRAFT:
            if not lines:
                faults.append(f"Study {study.pk} was opened and has no ledger: its lines were taken out.")
            if fingerprint(study.pk) != study.frozen_hash:
                faults.append(f"Study {study.pk} is not what was opened: its fingerprint differs.")
        if not faults:
            last = lines[-1].hash if lines else "no line yet"
            self.stdout.write(f"Study {study.pk}: {len(lines)} lines, whole. {last}")
        return faults
