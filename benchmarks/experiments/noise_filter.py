"""Does a student filter its teacher's lies? Planted rates of 0, 5, 15 and 30 %, with what helps and without.

python -m benchmarks.experiments.noise_filter --out DIR
"""

from collections.abc import Iterable

from benchmarks.experiments.setting import Setting, Start

RATES = (0.0, 0.05, 0.15, 0.30)
STARTS: tuple[Start, ...] = ("copying", "ordinary")
LONGER = 3200
"""Four times the demo's steps: is a student that invents only one that has not learned long enough?"""


def settings(seeds: Iterable[int]) -> list[Setting]:
    """The rates that matter most first, so that a budget that ends early leaves whole seeds."""
    seeds = list(seeds)
    return [
        Setting(seed=seed, rate=rate, start=start)
        for rate in (0.15, 0.30, 0.0, 0.05)
        for seed in seeds
        for start in STARTS
    ]


def longer(seeds: Iterable[int]) -> list[Setting]:
    return [
        Setting(seed=seed, rate=rate, start=start, steps=LONGER)
        for rate in (0.15, 0.30)
        for seed in seeds
        for start in ("ordinary", "copying")
    ]
