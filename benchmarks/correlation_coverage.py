"""How often does the interval of a correlation hold the true one, when systems are a sample as well as cases?

Metrics and ratings are made of a part of the text, a part of the system and noise, so the true correlation over all
texts follows from their variances. Each data set draws new cases and new systems. Beside the interval over cases and
systems stands the usual one over cases alone, from the same draws of cases.

Run: python -m benchmarks.correlation_coverage [data sets]
"""

import os
import platform
import sys
import time
from importlib.metadata import version

import numpy as np

from analysis.stats.cells import Cells
from analysis.stats.crossed import Draws, draw, intervals
from analysis.stats.estimates import Interval
from analysis.stats.redrawn import correlations

N_CASES, N_RESAMPLES = 40, 500
TEXT, SYSTEM, NOISE, ALIKE = 0.25, 0.49, 1.0, 0.8
"""Variances; and how far systems that score high are rated high."""
TRUE = (TEXT + ALIKE * SYSTEM) / (TEXT + SYSTEM + NOISE)


def made(n_systems: int, rng: np.random.Generator, n_cases: int = N_CASES) -> Cells:
    shape = n_cases, n_systems
    text = rng.normal(0, TEXT**0.5, shape)
    ours = rng.normal(0, SYSTEM**0.5, n_systems)
    theirs = ALIKE * ours + (1 - ALIKE**2) ** 0.5 * rng.normal(0, SYSTEM**0.5, n_systems)
    score, rating = (text + part + rng.normal(0, NOISE**0.5, shape) for part in (ours, theirs))
    held = np.ones(shape, dtype=bool)
    return Cells(("metric",), ("criterion",), score[None], rating[None], rating[None], 1, held, 0)


def coverage(
    n_systems: int, n_sets: int, *, seed: int, n_resamples: int = N_RESAMPLES
) -> tuple[float, float]:
    """Share of intervals that hold the truth: over cases and systems, and over cases alone."""
    rng = np.random.default_rng(seed)
    held = [0, 0]
    for _ in range(n_sets):
        cells = made(n_systems, rng)
        both = draw(N_CASES, n_systems, rng=rng, n_resamples=n_resamples)
        alone = Draws(both.cases, np.ones_like(both.systems), "cases")
        for place, draws in enumerate((both, alone)):
            values = correlations(cells, draws, [("none", "pearson")])[0]["none", "pearson"]
            [found] = intervals(values.reshape(1, -1), confidence=0.95, unit=draws.unit)
            held[place] += isinstance(found, Interval) and TRUE in found
    return held[0] / n_sets, held[1] / n_sets


def main(n_sets: int = 2_000) -> None:
    print(
        f"machine      {platform.processor() or platform.machine()}, {os.cpu_count()} cores, {platform.platform()}"
    )
    print(
        "versions     python", platform.python_version(), *(f"{p} {version(p)}" for p in ("numpy", "scipy"))
    )
    print(f"data         {n_sets:,} sets of {N_CASES} cases, true correlation over all texts {TRUE:.3f}")
    print(f"error        of a share near .95: {(0.95 * 0.05 / n_sets) ** 0.5:.3f}")
    for n_systems in (3, 4, 6, 10):
        started = time.perf_counter()
        both, alone = coverage(n_systems, n_sets, seed=n_systems)
        took = time.perf_counter() - started
        print(
            f"{n_systems:2} systems   cases and systems {both:.3f}, cases alone {alone:.3f}   ({took:.0f} s)"
        )


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
