"""What a tie is worth, beside pairwise accuracy: tau-c, and the correlation of differences within cases."""

from collections.abc import Sequence
from dataclasses import replace
from zlib import crc32

import numpy as np

from analysis.report.findings.metrics import Correlation, PairwiseAccuracy
from analysis.report.findings.number import Number
from analysis.report.findings.subject import Metric
from analysis.report.numbers import as_number
from analysis.report.relating import left_out
from analysis.report.scores import ScoreTable
from analysis.report.words import join
from analysis.stats import ties
from analysis.stats.crossed import draw
from analysis.stats.estimates import Maybe, Undefined
from analysis.stats.ratings import RatingTable

TAU_C = "Kendall's tau-c (Stuart) over all texts, mean rating of each"
NO_TAU_C_INTERVAL = Undefined("none is drawn: tau-b over the same texts has one")
DIFFERENCES = "Pearson's r over the differences of all pairs of texts of one case, all cases together"


def with_ties(
    rows: Sequence[PairwiseAccuracy],
    table: RatingTable,
    scores: ScoreTable,
    metrics: Sequence[Metric],
    correlations: Sequence[Correlation],
    *,
    writers: frozenset[str],
    seed: int,
    stream: int,
    confidence: float,
    n_resamples: int,
) -> tuple[PairwiseAccuracy, ...]:
    """The rows with both; metrics where less is better are turned round, as in the rows."""
    wanted = {row.metric for row in rows}
    means = {criterion: table.case_means(criterion) for criterion in table.criteria}
    tau_b = {
        (row.metric, row.criterion): row.number.value
        for row in correlations
        if (row.level, row.coefficient) == ("text", "kendall") and row.number.value is not None
    }
    together: dict[tuple[str, ...], list[Metric]] = {}
    for metric in metrics:
        if metric.name in wanted:
            out = left_out(metric, table.systems, writers)
            together.setdefault(tuple(s for s in table.systems if s not in out), []).append(metric)
    found: dict[tuple[str, str], tuple[Number, Number]] = {}
    for systems, of in together.items():
        x = {one.name: scores.by_text(one.name, table.cases, systems).to_numpy() for one in of}
        x |= {one.name: -x[one.name] for one in of if one.better == "lower"}
        y = {criterion: mean[list(systems)].to_numpy() for criterion, mean in means.items()}
        rng = np.random.default_rng([seed, stream, crc32("|".join(systems).encode())])
        draws = draw(len(table.cases), len(systems), rng=rng, n_resamples=n_resamples)
        apart = ties.difference_correlations(x, y, draws=draws, confidence=confidence)
        for metric in of:
            turned = _turned(metric, [s for s in table.systems if s not in systems])
            for criterion in table.criteria:
                r, interval, n_pairs = apart[metric.name, criterion]
                held = ~np.isnan(x[metric.name] + y[criterion])
                known = tau_b.get((metric.name, criterion))
                c: Maybe = Undefined("scores or ratings do not vary")
                if known is not None:
                    known = -known if metric.better == "lower" else known
                    c = ties.tau_c(x[metric.name][held], y[criterion][held], tau_b=known)
                found[metric.name, criterion] = (
                    as_number(int(held.sum()), "texts", TAU_C + turned, c, NO_TAU_C_INTERVAL),
                    as_number(n_pairs, "pairs", DIFFERENCES + turned, r, interval, seed=seed),
                )
    return tuple(
        replace(
            row, tau_c=found[row.metric, row.criterion][0], differences=found[row.metric, row.criterion][1]
        )
        for row in rows
    )


def _turned(metric: Metric, without: Sequence[str]) -> str:
    parts = [f", without {join(without)}"] if without else []
    return "".join(parts + [", scores turned round"] * (metric.better == "lower"))
