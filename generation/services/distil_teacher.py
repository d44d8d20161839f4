"""Let the teacher write what the student learns from, in shards that resume where they were left."""

import hashlib
import json
import math
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from generation.models import Run, Stage
from generation.pipeline import artefacts, teacher
from generation.pipeline.case_files import ROWS_A_BATCH, read_case_ids, read_cases, shards_of_cases
from generation.pipeline.logs.corpus import read_items
from generation.pipeline.records import Case, Decoding, Item, Split
from generation.pipeline.teacher.batch_files import AnsweredTeacher
from generation.pipeline.teacher.budget import Limits, MeteredTeacher
from generation.pipeline.teacher.distilling import distil, shard_of
from generation.pipeline.teacher.rows import OK, Row, tokens_spent
from generation.services.claim_shard import Claim, LeaseLost
from generation.services.device import device
from generation.services.endpoints import check_endpoint, key_for
from generation.services.folders import artefact_path, artefact_store, artefacts_root, corpus_path, publish
from generation.services.run_shards import Outcome, run_shards

MOST_REJECTED_SHOWN = 50

PUSH_EVERY_SECONDS = 30.0
"""How much of a teacher's time may be lost with its machine, where machines share an object store."""

SPLITS: tuple[Split, ...] = ("train", "valid")
"""What the teacher writes about."""

_GOLDEN = pa.schema([("case_id", pa.string()), ("text", pa.string())])


def distil_teacher(*, run_id: int) -> None:
    """Work on a distil_teacher run; its artefact holds a golden explanation for each case that passed."""
    run_shards(run_id=run_id, work=_write, finish=_merge)


def load_teacher(run: Run, items: tuple[Item, ...]) -> teacher.Teacher:
    """The teacher a distil_teacher run was asked for."""
    chosen = run.parameters
    options: dict[str, Any] = dict(chosen["options"])
    if chosen["teacher"] == "scripted":
        options = {**scripted_options(run, items), **options}
    elif chosen["teacher"] == "endpoint":
        if run.created_by_id is not None:  # asked for through the web: still on the list?
            check_endpoint(chosen["endpoint"])
        options = {**endpoint_options(chosen, run.shards.count()), **options}
    else:
        options = {**local_options(chosen), **options}
    return teacher.load(chosen["teacher"], **options)


def local_options(chosen: dict[str, Any]) -> dict[str, Any]:
    """What a local model is given; what is left empty stays the model's own default."""
    spread = "" if chosen["device_map"] == "one" else chosen["device_map"]
    given = {"device_map": spread, "batch_tokens": chosen["batch_tokens"]}
    given |= {"budget": chosen["context"], "revision": chosen["revision"], "path": chosen["path"]}
    common = {"prompt_version": chosen["prompt_version"], "device": device(), "dtype": chosen["dtype"]}
    return {**common, **{name: value for name, value in given.items() if value}}


def endpoint_options(chosen: dict[str, Any], n_shards: int) -> dict[str, Any]:
    """What an endpoint is given; each shard may spend its part, so that no two have to count together."""
    limits = Limits(
        max_tokens=math.ceil(chosen["max_tokens"] / max(n_shards, 1)),
        max_cost=chosen["max_cost"] / max(n_shards, 1),
        price_in=chosen["price_in"],
        price_out=chosen["price_out"],
    )
    return {
        "base_url": chosen["endpoint"],
        "model": chosen["endpoint_model"],
        "api_key": key_for(chosen["endpoint"]),
        "limits": limits,
        "budget": chosen["context"] or None,
        **{
            name: chosen[name]
            for name in ("revision", "concurrency", "attempts", "timeout", "prompt_version")
        },
    }


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
    items = read_items(corpus_path(run))
    writer = load_teacher(run, items)
    if run.parameters["by_file"]:
        writer = AnsweredTeacher(writer, {})
    cases = cases_of_shard(run, items, claim.index, claim.n_shards)
    store = artefact_store().pull(store_name(run, claim.n_shards, claim.index))
    # A file a claim: a worker that lost its lease and does not know it yet writes into its own.
    shard = claim.number
    if isinstance(writer, MeteredTeacher):
        writer.spent_before(*tokens_spent(store))
    push = _Pushes(store / f"shard-{shard:05d}.jsonl")

    def progress(n_done: int, n_total: int, words: str) -> None:
        claim.progress(n_done, n_total)
        push.now_and_then()

    with _Part(store / f"part-{shard:05d}.parquet") as part:
        summary = distil(
            writer,
            cases,
            decoding=decoding_of(run),
            seed=run.seed,
            store=store,
            shard=shard,
            progress=progress,
            should_stop=claim.should_stop,
            max_error_rate=run.parameters["max_error_rate"],
            elsewhere=_elsewhere(run) if run.parameters["teacher"] != "scripted" else (),
            kept=part.keep,
        )
        if summary.stopped:
            raise LeaseLost
    push.now()
    artefact_store().push(part.path)
    claim.n_done = claim.n_total = summary.n_cases
    return {
        "n_cases": summary.n_cases,
        "n_asked": summary.n_asked,
        "n_ok": summary.n_ok,
        "rejected": {
            **summary.rejected,
            **({"teacher failed": summary.n_errors} if summary.n_errors else {}),
        },
        "n_dropped": summary.n_dropped,
        "usage": summary.usage,
        "rejected_texts": part.rejected,
        "part": part.path.name,
        "signature": str(writer.signature),
    }


