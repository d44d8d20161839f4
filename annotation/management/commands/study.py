"""Open, close, unblind or look at a study."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from annotation import monitoring
from annotation.models.study import Study
from annotation.services.check_pages import check_pages
from annotation.services.close_study import close_study
from annotation.services.open_study import open_study
from annotation.services.refusals import NotReady, Refused
from annotation.services.unblind_study import unblind_study

ACTS = ("status", "open", "close", "unblind")


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=ACTS)
        parser.add_argument("study", type=int)
        parser.add_argument("--by", help="User name of who does it; needed to open, close and unblind.")
        parser.add_argument("--reason", default="", help="Needed to unblind; kept in the ledger.")

    def handle(self, *args: Any, act: str, study: int, by: str | None, reason: str, **options: Any) -> None:
        if not Study.objects.filter(pk=study).exists():
            raise CommandError(f"There is no study {study}.")
        if act != "status":
            try:
                self._do(act, study, self._person(by), reason)
            except NotReady as error:
                raise CommandError("\n".join(["The study cannot open yet:", *error.reasons])) from None
            except Refused as error:
                raise CommandError(str(error)) from None
        self._tell(study)

    @staticmethod
    def _do(act: str, study: int, person: int, reason: str) -> None:
        if act == "open":
            open_study(study_id=study, by_id=person)
            check_pages(study_id=study, by_id=person)
        elif act == "close":
            close_study(study_id=study, by_id=person, reason=reason)
        else:
            unblind_study(study_id=study, by_id=person, reason=reason)

    @staticmethod
    def _person(name: str | None) -> int:
        person = get_user_model().objects.filter(username=name).first() if name else None
        if person is None:
            raise CommandError(f"There is no user {name!r}." if name else "Say who does it: --by NAME.")
        return person.pk

    def _tell(self, study: int) -> None:
        seen = monitoring.monitor(study)
        summary = seen.study
        label = " (simulated)" if summary.simulated else ""
        self.stdout.write(f"{summary.title}{label}: {summary.status_label.lower()}")
        self.stdout.write(
            f"  {summary.n_cases} cases, {summary.n_systems} systems, {summary.k} annotators a card; "
            f"{summary.n_done} of {summary.n_target} cards rated; {summary.gold_missing} reference marks missing"
        )
        for row in seen.annotators:
            self.stdout.write(
                f"  {row.pseudonym} {row.username}: {row.stage}, gate {row.gate}, {row.done} of {row.total}"
            )
