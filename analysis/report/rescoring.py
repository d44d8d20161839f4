"""Scores computed again from the texts of a bundle, for metrics that look at nothing but words."""

import io
import math
from collections.abc import Mapping

import pandas as pd

from analysis import metrics
from analysis.metrics.interface import Text
from analysis.report.findings import StudyFindings
from analysis.report.words import join
from generation.pipeline.records import Item

ON_THE_SURFACE = (
    "analysis.metrics.overlap:",
    "analysis.metrics.family:",
    "analysis.metrics.length:Words",
    "analysis.metrics.diversity:",
    "analysis.metrics.self_bleu:",
)
"""Metrics that read the explanation and its reference alone; the others want the catalogue or a network."""


def rescored(findings: StudyFindings, data: Mapping[str, pd.DataFrame]) -> tuple[int, list[str], list[str]]:
    """How many scores came out again, where one did not, and which metrics could not be tried.

    Args:
        data: `texts` with columns case, system, explanation, reference and `scores` with case, system, metric,
            value; all as text.
    """
    texts = [
        Text(
            case=row["case"],
            system=row["system"],
            explanation=row["explanation"],
            item=Item(id=row["item"], title=row["item"]),
            reference=row["reference"],
        )
        for row in data["texts"].to_dict("records")
    ]
    kept = {
        (row["metric"], row["system"], row["case"]): float(row["value"]) if row["value"] else math.nan
        for row in data["scores"].to_dict("records")
    }
    n_same, wrong, untried = 0, [], []
    beyond = [metric.label for metric in findings.metrics if not _on_the_surface(metric.name)]
    if beyond:
        untried.append(f"{join(beyond)} (they want more than the texts)")
    for metric in findings.metrics:
        if not _on_the_surface(metric.name):
            continue
        entry = metrics.METRICS[metric.name]
        options = {"references": metric.references} if metric.references else {}
        loaded = metrics.load(metric.name, **options)
        if str(loaded.signature) != metric.signature:
            untried.append(
                f"{metric.label} was computed as {metric.signature}, here it would be {loaded.signature}"
            )
            continue
        for system in dict.fromkeys(text.system for text in texts):
            own = [text for text in texts if text.system == system]
            cases = [text.case for text in own] if entry.level == "case" else [""]
            values = loaded.score(own) if entry.level == "case" else [loaded.measure(own)]  # type: ignore[union-attr]
            for case, value in zip(cases, values, strict=True):
                given = kept.get((metric.name, system, case))
                if given is None:
                    continue
                if _same(given, float(value)):
                    n_same += 1
                else:
                    text = f"text {case} of {system}" if case else f"all texts of {system}"
                    wrong.append(
                        f"data/scores.csv: {metric.label} of {text} is {given!r}, computed {float(value)!r}"
                    )
    return n_same, wrong, untried


def _on_the_surface(name: str) -> bool:
    return name in metrics.METRICS and metrics.METRICS[name].target.startswith(ON_THE_SURFACE)


def _same(given: float, computed: float) -> bool:
    if math.isnan(given) or math.isnan(computed):
        return math.isnan(given) and math.isnan(computed)
    return math.isclose(given, computed, rel_tol=1e-9)


def as_text(content: bytes) -> pd.DataFrame:
    """A CSV of a bundle with every cell as it stands: "NA" is a name, an empty cell is empty."""
    return pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
