"""The sections on automatic metrics: scores in, `MetricSummary` and `Correlation` out."""

from zlib import crc32

import numpy as np
import numpy.typing as npt
from scipy import special

from analysis.report.findings import Correlation, Metric, MetricSummary, Number, System
from analysis.report.prose import WITHOUT
from analysis.report.scores import ScoreTable
from analysis.report.words import join
from analysis.stats import correlation
from analysis.stats.estimates import Interval, Undefined
from analysis.stats.ratings import RatingTable

LEVELS: dict[correlation.Level, str] = {"none": "text", "case": "case", "system": "system"}
"""What the report calls the levels of `stats.correlation`."""
METHODS = {
    "text": "{name} over all texts, mean rating of each",
    "case": "{name} over the systems within each case, mean over cases",
    "system": "{name} over the systems' means",
}
NAMES = {"pearson": "Pearson's r", "spearman": "Spearman's rho", "kendall": "Kendall's tau-b"}
MANY = 1_000
"""With more correlations than this, intervals are drawn for Spearman's rho alone: nobody reads "
"thousands of them."""
COUNTED = {"text": "texts", "case": "cases", "system": "systems"}


def metrics_of(scores: ScoreTable, known: tuple[Metric, ...]) -> tuple[Metric, ...]:
    """Every metric that has scores, with what is known of it."""
    described = {metric.name: metric for metric in known}
    return tuple(
        described.get(name)
        or Metric(name=name, label=name, level="corpus" if scores.is_corpus_level(name) else "case")
        for name in scores.metrics
    )


def summarise(
    scores: ScoreTable, metrics: tuple[Metric, ...], systems: tuple[str, ...], confidence: float
) -> list[MetricSummary]:
    """Each metric of each system's texts."""
    rows = []
    for metric in metrics:
        by_system = {system: scores.of(metric.name, system) for system in systems}
        seen = np.unique(np.concatenate(list(by_system.values())))
        yes_or_no = set(seen[~np.isnan(seen)]) == {0.0, 1.0}
        rows += [
            _summary(
                metric,
                system,
                values,
                confidence,
                yes_or_no=yes_or_no,
                n_texts=_n_texts(scores, metric, metrics, system),
            )
            for system, values in by_system.items()
            if len(values)
        ]
    return rows


def relate(
    table: RatingTable,
    scores: ScoreTable,
    metrics: tuple[Metric, ...],
    *,
    writers: frozenset[str] = frozenset(),
    seed: int,
    stream: int,
    confidence: float,
    n_resamples: int,
) -> list[Correlation]:
    """Every metric with a value a text against every criterion, at every level, by every coefficient.

    Systems that wrote the references (`writers`) are left out for the metrics that use them: compared with
    its own texts a system scores 1 whatever people think of it.

    Each metric and criterion draws from a stream of its own, so one more metric changes no other interval.
    """
    n_wanted = sum(m.level == "case" for m in metrics) * len(table.criteria) * len(LEVELS) * len(NAMES)
    totals = {criterion: table.case_totals(criterion) for criterion in table.criteria}
    rows = []
    for metric in metrics:
        if metric.level == "corpus":
            continue
        out = left_out(metric, table.systems, writers)
        compared = tuple(system for system in table.systems if system not in out)
        without = f", without {join(out)}, {WITHOUT}" if out else ""
        by_text = scores.by_text(metric.name, table.cases, compared)
        for criterion in table.criteria:
            rng = np.random.default_rng([seed, stream, crc32(f"{metric.name}|{criterion}".encode())])
            for level, called in LEVELS.items():
                for coefficient in correlation.COEFFICIENTS:
                    if not compared:
                        method = METHODS[called].format(name=NAMES[coefficient]) + without
                        why = "every system that was rated wrote references"
                        none = Number(None, 0, COUNTED[called], method, undefined=why)
                        rows.append(Correlation(metric.name, criterion, called, coefficient, none))
                        continue
                    drawn = n_wanted <= MANY or coefficient == "spearman"
                    found = correlation.correlate(
                        by_text,
                        totals[criterion],
                        level=level,
                        coefficient=coefficient,
                        rng=rng if drawn else None,
                        n_resamples=n_resamples,
                        confidence=confidence,
                    )
                    rows.append(_correlation(metric.name, criterion, called, found, seed, without))
    return rows


