"""How often the intervals of agreement hold the true value: nominally 95 times in 100.

Five annotators and five points. Each card has a true point, drawn evenly; an annotator gives it with probability
sqrt(kappa), and otherwise any point evenly. Then the population's Fleiss kappa is exactly the kappa asked for, and
Randolph's kappa and AC1 equal it too; the true ordinal alpha is that of 400,000 cards. Counted are, for kappa, Gwet's
linearised t and the BCa bootstrap of a report, and beside them the interval that the standard error under no agreement
(Fleiss, Nee and Landis) would give, which no report shows; for AC1 the linearised t; for ordinal alpha the BCa
bootstrap. The Monte Carlo error of a share is in brackets.

2,000 studies each, 2,000 resamples (x86, one thread, python 3.11.7, numpy 2.4.6, scipy 1.17.1); the share held, with
an error of about .5 points (1 in the last column):

    kappa  cards   kappa, linearised t   kappa, BCa   AC1, linearised t   alpha ordinal, BCa   kappa, se0
    .30       30          92.5 %           93.6 %          94.5 %              93.8 %            65.8 %
    .30      100          95.2 %           95.0 %          95.5 %              95.0 %            68.2 %
    .75       30          93.8 %           95.2 %          94.7 %              95.9 %            69.0 %
    .75      100          94.5 %           94.8 %          94.8 %              94.0 %            69.5 %

So on 30 cards at kappa .3 both intervals of kappa and that of alpha are somewhat too narrow. On 100 cards all hold what
they say but for alpha at .75, one point below.

Run: OMP_NUM_THREADS=1 python -m benchmarks.coverage [repetitions] [resamples]
"""

import os
import platform
import sys
import time
from collections.abc import Callable
from importlib.metadata import version

import numpy as np

from analysis.stats.agreement import fleiss_kappa, gwet_ac
from analysis.stats.bootstrap import alpha_interval, kappa_interval
from analysis.stats.estimates import Interval, MaybeInterval, Undefined
from analysis.stats.krippendorff import alpha
from analysis.stats.patterns import Patterns, patterns

N_RATERS, N_LEVELS = 5, 5
KAPPAS, SIZES = (0.3, 0.75), (30, 100)


def made(kappa: float, n_cards: int, rng: np.random.Generator) -> Patterns:
    """Cards of a population whose Fleiss kappa is `kappa`."""
    true = rng.integers(0, N_LEVELS, (n_cards, 1))
    knows = rng.random((n_cards, N_RATERS)) < np.sqrt(kappa)
    point = np.where(knows, true, rng.integers(0, N_LEVELS, (n_cards, N_RATERS)))
    cell = np.arange(n_cards)[:, None] * N_LEVELS + point
    return patterns(np.bincount(cell.ravel(), minlength=n_cards * N_LEVELS).reshape(n_cards, N_LEVELS))


def intervals(cards: Patterns, rng: np.random.Generator, n_resamples: int) -> dict[str, MaybeInterval]:
    """Every interval of one study, by name."""
    kappa, ac1 = fleiss_kappa(cards), gwet_ac(cards)
    if isinstance(kappa, Undefined) or isinstance(ac1, Undefined):
        raise AssertionError("a study without pairs of ratings")
    half = 1.959964 * kappa.se0
    return {
        "kappa, linearised t": kappa.interval,
        "kappa, BCa": kappa_interval(cards, rng=rng, n_resamples=n_resamples),
        "kappa, se0 (not offered)": Interval(kappa.value - half, kappa.value + half, 0.95, "se0"),
        "AC1, linearised t": ac1.interval,
        "alpha ordinal, BCa": alpha_interval(cards, "ordinal", rng=rng, n_resamples=n_resamples),
    }


def true_alpha(kappa: float) -> float:
    """Ordinal alpha of a population, from many cards."""
    found = alpha(made(kappa, 400_000, np.random.default_rng([8, int(100 * kappa)])), "ordinal")
    if isinstance(found, Undefined):
        raise AssertionError(found.reason)
    return found.value


def covered(
    kappa: float, n_cards: int, *, repetitions: int, n_resamples: int, say: Callable[[str], None] = print
) -> dict[str, float]:
    """The share of studies whose interval holds the true value, by interval; prints a line each."""
    rng = np.random.default_rng([7, n_cards, int(100 * kappa)])
    truth = {"alpha ordinal, BCa": true_alpha(kappa)}
    held: dict[str, list[bool]] = {}
    widths: dict[str, list[float]] = {}
    for _ in range(repetitions):
        for name, interval in intervals(made(kappa, n_cards, rng), rng, n_resamples).items():
            there = isinstance(interval, Interval)
            held.setdefault(name, []).append(there and truth.get(name, kappa) in interval)
            if isinstance(interval, Interval):
                widths.setdefault(name, []).append(interval.high - interval.low)
    shares = {name: float(np.mean(one)) for name, one in held.items()}
    for name, share in shares.items():
        error = np.sqrt(share * (1 - share) / repetitions)
        none = repetitions - len(widths[name])
        say(
            f"{kappa:<6} {n_cards:>5}  {name:<26} {share:6.1%} ({error:.1%})   width {np.mean(widths[name]):.3f}"
            + (f"   {none} without an interval" if none else "")
        )
    return shares


def main(repetitions: int = 2000, n_resamples: int = 2000) -> None:
    started = time.perf_counter()
    print(
        f"machine      {platform.processor() or platform.machine()}, {os.cpu_count()} cores, {platform.platform()}"
    )
    print(
        "versions     python", platform.python_version(), *(f"{p} {version(p)}" for p in ("numpy", "scipy"))
    )
    sizes = f"{repetitions:,} studies, {n_resamples:,} resamples each"
    print(f"data         {N_RATERS} annotators, {N_LEVELS} points; {sizes}")
    print("kappa  cards  interval                   held (error)")
    for kappa in KAPPAS:
        for n_cards in SIZES:
            covered(kappa, n_cards, repetitions=repetitions, n_resamples=n_resamples)
    print(f"took         {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:3]))
