"""Build a draft study from explain runs or from a file of explanations."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from annotation.design.checks import Amount, CheckPlan, attention_texts
from annotation.design.guessing import GuessPlan
from annotation.design.plan import DESIGNS, StudySettings
from annotation.design.sources import parse
from annotation.services.build_study import build_study
from annotation.services.plan_checks import plan_checks
from annotation.services.refusals import BadSource, Refused


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("title", help="What annotators read; it must not name a system.")
        parser.add_argument("--owner", required=True, help="User name of the owner.")
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("--runs", type=int, nargs="+", help="explain_cases runs over the same cases.")
        source.add_argument(
            "--file", type=Path, help="CSV or JSONL of case, system, text[, history, item, …]."
        )
        parser.add_argument(
            "--language",
            default="en",
            help="Tag of the texts' language; criteria, guidelines and consent come in English and Chinese (zh).",
        )
        parser.add_argument("--k", type=int, default=3, help="Annotators a card (default 3).")
        parser.add_argument("--annotators", type=int, default=6, help="Seats in the plan (default 6).")
        parser.add_argument(
            "--design",
            choices=DESIGNS,
            default="paired",
            help="Does everybody judge all systems of a case on pages apart (paired), one of them (latin), or all "
            "on one page (side_by_side)?",
        )
        parser.add_argument(
            "--gap", type=int, default=8, help="Least distance of a case's cards (default 8)."
        )
        parser.add_argument("--cases", type=int, help="Cases of the main study (default: all).")
        parser.add_argument(
            "--calibration",
            type=int,
            help="Calibration cases; ten, and no more than a quarter of the cases, when it is left out.",
        )
        parser.add_argument("--seed", type=int, help="Drawn and stored when it is not given.")
        parser.add_argument(
            "--hypothesis",
            action="append",
            default=[],
            help="What the study is to confirm, as 'criterion: system > other system'; may stand several times.",
        )
        parser.add_argument(
            "--guess",
            type=int,
            metavar="CARDS",
            help="Ask after the last card which kind of writer wrote so many of one's own cards.",
        )
        hidden = "a number of every annotator's cards or a share of them, such as 3 or 5%%"
        parser.add_argument("--repeats", default="", metavar="N", help=f"Cards met again, hidden: {hidden}.")
        parser.add_argument(
            "--attention", type=int, default=0, metavar="N", help="Attention checks with the shipped texts."
        )
        parser.add_argument(
            "--gold", default="", metavar="N", help=f"Cards of the calibration set met again: {hidden}."
        )
        parser.add_argument("--simulated", action="store_true", help="A rehearsal with simulated annotators.")

    def handle(self, *args: Any, **options: Any) -> None:
        owner = get_user_model().objects.filter(username=options["owner"]).first()
        if owner is None:
            raise CommandError(f"There is no user {options['owner']!r}.")
        n_calibration = options["calibration"]
        calibrating = (
            {"calibration_follows": True} if n_calibration is None else {"n_calibration": n_calibration}
        )
        settings = StudySettings(
            title=options["title"],
            language=options["language"],
            k=options["k"],
            n_annotators=options["annotators"],
            design=options["design"],
            gap=options["gap"],
            n_cases=options["cases"],
            **calibrating,
            seed=options["seed"],
            simulated=options["simulated"],
            hypotheses="\n".join(options["hypothesis"]),
            guess=None if options["guess"] is None else GuessPlan(options["guess"]),
        )
        checks = self._checks(options, settings.language)
        upload = self._upload(options["file"]) if options["file"] else None
        try:
            with transaction.atomic():
                built = build_study(
                    owner_id=owner.pk,
                    settings=settings,
                    explain_run_ids=options["runs"] or (),
                    upload=upload,
                )
                plan_checks(study_id=built.study_id, plan=checks)
        except BadSource as error:
            raise CommandError("\n".join(error.errors)) from None
        except Refused as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(
            f"Study {built.study_id}: {built.n_cases} cases, {built.n_cards} cards, "
            f"{len(built.calibration)} calibration cards, {built.n_dropped} cases dropped."
        )
        for note in built.notes:
            self.stdout.write(f"  {note}")

    @staticmethod
    def _checks(options: dict[str, Any], language: str) -> CheckPlan | None:
        try:
            amounts = {name: Amount.read(options[name]) for name in ("repeats", "gold")}
        except ValueError:
            raise CommandError("--repeats and --gold take a number or a share, such as 3 or 5%.") from None
        texts = attention_texts(language) if options["attention"] else ()
        plan = CheckPlan(attention=options["attention"], texts=texts, **amounts)
        return plan if plan.hides_anything else None

    @staticmethod
    def _upload(path: Path) -> Any:
        try:
            content = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{path} cannot be read: {error}") from None
        return parse(content, "jsonl" if path.suffix in {".jsonl", ".ndjson"} else "csv")
