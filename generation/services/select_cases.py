"""Split a corpus, let the ranker pick, keep the cases: rows for those people judge, Parquet for the rest."""

from pathlib import Path
from typing import Any, cast

import numpy as np
from django.db import transaction

from generation import models
from generation.models import Run
from generation.pipeline import artefacts, rankers
from generation.pipeline.case_files import write_cases
from generation.pipeline.logs.corpus import CorpusData, read_corpus
from generation.pipeline.logs.facts import leak
from generation.pipeline.logs.splits import Targets, split
from generation.pipeline.rankers.cases import SelectedCases, training_cases
from generation.pipeline.rankers.cases import select_cases as draw_cases
from generation.pipeline.rankers.interface import TellingRanker
from generation.pipeline.rankers.scoring import STREAM_EVALUATE, ListingRanker, ScoringRanker, evaluate
from generation.pipeline.records import Case
from generation.queries import item_json
from generation.services.claim_shard import Claim, LeaseLost
from generation.services.device import device
from generation.services.endpoints import check_recommender
from generation.services.folders import artefacts_root, corpus_path, import_of, publish
from generation.services.run_shards import Outcome, run_shards

STREAM_TEST, STREAM_COLD, STREAM_TRAIN, STREAM_VALID = 1, 2, 3, 4
ROWS_A_WRITE = 2_000
MOST_TOLD = 10_000
"""Cases for which a ranker is asked what weighed in its choice; people judge far fewer."""
SEEDED = ("als", "sasrec")
"""Rankers that draw, and so take the run's seed."""
VALID_SHARE = 0.05
"""What the paper's split keeps aside for validation; the paper does not say."""


def select_cases(*, run_id: int) -> None:
    """Work on a select_cases run; when it is done its Case rows and its Parquet of the others are there."""
    run_shards(run_id=run_id, work=_select, finish=_describe)


def split_of(run: Run, corpus: CorpusData) -> Targets:
    """The split a select_cases run made: the same whenever it is asked."""
    chosen = run.parameters
    options: dict[str, Any] = {"min_history": chosen["min_history"]}
    if chosen["split"] == "paper_random":
        options["valid_share"] = VALID_SHARE
    return split(corpus, chosen["split"], seed=run.seed, **options)


def _select(claim: Claim) -> dict[str, Any]:
    run = Run.objects.select_related("corpus").get(pk=claim.run_id)
    corpus = read_corpus(corpus_path(run))
    targets = split_of(run, corpus)
    ranker = _fitted(run, corpus, targets)
    judged = _judged(run, corpus, targets, ranker)
    cases = [case for part in judged for case in part.cases]
    _keep_rows(claim, run, cases, _influences(corpus, ranker, cases))
    counts: dict[str, int] = {}

    def fill(folder: Path) -> None:
        counts.update(_write_training(claim, run, corpus, targets, folder))

    facts = {"corpus": import_of(run).sha256, "parameters": run.parameters, "seed": run.seed}
    artefact = artefacts.write_folder(artefacts_root(), "cases", fill, facts)
    counts["n_cases"] = sum(len(part.cases) for part in judged)
    counts["n_without_pick"] = sum(part.n_without_pick for part in judged)
    claim.n_done = claim.n_total = counts["n_cases"] + counts["n_train"] + counts["n_valid"]
    return {
        "artefact": publish(artefact, before_file=claim.hold),
        "sha256": artefact.sha256,
        "counts": counts,
        "report": {
            "split": targets.signature,
            "leak": leak(corpus, targets, at_most=run.parameters["max_history"]),
            "by_length": [part.n_by_length for part in judged],
            "ranking": _measured(run, corpus, targets, ranker),
        },
    }


def _fitted(run: Run, corpus: CorpusData, targets: Targets) -> rankers.Ranker:
    """The ranker the run was asked for, with all it may learn from learned."""
    chosen = run.parameters
    options: dict[str, Any] = dict(chosen.get("ranker_options", {}))
    if chosen["ranker"] == "csv":
        options["path"] = Path(chosen["picks"])
    if chosen["ranker"] == "http":
        if run.created_by_id is not None:  # asked for through the web: still on the list?
            check_recommender(chosen["url"])
        options["url"] = chosen["url"]
    if chosen["ranker"] == "sasrec":
        options.setdefault("device", device())
    if chosen["ranker"] in SEEDED:
        options.setdefault("seed", run.seed)
    try:
        ranker = rankers.load(chosen["ranker"], **options)
    except TypeError as error:
        raise ValueError(f"the ranker {chosen['ranker']} does not take these options: {error}") from None
    ranker.fit(corpus, targets.learnable)
    return ranker


