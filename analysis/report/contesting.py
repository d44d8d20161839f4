"""The sections that set metrics against each other: which follows people more closely, and is that more than chance?

For each criterion the ten metrics whose scores go best together with the ratings over all texts are looked at on the
same texts: those that have a rating and a score of each of them. At each level the closest of them is tested against
each other one. Which is closest is read off the same data, so the tests are a little generous, and say so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.report.findings.metrics import DependentTest, MetricTest
from analysis.report.findings.subject import Metric
from analysis.report.numbers import NO_INTERVAL_OF_P, as_number
from analysis.report.relating import COUNTED, LEVELS, METHODS, NAMES, left_out
from analysis.report.scores import ScoreTable
from analysis.report.words import join
from analysis.stats import dependent
from analysis.stats.cells import Cells, blocks, rating_means, score_means
from analysis.stats.crossed import draw, everything, intervals
from analysis.stats.estimates import Interval, Undefined
from analysis.stats.multiplicity import holm
from analysis.stats.pairwise import clusters
from analysis.stats.permute_metrics import AllPairs, perm_both_all
from analysis.stats.ratings import RatingTable
from analysis.stats.redrawn import Key, Level, correlations

Array = npt.NDArray[np.float64]
MOST_METRICS = 10
N_RESAMPLES = 1_000
PEARSON: list[Key] = [(level, "pearson") for level in LEVELS]


@dataclass(frozen=True)
class Contest:
    """What came of one criterion."""

    tests: list[MetricTest]
    clusters: dict[str, int]
    """Of each metric that was looked at; the first is 1."""


def contest(
    table: RatingTable,
    scores: ScoreTable,
    metrics: Sequence[Metric],
    *,
    writers: frozenset[str],
    seed: int,
    stream: int,
    confidence: float,
    n_resamples: int,
) -> dict[str, Contest]:
    """By criterion; nothing where fewer than two metrics can be compared."""
    by_text = [metric for metric in metrics if metric.level == "case"]
    out = {system for metric in by_text for system in left_out(metric, table.systems, writers)}
    systems = tuple(system for system in table.systems if system not in out)
    cube = {metric: scores.by_text(metric.name, table.cases, systems).to_numpy() for metric in by_text}
    found = {}
    for criterion in table.criteria:
        one = _Contest(table, criterion, systems, cube)
        if len(one.names) > 1:
            rng = np.random.default_rng([seed, stream, crc32(criterion.encode())])
            found[criterion] = one.held(rng, seed, confidence, n_resamples)
    return found


class _Contest:
    """The metrics that are looked at, turned so that higher is better, on the texts that have all of them."""

    def __init__(
        self,
        table: RatingTable,
        criterion: str,
        systems: tuple[str, ...],
        scores: Mapping[Metric, Array],
    ) -> None:
        self.criterion, self.systems, self.cases = criterion, systems, table.cases
        self.out = tuple(system for system in table.systems if system not in systems)
        self.ratings = {criterion: table.case_totals(criterion)}
        human = table.case_means(criterion)[list(self.systems)].to_numpy()
        turned: list[tuple[float, str, str, Array]] = []
        for metric, values in scores.items():
            r = _pearson(values, human)
            if np.isnan(r):
                continue
            turn = metric.better == "lower" or (metric.better == "neither" and r < 0)
            turned.append(
                (
                    -r if turn else r,
                    metric.name,
                    " (turned round)" if turn else "",
                    -values if turn else values,
                )
            )
        turned.sort(key=lambda one: (-round(one[0], 9), one[1]))
        kept = turned[:MOST_METRICS]
        self.names = [name for _, name, _, _ in kept]
        self.turned = {name: words for _, name, words, _ in kept}
        if not kept:
            return
        cube = np.stack([values for *_, values in kept])
        complete = ~np.isnan(cube).any(axis=0) & ~np.isnan(human)
        self.cube, self.human = np.where(complete, cube, np.nan), np.where(complete, human, np.nan)

    def held(self, rng: np.random.Generator, seed: int, confidence: float, n_resamples: int) -> Contest:
        frames = {
            name: pd.DataFrame(values, index=list(self.cases), columns=list(self.systems))
            for name, values in zip(self.names, self.cube, strict=True)
        }
        [cells] = blocks(frames, self.ratings)
        points = correlations(cells, everything(*cells.held.shape), PEARSON)[0]
        draws = draw(*cells.held.shape, rng=rng, n_resamples=n_resamples)
        drawn = correlations(cells, draws, PEARSON)[0]
        tests, ranks = [], {}
        for level in LEVELS:
            r = points[level, "pearson"][:, 0, 0]
            # Constant scores have none; a metric without a correlation at this level is not looked at here.
            # Metrics that are the same but for their name differ by rounding alone, otherwise on each machine.
            rounded = np.round(r, 9)
            places = sorted(
                np.flatnonzero(~np.isnan(r)).tolist(), key=lambda at: (-rounded[at], self.names[at])
            )
            if len(places) < 2:
                continue
            every = None if level == "case" else [(0, place) for place in range(1, len(places))]
            swapped = perm_both_all(
                [self.cube[place] for place in places],
                self.human,
                level=level,
                rng=rng,
                n_resamples=N_RESAMPLES,
                pairs=every,
            )
            values = drawn[level, "pearson"][places, 0]
            ends = intervals(values[:1] - values[1:], confidence=confidence, unit=draws.unit)
            tests += self._tests(cells, level, r, places, swapped, ends, seed, confidence)
            if level == "case" and isinstance(swapped, AllPairs):
                ranks = dict(
                    zip([self.names[place] for place in places], clusters(swapped.p_greater), strict=True)
                )
        return Contest(tests, ranks)

    def _tests(
        self,
        cells: Cells,
        level: Level,
        r: Array,
        places: list[int],
        swapped: AllPairs | Undefined,
        ends: Sequence[Interval | Undefined],
        seed: int,
        confidence: float,
    ) -> list[MetricTest]:
        called, first = LEVELS[level], places[0]
        n = {"none": cells.held.sum(), "partial": cells.held.sum(), "system": cells.held.any(axis=0).sum()}
        counted = int(n.get(level, cells.held.any(axis=1).sum()))
        p = swapped if isinstance(swapped, Undefined) else swapped.p[0, 1:]
        adjusted = [None] * len(ends) if isinstance(p, Undefined) else [float(one) for one in holm(p)]
        rows = []
        for step, (second, interval) in enumerate(zip(places[1:], ends, strict=True)):
            by = METHODS[called].format(name=NAMES["pearson"])
            pair = f"{self.names[first]}{self.turned[self.names[first]]} and {self.names[second]}"
            pair += self.turned[self.names[second]]
            method = f"difference of the correlations of {pair}: {by}"
            if self.out:
                method += f", without {join(self.out)}"
            words = f"PERM-BOTH: scores of the two swapped text by text, {N_RESAMPLES:,} resamples, two-sided"
            permuted = (
                as_number(int(cells.held.sum()), "texts", words, p, p)
                if isinstance(p, Undefined)
                else as_number(
                    int(cells.held.sum()), "texts", words, float(p[step]), NO_INTERVAL_OF_P, seed=seed
                )
            )
            rows.append(
                MetricTest(
                    criterion=self.criterion,
                    level=called,
                    first=self.names[first],
                    second=self.names[second],
                    difference=as_number(
                        counted, COUNTED[called], method, float(r[first] - r[second]), interval, seed=seed
                    ),
                    permutation=permuted,
                    p_holm=adjusted[step],
                    family=len(ends),
                    dependent=_dependent(cells, first, second, confidence) if level == "system" else None,
                )
            )
        return rows


def _dependent(cells: Cells, first: int, second: int, confidence: float) -> DependentTest:
    """Between systems, which are independent of each other as texts of one case are not."""
    once, rated = np.ones((1, len(cells.held))), cells.held.any(axis=0)
    one, other = (score_means(cells.score[place], cells.held, once)[0, rated] for place in (first, second))
    human = rating_means(cells.numerator[0], cells.common, cells.held, once)[0, rated]
    found = dependent.compare_scores(one, other, human, confidence=confidence)
    if isinstance(found, Undefined):
        return DependentTest(n=int(rated.sum()), undefined=found.reason)
    if isinstance(found.williams, Undefined):
        return DependentTest(n=found.n, undefined=found.williams.reason)
    assert not isinstance(found.steiger, Undefined)
    assert not isinstance(found.meng, Undefined)
    return DependentTest(
        n=found.n,
        williams_t=found.williams.statistic,
        df=found.williams.df,
        williams_p=found.williams.p,
        steiger_z=found.steiger.statistic,
        steiger_p=found.steiger.p,
        meng_z=found.meng.statistic,
        meng_p=found.meng.p,
        zou=found.interval if isinstance(found.interval, Interval) else None,
    )


def _pearson(scores: Array, ratings: Array) -> float:
    """Over all texts that have both; NaN where one side does not vary."""
    held = ~np.isnan(scores + ratings)
    x, y = scores[held], ratings[held]
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return np.nan
    return float(np.corrcoef(x / np.abs(x).max(), y)[0, 1])
