"""The sections on how metrics order texts and systems, and on how high any metric could correlate."""

from zlib import crc32

import numpy as np

from analysis.report.contesting import Contest
from analysis.report.findings.metrics import Ceiling, PairwiseAccuracy
from analysis.report.findings.number import Number
from analysis.report.findings.subject import Metric
from analysis.report.numbers import as_number
from analysis.report.relating import LEVELS, NAMES, left_out
from analysis.report.scores import ScoreTable
from analysis.report.words import join
from analysis.stats import ceiling, pairwise
from analysis.stats.crossed import Draws, draw
from analysis.stats.estimates import Undefined
from analysis.stats.ratings import RatingTable

ACCURACY = "share of pairs of texts of one case that metric and people order alike or both call tied, mean over cases"
SOFT = (
    "soft pairwise accuracy: 1 less the mean difference of the one-sided p-values that people and metric "
    "give to pairs of systems"
)
NO_SOFT_INTERVAL = Undefined("none is drawn: it would resample what was resampled")
HALVES = "between the mean ratings of two halves of the annotators of each card"


def order(
    table: RatingTable,
    scores: ScoreTable,
    metrics: tuple[Metric, ...],
    contests: dict[str, Contest],
    *,
    writers: frozenset[str],
    seed: int,
    stream: int,
    confidence: float,
    n_resamples: int,
) -> list[PairwiseAccuracy]:
    """Every metric with a value a text against every criterion, on the systems its correlations rest on."""
    rows = []
    means = {criterion: table.case_means(criterion) for criterion in table.criteria}
    known: dict[tuple[str, ...], tuple[Draws, np.ndarray]] = {}
    for metric in metrics:
        if metric.level == "corpus":
            continue
        out = left_out(metric, table.systems, writers)
        systems = tuple(system for system in table.systems if system not in out)
        without = f", without {join(out)}" if out else ""
        if len(systems) < 2:
            continue
        if systems not in known:
            rng = np.random.default_rng([seed, stream, crc32("|".join(systems).encode())])
            draws = draw(len(table.cases), len(systems), rng=rng, n_resamples=n_resamples)
            known[systems] = (
                draws,
                rng.choice(np.array([-1.0, 1.0]), size=(pairwise.N_FLIPS, len(table.cases))),
            )
        draws, flips = known[systems]
        values = scores.by_text(metric.name, table.cases, systems).to_numpy()
        if metric.better == "lower":
            values = -values
        turned = without + (", scores turned round" if metric.better == "lower" else "")
        for criterion in table.criteria:
            human = means[criterion][list(systems)].to_numpy()
            found = pairwise.accuracy(values, human, draws=draws, confidence=confidence)
            soft = pairwise.soft_accuracy(values, human, flips=flips, rng=np.random.default_rng(seed))
            contest = contests.get(criterion)
            rows.append(
                _accuracy(
                    metric.name, criterion, found, soft, turned, seed, contest.clusters if contest else {}
                )
            )
    return rows


def _accuracy(
    metric: str,
    criterion: str,
    found: pairwise.Accuracy,
    soft: pairwise.Soft | Undefined,
    turned: str,
    seed: int,
    clusters: dict[str, int],
) -> PairwiseAccuracy:
    n = found.n_pairs
    calibrated = f"{ACCURACY}; scores that differ by no more than epsilon count as tied{turned}"
    if isinstance(soft, Undefined):
        softly = Number(None, 0, "pairs of systems", SOFT + turned, undefined=soft.reason)
    else:
        method = f"{SOFT}, over {soft.n_cases:,} cases, {soft.n_resamples:,} flips of signs{turned}"
        softly = as_number(soft.n_pairs, "pairs of systems", method, soft.value, NO_SOFT_INTERVAL, seed=seed)
    defined = not isinstance(found.calibrated, Undefined)
    return PairwiseAccuracy(
        metric=metric,
        criterion=criterion,
        calibrated=as_number(n, "pairs", calibrated, found.calibrated, found.calibrated_interval, seed=seed),
        epsilon=found.epsilon if defined else None,
        tied=found.tied if defined else None,
        uncalibrated=as_number(
            n, "pairs", ACCURACY + turned, found.uncalibrated, found.uncalibrated_interval, seed=seed
        ),
        soft=softly,
        cluster=clusters.get(metric),
    )


def bound(
    table: RatingTable,
    metrics: tuple[Metric, ...],
    *,
    writers: frozenset[str],
    seed: int,
    stream: int,
) -> list[Ceiling]:
    """The noise ceiling of every criterion at every level, once for each set of systems metrics are compared on."""
    sets = {left_out(metric, table.systems, writers) for metric in metrics if metric.level == "case"}
    rows = []
    for without in sorted(sets, key=lambda out: (len(out), out)):
        systems = [system for system in table.systems if system not in without]
        for criterion in table.criteria:
            rng = np.random.default_rng([seed, stream, crc32(f"{criterion}|{'|'.join(without)}".encode())])
            found = ceiling.ceilings(table, criterion, rng=rng, systems=systems)
            for (level, coefficient), one in found.items():
                if coefficient != "kendall":
                    rows.append(_ceiling(criterion, LEVELS[level], coefficient, without, one, seed))
    return rows


def _ceiling(
    criterion: str,
    level: str,
    coefficient: str,
    without: tuple[str, ...],
    found: ceiling.Ceiling,
    seed: int,
) -> Ceiling:
    split = f"{found.n_splits} random splits"
    some = f", without {join(without)}" if without else ""
    luck = (
        f"; the middle 95% of the splits: {found.spread[0]:.3f} to {found.spread[1]:.3f}"
        if found.spread
        else ""
    )
    none = Undefined("splits are the luck of the draw and no sample: their spread stands in the method")
    half = f"{NAMES[coefficient]} {HALVES}, mean of {split}{some}{luck}"
    whole = (
        f"reliability of the mean rating: {NAMES[coefficient]} of the halves raised by Spearman-Brown{some}"
    )
    top = f"the root of the reliability: what a metric without error would reach{some}"
    n = found.n_cards
    return Ceiling(
        criterion=criterion,
        level=level,
        coefficient=coefficient,
        without=without,
        halves=as_number(n, "cards", half, found.halves, none, seed=seed),
        reliability=as_number(n, "cards", whole, found.reliability, none, seed=seed),
        ceiling=as_number(n, "cards", top, found.ceiling, none, seed=seed),
    )
