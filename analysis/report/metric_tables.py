"""The tables that set metrics against each other and against what noisy ratings allow."""

from analysis.report.cells import Cell, Column, Table, criterion_names, system_labels, warning, with_ends
from analysis.report.findings.number import Number
from analysis.report.findings.study import StudyFindings
from analysis.report.words import LEVELS, join, number, p_value

DEFINED = (
    ("metric", "Metric"),
    ("definition", "What it is"),
    ("range", "Range"),
    ("better", "Direction"),
    ("level", "Of"),
    ("source", "Source"),
)


def metric_definitions(findings: StudyFindings) -> Table:
    """What each metric is; those of a file of scores say nothing of themselves and are left out."""
    columns = [Column(key, label, numeric=False) for key, label in DEFINED]
    better = {"higher": "higher is better", "lower": "lower is better", "neither": "neither is better"}
    levels = {"case": "each text", "corpus": "all texts of a system"}
    rows = tuple(
        (
            Cell(metric.label, metric.name),
            Cell(metric.definition, metric.definition),
            Cell(metric.range or "–", metric.range),
            Cell(better[metric.better], metric.better),
            Cell(levels[metric.level], metric.level),
            Cell(metric.source or "–", metric.source),
        )
        for metric in findings.metrics
        if metric.definition
    )
    caption = "What each metric is, its range, its direction and whose it is." + warning(findings)
    return Table("metric_definitions", "What each metric is", caption, tuple(columns), rows)


def metric_tables(findings: StudyFindings) -> list[Table]:
    """Those that the findings can fill."""
    tables = []
    if findings.pairwise_accuracy:
        tables.append(pairwise_accuracy(findings))
    if findings.metric_tests:
        tables.append(metric_tests(findings))
    if findings.ceiling:
        tables.append(ceilings(findings))
    return tables


def metric_tests(findings: StudyFindings) -> Table:
    """The closest metric at each level against each other one."""
    names, labels = criterion_names(findings), _metrics(findings)
    columns = [Column("criterion", "Criterion", numeric=False), Column("level", "Level", numeric=False)]
    columns += [Column("first", "Closest metric", numeric=False), Column("second", "against", numeric=False)]
    columns += [Column("difference", "Difference of r"), Column("difference_low", "low")]
    columns += [Column("difference_high", "high"), Column("n", "n"), Column("permutation_p", "p PERM-BOTH")]
    columns += [
        Column("p_holm", "p Holm"),
        Column("williams_t", "Williams t"),
        Column("williams_p", "p Williams"),
    ]
    columns += [Column("steiger_p", "p Steiger"), Column("meng_p", "p Meng")]
    rows = []
    for row in findings.metric_tests:
        one, p = row.dependent, row.permutation
        t, williams, steiger, meng = (
            (None, None, None, None)
            if one is None
            else (one.williams_t, one.williams_p, one.steiger_p, one.meng_p)
        )
        rows.append(
            (
                Cell(names[row.criterion], row.criterion),
                Cell(LEVELS.get(row.level, row.level), row.level),
                Cell(labels[row.first], row.first),
                Cell(labels[row.second], row.second),
                *with_ends(row.difference),
                Cell(f"{row.difference.n:,} {row.difference.counted}", row.difference.n),
                Cell(p_value(p.value), p.value, p),
                Cell(p_value(row.p_holm), row.p_holm, strong=row.p_holm is not None and row.p_holm < 0.05),
                Cell(number(t), t),
                *(Cell(p_value(value), value) for value in (williams, steiger, meng)),
            )
        )
    caption = (
        "Pearson's r of the metric closest to people less that of another, on the texts that have both; "
        "Holm's adjustment within criterion and level; Williams, Steiger and Meng over systems alone, "
        "which are independent of each other. Which metric is closest is read off the same data."
        + warning(findings)
    )
    return Table("metric_tests", "Metrics against each other", caption, tuple(columns), tuple(rows))


