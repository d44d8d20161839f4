"""report.html: a report as one file, for whoever has no server."""

from pathlib import Path

from django.conf import settings
from django.template.loader import render_to_string

from analysis.report.findings import StudyFindings
from analysis.report.page import page_context


def html(findings: StudyFindings) -> str:
    """One file, with its stylesheet inside; it loads nothing."""
    css = (Path(settings.BASE_DIR) / "static" / "css" / "prism.css").read_text(encoding="utf-8")
    return render_to_string("analysis/report_file.html", page_context(findings) | {"css": css})
