import datetime
import gzip
import hashlib
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from analysis.models import Report, ReportData
from analysis.report.analyse import analyse
from analysis.report.bundle import data_files
from analysis.report.scores import ScoreTable
from analysis.services.score_explanations import score_explanations
from analysis.services.study_data import read_study
from analysis.stats.ratings import RatingTable
from annotation import queries as studies

LEASE = datetime.timedelta(minutes=30)
"""After so long a report that is still being computed belongs to a worker that died."""


def claimable() -> Q:
    """Waiting, or begun so long ago that its worker must be dead."""
    begun = Q(status=Report.Status.RUNNING, started_at__lt=timezone.now() - LEASE)
    return Q(status=Report.Status.QUEUED) | begun


def analyse_study(*, report_id: int) -> bool:
    """Compute one report and keep the data it came from; False when another worker has it or had it.

    What goes wrong is kept on the report in words and raised again for the worker's log.
    """
    now = timezone.now()
    if not Report.objects.filter(claimable(), pk=report_id).update(
        status=Report.Status.RUNNING, started_at=now, error=""
    ):
        return False
    report = Report.objects.get(pk=report_id)
    try:
        n_erasures = studies.n_erasures(report.study_id)  # before reading: one that comes later must be seen
        findings_json, files = _findings(report)
    except Exception as error:
        _finish(report_id, status=Report.Status.FAILED, error=str(error) or type(error).__name__)
        raise
    with transaction.atomic():
        _finish(
            report_id,
            status=Report.Status.DONE,
            findings_json=findings_json,
            n_erasures=n_erasures,
            data_sha256={name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        )
        ReportData.objects.filter(report_id=report_id).delete()
        ReportData.objects.bulk_create(
            ReportData(report_id=report_id, name=name, content=gzip.compress(content, mtime=0))
            for name, content in files.items()
        )
    return True


def _findings(report: Report) -> tuple[str, dict[str, bytes]]:
    """The findings as JSON, and the files of data they were computed from."""

    def progress(step: str) -> None:
        # A step that begins also says that the worker lives: models may score for longer than a lease.
        Report.objects.filter(pk=report.pk).update(step=step[:40], started_at=timezone.now())

    if report.kind == Report.Kind.UNBLINDED:
        progress("scores")
        score_explanations(study_id=report.study_id, progress=progress)
    data = read_study(study_id=report.study_id, kind=report.kind)
    table = RatingTable.from_frame(data.ratings)
    scores = None
    if data.scores is not None and len(data.scores):
        scores = ScoreTable.from_frame(data.scores, systems=table.systems)
    findings = analyse(
        table,
        scores,
        subject=data.subject,
        seed=report.seed,
        created=timezone.now().astimezone(datetime.UTC).isoformat(timespec="seconds"),
        kind="pooled" if report.kind == Report.Kind.POOLED else "unblinded",
        beside=data.beside,
        progress=progress,
    )
    files = data_files(
        ratings=data.ratings,
        scores=data.scores,
        texts=data.texts,
        cases=data.cases,
        beside=data.beside,
        documents=data.documents,
    )
    return findings.to_json(), files


def _finish(report_id: int, **values: Any) -> None:
    Report.objects.filter(pk=report_id).update(finished_at=timezone.now(), step="", **values)
