"""LaTeX, for the tests that compile what a report writes."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def pdflatex(tmp_path: Path) -> Callable[[str], None]:
    """Compile a document twice, as lists of tables need; fail with the end of the log."""
    if shutil.which("pdflatex") is None:
        reason = "no LaTeX on this machine: see .ci/programs"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)

    def compile_(document: str) -> None:
        (tmp_path / "document.tex").write_text(document, encoding="utf-8")
        for _ in range(2):
            done = subprocess.run(
                ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "document.tex"],
                cwd=tmp_path,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout[-2000:]

    return compile_
