"""Tables of agreement beyond the main one: every coefficient in long form, and the tests of single points."""

from dataclasses import replace

from analysis.report.cells import Cell, Column, Table, criterion_names, warning, with_ends
from analysis.report.findings.agreement import Agreement
from analysis.report.findings.number import Number
from analysis.report.findings.study import StudyFindings
from analysis.report.words import number, p_value

COEFFICIENTS = (
    ("fleiss_bca", "Fleiss κ, BCa interval"),
    ("fleiss_linear", "Fleiss κ, linear weights"),
    ("fleiss_quadratic", "Fleiss κ, quadratic weights"),
    ("alpha_nominal", "α nominal"),
    ("alpha_ordinal", "α ordinal"),
    ("alpha_interval", "α interval"),
    ("ac1", "AC1"),
    ("ac2_quadratic", "AC2, quadratic weights"),
    ("free_marginal", "Randolph κ"),
    ("icc_single", "ICC(1)"),
    ("icc_mean", "ICC(1,k)"),
    ("unanimous", "All ratings equal"),
)


def further(findings: StudyFindings, *, page: bool = False) -> list[Table]:
    """The tables that these findings can fill; those of older reports have fewer.

    On a page criteria stand side by side, in files below each other.
    """
    if not any(row.fleiss_bca for row in findings.agreement):
        return []
    long = coefficients(findings)
    return [by_coefficient(findings, long) if page else long, category_tests(findings)]


def by_coefficient(findings: StudyFindings, table: Table) -> Table:
    """A long table of criterion, coefficient, value ... with coefficients down and criteria across."""
    found = {(row[0].raw, row[1].raw): row[2] for row in table.rows}
    labels = {row[1].raw: row[1] for row in table.rows}
    columns = [Column("coefficient", "Coefficient", numeric=False)]
    columns += [Column(criterion.key, criterion.name) for criterion in findings.criteria]
    rows = tuple(
        (label, *(found.get((criterion.key, key), Cell("–")) for criterion in findings.criteria))
        for key, label in labels.items()
    )
    return replace(table, key=f"{table.key}_side_by_side", columns=tuple(columns), rows=rows)


def coefficients(findings: StudyFindings) -> Table:
    """A row a criterion and coefficient: does what is said of agreement hang on the choice of one?"""
    names = criterion_names(findings)
    columns = [
        Column("criterion", "Criterion", numeric=False),
        Column("coefficient", "Coefficient", numeric=False),
        Column("value", "Value"),
        Column("value_low", "low"),
        Column("value_high", "high"),
        Column("n_cards", "Cards"),
    ]
    rows = []
    for row in findings.agreement:
        for key, label in COEFFICIENTS:
            given = _given(row, key)
            if given is not None:
                rows.append(
                    (
                        Cell(names[row.criterion], row.criterion),
                        Cell(label, key),
                        *with_ends(given),
                        Cell(f"{given.n:,}", given.n),
                    )
                )
    caption = (
        "Every coefficient of agreement and reliability with its interval. AC2 with quadratic weights looks high even "
        "where annotators mark at random; weights and distances other than nominal or ordinal take the steps of the "
        "scale for equal. With two ratings a card, all are equal where the pair is; that interval is a bootstrap over "
        "cards, the pair's is linearised." + warning(findings)
    )
    return Table("coefficients", "All coefficients", caption, tuple(columns), tuple(rows))


def category_tests(findings: StudyFindings) -> Table:
    """A row a criterion and point of the scale."""
    names = criterion_names(findings)
    columns = [Column("criterion", "Criterion", numeric=False), Column("level", "Point")]
    columns += [Column("share", "Share"), Column("kappa", "κ"), Column("z", "z"), Column("p", "p")]
    rows = []
    for row in findings.agreement:
        for test, kappa in zip(row.category_tests, row.categories, strict=False):
            rows.append(
                (
                    Cell(names[row.criterion], row.criterion),
                    Cell(str(test.level), test.level),
                    Cell(f"{test.share:.1%}", test.share),
                    Cell(number(kappa.value, missing="undefined"), kappa.value, kappa),
                    Cell(number(test.z, 1), test.z),
                    Cell(p_value(test.p), test.p),
                )
            )
    caption = (
        "Kappa of each point of the scale against all others, and its test against 0 by the standard error under no "
        "agreement." + warning(findings)
    )
    return Table("category_tests", "Points of the scale, tested", caption, tuple(columns), tuple(rows))


def _given(row: Agreement, key: str) -> Number | None:
    given: Number | None = getattr(row, key)
    return given