def left_out(metric: Metric, systems: tuple[str, ...], writers: frozenset[str]) -> tuple[str, ...]:
    """The systems whose texts are the metric's references."""
    own = writers | {metric.references} if metric.references else frozenset()
    return tuple(system for system in systems if system in own)


def writers_of(systems: tuple[System, ...]) -> frozenset[str]:
    return frozenset(system.name for system in systems if system.wrote_references)


def _n_texts(scores: ScoreTable, metric: Metric, metrics: tuple[Metric, ...], system: str) -> int | None:
    """How many texts a number for all texts was computed from, as far as the scores of single texts tell:
    those with a reference where the metric needs one; None where no text has a score of its own."""
    by_text = [one for one in metrics if one.level == "case"]
    if metric.references:
        by_text = [one for one in by_text if one.references] or by_text
        counted = [int((~np.isnan(scores.of(one.name, system))).sum()) for one in by_text]
    else:
        counted = [len(scores.of(one.name, system)) for one in by_text]
    return max(counted, default=0) or None


def _summary(
    metric: Metric,
    system: str,
    values: npt.NDArray[np.float64],
    confidence: float,
    *,
    yes_or_no: bool,
    n_texts: int | None,
) -> MetricSummary:
    defined = values[~np.isnan(values)]
    n, n_undefined = len(defined), len(values) - len(defined)
    signed = f": {metric.signature}" if metric.signature else ""
    if metric.level == "corpus":
        method = "one number for all texts of the system" + signed
        if not n:
            score = Number(None, 0, "values", method, undefined="too few words or texts for this metric")
        else:
            counted = (1, "value") if n_texts is None else (n_texts, "texts")
            score = Number(
                float(defined[0]), *counted, method, no_interval="the metric has no value for a single text"
            )
        return MetricSummary(metric.name, system, score, n_undefined)
    method = "mean over texts" + signed
    if not n:
        score = Number(
            None, 0, "texts", method, undefined="the metric is undefined for every text of this system"
        )
    elif yes_or_no and n > 1:
        interval = _wilson(int(defined.sum()), n, confidence)
        score = Number(float(defined.mean()), n, "texts", method, interval=interval)
    elif n == 1 or np.ptp(defined) == 0:
        reason = "one text has no spread" if n == 1 else "every text has the same score"
        score = Number(float(defined[0]), n, "texts", method, no_interval=reason)
    else:
        mean, sd = float(defined.mean()), float(defined.std(ddof=1))
        half = float(special.stdtrit(n - 1, (1 + confidence) / 2)) * sd / float(np.sqrt(n))
        interval = Interval(mean - half, mean + half, confidence, "t over texts")
        score = Number(mean, n, "texts", method, interval=interval)
    return MetricSummary(metric.name, system, score, n_undefined)


def _wilson(n_hits: int, n: int, confidence: float) -> Interval:
    """For a metric that is yes or no: a share near 0 or 1 keeps an interval inside 0..1 (Wilson 1927)."""
    z = float(special.ndtri((1 + confidence) / 2))
    share, pull = n_hits / n, z * z / n
    middle = (share + pull / 2) / (1 + pull)
    half = z * np.sqrt(share * (1 - share) / n + pull / (4 * n)) / (1 + pull)
    low = 0.0 if n_hits == 0 else float(middle - half)
    high = 1.0 if n_hits == n else float(middle + half)
    return Interval(low, high, confidence, "Wilson's for a share of texts")


def _correlation(
    metric: str, criterion: str, level: str, found: correlation.Correlation, seed: int, without: str
) -> Correlation:
    method = METHODS[level].format(name=NAMES[found.coefficient]) + without
    if isinstance(found.value, Undefined):
        number = Number(None, found.n, COUNTED[level], method, undefined=found.value.reason)
    else:
        has = isinstance(found.interval, Interval)
        number = Number(
            value=found.value,
            n=found.n,
            counted=COUNTED[level],
            method=method,
            interval=found.interval if isinstance(found.interval, Interval) else None,
            no_interval=found.interval.reason if isinstance(found.interval, Undefined) else "",
            seed=seed if has else None,
        )
    return Correlation(
        metric, criterion, level, found.coefficient, number, found.n_missing + found.n_undefined
    )
