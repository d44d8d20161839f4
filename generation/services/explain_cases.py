"""Let one system explain the cases of a select_cases run; each text is kept once, whoever writes it."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, QuerySet

from generation import models
from generation.models import Run, Stage
from generation.pipeline import systems
from generation.pipeline.logs.corpus import read_corpus, read_items
from generation.pipeline.records import Explanation
from generation.queries import case_record, signature_json
from generation.services.claim_shard import Claim
from generation.services.device import device
from generation.services.distil_teacher import scripted_options
from generation.services.folders import artefact_path, corpus_path
from generation.services.parameters import NAMED_BY_PATH
from generation.services.run_shards import Outcome, run_shards
from generation.services.select_cases import split_of

CHUNK = 128
"""Explanations between two writes: what a death costs at most. Of so many a system may sort its batches."""

UPDATED = ["text", "status", "reason", "signature", "n_history_shown", "unknown_user"]


def explain_cases(*, run_id: int) -> None:
    """Work on an explain_cases run; it has one Explanation a case when it is done."""
    run_shards(run_id=run_id, work=_explain, finish=_count)


def load_system(run: Run) -> systems.System:
    """The system an explain_cases run was asked for, with what it needs from the runs before it."""
    chosen, name = run.parameters, run.parameters["system"]
    options: dict[str, Any] = dict(chosen["options"])
    if name == "scripted-teacher":
        options = {**scripted_options(run, read_items(corpus_path(run))), **options}
    elif name == "template-knn":
        options = {"interactions": _learnable(run), **options}
    elif name in NAMED_BY_PATH:
        options = {"path": chosen["path"], "seed": run.seed, "device": device(), **options}
    else:
        trained = run.needs.filter(stage=Stage.TRAIN_STUDENT).first()
        if trained is not None:
            checkpoint = artefact_path(trained.checkpoint.artefact)
            options = {
                "checkpoint": checkpoint,
                "seed": run.seed,
                "device": device(),
                "engine": chosen.get("engine", "torch"),  # runs queued before there was a choice
                **options,
            }
    return systems.load(name, **options)


def _explain(claim: Claim) -> dict[str, Any]:
    run = Run.objects.select_related("corpus").get(pk=claim.run_id)
    cases = _case_run(run).cases.annotate(shard=F("position") % claim.n_shards).filter(shard=claim.index)
    todo = cases.filter(~Exists(run.explanations.filter(case=OuterRef("pk"))))
    n_cases = cases.count()
    n_done = n_cases - todo.count()
    claim.progress(n_done, n_cases)
    system = load_system(run)
    for chunk in _chunks(todo):
        written = system.explain([case_record(case) for case in chunk])
        n_done += len(chunk)
        claim.n_done, claim.n_total = n_done, n_cases
        _keep(claim, run, chunk, written)
    claim.n_done = claim.n_total = n_cases
    return {"signature": str(system.signature)}


def _chunks(cases: QuerySet[models.Case]) -> Iterator[list[models.Case]]:
    """The cases in their order, so many at a time: however many there are, a worker holds no more."""
    position = -1
    while chunk := list(cases.filter(position__gt=position).order_by("position")[:CHUNK]):
        yield chunk
        position = chunk[-1].position


def _keep(claim: Claim, run: Run, cases: list[models.Case], written: list[Explanation]) -> None:
    rows = [
        models.Explanation(
            run=run,
            case=case,
            text=one.text,
            status=one.status,
            reason=one.reason,
            signature=signature_json(one.signature),
            n_history_shown=one.n_history_shown,
            unknown_user=one.unknown_user,
        )
        for case, one in zip(cases, written, strict=True)
    ]
    with transaction.atomic():
        claim.hold()
        models.Explanation.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["run", "case"], update_fields=UPDATED
        )


def _count(run: Run) -> Outcome:
    statuses = _tally(run.explanations.all(), "status")
    reasons = _tally(run.explanations.exclude(reason=""), "reason")
    unknown = run.explanations.filter(unknown_user=True).count()
    return Outcome(
        counts={
            "n_cases": sum(statuses.values()),
            **{f"n_{status}": n for status, n in sorted(statuses.items())},
            "n_unknown_user": unknown,
        },
        report={
            "signature": run.shards.order_by("index")[0].result["signature"],
            "offline": _offline(run),
            "reasons": dict(Counter(reasons).most_common(20)),
        },
    )


def _tally(rows: QuerySet[models.Explanation], column: str) -> dict[str, int]:
    """Value -> rows that have it, counted by the database."""
    return dict(rows.order_by().values_list(column).annotate(n=Count("pk")))


def _offline(run: Run) -> bool:
    """The offline teacher wrote it, or taught who wrote it."""
    trained = run.needs.filter(stage=Stage.TRAIN_STUDENT).first()
    if trained is not None:
        return bool(trained.report.get("offline"))
    return run.parameters["system"] == "scripted-teacher"


def _learnable(run: Run) -> list[tuple[int, str]]:
    """(user code, item id) of what may be learned from, as the split of the cases says."""
    corpus = read_corpus(corpus_path(run))
    rows = split_of(_case_run(run), corpus).learnable.nonzero()[0]
    users, items = corpus.user[rows].tolist(), corpus.item[rows].tolist()
    return [(user, corpus.items[item].id) for user, item in zip(users, items, strict=True)]


def _case_run(run: Run) -> Run:
    return run.needs.get(stage=Stage.SELECT_CASES)
