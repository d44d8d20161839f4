"""Whether a bundle holds together: files against hashes, numbers against data, tables and pages against numbers."""

import csv
import hashlib
import io
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from analysis.report.again import again
from analysis.report.beside import Beside
from analysis.report.bundle import bundle
from analysis.report.differences import Compared, differences
from analysis.report.findings.study import StudyFindings
from analysis.report.ledger import broken_ledger
from analysis.report.rescoring import as_text, rescored
from analysis.report.words import join

OURS = "prism-explanations"
"""The package that writes tables and pages; with the same version of it they follow from report.json to the byte."""
SHOWN = 20
"""Problems of one kind that are named; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found; a bundle without problems is what it says it is."""

    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()
    """What could not be checked, and what differs without being wrong."""
    n_files: int = 0
    """Files that match their sha256."""
    n_values: int = 0
    """Values of report.json compared with what the data give."""
    largest: float = 0.0
    """The largest relative difference among them."""
    n_scores: int = 0
    """Scores that came out again from the texts."""


def verify(
    files: Mapping[str, bytes],
    *,
    page: Callable[[StudyFindings], str] | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> Verification:
    """Check everything a bundle says of itself.

    Every number must come out again within 1e-9, whatever the versions. Under the version of this package that made
    it, every table and page must follow from report.json, byte for byte; under another one the numbers of the CSV
    tables are held to it, and the files that are worded or drawn otherwise are named as unchecked.

    Args:
        files: by path, as `unpacked` gives them.
        page: makes report.html of findings; without it that file is held to its hash alone.
    """
    progress("sha256")
    n_files, problems = _hashes(files)
    try:
        text = files["report.json"].decode()
        findings = StudyFindings.from_json(text)
    except KeyError:
        return Verification((*problems, "report.json is not in it"), n_files=n_files)
    except (ValueError, RecursionError) as error:
        return Verification((*problems, f"report.json cannot be read: {error}"), n_files=n_files)
    notes: list[str] = []
    seen = Compared()
    n_scores = 0
    same_versions = same_code = True
    try:
        data = {
            name: as_text(files[f"data/{name}.csv"])
            for name in ("ratings", "scores", "texts", "cases", "guesses", "excluded", "checks")
            if f"data/{name}.csv" in files
        }
        if "ratings" in data:
            beside = Beside(
                guesses=data.get("guesses"), excluded=data.get("excluded"), checks=data.get("checks")
            )
            computed = again(
                findings,
                ratings=data["ratings"],
                scores=data.get("scores"),
                beside=beside,
                progress=progress,
            )
            here = computed.meta.versions
            same_versions = here == findings.meta.versions
            same_code = here.get(OURS) == findings.meta.versions.get(OURS)
            given, wanted = json.loads(text), json.loads(computed.to_json())
            if not same_versions:
                notes.append(_other_versions(findings.meta.versions, here))
                for document in (given, wanted):
                    document["meta"].pop("versions")
                    document.pop("methods")
            found = [f"report.json: {one}" for one in differences(given, wanted, seen)]
            absent = f"report.json lacks {join(seen.absent)}" if seen.absent else ""
            problems += _few(found + ([absent] if absent and same_versions else []))
            notes += [f"{absent}, which this version would say."] if absent and not same_versions else []
        else:
            problems.append("data/ratings.csv is not in it: nothing can be computed again")
        if {"texts", "scores"} <= set(data):
            progress("scores")
            n_scores, wrong, untried = rescored(findings, data)
            problems += _few(wrong)
            notes += [f"Not computed again from the texts: {one}." for one in untried]
    except (ValueError, KeyError, RecursionError) as error:
        problems.append(f"the data cannot be analysed: {str(error) or type(error).__name__}")
    wrong, untried = _plan(files, findings)
    problems += broken_ledger(files) + wrong
    notes += untried
    progress("files")
    try:
        wrong, untried = _files(files, findings, page, same_code=same_code)
    except (ValueError, LookupError, TypeError, AttributeError, MemoryError, RecursionError) as error:
        wrong, untried = [f"report.json: no tables can be written of it: {error or type(error).__name__}"], []
    problems += _few(wrong)
    notes += untried
    return Verification(
        tuple(problems),
        tuple(notes),
        n_files=n_files,
        n_values=seen.n_values,
        largest=seen.largest,
        n_scores=n_scores,
    )


def _plan(files: Mapping[str, bytes], findings: StudyFindings) -> tuple[list[str], list[str]]:
    """Whether the report confirms what the plan named, and nothing else; what is wrong, what cannot be told."""
    absent = [name for name in ("data/plan.json", "data/ledger.json") if name not in files]
    notes = [f"{join(absent)}: not in it, so what was planned and done beforehand is not checked."] * bool(
        absent
    )
    if "data/plan.json" not in files:
        wrong = ["report.json confirms hypotheses, and data/plan.json that named them is not in it"]
        return wrong * bool(findings.confirmations), notes
    try:
        planned = json.loads(files["data/plan.json"])["plan"].get("analysis", {}).get("hypotheses", [])
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError) as error:
        return [f"data/plan.json cannot be read: {error}"], notes
    if [asdict(row.planned) for row in findings.confirmations] == planned:
        return [], notes
    return ["report.json: confirmations are not the hypotheses of data/plan.json"], notes


