"""PERM-BOTH on 1,400 texts and 1,000 resamples, against the same test resample by resample.

Ours: `analysis.stats.permute_metrics`, which makes all resamples by one product of coins and differences. Theirs: a
plain loop, as evaluation scripts have it: in each resample scores are swapped, and scipy's pearsonr is called for each
case of each metric. Both toss the same coins, and the script stops unless they find the same p. The loop would take
minutes: a few resamples are measured in the same run and multiplied up, as every resample costs the same.

Run: python -m benchmarks.perm_both
"""

import os
import platform
import statistics
import time
from importlib.metadata import version

import numpy as np
from scipy import stats

from analysis.stats.permute_metrics import coins, perm_both

N_CASES, N_SYSTEMS, N_RESAMPLES, N_TIMED = 100, 14, 1_000, 20


def made(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ratings, and two metrics that follow them more and less; cases by systems."""
    quality = rng.normal(0, 1, (N_CASES, N_SYSTEMS))
    ratings = np.clip(np.rint(3 + quality[..., None] + rng.normal(0, 1, (*quality.shape, 3))), 1, 5).mean(
        axis=-1
    )
    return quality + rng.normal(0, 1.5, quality.shape), quality + rng.normal(0, 1.7, quality.shape), ratings


def by_case(scores: np.ndarray, ratings: np.ndarray) -> float:
    return float(np.mean([stats.pearsonr(a, b).statistic for a, b in zip(scores, ratings, strict=True)]))


def plainly(first: np.ndarray, second: np.ndarray, ratings: np.ndarray, n_resamples: int) -> int:
    """How many of the first resamples reach the difference found."""
    one, other = ((side - side.mean()) / side.std() for side in (first, second))
    found = abs(by_case(one, ratings) - by_case(other, ratings))
    reached = 0
    for toss in coins(np.random.default_rng(1), n_resamples, ratings.shape):
        a, b = np.where(toss, other, one), np.where(toss, one, other)
        reached += abs(by_case(a, ratings) - by_case(b, ratings)) >= found - 1e-12
    return reached


def main() -> None:
    first, second, ratings = made(np.random.default_rng(0))
    print(
        f"machine      {platform.processor() or platform.machine()}, {os.cpu_count()} cores, {platform.platform()}"
    )
    print(
        "versions     python", platform.python_version(), *(f"{p} {version(p)}" for p in ("numpy", "scipy"))
    )
    print(
        f"data         {N_CASES} cases by {N_SYSTEMS} systems, {N_RESAMPLES:,} resamples; ours is the middle of 5"
    )
    for level in ("none", "partial", "case", "system"):
        times = []
        for _ in range(5):
            started = time.perf_counter()
            found = perm_both(
                first, second, ratings, level=level, rng=np.random.default_rng(1), n_resamples=N_RESAMPLES
            )
            times.append(time.perf_counter() - started)
        ours = statistics.median(times)
        print(
            f"{'ours, ' + level:<16}{ours:.4f} s  r {found.first:.4f} and {found.second:.4f}, p {found.p:.4f}"
        )
        if level == "case":
            kept = ours
    started = time.perf_counter()
    reached = plainly(first, second, ratings, N_TIMED)
    theirs = (time.perf_counter() - started) / N_TIMED * N_RESAMPLES
    same = perm_both(first, second, ratings, level="case", rng=np.random.default_rng(1), n_resamples=N_TIMED)
    assert same.p == (reached + 1) / (N_TIMED + 1), "the two do not find the same p"
    print(f"theirs, case    {theirs:.1f} s  {N_TIMED} resamples, multiplied up; the same p on those")
    print(f"ratio           {theirs / kept:,.0f}")


if __name__ == "__main__":
    main()
