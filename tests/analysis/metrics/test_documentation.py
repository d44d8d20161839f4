"""docs/metrics.md holds the list of metrics as the code has it."""

from pathlib import Path

from analysis.metrics import METRICS
from analysis.metrics.about import ABOUT

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"
OF = {"case": "each text", "corpus": "a system's texts"}


def row(name: str) -> str:
    entry, about = METRICS[name], ABOUT[name]
    needs = [need.replace("_", " ") for need in entry.needs] + ["references"] * entry.references
    cells = (
        f"{entry.label} (`{name}`)",
        about.definition,
        about.range,
        entry.better,
        OF[entry.level],
        ", ".join(needs) or "–",
        about.source,
    )
    return "| " + " | ".join(cells) + " |"


def test_the_page_has_a_row_for_every_metric_and_no_other() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = lines.index("|---|---|---|---|---|---|---|") + 1
    table = lines[start : lines.index("", start)]
    assert table == [row(name) for name in METRICS]
