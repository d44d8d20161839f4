"""`manage.py analyse RATINGS.csv`: a ratings file in, a report folder out; no server, no database."""

import datetime
import shutil
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.template.loader import render_to_string

from analysis.report.analyse import Subject, analyse
from analysis.report.bundle import bundle
from analysis.report.findings import StudyFindings
from analysis.report.page import page_context
from analysis.report.scores import BadScores, ScoreTable
from analysis.stats.ratings import BadRatings, RatingTable

BAD_INPUT = 2
"""Exit code when the files cannot be analysed; nothing was written."""
FARTHEST_POINT = 10**9
"""Farther ones do not fit the integers they are kept in."""


class BadInput(Exception):
    """A file, or the place for the report, will not do; the message says what to do."""


class Command(BaseCommand):
    help = "Analyse a CSV of ratings into a folder: HTML, JSON, tables, figures, data, manifest."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ratings", type=Path, help="CSV with annotator, case, system, criterion, value")
        parser.add_argument("--scores", type=Path, help="CSV with case, system, metric, value")
        parser.add_argument("--out", type=Path, required=True, help="folder to write; it must not exist yet")
        parser.add_argument("--seed", type=int, default=1, help="seed of every draw of chance (default 1)")
        parser.add_argument("--title", default="", help="title of the report (default: the file's name)")
        parser.add_argument("--levels", default="1,2,3,4,5", help="points of the scale (default 1,2,3,4,5)")
        parser.add_argument(
            "--slots",
            action="store_true",
            help="annotator names are slots: the same name is not the same person on every card",
        )
        parser.add_argument("--created", default="", help="time to write into the report (default: now)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            findings, files = self._compute(options)
            files["report.html"] = html(findings).encode()
            write_folder(options["out"], files)
        except (BadInput, BadRatings, BadScores) as error:
            self.stderr.write(self.style.ERROR(str(error)))
            sys.exit(BAD_INPUT)
        self.stdout.write(f"{options['out']}: open report.html; numbers in report.json, tables/ and figures/")

    def _compute(self, options: dict[str, Any]) -> tuple[StudyFindings, dict[str, bytes]]:
        if options["out"].exists():
            raise BadInput(f"{options['out']} exists already; name a folder that does not, or move it away")
        if not 0 <= options["seed"] < 2**63:
            raise BadInput(f"--seed {options['seed']}: give a whole number from 0 to 2**63 - 1")
        ratings = _read(options["ratings"])
        table = RatingTable.from_frame(
            ratings, levels=_levels(options["levels"]), annotators_identified=not options["slots"]
        )
        raw_scores = _read(options["scores"]) if options["scores"] else None
        scores = ScoreTable.from_frame(raw_scores, systems=table.systems) if raw_scores is not None else None
        created = options["created"] or datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        findings = analyse(
            table,
            scores,
            subject=Subject(title=options["title"] or options["ratings"].stem),
            seed=options["seed"],
            created=created,
            progress=lambda step: self.stdout.write(f"{step} …"),
        )
        return findings, bundle(findings, ratings=ratings, scores=raw_scores)


def html(findings: StudyFindings) -> str:
    """One file, with its stylesheet inside; it loads nothing."""
    css = (Path(settings.BASE_DIR) / "static" / "css" / "prism.css").read_text(encoding="utf-8")
    return render_to_string("analysis/report_file.html", page_context(findings) | {"css": css})


def write_folder(target: Path, files: dict[str, bytes]) -> None:
    """Write everything aside, then rename: a folder that exists is whole.

    Raises:
        BadInput: the place cannot be written to.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
    except OSError as error:
        raise BadInput(f"cannot write beside {target}: {error.strerror}; choose another --out") from error
    try:
        aside.chmod(0o755)
        for name, content in files.items():
            path = aside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        aside.rename(target)
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise BadInput(f"cannot write {target}: {error.strerror}; choose another --out") from error


def _read(path: Path) -> pd.DataFrame:
    """Every cell as text, so that nothing is guessed: "NA" is a name, an empty cell is empty."""
    as_text: dict[str, Any] = {"dtype": str, "keep_default_na": False, "encoding": "utf-8-sig"}
    try:
        header = pd.read_csv(path, header=None, nrows=1, **as_text).iloc[0]
        if header.duplicated().any():
            twice = ", ".join(sorted(set(header[header.duplicated()])))
            raise BadInput(f"{path}: two columns are called {twice}; keep one of each")
        with warnings.catch_warnings():
            # Else pandas takes the first field of a row too long for the header as its name, and every
            # other field moves to the column beside its own.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return pd.read_csv(path, index_col=False, **as_text)
    except pd.errors.ParserWarning:
        raise BadInput(
            f"{path}: rows have more fields than the header has columns; put quotes round texts with commas"
        ) from None
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise BadInput(f"{path}: not a CSV file: {error}") from error
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error


def _levels(text: str) -> tuple[int, ...]:
    try:
        levels = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise BadInput(
            f"--levels {text}: give whole numbers with commas between, such as 1,2,3,4,5"
        ) from None
    if len(set(levels)) < 2:
        raise BadInput(f"--levels {text}: a scale has at least two different points")
    if len(set(levels)) != len(levels):
        raise BadInput(f"--levels {text}: a point stands twice; keep one")
    if max(map(abs, levels)) > FARTHEST_POINT:
        raise BadInput(f"--levels {text}: points lie between -{FARTHEST_POINT} and {FARTHEST_POINT}")
    return levels
