"""The door of this room: reads rows, hands out frozen records. Other rooms import this module alone."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q

from generation import models
from generation.models import Run, Stage, Status, TextStatus
from generation.pipeline import records
from generation.pipeline.systems import SYSTEMS

if TYPE_CHECKING:
    from generation.services.ask_endpoint import Reply

OFFLINE_LABEL = "offline teacher"


@dataclass(frozen=True)
class SystemInfo:
    name: str
    label: str
    offline: bool
    """True when the text, or what its writer learnt from, came from the offline teacher."""
    signature: str


@dataclass(frozen=True)
class ExplainRun:
    """One finished explain_cases run: one system over the cases of one select_cases run."""

    id: int
    system: str
    label: str
    corpus: str
    case_run_id: int
    n_ok: int
    n_cases: int
    offline: bool
    signature: str
    finished_at: datetime


@dataclass(frozen=True)
class ExplainedCase:
    case: records.Case
    explanations: dict[str, tuple[int, records.Explanation]]
    """System name -> (primary key of the Explanation row, the explanation)."""


@dataclass(frozen=True)
class ExplainedCases:
    """Cases every chosen system explained well, and how many were dropped because one did not."""

    cases: tuple[ExplainedCase, ...]
    n_dropped: int
    dropped_by_system: dict[str, int]
    systems: dict[str, SystemInfo]


def explain_runs() -> list[ExplainRun]:
    """Every finished explain_cases run, the newest first."""
    runs = (
        Run.objects.filter(stage=Stage.EXPLAIN_CASES, status=Status.DONE)
        .select_related("corpus")
        .prefetch_related("needs")
        .annotate(
            n_ok=Count("explanations", filter=Q(explanations__status=TextStatus.OK)),
            n_cases=Count("explanations"),
        )
        .order_by("-finished_at", "-id")
    )
    return [
        ExplainRun(
            id=run.pk,
            system=_system(run),
            label=system_label(_system(run)),
            corpus=run.corpus.name,
            case_run_id=_case_run_id(run),
            n_ok=run.n_ok,
            n_cases=run.n_cases,
            offline=is_offline(run),
            signature=str(run.report.get("signature", "")),
            finished_at=run.finished_at,
        )
        for run in runs
    ]


def explained_cases(*, explain_run_ids: Sequence[int]) -> ExplainedCases:
    """The same cases as each run's system explained them; a case one system failed on is dropped for all.

    Dropping a failed case for its own system alone would flatter unreliable systems.

    Raises:
        ValueError: no run was named, a run is unknown or not done, two runs are of one system, or the runs
            are not over the same cases; the message says which and what to do.
    """
    runs = _explain_runs_over_one_case_run(explain_run_ids)
    case_run_id = _case_run_id(runs[0])
    rows = {
        _system(run): {
            row.case_id: row for row in models.Explanation.objects.filter(run=run).order_by("case__position")
        }
        for run in runs
    }
    kept: list[ExplainedCase] = []
    dropped: Counter[str] = Counter(dict.fromkeys(rows, 0))
    cases = list(models.Case.objects.filter(run_id=case_run_id).order_by("position"))
    for case in cases:
        failed = [name for name, texts in rows.items() if not _usable(texts.get(case.pk))]
        dropped.update(failed)
        if failed:
            continue
        record = case_record(case)
        found = {name: texts[case.pk] for name, texts in rows.items()}
        kept.append(
            ExplainedCase(
                record, {name: (row.pk, explanation_record(row, record.id)) for name, row in found.items()}
            )
        )
    return ExplainedCases(
        cases=tuple(kept),
        n_dropped=len(cases) - len(kept),
        dropped_by_system=dict(dropped),
        systems={_system(run): system_info(run) for run in runs},
    )


def catalogue_titles(*, explain_run_id: int) -> dict[str, records.Item]:
    """Item id -> item of the whole catalogue behind a run: what a text may mention without inventing it.

    Raises:
        ValueError: there is no such explain_cases run.
        OSError: the imported log is gone from the artefacts folder.
    """
    from generation.services.folders import corpus_path

    run = Run.objects.filter(pk=explain_run_id, stage=Stage.EXPLAIN_CASES).select_related("corpus").first()
    if run is None:
        raise ValueError(f"There is no explain_cases run {explain_run_id}; take an id from the list of runs.")
    from generation.pipeline.logs.corpus import read_items

    return {item.id: item for item in read_items(corpus_path(run))}


def influences(*, explain_run_id: int) -> dict[str, dict[str, float]]:
    """Case id -> id of each item of its history -> how much it weighed in the ranker's choice; cases of rankers that do
    not say are not in it."""
    run = Run.objects.filter(pk=explain_run_id, stage=Stage.EXPLAIN_CASES).prefetch_related("needs").first()
    told = models.Case.objects.filter(run_id=_case_run_id(run), influence__isnull=False) if run else []
    return {
        case.case_id: {
            item["id"]: float(weight) for item, weight in zip(case.history, case.influence, strict=True)
        }
        for case in told
    }


def instructions() -> str:
    """The words that prompts put around histories and items, a line each: what a system may have echoed."""
    from generation.pipeline import prompts

    lines = (line for name in prompts.PROMPTS for line in prompts.load(name).text.splitlines())
    parts = (part.strip() for line in lines for part in re.split(r"\{history\}|\{item\}", line))
    return "\n".join(dict.fromkeys(filter(None, parts)))


def ask(questions: Sequence[str], *, endpoint: str, model: str, revision: str = "") -> list["Reply"]:
    """Put prompts to a language model behind an address that the operator lists; one reply each, in their order.

    Raises:
        ValueError: the address is not listed, or the server refuses the key or the model.
    """
    from generation.services.ask_endpoint import ask_endpoint

    return ask_endpoint(questions, endpoint=endpoint, model=model, revision=revision)


def case_record(row: models.Case) -> records.Case:
    return records.Case(
        id=row.case_id,
        user=row.user,
        history=tuple(item_record(past) for past in row.history),
        item=item_record(row.item),
        split=row.split,  # type: ignore[arg-type]
    )


def item_record(value: dict[str, Any]) -> records.Item:
    return records.Item(
        id=value["id"],
        title=value["title"],
        year=value.get("year"),
        genres=tuple(value.get("genres", ())),
        directors=tuple(value.get("directors", ())),
    )


def item_json(item: records.Item) -> dict[str, Any]:
    """How an item lies in a JSON column; item_record reads it back."""
    return {
        "id": item.id,
        "title": item.title,
        "year": item.year,
        "genres": list(item.genres),
        "directors": list(item.directors),
    }


def explanation_record(row: models.Explanation, case_id: str) -> records.Explanation:
    return records.Explanation(
        case_id=case_id,
        text=row.text,
        status=row.status,  # type: ignore[arg-type]
        signature=signature_record(row.signature),
        reason=row.reason,
        n_history_shown=row.n_history_shown,
        unknown_user=row.unknown_user,
    )


def signature_record(value: dict[str, Any]) -> records.Signature:
    return records.Signature(value["system"], value["version"], value.get("parameters", {}))


def signature_json(signature: records.Signature) -> dict[str, Any]:
    return {
        "system": signature.system,
        "version": signature.version,
        "parameters": signature.parameters,
    }


def system_label(name: str) -> str:
    """What people read for a system; one that is no longer in the registry reads as its name."""
    return SYSTEMS[name].label if name in SYSTEMS else name


def system_info(run: Run) -> SystemInfo:
    name = _system(run)
    return SystemInfo(name, system_label(name), is_offline(run), str(run.report.get("signature", "")))


def is_offline(run: Run) -> bool:
    """Did the offline teacher write the run's texts, or those its student learnt from?"""
    return bool(run.report.get("offline", False))


