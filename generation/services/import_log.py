"""Read a log into the Parquet files every later stage reads."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from generation.models import Corpus, Run
from generation.pipeline import artefacts, logs
from generation.pipeline.logs.corpus import CorpusSummary, read_corpus, write_corpus
from generation.pipeline.logs.facts import describe
from generation.pipeline.logs.rejected import ImportRefused, Rejected, RejectedRow
from generation.services.claim_shard import Claim, LeaseLost
from generation.services.folders import artefact_store, artefacts_root, publish
from generation.services.map_columns import HEADERS
from generation.services.run_shards import Outcome, run_shards

MOST_REASONS = 50
FILES_NAMED = 5
"""Of an upload, where it is refused."""


def import_log(*, run_id: int) -> None:
    """Work on an import_log run; the corpus has its artefact and counts when the run is done."""
    run_shards(run_id=run_id, work=_import, finish=_describe)


def _import(claim: Claim) -> dict[str, Any]:
    run = Run.objects.select_related("corpus").get(pk=claim.run_id)
    rejected = Rejected()
    summaries: list[CorpusSummary] = []
    facts: dict[str, Any] = {}

    def progress(n_read: int) -> None:
        claim.progress(n_read, 0)
        if claim.should_stop():
            raise LeaseLost

    def fill(folder: Path) -> None:
        summaries.append(write_corpus(log_format, folder, progress))
        facts.update(asdict(describe(read_corpus(folder))))

    try:
        log_format = logs.load(run.corpus.log_format, rejected=rejected, **_options(run.corpus))
        artefact = artefacts.write_folder(
            artefacts_root(), "corpus", fill, {"log_format": run.corpus.log_format}
        )
    except ImportRefused as refusal:
        claim.hold()
        rows = (refusal.rejected or rejected).rows
        Run.objects.filter(pk=run.pk).update(report={"rejected": [_row(row) for row in rows]})
        raise _of_upload(refusal, run.corpus) from None
    summary = summaries[0]
    claim.n_done = summary.n_interactions
    counts = {name: getattr(summary, name) for name in ("n_users", "n_items", "n_interactions", "n_rejected")}
    return {
        "artefact": publish(artefact, before_file=claim.hold),
        "sha256": artefact.sha256,
        "counts": counts,
        "rejected": [_row(row) for row in summary.rejected],
        "facts": {**facts, "rejected_reasons": _reasons(rejected)},
    }


def _describe(run: Run) -> Outcome:
    result = run.shards.get().result
    Corpus.objects.filter(pk=run.corpus_id).update(
        artefact=result["artefact"],
        sha256=result["sha256"],
        provenance={"made_up": run.corpus.log_format == "builtin"},
        facts=result["facts"],
        **result["counts"],
    )
    return Outcome(
        artefact=result["artefact"],
        sha256=result["sha256"],
        counts=result["counts"],
        report={"rejected": result["rejected"]},
    )


def _options(corpus: Corpus) -> dict[str, Any]:
    options = {name: value for name, value in corpus.options.items() if name != HEADERS}
    if upload := options.pop("upload", ""):
        options["folder"] = artefact_store().pull(upload)
    elif "folder" in options:
        options["folder"] = Path(options["folder"])
    return options


def _reasons(rejected: Rejected) -> list[dict[str, Any]]:
    """Why rows stayed out, the commonest reason first."""
    return [
        {"file": file, "field": field, "reason": reason, "n": n}
        for (file, field, reason), n in rejected.by_reason.most_common(MOST_REASONS)
    ]


def _row(row: RejectedRow) -> dict[str, Any]:
    return asdict(row)


def _of_upload(refusal: ImportRefused, corpus: Corpus) -> ImportRefused:
    """A refusal of an upload's folder, whose name nobody gave, in words about the files that were given."""
    upload = corpus.options.get("upload")
    if not upload or refusal.file != Path(upload).name:
        return refusal
    names = sorted(path.name for path in artefact_store().pull(upload).iterdir())
    more = f" and {len(names) - FILES_NAMED} more" if len(names) > FILES_NAMED else ""
    return ImportRefused(
        f"The upload ({', '.join(names[:FILES_NAMED])}{more})",
        refusal.reason,
        "Read it as a new corpus: in the format that these files have, or with all the files of this one",
    )