class _Pushes:
    """Brings a growing file of rows to all machines so often that a lost machine costs little."""

    def __init__(self, path: Path) -> None:
        self.path, self.pushed_at = path, time.monotonic()

    def now_and_then(self) -> None:
        if time.monotonic() - self.pushed_at >= PUSH_EVERY_SECONDS:
            self.now()

    def now(self) -> None:
        artefact_store().push(self.path)
        self.pushed_at = time.monotonic()


class _Part:
    """The shard's golden explanations in the order of the cases, for putting together; there whole or not at all."""

    def __init__(self, path: Path) -> None:
        self.path, self._partial = path, path.with_suffix(".partial")
        self.rejected: list[dict[str, str]] = []
        """The first texts that were left out."""

    def __enter__(self) -> "_Part":
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = pq.ParquetWriter(self._partial, _GOLDEN, compression="zstd")
        return self

    def keep(self, rows: Sequence[Row]) -> None:
        ok = [row for row in rows if row.status == OK]
        columns = {"case_id": [row.case_id for row in ok], "text": [row.text for row in ok]}
        self._writer.write_table(pa.table(columns, schema=_GOLDEN))
        lost = (row for row in rows if row.status != OK)
        self.rejected += [
            {"case": row.case_id, "reason": row.reason, "text": row.text[:200]}
            for row in islice(lost, MOST_REJECTED_SHOWN - len(self.rejected))
        ]

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._writer.close()
        if kind is None:
            self._partial.replace(self.path)
        else:
            self._partial.unlink(missing_ok=True)


def _merge(run: Run) -> Outcome:
    """One table of golden explanations out of the shards' parts, row by row, and what was rejected and why."""
    results = [shard.result for shard in run.shards.order_by("index")]
    signature = results[0]["signature"]
    rejected: Counter[str] = Counter()
    for result in results:
        rejected.update(result["rejected"])
    n_cases, n_ok = (sum(result[name] for result in results) for name in ("n_cases", "n_ok"))
    if not n_ok:
        reasons = ", ".join(f"{n} {reason}" for reason, n in rejected.items()) or "no case was given"
        raise ValueError(
            f"no text of the teacher passed the screening ({reasons}): try another teacher or prompt"
        )

    def fill(folder: Path) -> None:
        with pq.ParquetWriter(folder / "golden.parquet", _GOLDEN, compression="zstd") as writer:
            rows = _golden_rows(run, results)
            while batch := list(islice(rows, ROWS_A_BATCH)):
                ids, texts = zip(*batch, strict=True)
                writer.write_table(pa.table({"case_id": ids, "text": texts}, schema=_GOLDEN))

    facts = {"teacher": signature, "cases": _case_run(run).sha256, "seed": run.seed}
    artefact = artefacts.write_folder(artefacts_root(), "distilled", fill, facts)
    shown = [text for result in results for text in result["rejected_texts"]]
    return Outcome(
        artefact=publish(artefact),
        sha256=artefact.sha256,
        counts={
            "n_cases": n_cases,
            "n_ok": n_ok,
            "n_rejected": sum(rejected.values()),
            "n_asked": sum(result["n_asked"] for result in results),
            "n_titles_dropped": sum(result.get("n_dropped", 0) for result in results),
            **_tokens(results),
        },
        report={
            "signature": signature,
            "offline": run.parameters["teacher"] == "scripted",
            "rejected_texts": shown[:MOST_REJECTED_SHOWN],
            "rejected_reasons": dict(sorted(rejected.items())),
        },
    )


