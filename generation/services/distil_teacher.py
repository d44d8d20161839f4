"""Let the teacher write what the student learns from, in shards that resume where they were left."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from generation.models import Run, Stage
from generation.pipeline import artefacts, teacher
from generation.pipeline.logs.corpus import read_items
from generation.pipeline.records import Case, Decoding, Item
from generation.pipeline.teacher.distilling import OK, distil, read_rows, shard_of
from generation.services.case_files import read_cases
from generation.services.claim_shard import Claim, LeaseLost
from generation.services.device import device
from generation.services.folders import artefact_path, artefacts_root, publish
from generation.services.run_shards import Outcome, run_shards

MOST_REJECTED_SHOWN = 50


def distil_teacher(*, run_id: int) -> None:
    """Work on a distil_teacher run; its artefact holds a golden explanation for each case that passed."""
    run_shards(run_id=run_id, work=_write, finish=_merge)


def load_teacher(run: Run, items: tuple[Item, ...]) -> teacher.Teacher:
    """The teacher a distil_teacher run was asked for."""
    chosen = run.parameters
    options: dict[str, Any] = dict(chosen["options"])
    if chosen["teacher"] == "scripted":
        options = {**scripted_options(run, items), **options}
    else:
        options = {"prompt_version": chosen["prompt_version"], "device": device(), **options}
        if chosen["path"]:
            options["path"] = chosen["path"]
    return teacher.load(chosen["teacher"], **options)


def scripted_options(run: Run, items: tuple[Item, ...]) -> dict[str, Any]:
    """What the offline teacher is given, as a teacher and as a system alike: so both write the same texts."""
    return {
        "catalogue": items,
        "hallucination_rate": run.parameters["hallucination_rate"],
        "aspects": "planted" if run.corpus.log_format == "builtin" else "history",
        "seed": run.seed,
    }


def _write(claim: Claim) -> dict[str, Any]:
    run = Run.objects.select_related("corpus").get(pk=claim.run_id)
    items = read_items(artefact_path(run.corpus.artefact))
    writer = load_teacher(run, items)
    cases = [case for case in _all_cases(run, items) if shard_of(case.id, claim.n_shards) == claim.index]
    store = _store(run, claim.n_shards, claim.index)
    summary = distil(
        writer,
        cases,
        decoding=_decoding(run),
        seed=run.seed,
        store=store,
        # A file a claim: a worker that lost its lease and does not know it yet writes into its own.
        shard=claim.shard_id * 100 + claim.attempt,
        progress=lambda done, total, words: claim.progress(done, total),
        should_stop=claim.should_stop,
    )
    if summary.stopped:
        raise LeaseLost
    claim.n_done = claim.n_total = summary.n_cases
    return {
        "n_cases": summary.n_cases,
        "n_asked": summary.n_asked,
        "signature": str(writer.signature),
    }


def _merge(run: Run) -> Outcome:
    """One table of golden explanations out of the shards' stores, and what was rejected and why."""
    shards = list(run.shards.order_by("index"))
    signature = shards[0].result["signature"]
    items = read_items(artefact_path(run.corpus.artefact))
    rejected: Counter[str] = Counter()
    shown: list[dict[str, str]] = []
    texts: dict[str, str] = {}
    for shard in shards:
        for row in _rows_once(_store(run, len(shards), shard.index), signature):
            if row.status == OK:
                texts[row.case_id] = row.text
                continue
            rejected[row.reason] += 1
            if len(shown) < MOST_REJECTED_SHOWN:
                shown.append({"case": row.case_id, "reason": row.reason, "text": row.text[:200]})
    wanted = [case.id for case in _all_cases(run, items)]
    kept = [case_id for case_id in dict.fromkeys(wanted) if case_id in texts]
    if not kept:
        reasons = ", ".join(f"{n} {reason}" for reason, n in rejected.items()) or "no case was given"
        raise ValueError(
            f"no text of the teacher passed the screening ({reasons}): try another teacher or prompt"
        )

    def fill(folder: Path) -> None:
        columns = {"case_id": kept, "text": [texts[case_id] for case_id in kept]}
        pq.write_table(pa.table(columns), folder / "golden.parquet", compression="zstd")

    facts = {"teacher": signature, "cases": _case_run(run).sha256, "seed": run.seed}
    artefact = artefacts.write_folder(artefacts_root(), "distilled", fill, facts)
    return Outcome(
        artefact=publish(artefact),
        sha256=artefact.sha256,
        counts={
            "n_cases": len(wanted),
            "n_ok": len(kept),
            "n_rejected": sum(rejected.values()),
            "n_asked": sum(shard.result["n_asked"] for shard in shards),
        },
        report={
            "signature": signature,
            "offline": run.parameters["teacher"] == "scripted",
            "rejected_texts": shown,
            "rejected_reasons": dict(sorted(rejected.items())),
        },
    )


def _all_cases(run: Run, items: tuple[Item, ...]) -> Iterable[Case]:
    folder = artefact_path(_case_run(run).artefact)
    return chain(
        read_cases(folder / "train.parquet", items, "train"),
        read_cases(folder / "valid.parquet", items, "valid"),
    )


def _rows_once(store: Path, signature: str) -> Iterable[Any]:
    """Rows of this teacher; a case that two claims wrote counts once, since both wrote the same."""
    return {row.case_id: row for row in read_rows(store) if row.teacher == signature}.values()


def _store(run: Run, n_shards: int, index: int) -> Path:
    """Named by what the texts follow from, so that asking for the same again asks the teacher nothing."""
    parts = [_case_run(run).sha256, {**run.parameters, "shards": n_shards}, run.seed, index]
    name = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]
    return artefacts_root() / "distilling" / name


def _decoding(run: Run) -> Decoding:
    chosen = run.parameters
    warm = chosen["temperature"] > 0
    return Decoding(
        max_new_tokens=chosen["max_new_tokens"],
        do_sample=warm,
        temperature=chosen["temperature"] if warm else 1.0,
    )


def _case_run(run: Run) -> Run:
    return run.needs.get(stage=Stage.SELECT_CASES)
