"""`manage.py analyse RATINGS.csv`: a ratings file in, a report folder out; no server, no database."""

import datetime
import os
import re
import shutil
import sys
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from django.core.management.base import BaseCommand, CommandParser

from analysis.report.again import subject_like
from analysis.report.analyse import Subject, analyse
from analysis.report.beside import Beside
from analysis.report.bundle import bundle, data_files
from analysis.report.checking import BadChecks
from analysis.report.findings.reading import UnreadableFindings
from analysis.report.findings.study import StudyFindings
from analysis.report.findings.subject import System
from analysis.report.guessing import BadGuesses
from analysis.report.relating import metrics_of
from analysis.report.scores import BadScores, ScoreTable
from analysis.report.words import join
from analysis.report_file import html
from analysis.stats.rating_columns import BadRatings
from analysis.stats.ratings import RatingTable

BAD_INPUT = 2
"""Exit code when the files cannot be analysed; nothing was written."""
UNCLOSED = re.compile(r"EOF inside string starting at row (\d+)")
USE_REFERENCES = ("rouge", "bleu", "meteor", "chrf", "bertscore", "bleurt")
"""What names of metrics begin with that compare a text with a reference."""
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
        parser.add_argument("--guesses", type=Path, help="CSV with case, system, annotator, kind, guess")
        parser.add_argument("--excluded", type=Path, help="CSV of ratings that are left out, as RATINGS")
        parser.add_argument(
            "--checks",
            type=Path,
            help="CSV with annotator, kind, card, criterion, value, wanted, earlier: marks of hidden cards",
        )
        parser.add_argument("--out", type=Path, required=True, help="folder to write; it must not exist yet")
        parser.add_argument("--seed", type=int, help="seed of every draw of chance (default 1)")
        parser.add_argument("--title", default="", help="title of the report (default: the file's name)")
        parser.add_argument("--levels", default="", help="points of the scale (default 1,2,3,4,5)")
        parser.add_argument(
            "--reference-system",
            default="",
            help="the rated system whose texts are the references of the scores; it is left out of their "
            "correlations",
        )
        parser.add_argument(
            "--reference-metrics",
            default="",
            help=f"metrics that use references (default: those beginning with {', '.join(USE_REFERENCES)})",
        )
        parser.add_argument(
            "--like",
            type=Path,
            help="report.json to take over what the data do not say: seed, time, words, labels, signatures",
        )
        parser.add_argument(
            "--slots",
            action="store_true",
            help="annotator names are slots: the same name is not the same person on every card",
        )
        parser.add_argument("--created", default="", help="time to write into the report (default: now)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            files = self._compute(options)
            write_folder(options["out"], files)
        except (BadInput, BadRatings, BadScores, BadGuesses, BadChecks) as error:
            self.stderr.write(self.style.ERROR(str(error)))
            sys.exit(BAD_INPUT)
        self.stdout.write(f"{options['out']}: open report.html; numbers in report.json, tables/ and figures/")

    def _compute(self, options: dict[str, Any]) -> dict[str, bytes]:
        _refuse_place(options["out"])
        like = _findings(options["like"]) if options["like"] else None
        seed = options["seed"]
        if seed is None:
            seed = like.meta.seed if like else 1
        if not 0 <= seed < 2**63:
            raise BadInput(f"--seed {seed}: give a whole number from 0 to 2**63 - 1")
        levels = _levels(options["levels"] or "1,2,3,4,5")
        if like and not options["levels"]:
            levels = like.meta.levels
        slots = options["slots"] or (like is not None and like.counts.n_annotators is None)
        ratings = _read(options["ratings"])
        table = RatingTable.from_frame(ratings, levels=levels, annotators_identified=not slots)
        raw_scores = _read(options["scores"]) if options["scores"] else None
        scores = ScoreTable.from_frame(raw_scores, systems=table.systems) if raw_scores is not None else None
        beside = Beside(
            **{
                name: _read(options[name])
                for name in ("guesses", "excluded", "checks")
                if options[name] is not None
            }
        )
        subject = _subject(like, options)
        if scores is not None:
            subject = _with_references(subject, table, scores, options)
        created = options["created"] or (like.meta.created if like else "")
        findings = analyse(
            table,
            scores,
            subject=subject,
            seed=seed,
            created=created or datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            kind=like.meta.kind if like else "unblinded",
            confidence=like.meta.confidence if like else 0.95,
            beside=beside,
            progress=lambda step: self.stdout.write(f"{step} …"),
        )
        for note in findings.meta.notes:
            self.stdout.write(note)
        data = data_files(ratings=ratings, scores=raw_scores, beside=beside)
        return bundle(findings, data=data, page=html(findings))


def _subject(like: StudyFindings | None, options: dict[str, Any]) -> Subject:
    if like is None:
        return Subject(title=options["title"] or options["ratings"].stem)
    return replace(subject_like(like), title=options["title"] or like.meta.title)


def _with_references(
    subject: Subject, table: RatingTable, scores: ScoreTable, options: dict[str, Any]
) -> Subject:
    """Who wrote the references, as far as anybody said.

    Raises:
        BadInput: a system or metric was named that the files do not hold.
    """
    writer = options["reference_system"]
    named = [name.strip() for name in options["reference_metrics"].split(",") if name.strip()]
    if writer and writer not in table.systems:
        raise BadInput(
            f"--reference-system {writer}: never rated; rated systems are {', '.join(table.systems)}"
        )
    if unknown := [name for name in named if name not in scores.metrics]:
        raise BadInput(
            f"--reference-metrics {', '.join(unknown)}: no such scores; there are {', '.join(scores.metrics)}"
        )
    metrics = metrics_of(scores, subject.metrics)
    used = named or [one.name for one in metrics if one.name.lower().startswith(USE_REFERENCES)]
    if not writer:
        # Of a metric that comes with a signature it is known what it was compared with.
        unsaid = [one.label for one in metrics if one.name in used and not (one.references or one.signature)]
        if not unsaid:
            return subject
        note = (
            f"Nobody said who wrote the references of {join(unsaid)}. If it was a rated system, its own scores "
            "enter the correlations and make them too high: name it with --reference-system."
        )
        return replace(subject, notes=tuple(dict.fromkeys([*subject.notes, note])))
    if not used:
        raise BadInput(
            f"--reference-system {writer}: no metric is known to use references; list them in "
            "--reference-metrics"
        )
    metrics = tuple(replace(one, references=writer) if one.name in used else one for one in metrics)
    known = {system.name: system for system in subject.systems}
    systems = tuple(known.get(name) or System(name=name, label=name) for name in table.systems)
    systems = tuple(replace(one, wrote_references=one.name == writer) for one in systems)
    return replace(subject, metrics=metrics, systems=systems)


def _findings(path: Path) -> StudyFindings:
    try:
        return StudyFindings.from_json(path.read_text(encoding="utf-8"))
    except UnreadableFindings as error:
        raise BadInput(f"--like {path}: {error}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"--like {path}: byte {error.start} is not UTF-8") from error
    except OSError as error:
        raise BadInput(f"--like {path}: {error.strerror}") from error


def _refuse_place(out: Path) -> None:
    """Before anything is computed: can a folder of this name come to be?

    Raises:
        BadInput: something is there already, or nothing can be made there.
    """
    try:
        if os.path.lexists(out):
            raise BadInput(f"{out} exists already; name a folder that does not, or move it away")
        (out.parent / f".{out.name}-").exists()  # a name too long is an error of its own
        nearest = next(folder for folder in out.absolute().parents if folder.exists())
    except OSError as error:
        raise BadInput(f"cannot write {out}: {error.strerror}; choose another --out") from error
    if not nearest.is_dir():
        raise BadInput(f"cannot write {out}: {nearest} is a file; choose another --out")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise BadInput(f"cannot write {out}: {nearest} takes no files from you; choose another --out")


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
    if path.is_dir():
        raise BadInput(f"{path} is a folder; name the CSV file in it")
    try:
        header = pd.read_csv(path, header=None, nrows=1, **as_text).iloc[0]
        if len(header) == 1:
            for separator, called in ((";", ";"), ("\t", "tabs"), ("|", "|")):
                if separator in header[0]:
                    raise BadInput(f"{path}: separated by {called}: use commas")
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
    except pd.errors.EmptyDataError:
        raise BadInput(f"{path}: the file is empty; its first line names the columns") from None
    except pd.errors.ParserError as error:
        if found := UNCLOSED.search(str(error)):
            raise BadInput(
                f'{path}: a quote (") opened in row {int(found[1]) + 1} is never closed; close it, or double it '
                "where it stands for itself"
            ) from error
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
