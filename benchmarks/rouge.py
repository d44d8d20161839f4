"""ROUGE-1, ROUGE-2 and ROUGE-L of many pairs: rouge-score, one pair at a time, and ours, in one run.

    python -m benchmarks.rouge --pairs 2000

Texts are made of the built-in catalogue's words, about as long as explanations; each reference meets several systems,
as in a report. The package is given all three kinds at once, which is its faster way, and one kind at a time, as a
metric of a list would ask. Every number is compared.
"""

import argparse
import platform
import random
import statistics
import time

import numpy as np
from rouge_score.rouge_scorer import RougeScorer

from analysis.metrics.fast_rouge import KINDS, _stem, f1, tokens
from generation.pipeline.logs.builtin.catalogue import catalogue

N_SYSTEMS = 7
WORDS = (25, 60)
REPEATS = 3
COMMON = (
    "because",
    "you",
    "watched",
    "and",
    "enjoyed",
    "the",
    "tense",
    "story",
    "of",
    "its",
    "people",
    "a",
    "film",
)


def pairs(n: int, seed: int) -> list[tuple[str, str]]:
    """(explanation, reference): n of them, N_SYSTEMS a reference, each keeping part of its words."""
    chance = random.Random(seed)  # noqa: S311  words, not secrets
    named = [f"{film.title} {' '.join(film.genres)}" for film in catalogue()]
    words = sorted({word for names in named for word in names.split()})
    words += COMMON * 20
    found = []
    for _ in range(n // N_SYSTEMS + 1):
        reference = chance.choices(words, k=chance.randint(*WORDS))
        for _ in range(N_SYSTEMS):
            kept = [word for word in reference if chance.random() < 0.5]
            written = kept + chance.choices(words, k=chance.randint(*WORDS) // 2)
            found.append((" ".join(written), " ".join(reference)))
    return found[:n]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    given = pairs(chosen.pairs, chosen.seed)
    together = RougeScorer(list(KINDS), use_stemmer=True)
    alone = {kind: RougeScorer([kind], use_stemmer=True) for kind in KINDS}
    times: dict[str, list[float]] = {"together": [], "alone": [], "ours": []}
    for _ in range(REPEATS):
        began = time.process_time()
        published = [together.score(reference, written) for written, reference in given]
        times["together"].append(time.process_time() - began)
        began = time.process_time()
        for kind in KINDS:
            for written, reference in given:
                alone[kind].score(reference, written)
        times["alone"].append(time.process_time() - began)
        tokens.cache_clear()
        _stem.cache_clear()
        began = time.process_time()
        ours = {kind: [f1(kind, *pair) for pair in given] for kind in KINDS}
        times["ours"].append(time.process_time() - began)
    seconds = {name: statistics.median(found) for name, found in times.items()}
    apart = max(
        float(np.abs(np.array([one[kind].fmeasure for one in published]) - ours[kind]).max())
        for kind in KINDS
    )
    print(f"Python {platform.python_version()}, {chosen.pairs:,} pairs, medians of {REPEATS} in CPU seconds")
    print(f"  rouge-score, three kinds at once     {seconds['together']:7.3f}")
    print(f"  rouge-score, one kind after another  {seconds['alone']:7.3f}")
    print(f"  ours, one kind after another         {seconds['ours']:7.3f}")
    print(
        f"  ratios {seconds['together'] / seconds['ours']:.1f} and {seconds['alone'] / seconds['ours']:.1f}; "
        f"largest difference {apart:.1e}"
    )


if __name__ == "__main__":
    main()