def _hashes(files: Mapping[str, bytes]) -> tuple[int, list[str]]:
    """How many files match the manifest, and which do not."""
    try:
        said: Any = json.loads(files["manifest.json"])["sha256"]
        wanted = {str(name): str(digest) for name, digest in said.items()}
    except KeyError as error:
        missing = (
            "sha256 is not in manifest.json" if "manifest.json" in files else "manifest.json is not in it"
        )
        return 0, [f"{missing} ({error})"] if "manifest.json" in files else [missing]
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        return 0, [f"manifest.json cannot be read: {error}"]
    problems = [
        f"{name}: named in manifest.json and not in the bundle" for name in sorted(wanted.keys() - files)
    ]
    strange = sorted(files.keys() - wanted.keys() - {"manifest.json"})
    problems += [f"{name}: in the bundle and not named in manifest.json" for name in strange]
    n_same = 0
    for name in sorted(wanted.keys() & files.keys()):
        if hashlib.sha256(files[name]).hexdigest() == wanted[name]:
            n_same += 1
        else:
            problems.append(f"{name}: sha256 is not what manifest.json says")
    return n_same, _few(problems)


def _files(
    files: Mapping[str, bytes],
    findings: StudyFindings,
    page: Callable[[StudyFindings], str] | None,
    *,
    same_code: bool,
) -> tuple[list[str], list[str]]:
    """Files that the findings do not give (tables, figures, pages, manifest), and what is left unchecked."""
    data = {name: content for name, content in files.items() if name.startswith("data/")}
    html = page(findings) if page and "report.html" in files else None
    wanted = bundle(findings, data=data, page=html)
    if page is None:
        wanted |= {name: files[name] for name in ("report.html", "manifest.json") if name in files}
    other = [name for name in sorted(wanted.keys() & files) if wanted[name] != files[name]]
    strangers = [f"{name}: missing" for name in sorted(wanted.keys() - files.keys())]
    strangers += [f"{name}: no file of such a bundle" for name in sorted(files.keys() - wanted.keys())]
    if same_code:
        return [f"{name}: does not follow from report.json" for name in other] + strangers, []
    wrong, unchecked = [], strangers
    for name in other:
        same = _same_numbers(files[name], wanted[name]) if name.endswith(".csv") else None
        if same is None:
            unchecked.append(name)
        elif not same:
            wrong.append(f"{name}: has other numbers than report.json")
    words = f"Written otherwise by this version, and not checked: {join(unchecked)}." if unchecked else ""
    return wrong, [words] * bool(words)


def _same_numbers(given: bytes, wanted: bytes) -> bool | None:
    """Whether two CSV tables hold the same numbers in the same places, words aside; None if they are laid out apart."""
    try:
        tables = [list(csv.reader(io.StringIO(content.decode()))) for content in (given, wanted)]
    except (UnicodeDecodeError, csv.Error):
        return False
    if [len(row) for row in tables[0]] != [len(row) for row in tables[1]]:
        return None
    cells = [[_number(cell) for row in table for cell in row] for table in tables]
    return all(
        one is other or (one is not None and other is not None and math.isclose(one, other, rel_tol=1e-9))
        for one, other in zip(*cells, strict=True)
    )


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _other_versions(made: Mapping[str, str], here: Mapping[str, str]) -> str:
    parts = [
        f"{name} {made.get(name, 'absent')} (here {here.get(name, 'absent')})"
        for name in sorted(made.keys() | here.keys())
        if made.get(name) != here.get(name)
    ]
    return f"It was made with {join(parts)}: words and drawings may differ, numbers may not."


def _few(problems: list[str]) -> list[str]:
    rest = len(problems) - SHOWN
    return [*problems[:SHOWN], f"… and {rest:,} more"] if rest > 0 else problems
