"""The project speaks of itself alone: no path of a machine that built it."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOREIGN = re.compile(r"(?<![\w.])/(?:work|home|root|opt)/\w", re.IGNORECASE)


def test_no_tracked_text_names_a_machine() -> None:
    names = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    found = []
    for name in names:
        if name == "tests/architecture/test_history.py" or not (ROOT / name).is_file():
            continue
        try:
            text = (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{name}: {match.group(0)}" for match in FOREIGN.finditer(text)]
    assert not found
