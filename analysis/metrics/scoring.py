"""A metric applied to the texts of several systems at once, whatever its level."""

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.metrics import METRICS
from analysis.metrics.interface import CorpusMetric, Metric, Text
from generation.pipeline.records import Item

Scored = tuple[str, str, float]
"""Case (empty for all texts of a system), system, value."""


def scored(name: str, metric: Metric | CorpusMetric, texts: Sequence[Text]) -> list[Scored]:
    """Every value, NaN where undefined. All texts are given to the metric at once: what systems share is read once."""
    if METRICS[name].level == "case":
        values = metric.score(texts)  # type: ignore[union-attr]
        return [(text.case, text.system, float(one)) for text, one in zip(texts, values, strict=True)]
    by_system: dict[str, list[Text]] = {}
    for text in texts:
        by_system.setdefault(text.system, []).append(text)
    return [("", system, metric.measure(own)) for system, own in by_system.items()]  # type: ignore[union-attr]


def item_of(record: Mapping[str, Any]) -> Item:
    """An item out of JSON; uploaded ones may have a title alone."""
    return Item(
        id=str(record.get("id", record["title"])),
        title=str(record["title"]),
        year=record.get("year"),
        genres=tuple(record.get("genres", ())),
        directors=tuple(record.get("directors", ())),
    )
