"""`manage.py table3 REPORT...`: the main table of a paper from reports or bundles; no server, no database."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from analysis.management.commands.analyse import BAD_INPUT, BadInput, write_folder
from analysis.report.findings.reading import UnreadableFindings
from analysis.report.findings.study import StudyFindings
from analysis.report.table3 import NoTable, Part, table3
from analysis.report.table3_files import FORMS, as_file
from analysis.report.unpacking import UnsafeBundle, unpacked


class Command(BaseCommand):
    help = "Set one or several reports as one table: data sets and systems down, metrics and ratings across."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "reports", type=Path, nargs="+", help="report.json, a bundle, or a bundle's folder"
        )
        parser.add_argument(
            "--name",
            action="append",
            default=[],
            help="name of a data set, once a report, in their order (default: titles)",
        )
        parser.add_argument(
            "--metric",
            action="append",
            default=[],
            help="a metric to show; may stand several times (default: the paper's)",
        )
        parser.add_argument("--out", type=Path, required=True, help="folder to write; it must not exist yet")

    def handle(self, *args: Any, **options: Any) -> None:
        names = options["name"]
        try:
            if len(names) > len(options["reports"]):
                raise BadInput(
                    f"{len(names)} names for {len(options['reports'])} reports: name each at most once"
                )
            if options["out"].exists():
                raise BadInput(
                    f"{options['out']} exists already; name a folder that does not, or move it away"
                )
            parts = []
            for place, path in enumerate(options["reports"]):
                findings = _findings(path)
                parts.append(Part(names[place] if place < len(names) else findings.meta.title, findings))
            table = table3(parts, options["metric"])
            write_folder(options["out"], {f"table3.{form}": as_file(table, form).encode() for form in FORMS})
        except (BadInput, NoTable) as error:
            self.stderr.write(self.style.ERROR(str(error)))
            sys.exit(BAD_INPUT)
        self.stdout.write(f"{options['out']}: {', '.join(f'table3.{form}' for form in FORMS)}")


def _findings(path: Path) -> StudyFindings:
    try:
        content = path.read_bytes() if path.suffix == ".json" else unpacked(path)["report.json"]
        return StudyFindings.from_json(content.decode())
    except KeyError as error:
        raise BadInput(f"{path}: no report.json is in it; name a bundle or a report.json") from error
    except (UnreadableFindings, UnicodeDecodeError, UnsafeBundle) as error:
        raise BadInput(f"{path}: {error}") from error
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error