def _usable(row: models.Explanation | None) -> bool:
    return row is not None and row.status == TextStatus.OK


def _system(run: Run) -> str:
    return str(run.parameters.get("system", ""))


def _case_run_id(run: Run) -> int:
    """The select_cases run it explains; `needs` is prefetched where many runs are listed."""
    return next((need.pk for need in run.needs.all() if need.stage == Stage.SELECT_CASES), 0)


def _explain_runs_over_one_case_run(ids: Sequence[int]) -> list[Run]:
    if not ids:
        raise ValueError("Name at least one explain_cases run.")
    found = Run.objects.filter(stage=Stage.EXPLAIN_CASES, pk__in=ids).prefetch_related("needs").in_bulk()
    missing = [str(one) for one in ids if one not in found]
    if missing:
        raise ValueError(
            f"There is no explain_cases run {', '.join(missing)}; take ids from the list of runs."
        )
    runs = [found[one] for one in dict.fromkeys(ids)]
    unfinished = [str(run.pk) for run in runs if run.status != Status.DONE]
    if unfinished:
        raise ValueError(f"Run {', '.join(unfinished)} is not done; wait for it or requeue it.")
    twice = [name for name, count in Counter(map(_system, runs)).items() if count > 1]
    if twice:
        raise ValueError(f"Two runs are of the system {', '.join(twice)}; choose one run a system.")
    if len({_case_run_id(run) for run in runs}) > 1:
        over = ", ".join(f"run {run.pk} explains the cases of run {_case_run_id(run)}" for run in runs)
        raise ValueError(
            f"The runs are not over the same cases: {over}. Choose runs that explain the same chosen cases."
        )
    return runs
