"""The sections on automatic metrics: scores in, `MetricSummary` and `Correlation` out."""

from zlib import crc32

import numpy as np
import numpy.typing as npt
from scipy import special

from analysis.report.findings.metrics import Correlation, MetricSummary
from analysis.report.findings.number import Number
from analysis.report.findings.subject import Metric, System
from analysis.report.prose import WITHOUT
from analysis.report.scores import ScoreTable
from analysis.report.words import join
from analysis.stats import correlation
from analysis.stats.estimates import Interval, Undefined
from analysis.stats.ratings import RatingTable
from analysis.stats.redrawn import Level
from analysis.stats.rowwise import Coefficient

LEVELS: dict[Level, str] = {
    "none": "text",
    "case": "case",
    "partial": "text-within-system",
    "system": "system",
}
"""What the report calls the levels of `stats.correlation`."""
METHODS = {
    "text": "{name} over all texts, mean rating of each",
    "case": "{name} over the systems within each case, mean over cases",
    "text-within-system": "{name} over all texts, each system's mean taken off scores and ratings",
    "system": "{name} over the systems' means",
}
WITHIN = {
    "spearman": "{name} over all texts, each system's mean taken off the ranks of scores and ratings",
    "kendall": "{name} over the pairs of texts of the same system",
}
"""How the coefficients that have no residuals of their own are freed of what systems have in common."""
NAMES = {"pearson": "Pearson's r", "spearman": "Spearman's rho", "kendall": "Kendall's tau-b"}
COUNTED = {"text": "texts", "case": "cases", "text-within-system": "texts", "system": "systems"}


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
    counted = _texts(scores, metrics, systems)
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
                n_texts=counted[bool(metric.references), system],
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

    Metrics that are compared on the same systems share their resamples, so one more metric changes no other
    interval.
    """
    totals = {criterion: table.case_totals(criterion) for criterion in table.criteria}
    by_text = [metric for metric in metrics if metric.level != "corpus"]
    together: dict[tuple[str, ...], list[str]] = {}
    for metric in by_text:
        out = left_out(metric, table.systems, writers)
        together.setdefault(tuple(s for s in table.systems if s not in out), []).append(metric.name)
    found: dict[tuple[str, str, Level, Coefficient], correlation.Correlation] = {}
    for compared, names in together.items():
        if compared:
            found |= correlation.correlate_all(
                {name: scores.by_text(name, table.cases, compared) for name in names},
                totals,
                rng=np.random.default_rng([seed, stream, crc32("|".join(compared).encode())]),
                n_resamples=n_resamples,
                confidence=confidence,
                with_p=False,
            )
    rows = []
    for metric in by_text:
        out = left_out(metric, table.systems, writers)
        without = f", without {join(out)}, {WITHOUT}" if out else ""
        for criterion in table.criteria:
            for level, called in LEVELS.items():
                for coefficient in correlation.COEFFICIENTS:
                    one = found.get((metric.name, criterion, level, coefficient))
                    if one is None:
                        method = _method(called, coefficient) + without
                        why = "every system that was rated wrote references"
                        none = Number(None, 0, COUNTED[called], method, undefined=why)
                        rows.append(Correlation(metric.name, criterion, called, coefficient, none))
                    else:
                        rows.append(_correlation(metric.name, criterion, called, one, seed, without))
    return rows


def left_out(metric: Metric, systems: tuple[str, ...], writers: frozenset[str]) -> tuple[str, ...]:
    """The systems whose texts are the metric's references."""
    own = writers | {metric.references} if metric.references else frozenset()
    return tuple(system for system in systems if system in own)


def writers_of(systems: tuple[System, ...]) -> frozenset[str]:
    return frozenset(system.name for system in systems if system.wrote_references)


def _texts(
    scores: ScoreTable, metrics: tuple[Metric, ...], systems: tuple[str, ...]
) -> dict[tuple[bool, str], int | None]:
    """How many texts a number for all texts was computed from, as far as the scores of single texts tell, by whether
    the metric needs references: then only those with one; None where no text has a score of its own."""
    by_text = [metric for metric in metrics if metric.level == "case"]
    referring = [metric for metric in by_text if metric.references] or by_text
    counted: dict[tuple[bool, str], int | None] = {}
    for system in systems:
        counted[False, system] = max((len(scores.of(m.name, system)) for m in by_text), default=0) or None
        defined = (int((~np.isnan(scores.of(m.name, system))).sum()) for m in referring)
        counted[True, system] = max(defined, default=0) or None
    return counted


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


def _method(level: str, coefficient: str) -> str:
    words = WITHIN.get(coefficient, METHODS[level]) if level == "text-within-system" else METHODS[level]
    return words.format(name=NAMES[coefficient])


def _correlation(
    metric: str, criterion: str, level: str, found: correlation.Correlation, seed: int, without: str
) -> Correlation:
    method = _method(level, found.coefficient) + without
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
        metric,
        criterion,
        level,
        found.coefficient,
        number,
        n_missing_cells=found.n_missing,
        n_undefined_cases=found.n_undefined,
    )
