import math
from collections.abc import Callable

import pandas as pd
from django.db import transaction

from analysis import metrics
from analysis.metrics.interface import CorpusMetric, Metric, NotComputable, Text
from analysis.metrics.scoring import item_of, scored
from analysis.metrics.words import forms
from analysis.models import Score
from analysis.services.metric_models import MetricModels
from annotation import unblinding
from generation import queries as generation
from generation.pipeline.records import Item

GOLDEN = "golden texts"
"""What references are called when no system of the study wrote them."""


def score_explanations(*, study_id: int, progress: Callable[[str], None] = lambda step: None) -> int:
    """Score every text of an unblinded study with every metric that applies; returns how many scores it kept.

    Run again it replaces what it kept before, so a new metric reaches old studies. Metrics that need a model nobody
    configured are left out.

    Raises:
        NotUnblinded: the study is not unblinded; scores would name systems.
        ValueError: a model that is configured cannot be loaded or asked.
    """
    frame = unblinding.texts(study_id)
    instruction = generation.instructions() if frame["explain_run"].notna().any() else ""
    weights = what_weighed(frame)
    texts = [_text(row, instruction, weights) for row in frame.to_dict("records")]
    references, catalogue, models = reference_writer(frame), _catalogue(frame, texts), MetricModels()
    rows = []
    for name, entry in metrics.METRICS.items():
        if entry.references and not any(text.reference for text in texts):
            continue
        if entry.reads_influence and not any(text.influence for text in texts):
            continue
        options: dict[str, object] = {
            need: catalogue if need == "catalogue" else models.get(need) for need in entry.needs
        }
        if None in options.values():
            continue
        if entry.references:
            options["references"] = references
        progress(f"scores: {entry.label}")
        try:
            metric = metrics.load(name, **options)
        except NotComputable:
            continue
        rows += _scores(study_id, name, metric, texts)
    with transaction.atomic():
        Score.objects.filter(study_id=study_id).delete()
        Score.objects.bulk_create(rows, batch_size=1000)
    return len(rows)


def reference_writer(frame: pd.DataFrame) -> str:
    """The system most of whose texts are the references themselves, or GOLDEN when no system is it."""
    given = frame[frame["reference"] != ""]
    same = given["explanation"].map(forms).eq(given["reference"].map(forms))
    shares = same.groupby(given["system"]).mean()
    return str(shares.idxmax()) if len(shares) and shares.max() >= 0.5 else GOLDEN


def _scores(study_id: int, name: str, metric: Metric | CorpusMetric, texts: list[Text]) -> list[Score]:
    signature, references = str(metric.signature), metric.signature.references
    return [
        Score(
            study_id=study_id,
            case=case,
            system=system,
            metric=name,
            value=None if math.isnan(value) else value,
            signature=signature,
            references=references,
        )
        for case, system, value in scored(name, metric, texts)
    ]


def what_weighed(frame: pd.DataFrame) -> dict[str, list[float]]:
    """Of each case, how much each item of the history shown weighed in the ranker's choice, where the ranker says."""
    runs = frame["explain_run"].dropna().unique()
    told = (
        generation.influences(explain_run_id=int(runs[0])) if len(runs) else {}
    )  # all are over the same cases
    first = frame.drop_duplicates("case")
    return {
        case: [told[case].get(str(item.get("id")), 0.0) for item in history]
        for case, history in zip(first["case"], first["history_items"], strict=True)
        if case in told
    }


def _text(row: dict[str, object], instruction: str, weights: dict[str, list[float]]) -> Text:
    return Text(
        case=str(row["case"]),
        system=str(row["system"]),
        explanation=str(row["explanation"]),
        item=item_of(row["item_record"]),  # type: ignore[arg-type]
        history=tuple(item_of(item) for item in row["history_items"]),  # type: ignore[attr-defined]
        reference=str(row["reference"]),
        instruction=instruction,
        influence=tuple(weights.get(str(row["case"]), ())),
    )


def _catalogue(frame: pd.DataFrame, texts: list[Text]) -> list[Item]:
    """The catalogue behind the texts; for uploaded texts, or where it is gone, every item the study shows."""
    items = {item for text in texts for item in (*text.history, text.item)}
    for run in frame["explain_run"].dropna().unique():
        try:
            items |= set(generation.catalogue_titles(explain_run_id=int(run)).values())
        except OSError:
            continue
    return sorted(items, key=lambda item: (item.title, item.year or 0, item.id))
