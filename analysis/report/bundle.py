"""The bundle: data, findings, tables, figures and signatures in one folder or zip that another lab can check.

The same findings and data give the same bytes: names are sorted, times are fixed, nothing draws on chance.
"""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping

import pandas as pd

from analysis.report.beside import Beside
from analysis.report.figures import all_figures
from analysis.report.findings.study import StudyFindings
from analysis.report.heds import datasheet
from analysis.report.tables import all_tables, as_csv_files, as_latex_files

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time every member of the zip carries; the earliest the format knows."""

READ_ME = """{title}

report.html      the report, to be read; it loads nothing
report.json      every number with interval, n, method and seed (format {format})
tables/          the same numbers as CSV (in full) and LaTeX (as read; needs the package booktabs, and
                 longtable where it says so); a text in the CSV that a spreadsheet would take for a
                 formula begins with an apostrophe
heds.md          the Human Evaluation Datasheet 3.0, as far as it is known; what is left to the authors is marked
heds.json        the same for the form at https://nlp-heds.github.io, which counts the blanks
figures/         SVG; text and lines follow the colour of the page they are set into
data/            what the numbers were computed from, exactly as it was; open it in a spreadsheet only as text,
                 for nothing in it that looks like a formula is altered
{plan}manifest.json    seed, versions, signatures, and the sha256 of every other file
{warnings}
To check that all of this holds together:

    python manage.py verify_bundle .

To compute the report again:

    python manage.py analyse data/ratings.csv{options} --like report.json --out again

`--like` takes from the report what the data do not say: seed, time, title, the words of the criteria, the labels of
the systems, the signatures and references of the metrics, and how far the plan was carried out. With the versions
named in manifest.json every number comes out the same, digit for digit; other versions name themselves in the new
report. The scores are taken as they stand: the metrics are not computed anew.
"""

PLAN = """data/plan.json   the plan as it was frozen before anybody judged, and what was dropped before that
data/ledger.json what was done to the study and why; each line carries the hash of the one before
"""


OPTIONS = ("scores", "guesses", "excluded", "checks")
"""Data beside the ratings that `analyse` takes by an option of the same name."""


def report_files(findings: StudyFindings) -> dict[str, bytes]:
    """What every export holds: report.json, tables and figures, by path inside the folder."""
    tables = all_tables(findings)
    files = {"report.json": findings.to_json()}
    files |= {f"tables/{name}": text for name, text in as_csv_files(tables).items()}
    files |= {f"tables/{name}": text for name, text in as_latex_files(tables).items()}
    files |= {f"figures/{figure.key}.svg": figure.svg for figure in all_figures(findings)}
    return {name: text.encode() for name, text in files.items()}


def data_files(
    *,
    ratings: pd.DataFrame | None = None,
    scores: pd.DataFrame | None = None,
    texts: pd.DataFrame | None = None,
    cases: pd.DataFrame | None = None,
    beside: Beside = Beside(),  # noqa: B008  frozen and empty
    documents: Mapping[str, object] | None = None,
) -> dict[str, bytes]:
    """What findings were computed from, by path inside the bundle.

    Args:
        cases: what systems were shown of each case: the columns case, item, history (both JSON), instruction,
            influence (JSON).
        documents: JSON values by name, such as the plan and the ledger.
    """
    files = {
        f"data/{name}.json": (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()
        for name, document in (documents or {}).items()
    }
    frames = {"ratings": ratings, "scores": scores, "texts": texts, "cases": cases}
    frames |= {"guesses": beside.guesses, "excluded": beside.excluded, "checks": beside.checks}
    for name, frame in frames.items():
        if frame is not None:
            # All texts are quoted: a carriage return in a bare one would end the row for its reader.
            text = frame.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
            files[f"data/{name}.csv"] = text.encode()
    return files


def bundle(
    findings: StudyFindings, *, data: Mapping[str, bytes] | None = None, page: str | None = None
) -> dict[str, bytes]:
    """All files of the bundle by path, the manifest among them.

    Args:
        data: what the findings were computed from, as `data_files` gives it.
        page: report.html.
    """
    files = report_files(findings) | dict(data or {})
    sheet = datasheet(findings, json.loads(files["data/plan.json"]) if "data/plan.json" in files else None)
    files |= {"heds.json": sheet.to_json().encode(), "heds.md": sheet.to_markdown().encode()}
    if page is not None:
        files["report.html"] = page.encode()
    meta = findings.meta
    warnings = [*meta.notes]
    if meta.simulated:
        warnings.append(
            "SIMULATED RATINGS: no person gave them. They test the software and say nothing of systems."
        )
    if meta.offline_systems:
        warnings.append(
            f"OFFLINE TEACHER: rules stand in for a language model in {', '.join(meta.offline_systems)}."
        )
    files["README.txt"] = READ_ME.format(
        title=meta.title,
        format=meta.format,
        warnings="".join(f"\n{warning}\n" for warning in warnings),
        plan=PLAN if "data/plan.json" in files else "",
        options="".join(f" --{name} data/{name}.csv" for name in OPTIONS if f"data/{name}.csv" in files),
    ).encode()
    files["manifest.json"] = manifest(findings, files)
    return dict(sorted(files.items()))


def manifest(findings: StudyFindings, files: dict[str, bytes]) -> bytes:
    """Seed, versions, signatures, and the sha256 of every file given."""
    meta = findings.meta
    content = {
        "title": meta.title,
        "kind": meta.kind,
        "seed": meta.seed,
        "created": meta.created,
        "simulated": meta.simulated,
        "offline_systems": list(meta.offline_systems),
        "versions": meta.versions,
        "signatures": {
            "systems": {system.name: system.signature for system in findings.systems},
            "metrics": {metric.name: metric.signature for metric in findings.metrics},
        },
        "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())},
    }
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip with the same bytes for the same files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, data in sorted(files.items()):
            member = zipfile.ZipInfo(name, date_time=EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            archive.writestr(member, data)
    return out.getvalue()