def pairwise_accuracy(findings: StudyFindings) -> Table:
    """How often metrics order texts and systems as people do."""
    names, labels = criterion_names(findings), _metrics(findings)
    columns = [Column("metric", "Metric", numeric=False), Column("criterion", "Criterion", numeric=False)]
    columns += [Column("calibrated", "Ties calibrated"), Column("calibrated_low", "low")]
    columns += [Column("calibrated_high", "high"), Column("epsilon", "Epsilon"), Column("tied", "Tied by it")]
    columns += [Column("uncalibrated", "As it is"), Column("uncalibrated_low", "low")]
    columns += [Column("uncalibrated_high", "high"), Column("n_pairs", "Pairs of texts")]
    columns += [Column("soft", "Soft, of systems"), Column("cluster", "Cluster"), Column("tau_c", "τ-c")]
    columns += [
        Column("differences", "r of differences"),
        Column("differences_low", "low"),
        Column("differences_high", "high"),
    ]
    rows = []
    for row in findings.pairwise_accuracy:
        share = "–" if row.tied is None else f"{row.tied:.0%}"
        rows.append(
            (
                Cell(labels[row.metric], row.metric),
                Cell(names[row.criterion], row.criterion),
                *with_ends(row.calibrated),
                Cell("–" if row.epsilon is None else f"{row.epsilon:.3g}", row.epsilon),
                Cell(share, row.tied),
                *with_ends(row.uncalibrated),
                Cell(f"{row.uncalibrated.n:,}", row.uncalibrated.n),
                Cell(number(row.soft.value, missing="undefined"), row.soft.value, row.soft),
                Cell("–" if row.cluster is None else str(row.cluster), row.cluster),
                _optional(row.tau_c),
                *(with_ends(row.differences) if row.differences else (Cell("–"), Cell("–"), Cell("–"))),
            )
        )
    caption = (
        "Share of pairs of texts of one case that metric and people order alike or both call tied; "
        "calibrated, scores that differ by no more than epsilon count as tied. Soft accuracy is of pairs "
        "of systems. Metrics of one cluster are not told apart within cases. τ-c is over all texts, the last r over "
        "the differences of texts of one case." + warning(findings)
    )
    return Table("pairwise_accuracy", "Ordering as people do", caption, tuple(columns), tuple(rows))


def ceilings(findings: StudyFindings) -> Table:
    """How high any metric could correlate."""
    names, labels = criterion_names(findings), system_labels(findings)
    columns = [Column("criterion", "Criterion", numeric=False), Column("level", "Level", numeric=False)]
    columns += [
        Column("coefficient", "Coefficient", numeric=False),
        Column("without", "Without", numeric=False),
    ]
    columns += [
        Column("halves", "Halves"),
        Column("reliability", "Reliability"),
        Column("ceiling", "Ceiling"),
    ]
    columns += [Column("n_cards", "Cards")]
    rows = []
    for row in findings.ceiling:
        left = [labels.get(name, name) for name in row.without]
        parts = (row.halves, row.reliability, row.ceiling)
        rows.append(
            (
                Cell(names[row.criterion], row.criterion),
                Cell(LEVELS.get(row.level, row.level), row.level),
                Cell(row.coefficient, row.coefficient),
                Cell(join(left) or "–", " ".join(row.without)),
                *(Cell(number(one.value, missing="undefined"), one.value, one) for one in parts),
                Cell(f"{row.ceiling.n:,}", row.ceiling.n),
            )
        )
    caption = (
        "How high a metric without error would correlate with ratings as noisy as these: halves of the "
        "annotators of each card correlated, raised to all annotators, and the root of it."
        + warning(findings)
    )
    return Table("ceiling", "The noise ceiling", caption, tuple(columns), tuple(rows))


def _optional(given: Number | None) -> Cell:
    """Of reports that do not have the number: a dash."""
    return Cell("–") if given is None else Cell(number(given.value, missing="undefined"), given.value, given)


def _metrics(findings: StudyFindings) -> dict[str, str]:
    return {metric.name: metric.label for metric in findings.metrics}
