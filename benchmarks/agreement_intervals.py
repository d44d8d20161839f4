"""Kappa and ordinal alpha with 2,000-resample intervals on a million cards, against resampling cards one by one.

Ours: counts, Fleiss' kappa, ordinal alpha and a BCa bootstrap interval of each. Theirs: statsmodels' fleiss_kappa with
the usual bootstrap, which draws a million cards for each resample and computes kappa anew. statsmodels has no alpha
and no interval, so theirs does less. It would take minutes: the time of a few resamples is measured in the same run
and multiplied up, which is fair because every resample costs the same.

Run: python -m benchmarks.agreement_intervals [n_cards]
"""

import os
import platform
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
from statsmodels.stats.inter_rater import fleiss_kappa as their_kappa

from analysis.stats.agreement import fleiss_kappa
from analysis.stats.bootstrap import alpha_interval, kappa_interval
from analysis.stats.krippendorff import alpha
from analysis.stats.patterns import patterns

N_RATERS, N_LEVELS, N_RESAMPLES, N_TIMED = 5, 5, 2000, 20


def made_counts(n_cards: int, rng: np.random.Generator) -> np.ndarray:
    """Cards of differing quality, each rated by five annotators who see it with noise; (n_cards, 5)."""
    quality = rng.normal(3, 1, (n_cards, 1))
    marks = (
        np.clip(np.rint(quality + rng.normal(0, 0.8, (n_cards, N_RATERS))), 1, N_LEVELS).astype(np.int64) - 1
    )
    cell = np.arange(n_cards)[:, None] * N_LEVELS + marks
    return np.bincount(cell.ravel(), minlength=n_cards * N_LEVELS).reshape(n_cards, N_LEVELS)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    answer = work()
    return time.perf_counter() - started, answer


def ours(counts: np.ndarray) -> tuple[Any, ...]:
    cards = patterns(counts)
    return (
        fleiss_kappa(cards),
        alpha(cards, "ordinal"),
        kappa_interval(cards, rng=np.random.default_rng(1), n_resamples=N_RESAMPLES),
        alpha_interval(cards, "ordinal", rng=np.random.default_rng(2), n_resamples=N_RESAMPLES),
    )


def theirs(counts: np.ndarray, n_resamples: int) -> np.ndarray:
    rng = np.random.default_rng(3)
    return np.array(
        [their_kappa(counts[rng.integers(len(counts), size=len(counts))]) for _ in range(n_resamples)]
    )


def main(n_cards: int = 1_000_000) -> None:
    counts = made_counts(n_cards, np.random.default_rng(0))
    ours(counts[:1000])
    runs = sorted((timed(lambda: ours(counts)) for _ in range(3)), key=lambda run: run[0])
    our_time, (kappa, ordinal, kappa_ci, alpha_ci) = runs[1]
    point_time, point = timed(lambda: their_kappa(counts))
    sample_time, draws = timed(lambda: theirs(counts, N_TIMED))
    their_time = point_time + sample_time / N_TIMED * N_RESAMPLES
    assert abs(point - kappa.value) < 1e-12, "the two do not compute the same kappa"
    spread = float(np.std(draws, ddof=1))
    print(
        f"machine      {platform.processor() or platform.machine()}, {os.cpu_count()} cores, {platform.platform()}"
    )
    print(
        "versions     python",
        platform.python_version(),
        *(f"{p} {version(p)}" for p in ("numpy", "scipy", "statsmodels")),
    )
    print(
        f"data         {n_cards:,} cards x {N_RATERS} ratings, {len(patterns(counts).multiplicity)} distinct patterns"
    )
    print(
        f"kappa        {kappa.value:.6f} [{kappa_ci.low:.6f}, {kappa_ci.high:.6f}]  statsmodels {point:.6f}"
    )
    print(
        f"alpha        {ordinal.value:.6f} [{alpha_ci.low:.6f}, {alpha_ci.high:.6f}]  ordinal; statsmodels has none"
    )
    print(
        f"check        SE of kappa: ours {kappa.se:.2e} linearised, theirs {spread:.2e} from {N_TIMED} resamples"
    )
    print(
        f"ours         {our_time:.3f} s  kappa and alpha, both intervals, {N_RESAMPLES:,} resamples each (middle of 3)"
    )
    print(
        f"theirs       {their_time:.1f} s  kappa alone: {sample_time:.2f} s for {N_TIMED} resamples, multiplied up"
    )
    print(f"ratio        {their_time / our_time:,.0f}")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
