"""The tables of all systems at once: Friedman's test, mean ranks, Nemenyi's pairs."""

from analysis.report.cells import Cell, Column, Table, criterion_names, system_labels, warning
from analysis.report.findings.study import StudyFindings
from analysis.report.words import number, p_value


def omnibus(findings: StudyFindings) -> Table:
    """One row a criterion: do the systems differ at all?"""
    names = criterion_names(findings)
    columns = [Column("criterion", "Criterion", numeric=False), Column("n_cases", "Cases")]
    columns += [
        Column("friedman", "Friedman χ²"),
        Column("df", "df"),
        Column("p", "p"),
        Column("p_holm", "p Holm"),
    ]
    columns += [Column("kendalls_w", "Kendall's W"), Column("critical_difference", "Critical difference")]
    rows = []
    for row in findings.omnibus:
        chi2, w, distance = row.friedman, row.kendalls_w, row.critical_difference
        rows.append(
            (
                Cell(names[row.criterion], row.criterion),
                Cell(f"{row.n_cases:,}", row.n_cases),
                Cell(number(chi2.value, missing="undefined"), chi2.value, chi2),
                Cell("–" if row.df is None else str(row.df), row.df),
                Cell(p_value(row.p), row.p),
                Cell(p_value(row.p_holm), row.p_holm, strong=row.p_holm is not None and row.p_holm < 0.05),
                Cell(number(w.value, missing="undefined"), w.value, w),
                Cell(number(distance.value, missing="undefined"), distance.value, distance),
            )
        )
    caption = (
        "All systems at once, ranked within cases: Friedman's test with Holm's adjustment over the criteria, Kendall's "
        "W, and how far apart mean ranks must lie to differ (Nemenyi)." + warning(findings)
    )
    return Table("omnibus", "All systems at once", caption, tuple(columns), tuple(rows))


def mean_ranks(findings: StudyFindings) -> Table:
    """Systems down, criteria across."""
    columns = [Column("system", "System", numeric=False)]
    columns += [Column(criterion.key, criterion.name) for criterion in findings.criteria]
    found = {(row.criterion, one.system): one.rank for row in findings.omnibus for one in row.ranks}
    rows = []
    for system in findings.systems:
        ranks = [found.get((criterion.key, system.name)) for criterion in findings.criteria]
        rows.append((Cell(system.label, system.name), *(Cell(number(rank), rank) for rank in ranks)))
    caption = "Mean ranks of the systems over cases; rank 1 is the lowest rating, ties share." + warning(
        findings
    )
    return Table("mean_ranks", "Mean ranks", caption, tuple(columns), tuple(rows))


def rank_pairs(findings: StudyFindings) -> Table:
    """Nemenyi's comparisons of all pairs, long form."""
    names, labels = criterion_names(findings), system_labels(findings)
    columns = [Column("criterion", "Criterion", numeric=False), Column("first", "System", numeric=False)]
    columns += [Column("second", "against", numeric=False), Column("difference", "Difference of mean ranks")]
    columns += [Column("p", "p Nemenyi"), Column("conover_p", "p Conover, Holm")]
    rows = tuple(
        (
            Cell(names[row.criterion], row.criterion),
            Cell(labels[pair.first], pair.first),
            Cell(labels[pair.second], pair.second),
            Cell(number(pair.difference), pair.difference),
            Cell(p_value(pair.p), pair.p, strong=pair.p < 0.05),
            Cell(p_value(pair.conover_p), pair.conover_p),
        )
        for row in findings.omnibus
        for pair in row.pairs
    )
    caption = (
        "Nemenyi's comparisons of mean ranks, each p adjusted for all pairs of its criterion; beside it Conover's, "
        "adjusted by Holm over the same pairs."
    )
    return Table("nemenyi", "Mean ranks pair by pair", caption + warning(findings), tuple(columns), rows)
