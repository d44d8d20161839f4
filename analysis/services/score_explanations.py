import math

import pandas as pd
from django.db import transaction

from analysis import metrics
from analysis.metrics.interface import Text
from analysis.metrics.words import forms
from analysis.models import Score
from annotation import unblinding
from generation import queries as generation
from generation.pipeline.records import Item

GOLDEN = "golden texts"
"""What references are called when no system of the study wrote them."""


def score_explanations(*, study_id: int) -> int:
    """Score every text of an unblinded study with every metric that applies; returns how many scores it kept.

    Run again it replaces what it kept before, so a new metric reaches old studies.

    Raises:
        NotUnblinded: the study is not unblinded; scores would name systems.
    """
    frame = unblinding.texts(study_id)
    texts = [_text(row) for row in frame.to_dict("records")]
    references = reference_writer(frame)
    catalogue = _catalogue(frame, texts)
    rows = []
    for name, entry in metrics.METRICS.items():
        options: dict[str, object] = {"catalogue": catalogue} if "catalogue" in entry.needs else {}
        if _is_overlap(name):
            if not any(text.reference for text in texts):
                continue
            options["references"] = references
        rows += _scores(study_id, name, entry.level, options, texts)
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


def _scores(
    study_id: int, name: str, level: str, options: dict[str, object], texts: list[Text]
) -> list[Score]:
    metric = metrics.load(name, **options)
    signature, references = str(metric.signature), metric.signature.references
    rows = []
    for system in dict.fromkeys(text.system for text in texts):
        own = [text for text in texts if text.system == system]
        cases, values = (
            ([text.case for text in own], metric.score(own))  # type: ignore[union-attr]
            if level == "case"
            else ([""], [metric.measure(own)])  # type: ignore[union-attr]
        )
        for case, value in zip(cases, values, strict=True):
            rows.append(
                Score(
                    study_id=study_id,
                    case=case,
                    system=system,
                    metric=name,
                    value=None if math.isnan(value) else float(value),
                    signature=signature,
                    references=references,
                )
            )
    return rows


def _text(row: dict[str, object]) -> Text:
    return Text(
        case=str(row["case"]),
        system=str(row["system"]),
        explanation=str(row["explanation"]),
        item=_item(row["item_record"]),
        history=tuple(_item(item) for item in row["history_items"]),  # type: ignore[attr-defined]
        reference=str(row["reference"]),
    )


def _item(record: object) -> Item:
    given = dict(record)  # type: ignore[call-overload]
    return Item(
        id=str(given.get("id", given["title"])),
        title=str(given["title"]),
        year=given.get("year"),
        genres=tuple(given.get("genres", ())),
        directors=tuple(given.get("directors", ())),
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


def _is_overlap(name: str) -> bool:
    return metrics.METRICS[name].target.startswith(("analysis.metrics.overlap:", "analysis.metrics.family:"))
