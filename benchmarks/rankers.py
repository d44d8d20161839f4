"""HR@k and NDCG@k of every ranker that learns, on a log of your own, leave-one-out, against the whole catalogue.

    python -m benchmarks.rankers movielens FOLDER --seed 0

needs no server and no database. The last item of each user tests, the one before stays out, the rest is learned.
A folder with `sequences.txt` or `sequences_chronological.txt(.gz)`, a user and their items a line, is read with
`sequences` as the format.
"""

import argparse
import gzip
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from generation.pipeline import logs, rankers
from generation.pipeline.logs.corpus import CorpusData, read_corpus, write_corpus
from generation.pipeline.logs.splits import split
from generation.pipeline.rankers.scoring import CUTS, evaluate
from generation.pipeline.records import Item

LEARNING = ("popularity", "item-knn", "als", "sasrec")


def read_sequences(path: Path) -> CorpusData:
    """A corpus out of lines that hold a user and then their items, oldest first."""
    opened: Callable[..., Any] = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        rows = [line.split() for line in lines if line.strip()]
    codes: dict[str, int] = {}
    sequences = [[codes.setdefault(item, len(codes)) for item in row[1:]] for row in rows]
    lengths = [len(sequence) for sequence in sequences]
    places = np.concatenate([np.arange(n) for n in lengths])
    return CorpusData(
        users=tuple(row[0] for row in rows),
        items=tuple(Item(item, item) for item in codes),
        user=np.repeat(np.arange(len(rows), dtype=np.int32), lengths),
        item=np.array([code for sequence in sequences for code in sequence], dtype=np.int32),
        at=places.astype("datetime64[s]").astype("datetime64[us]"),
        rating=np.full(sum(lengths), np.nan, dtype=np.float32),
        starts=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
    )


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("format", choices=["sequences", *sorted(logs.LOG_FORMATS)])
    parser.add_argument("path", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rankers", nargs="+", default=LEARNING, choices=LEARNING)
    parser.add_argument("--sasrec", type=json.loads, default={}, help="Settings of SASRec, a JSON object.")
    chosen = parser.parse_args(arguments)
    if chosen.format == "sequences":
        corpus = read_sequences(chosen.path)
    else:
        with tempfile.TemporaryDirectory() as folder:
            write_corpus(logs.load(chosen.format, folder=chosen.path), Path(folder))
            corpus = read_corpus(Path(folder))
    targets = split(corpus, "temporal", seed=chosen.seed, min_history=3)
    print(f"{len(corpus.users):,} users, {len(corpus.items):,} items, {len(corpus.user):,} interactions")
    heads = [f"{name}@{k}" for name in ("HR", "NDCG") for k in CUTS]
    print("| ranker | n | " + " | ".join(heads) + " | wall s | cpu s |", flush=True)
    print("|---" * (len(heads) + 4) + "|")
    for name in chosen.rankers:
        options: dict[str, Any] = {"seed": chosen.seed} if name in ("als", "sasrec") else {}
        ranker = rankers.load(name, **options, **(chosen.sasrec if name == "sasrec" else {}))
        wall, cpu = time.perf_counter(), time.process_time()
        ranker.fit(corpus, targets.learnable)
        found = evaluate(ranker, corpus, targets.test, rng=np.random.default_rng(chosen.seed))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        if not found["n"]:
            print(f"| {name} | no target can be measured |")
            continue
        figures = [f"{found[head]:.4f}" for head in heads]
        print(
            f"| {name} | {found['n']:,} | " + " | ".join(figures) + f" | {wall:.1f} | {cpu:.1f} |", flush=True
        )
        if name == "sasrec":
            print(f"sasrec trained for {len(ranker.history)} epochs of at most {ranker.config.max_epochs}")


if __name__ == "__main__":
    main(sys.argv[1:])