def _measured(
    run: Run, corpus: CorpusData, targets: Targets, ranker: rankers.Ranker
) -> dict[str, Any] | None:
    """How well the ranker ranks what the log really has next; None for the log itself."""
    if not hasattr(ranker, "scores") and not hasattr(ranker, "top"):
        return None
    rng = np.random.default_rng([run.seed, STREAM_EVALUATE])
    rows = targets.test if len(targets.test) else targets.cold
    measured = evaluate(cast(ScoringRanker | ListingRanker, ranker), corpus, rows, rng=rng)
    return {
        **measured,
        "split": "test" if len(targets.test) else "cold",
        "n_targets": len(rows),
        "n_items": len(corpus.items),
        "ranker": ranker.signature,
    }


def _judged(run: Run, corpus: CorpusData, targets: Targets, ranker: rankers.Ranker) -> list[SelectedCases]:
    """Cases of the test users and, where the split has strangers, as many of theirs."""
    chosen = run.parameters
    n_cold = chosen["n_cases"] // 2 if len(targets.cold) else 0
    parts = []
    for name, stream, n_cases in (
        ("test", STREAM_TEST, chosen["n_cases"] - n_cold),
        ("cold", STREAM_COLD, n_cold),
    ):
        if n_cases:
            rng = np.random.default_rng([run.seed, stream])
            parts.append(
                draw_cases(
                    corpus,
                    targets,
                    ranker,
                    split=name,  # type: ignore[arg-type]
                    n_cases=n_cases,
                    rng=rng,
                    at_most=chosen["max_history"],
                )
            )
    return parts


def _influences(corpus: CorpusData, ranker: rankers.Ranker, cases: list[Case]) -> list[list[float] | None]:
    """Of each case, how much each item of its history weighed; None from a ranker that does not say."""
    if not isinstance(ranker, TellingRanker) or len(cases) > MOST_TOLD:
        return [None] * len(cases)
    code = {item.id: place for place, item in enumerate(corpus.items)}
    return [
        ranker.influence(np.array([code[past.id] for past in case.history]), code[case.item.id]).tolist()
        for case in cases
    ]


def _keep_rows(claim: Claim, run: Run, cases: list[Case], influences: list[list[float] | None]) -> None:
    for first in range(0, len(cases), ROWS_A_WRITE):
        rows = [
            models.Case(
                run=run,
                case_id=case.id,
                position=position,
                user=case.user,
                split=case.split,
                history=[item_json(item) for item in case.history],
                item=item_json(case.item),
                influence=influences[position],
            )
            for position, case in enumerate(cases[first : first + ROWS_A_WRITE], start=first)
        ]
        with transaction.atomic():
            claim.hold()
            # The same seed draws the same cases, so what an earlier attempt kept is what this one would write.
            models.Case.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)


def _write_training(
    claim: Claim, run: Run, corpus: CorpusData, targets: Targets, folder: Path
) -> dict[str, int]:
    chosen, counts = run.parameters, {"n_train": 0, "n_valid": 0}
    total = chosen["n_train"] + chosen["n_valid"]
    for name, stream in (("train", STREAM_TRAIN), ("valid", STREAM_VALID)):
        cases = training_cases(
            corpus,
            targets,
            split=name,  # type: ignore[arg-type]
            n_cases=chosen[f"n_{name}"],
            rng=np.random.default_rng([run.seed, stream]),
            at_most=chosen["max_history"],
        )
        for n_written in write_cases(folder / f"{name}.parquet", cases, corpus.items):
            counts[f"n_{name}"] = n_written
            claim.progress(sum(counts.values()), total)
            if claim.should_stop():
                raise LeaseLost
    return counts


def _describe(run: Run) -> Outcome:
    result = run.shards.get().result
    return Outcome(
        counts=result["counts"],
        report=result["report"],
        artefact=result["artefact"],
        sha256=result["sha256"],
    )
