"""Scores computed again from the texts of a bundle, by the metrics that need neither a catalogue nor a model."""

import io
import json
import math
from collections.abc import Mapping

import pandas as pd

from analysis import metrics
from analysis.metrics.interface import Text
from analysis.metrics.scoring import item_of, scored
from analysis.report.findings.study import StudyFindings
from analysis.report.findings.subject import Metric
from analysis.report.words import join
from generation.pipeline.records import Item


def rescored(findings: StudyFindings, data: Mapping[str, pd.DataFrame]) -> tuple[int, list[str], list[str]]:
    """How many scores came out again, where one did not, and which metrics could not be tried.

    Args:
        data: `texts` with columns case, system, explanation, reference, `scores` with case, system, metric, value,
            and, but for older bundles, `cases` with case, item, history, instruction; all as text.
    """
    texts = _texts(data["texts"], data.get("cases"))
    kept = {
        (row["metric"], row["system"], row["case"]): float(row["value"]) if row["value"] else math.nan
        for row in data["scores"].to_dict("records")
    }
    n_same, wrong, untried = 0, [], _beyond(findings, shown="cases" in data)
    for metric in findings.metrics:
        if _lacks(metric.name, shown="cases" in data):
            continue
        options = {"references": metric.references} if metric.references else {}
        loaded = metrics.load(metric.name, **options)
        if str(loaded.signature) != metric.signature:
            untried.append(
                f"{metric.label} was computed as {metric.signature}, here it would be {loaded.signature}"
            )
            continue
        for case, system, value in scored(metric.name, loaded, texts):
            given = kept.get((metric.name, system, case))
            if given is None:
                continue
            if _same(given, value):
                n_same += 1
            else:
                text = f"text {case} of {system}" if case else f"all texts of {system}"
                wrong.append(f"data/scores.csv: {metric.label} of {text} is {given!r}, computed {value!r}")
    return n_same, wrong, untried


def _lacks(name: str, *, shown: bool) -> str:
    """What a bundle lacks to compute the metric again, in words; empty where it lacks nothing."""
    if name not in metrics.METRICS:
        return "a metric that this version knows"
    entry = metrics.METRICS[name]
    if set(entry.needs) - {"catalogue"}:
        return "the model that its signature names"
    if entry.needs:
        return "the whole catalogue"
    return (
        ""
        if shown or not entry.reads_shown
        else "what the systems were shown, which older bundles do not hold"
    )


def _beyond(findings: StudyFindings, *, shown: bool) -> list[str]:
    """One clause for each thing that is wanting."""
    wanting: dict[str, list[Metric]] = {}
    for metric in findings.metrics:
        if lack := _lacks(metric.name, shown=shown):
            wanting.setdefault(lack, []).append(metric)
    return [
        f"{join([metric.label for metric in of])} ({'it wants' if len(of) == 1 else 'they want'} {lack})"
        for lack, of in wanting.items()
    ]


def _texts(texts: pd.DataFrame, cases: pd.DataFrame | None) -> list[Text]:
    by_case = {} if cases is None else {row["case"]: row for row in cases.to_dict("records")}
    found = []
    for row in texts.to_dict("records"):
        shown = by_case.get(row["case"])
        found.append(
            Text(
                case=row["case"],
                system=row["system"],
                explanation=row["explanation"],
                item=item_of(json.loads(shown["item"])) if shown else Item(id=row["item"], title=row["item"]),
                history=tuple(map(item_of, json.loads(shown["history"]))) if shown else (),
                reference=row["reference"],
                instruction=shown["instruction"] if shown else "",
                influence=tuple(json.loads(shown.get("influence", "[]"))) if shown else (),
            )
        )
    return found


def _same(given: float, computed: float) -> bool:
    if math.isnan(given) or math.isnan(computed):
        return math.isnan(given) and math.isnan(computed)
    return math.isclose(given, computed, rel_tol=1e-9)


def as_text(content: bytes) -> pd.DataFrame:
    """A CSV of a bundle with every cell as it stands: "NA" is a name, an empty cell is empty."""
    return pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
