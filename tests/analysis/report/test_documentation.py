"""docs/report-json.md names every key another lab will meet."""

import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from analysis.report import findings
from analysis.stats.estimates import Interval

PAGE = (Path(__file__).parents[3] / "docs" / "report-json.md").read_text(encoding="utf-8")
CLASSES = [kind for kind in vars(findings).values() if isinstance(kind, type) and is_dataclass(kind)]


@pytest.mark.parametrize("kind", [*CLASSES, Interval], ids=lambda kind: kind.__name__)
def test_every_key_is_explained(kind: type) -> None:
    explained = set(re.findall(r"`(\w+)`", PAGE)) | set(re.findall(r"^## ([\w, ]+)", PAGE, re.MULTILINE))
    explained |= {
        word
        for heading in re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
        for word in re.split(r", | and ", heading)
    }
    assert {field.name for field in fields(kind)} <= explained
