"""What the doors give of a study, in the shape analysis takes: used to compute a report and to export "
"its data."""

import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from analysis import metrics
from analysis.metrics.about import ABOUT
from analysis.models import Report, Score
from analysis.report.analyse import Subject
from analysis.report.beside import Beside
from analysis.report.checking import COLUMNS as CHECK_COLUMNS
from analysis.report.findings.subject import (
    Criterion,
    Excluded,
    Fieldwork,
    Hypothesis,
    Metric,
    System,
    WriterKind,
)
from analysis.report.guessing import COLUMNS
from analysis.report.words import join, many
from analysis.services.score_explanations import what_weighed
from annotation import queries as studies
from annotation import unblinding
from annotation.snapshot import one_moment
from generation import queries as generation

DATA_COLUMNS = [
    "annotator",
    "case",
    "system",
    "criterion",
    "value",
    "position",
    "repeat",
    "seconds",
    "simulated",
]


@dataclass(frozen=True, eq=False)
class StudyData:
    """Frames and names; `scores` and `texts` are None while the study is blind."""

    subject: Subject
    ratings: pd.DataFrame
    scores: pd.DataFrame | None = None
    texts: pd.DataFrame | None = None
    cases: pd.DataFrame | None = None
    """What every system was shown of each case, so that others can compute metrics that read it."""
    documents: Mapping[str, object] = field(default_factory=dict)
    """The plan and the ledger as JSON values; none while the study is blind, for they name systems."""
    beside: Beside = field(default_factory=Beside)


def read_study(*, study_id: int, kind: str) -> StudyData:
    """Ratings, and once unblinded scores and texts too; all as they stood at one moment.

    A pooled reading never touches the door behind which systems have names: explanations of a case are
        numbered.

    Raises:
        NotUnblinded: systems were asked for and the study is not unblinded.
    """
    with one_moment():
        return _read(study_id, kind)


def _read(study_id: int, kind: str) -> StudyData:
    summary = studies.study_summary(study_id)
    criteria = tuple(
        Criterion(
            key=criterion.key,
            name=criterion.name,
            definition=criterion.definition,
            labels=tuple(level.label for level in criterion.levels),
        )
        for criterion in summary.criteria
    )
    if kind == Report.Kind.POOLED:
        pooled, out = (studies.pooled_ratings(study_id, excluded=flag) for flag in (False, True))
        both = _numbered(pd.concat([pooled, out], ignore_index=True))
        pooled, out = both[: len(pooled)], both[len(pooled) :]
        subject = Subject(
            title=summary.title,
            criteria=criteria,
            fieldwork=_fieldwork(summary, pooled),
            excluded=_excluded(study_id),
            tolerance=summary.gate_tolerance,
        )
        return StudyData(subject, pooled, beside=Beside(excluded=_some(out), checks=_checks(study_id)))
    ratings = unblinding.ratings(study_id)
    texts = unblinding.texts(study_id)
    facts = unblinding.facts(study_id)
    subject = Subject(
        title=summary.title,
        criteria=criteria,
        systems=_systems(study_id, texts),
        metrics=_metrics(study_id),
        notes=_notes(facts),
        fieldwork=_fieldwork(summary, ratings),
        hypotheses=_hypotheses(facts),
        kinds=_kinds(facts),
        excluded=_excluded(study_id),
        n_passed_over=int(facts["n_passed_over"]),  # type: ignore[call-overload]
        tolerance=summary.gate_tolerance,
    )
    scores = pd.DataFrame(
        Score.objects.filter(study_id=study_id).order_by("id").values("case", "system", "metric", "value"),
        columns=["case", "system", "metric", "value"],
    )
    scores = scores[scores["system"].isin(set(ratings["system"]))]  # of a study closed early, not all
    guesses = unblinding.guesses(study_id)[list(COLUMNS)]
    out = unblinding.ratings(study_id, excluded=True)[DATA_COLUMNS]
    return StudyData(
        subject,
        ratings[DATA_COLUMNS],
        scores,
        _plain(texts),
        _shown(texts),
        _documents(study_id, facts),
        Beside(guesses=_some(guesses), excluded=_some(out), checks=_checks(study_id)),
    )


def _some(frame: pd.DataFrame) -> pd.DataFrame | None:
    return frame if len(frame) else None


def _checks(study_id: int) -> pd.DataFrame | None:
    """Marks of hidden cards, which name no system."""
    return _some(studies.check_marks(study_id)[list(CHECK_COLUMNS)])


def _fieldwork(summary: studies.StudySummary, ratings: pd.DataFrame) -> Fieldwork:
    """The plan beside what came of it."""
    marks = ratings.groupby(["case", "system"])["annotator"].nunique()
    n_none = summary.n_cards - len(marks)
    if summary.closed_at is None:
        state = "open"
    else:
        state = "complete" if summary.n_done >= summary.n_target else "closed early"
    flow = studies.participant_flow(summary.id)
    closed = summary.closed_at.astimezone(datetime.UTC) if summary.closed_at else None
    return Fieldwork(
        k=summary.k,
        n_seats=summary.n_annotators,
        n_planned=summary.n_cards,
        n_judged=len(marks),
        n_short=n_none + int((marks < summary.k).sum()),
        marks_min=0 if n_none or not len(marks) else int(marks.min()),
        marks_max=int(marks.max()) if len(marks) else 0,
        state=state,  # type: ignore[arg-type]
        n_joined=flow.joined,
        n_failed=flow.failed,
        n_finished=flow.finished,
        n_unfinished=flow.unfinished,
        n_unseated=flow.unseated,
        n_withdrew=flow.withdrew,
        n_excluded=flow.excluded,
        gate=summary.gate_in_words if summary.n_calibration else "",
        systems_a_case=summary.n_systems,
        closed=closed.isoformat(timespec="seconds") if closed else "",
        design=summary.design,
    )


