"""report.html: a report as one file, for whoever has no server."""

import re
from pathlib import Path

from django.conf import settings
from django.template.loader import render_to_string

from analysis.report.findings.study import StudyFindings
from analysis.report.page import page_context

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
"""The stylesheet's notes to its maintainers name examples; a reader of the file needs none of them."""


def html(findings: StudyFindings) -> str:
    """One file, with its stylesheet inside; it loads nothing."""
    css = (Path(settings.BASE_DIR) / "static" / "css" / "site.css").read_text(encoding="utf-8")
    plain = COMMENT.sub("", css)
    return render_to_string("analysis/report_file.html", page_context(findings) | {"css": plain})
