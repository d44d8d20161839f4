"""docs/report-json.md names every key another lab will meet."""

import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from analysis.report.findings import agreement, comparisons, metrics, number, study, subject
from analysis.stats.estimates import Interval

PAGE = (Path(__file__).parents[3] / "docs" / "report-json.md").read_text(encoding="utf-8")
MODULES = (number, subject, agreement, comparisons, metrics, study)
CLASSES = {
    kind.__qualname__: kind
    for module in MODULES
    for kind in vars(module).values()
    if isinstance(kind, type) and is_dataclass(kind)
}


@pytest.mark.parametrize("kind", [*CLASSES.values(), Interval], ids=lambda kind: kind.__name__)
def test_every_key_is_explained(kind: type) -> None:
    explained = set(re.findall(r"`(\w+)`", PAGE)) | set(re.findall(r"^## ([\w, ]+)", PAGE, re.MULTILINE))
    explained |= {
        word
        for heading in re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
        for word in re.split(r", | and ", heading)
    }
    assert {field.name for field in fields(kind)} <= explained