def _tokens(results: list[dict[str, Any]]) -> dict[str, int]:
    """What the run's questions took, where somebody counts it."""
    total: Counter[str] = Counter()
    for result in results:
        total.update(result.get("usage", {}))
    return {f"n_{name}": n for name, n in total.items()}


def _golden_rows(run: Run, results: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """(case id, text) in the order of the cases, however many shards there were and whatever their order.

    Each part keeps that order too, so that one row of each is enough to have in hand.
    """
    parts = [_part_rows(store_name(run, len(results), i), result["part"]) for i, result in enumerate(results)]
    waiting = [next(part, None) for part in parts]
    folder = artefact_path(_case_run(run).artefact)
    for split in SPLITS:
        for case_id in read_case_ids(folder / f"{split}.parquet"):
            index = shard_of(case_id, len(parts))
            row = waiting[index]
            if row is not None and row[0] == case_id:
                yield row
                waiting[index] = next(parts[index], None)


def _part_rows(store: str, part: str) -> Iterator[tuple[str, str]]:
    with pq.ParquetFile(artefact_store().pull(f"{store}/{part}")) as file:
        for batch in file.iter_batches(1024):
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


@dataclass(frozen=True)
class CasesOfShard:
    """Training and validation cases of one shard, read anew each time they are gone through."""

    folder: Path
    items: tuple[Item, ...]
    index: int
    n_shards: int

    def __len__(self) -> int:
        return sum(int(np.count_nonzero(self._ours(split))) for split in SPLITS)

    def __iter__(self) -> Iterator[Case]:
        for split in SPLITS:
            yield from read_cases(self._path(split), self.items, split, wanted=self._ours(split))

    def _ours(self, split: Split) -> np.ndarray:
        ours: np.ndarray = shards_of_cases(self._path(split), self.n_shards, shard_of) == self.index
        return ours

    def _path(self, split: Split) -> Path:
        return self.folder / f"{split}.parquet"


def cases_of_shard(run: Run, items: tuple[Item, ...], index: int, n_shards: int) -> CasesOfShard:
    return CasesOfShard(artefact_path(_case_run(run).artefact), items, index, n_shards)


HOW_NOT_WHAT = (
    "max_cost", "max_tokens", "price_in", "price_out", "concurrency", "attempts", "timeout", "max_error_rate",
    "by_file", "batch_tokens", "device_map",
)  # fmt: skip
"""Parameters that no text follows from: a run that differs in these alone goes on from the other's rows."""


def store_name(run: Run, n_shards: int, index: int) -> str:
    """Named by what the texts follow from, so that asking for the same again asks the teacher nothing."""
    parts = [_case_run(run).sha256, {**_what(run), "shards": n_shards}, run.seed, index]
    return f"distilling/{hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]}"


def _what(run: Run) -> dict[str, Any]:
    return {name: value for name, value in run.parameters.items() if name not in HOW_NOT_WHAT}


def _elsewhere(run: Run) -> Iterator[Path]:
    """The stores of other runs with the same teacher, whatever their cases: the same work is done once."""
    mine = {**_what(run), "shards": 0}
    ours = [store_name(run, run.shards.count(), index) for index in range(run.shards.count())]
    others = Run.objects.filter(stage=Stage.DISTIL_TEACHER, seed=run.seed).exclude(pk=run.pk)
    seen = set(ours)
    for other in others.order_by("-pk"):
        if {**_what(other), "shards": 0} != mine or not _case_run(other).sha256:
            continue
        for index in range(n_shards := other.shards.count()):
            if (name := store_name(other, n_shards, index)) not in seen:
                seen.add(name)
                yield artefact_store().pull(name)


def decoding_of(run: Run) -> Decoding:
    chosen = run.parameters
    warm = chosen["temperature"] > 0
    return Decoding(
        max_new_tokens=chosen["max_new_tokens"],
        do_sample=warm,
        temperature=chosen["temperature"] if warm else 1.0,
    )


def _case_run(run: Run) -> Run:
    return run.needs.get(stage=Stage.SELECT_CASES)
