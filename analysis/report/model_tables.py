"""The tables of the models of all ratings: contrasts of systems, and where the variance lies."""

from analysis.report.cells import Cell, Column, Table, criterion_names, system_labels, warning, with_ends
from analysis.report.findings.study import StudyFindings
from analysis.report.words import number, p_value

KINDS = {"linear mixed": "linear mixed, points", "cumulative link": "cumulative link, log-odds"}


def models(findings: StudyFindings) -> Table:
    """Contrasts of all systems in both models."""
    names, labels = criterion_names(findings), system_labels(findings)
    columns = [Column("criterion", "Criterion", numeric=False), Column("kind", "Model", numeric=False)]
    columns += [Column("first", "System", numeric=False), Column("second", "against", numeric=False)]
    columns += [Column("n_ratings", "Ratings"), Column("estimate", "Difference")]
    columns += [Column("estimate_low", "low"), Column("estimate_high", "high"), Column("se", "SE")]
    columns += [
        Column("statistic", "t or z"),
        Column("df", "df"),
        Column("p", "p"),
        Column("p_holm", "p Holm"),
    ]
    rows = []
    for model in findings.models:
        for row in model.contrasts:
            rows.append(
                (
                    Cell(names[model.criterion], model.criterion),
                    Cell(KINDS[model.kind], model.kind),
                    Cell(labels[row.first], row.first),
                    Cell(labels[row.second], row.second),
                    Cell(f"{model.n_ratings:,}", model.n_ratings),
                    *with_ends(row.estimate),
                    Cell(number(row.se, 3), row.se),
                    Cell(number(row.statistic), row.statistic),
                    Cell(number(row.df, 1), row.df),
                    Cell(p_value(row.p), row.p),
                    Cell(
                        p_value(row.p_holm), row.p_holm, strong=row.p_holm is not None and row.p_holm < 0.05
                    ),
                )
            )
    caption = (
        "All ratings at once. Linear mixed: differences in points; annotators, annotators by systems, cases and texts "
        "as random factors where the data allow. Cumulative link: log-odds of a higher rating. Holm's adjustment over "
        "all contrasts of a model; bold where it stays below 0.05." + warning(findings)
    )
    return Table("models", "Models of all ratings", caption, tuple(columns), tuple(rows))


def variances(findings: StudyFindings) -> Table:
    """How much of the ratings' variance each factor makes."""
    names = criterion_names(findings)
    columns = [Column("criterion", "Criterion", numeric=False), Column("kind", "Model", numeric=False)]
    columns += [
        Column("factor", "Factor", numeric=False),
        Column("variance", "Variance"),
        Column("share", "Share"),
    ]
    rows = tuple(
        (
            Cell(names[model.criterion], model.criterion),
            Cell(KINDS[model.kind], model.kind),
            Cell(row.factor, row.factor),
            Cell(number(row.variance.value, 3, missing="undefined"), row.variance.value, row.variance),
            Cell(f"{row.share:.0%}", row.share),
        )
        for model in findings.models
        for row in model.variances
    )
    caption = (
        "Where the variance of the ratings lies beside the systems: between annotators, in what they think of single "
        "systems, between cases, between texts, and the rest; on log-odds the rest is that of the logistic curve."
        + warning(findings)
    )
    return Table("variances", "Where the variance lies", caption, tuple(columns), rows)
