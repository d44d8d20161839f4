"""Does a smaller student filter more, as the paper supposes? Four sizes, two rates, both starts.

python -m benchmarks.experiments.capacity --out DIR
"""

from collections.abc import Iterable

from benchmarks.experiments.setting import Setting, Size

SIZES: tuple[Size, ...] = ("tiny", "small", "medium", "base")
"""The cells of `small` are those of the noise experiment."""


def settings(seeds: Iterable[int]) -> list[Setting]:
    seeds = list(seeds)
    return [
        Setting(seed=seed, rate=rate, size=size, start=start)
        for rate, start in ((0.15, "copying"), (0.15, "ordinary"), (0.30, "copying"), (0.30, "ordinary"))
        for size in SIZES
        for seed in seeds
    ]
