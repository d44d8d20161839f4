"""Reads rows, hands out frozen values for pages and the REST interface; names no system of a blind study."""

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from analysis.models import Report, ReportData
from analysis.report import heds
from analysis.report.findings.study import StudyFindings
from analysis.report.heds import Datasheet
from analysis.report.table3 import NoTable, Part
from annotation import queries as studies


@dataclass(frozen=True, slots=True)
class ReportLine:
    """A report as lists show it."""

    id: int
    study_id: int
    title: str
    kind: str
    kind_label: str
    status: str
    status_label: str
    step: str
    error: str
    seed: int
    created_at: datetime
    finished_at: datetime | None

    @property
    def open(self) -> bool:
        """Whether a worker has it or will have it."""
        return self.status in ("queued", "running")


@dataclass(frozen=True, slots=True)
class StudyLine:
    """A study that has been opened, with its reports, the newest first."""

    id: int
    title: str
    status: str
    status_label: str
    simulated: bool
    n_done: int
    n_target: int
    unblinded: bool
    reports: tuple[ReportLine, ...]


def study_lines() -> list[StudyLine]:
    """Every study people have been invited to rate, the newest first."""
    by_study: dict[int, list[ReportLine]] = {}
    for line in report_lines():
        by_study.setdefault(line.study_id, []).append(line)
    return [
        StudyLine(
            id=study.id,
            title=study.title,
            status=study.status,
            status_label=study.status_label,
            simulated=study.simulated,
            n_done=study.n_done,
            n_target=study.n_target,
            unblinded=study.status == "unblinded",
            reports=tuple(by_study.get(study.id, ())),
        )
        for study in studies.studies()
        if study.status != "draft"
    ]


def report_lines() -> list[ReportLine]:
    """Every report, the newest first."""
    return list(_lines(Report.objects.select_related("study").defer("findings_json")))


def report_line(report_id: int) -> ReportLine | None:
    """One report without its findings; None where there is no such report."""
    return next(
        _lines(Report.objects.select_related("study").defer("findings_json").filter(pk=report_id)), None
    )


def findings(report_id: int) -> StudyFindings | None:
    """What the report found; None where it is not done."""
    text = findings_json(report_id)
    return StudyFindings.from_json(text) if text else None


def findings_json(report_id: int) -> str:
    """The findings byte for byte as they were kept; empty where the report is not done."""
    done = Report.objects.filter(pk=report_id, status=Report.Status.DONE)
    return done.values_list("findings_json", flat=True).first() or ""


def datasheet(report_id: int) -> Datasheet | None:
    """The Human Evaluation Datasheet of a report; None where it is not done."""
    given = findings(report_id)
    if given is None:
        return None
    kept = ReportData.objects.filter(report_id=report_id, name="data/plan.json").values_list(
        "content", flat=True
    )
    plan = kept.first()
    return heds.datasheet(given, json.loads(gzip.decompress(plan)) if plan else None)


def full_reports() -> list[ReportLine]:
    """Reports that name systems and are done, the newest first: what Table 3 can be made of."""
    done = Report.objects.filter(status=Report.Status.DONE, kind=Report.Kind.UNBLINDED)
    return list(_lines(done.select_related("study").defer("findings_json")))


def parts(report_ids: Sequence[int], names: Sequence[str] = ()) -> list[Part]:
    """Reports as data sets of Table 3, each by its name, or by its study's title where the name is empty.

    Raises:
        NoTable: there is no such report, or it is not done.
    """
    found = []
    for place, report_id in enumerate(report_ids):
        given = findings(report_id)
        if given is None:
            raise NoTable(f"There is no finished report {report_id}.")
        name = names[place].strip() if place < len(names) else ""
        found.append(Part(name or given.meta.title, given))
    return found


def _lines(reports: Iterable[Report]) -> Iterator[ReportLine]:
    return (
        ReportLine(
            id=report.pk,
            study_id=report.study_id,
            title=report.study.title,
            kind=report.kind,
            kind_label=report.get_kind_display(),
            status=report.status,
            status_label=report.get_status_display(),
            step=report.step,
            error=report.error,
            seed=report.seed,
            created_at=report.created_at,
            finished_at=report.finished_at,
        )
        for report in reports
    )