def _numbered(pooled: pd.DataFrame) -> pd.DataFrame:
    """Cards of a case as explanation 1, 2, …: `analyse` needs to tell cards apart, not to know who "
    "wrote them."""
    frame = pooled.rename(columns={"card": "system"})
    frame["system"] = (
        frame.groupby("case")["system"].transform(lambda cards: cards.rank(method="dense")).astype(int)
    )
    frame["system"] = "explanation " + frame["system"].astype(str)
    return frame


def _systems(study_id: int, texts: pd.DataFrame) -> tuple[System, ...]:
    writers = set(
        Score.objects.filter(study_id=study_id).exclude(references="").values_list("references", flat=True)
    )
    first = texts.drop_duplicates("system")
    return tuple(
        System(
            name=row["system"],
            label=row["label"] or row["system"],
            offline=bool(texts.loc[texts["system"] == row["system"], "offline"].any()),
            wrote_references=row["system"] in writers,
            signature=row["signature"],
        )
        for row in first.to_dict("records")
    )


def _metrics(study_id: int) -> tuple[Metric, ...]:
    rows = (
        Score.objects.filter(study_id=study_id)
        .order_by("metric")
        .values_list("metric", "signature", "references")
    )
    kept = {name: (signature, references) for name, signature, references in rows.distinct()}
    return tuple(
        Metric(
            name,
            entry.label,
            entry.level,
            *kept[name],
            better=entry.better,
            definition=ABOUT[name].definition,
            range=ABOUT[name].range,
            source=ABOUT[name].source,
        )
        for name, entry in metrics.METRICS.items()
        if name in kept
    )


def _hypotheses(facts: Mapping[str, object]) -> tuple[Hypothesis, ...]:
    plan: dict[str, Any] = dict(facts["plan"])  # type: ignore[call-overload]
    return tuple(Hypothesis(**one) for one in plan.get("analysis", {}).get("hypotheses", ()))


def _documents(study_id: int, facts: Mapping[str, object]) -> dict[str, object]:
    """What another lab reads of the plan, and of what was done to it."""
    ledger = {"study": study_id, "whole": facts["ledger_whole"], "lines": facts["ledger"]}
    plan = {
        key: value for key, value in facts.items() if not key.startswith("ledger") and key != "n_passed_over"
    }
    return {"plan": plan, "ledger": ledger}


def _excluded(study_id: int) -> tuple[Excluded, ...]:
    return tuple(
        Excluded(one.annotator, one.rule, one.after_unblinding) for one in studies.exclusions(study_id)
    )


def _kinds(facts: Mapping[str, object]) -> tuple[WriterKind, ...]:
    """The kinds of writers that annotators could guess; none where the plan asked nothing."""
    plan: dict[str, Any] = dict(facts["plan"])  # type: ignore[call-overload]
    return tuple(WriterKind(**kind) for kind in plan.get("guess", {}).get("kinds", ()))


def _notes(facts: Mapping[str, object]) -> tuple[str, ...]:
    """What was dropped before anybody judged, and whether the ledger is whole."""
    sources: dict[str, Any] = dict(facts["sources"])  # type: ignore[call-overload]
    notes = []
    if dropped := sources.get("n_dropped", 0):
        failed = [f"{system} on {n:,}" for system, n in sources.get("dropped_by_system", {}).items() if n]
        notes.append(
            f"{many(dropped, 'case')} left out for all systems before the study, because a system wrote "
            "nothing usable: "
            f"{join(failed)}."
        )
    if not facts["ledger_whole"]:
        notes.append(
            "The study's ledger does not match what was written: find out why before relying on this."
        )
    return tuple(notes)


def _plain(texts: pd.DataFrame) -> pd.DataFrame:
    """The texts as another lab reads them: titles joined, no user."""
    frame = texts[
        ["case", "system", "label", "explanation", "item", "reference", "offline", "signature"]
    ].copy()
    frame.insert(5, "history", [" | ".join(history) for history in texts["history"]])
    return frame


def _shown(texts: pd.DataFrame) -> pd.DataFrame:
    """One row a case: items, and what they weighed, as JSON; the words of the prompts where they are known."""
    first = texts.drop_duplicates("case")
    words, weights = generation.instructions(), what_weighed(texts)
    return pd.DataFrame(
        {
            "case": first["case"],
            "item": [json.dumps(item, ensure_ascii=False) for item in first["item_record"]],
            "history": [json.dumps(items, ensure_ascii=False) for items in first["history_items"]],
            "instruction": ["" if run is None else words for run in first["explain_run"]],
            "influence": [json.dumps(weights.get(case, [])) for case in first["case"]],
        }
    )
