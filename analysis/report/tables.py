"""Findings as tables: one definition a table, and from it CSV, LaTeX and the rows of a page.

CSV holds the numbers in full; the other two hold them as people read them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import compress

from analysis.report.agreement_tables import further
from analysis.report.annotator_pages import annotator_tables
from analysis.report.cells import Cell, Column, Table, criterion_names, system_labels, warning, with_ends
from analysis.report.checking import checks_table
from analysis.report.comparison_tables import difference_tables
from analysis.report.confirming import hypotheses
from analysis.report.findings.agreement import Agreement
from analysis.report.findings.number import Number
from analysis.report.findings.study import StudyFindings
from analysis.report.guessing import guesses_table, james_table
from analysis.report.metric_tables import metric_definitions, metric_tables
from analysis.report.model_tables import models, variances
from analysis.report.person_tables import person_tables
from analysis.report.prose import without_writers
from analysis.report.rank_tables import mean_ranks, omnibus, rank_pairs
from analysis.report.sensitivity import sensitivity_tables
from analysis.report.words import LEVELS, number, p_value, with_interval


def all_tables(findings: StudyFindings) -> list[Table]:
    """Every table the findings can fill, in the order of the report."""
    tables = [prevalence(findings), agreement(findings), categories(findings), *further(findings)]
    if findings.consistency:
        tables.append(consistency(findings))
    if findings.checks:
        tables.append(checks_table(findings))
    tables += [*person_tables(findings), *annotator_tables(findings)]
    if findings.systems:
        tables = [overview(findings), *tables, descriptions(findings), *difference_tables(findings)]
    if findings.omnibus:
        tables += [omnibus(findings), mean_ranks(findings), rank_pairs(findings)]
    if findings.models:
        tables += [models(findings), variances(findings)]
    if findings.confirmations:
        tables.append(hypotheses(findings))
    tables += sensitivity_tables(findings)
    if findings.blinding:
        tables += [james_table(findings), guesses_table(findings)]
    if findings.metric_summaries:
        tables.append(metric_summaries(findings))
    if any(metric.definition for metric in findings.metrics):
        tables.append(metric_definitions(findings))
    if findings.correlations:
        tables.append(correlations(findings))
    return tables + metric_tables(findings)


MAIN_METRICS = ("rouge-l", "mention-precision", "hallucination")
"""What stands in the main table where a study has it; else the first metrics it has."""


def overview(findings: StudyFindings) -> Table:
    """The main table of a paper: systems down; metrics, then criteria as mean and SD, across."""
    by_text = [metric for metric in findings.metrics if metric.level == "case"]
    shown = ([metric for metric in by_text if metric.name in MAIN_METRICS] or by_text)[: len(MAIN_METRICS)]
    scores = {(score.metric, score.system): score for score in findings.metric_summaries}
    described = {(row.criterion, row.system): row for row in findings.descriptions}
    best = _best(findings)
    rows = []
    for system in findings.systems:
        cells = [Cell(system.label, system.name, mark="offline teacher" if system.offline else "")]
        for metric in shown:
            score = scores.get((metric.name, system.name))
            own = system.wrote_references and bool(metric.references)
            value = score.score.value if score else None
            cells.append(
                Cell(
                    number(value, 3),
                    value,
                    score.score if score else None,
                    mark="own references" if own and value is not None else "",
                )
            )
        for criterion in findings.criteria:
            row = described[criterion.key, system.name].ratings
            text = f"{number(row.mean.value)} ± {number(row.sd)}"
            strong = best.get(criterion.key) == system.name
            cells += [Cell(text, row.mean.value, row.mean, strong), Cell(number(row.sd), row.sd)]
        rows.append(tuple(cells))
    columns = [Column("system", "System", numeric=False)]
    columns += [Column(metric.name, metric.label) for metric in shown]
    for criterion in findings.criteria:
        columns += [Column(criterion.key, criterion.name), Column(f"{criterion.key}_sd", "SD")]
    caption = (
        "Automatic metrics (mean over texts) and ratings (mean ± standard deviation). The highest mean rating is bold, "
        "which is no test."
    )
    return Table("overview", "Systems at a glance", caption + warning(findings), tuple(columns), tuple(rows))


def folded(table: Table) -> Table:
    """The overview without its SD columns, which repeat what "mean ± SD" says; for pages and LaTeX."""
    return _kept(table, [not column.key.endswith("_sd") for column in table.columns])


def prevalence(findings: StudyFindings) -> Table:
    names = criterion_names(findings)
    labels = system_labels(findings) | {"": "All"}
    columns = [Column("criterion", "Criterion", numeric=False)]
    if findings.systems:
        columns.append(Column("system", "System", numeric=False))
    columns += [Column(f"n_{level}", str(level)) for level in findings.meta.levels]
    columns += [Column("n_ratings", "Ratings"), Column("n_cannot_judge", "Cannot judge")]
    rows = []
    for row in findings.prevalence:
        cells = [Cell(names[row.criterion], row.criterion)]
        if findings.systems:
            cells.append(Cell(labels[row.system], row.system))
        for count in row.counts:
            share = f" ({_share(count, row.n_ratings)})" if row.n_ratings else ""
            cells.append(Cell(f"{count:,}{share}", count))
        cells += [
            Cell(f"{row.n_ratings:,}", row.n_ratings),
            Cell(f"{row.n_cannot_judge:,}", row.n_cannot_judge),
        ]
        rows.append(tuple(cells))
    caption = "How often each point of the scale was used." + warning(findings)
    return Table("prevalence", "Use of the scale", caption, tuple(columns), tuple(rows))


def _share(count: int, n: int) -> str:
    """A whole percentage that says none only of none, and all only of all."""
    share = f"{count / n:.0%}"
    if share == "0%" and count:
        return "<1%"
    return ">99%" if share == "100%" and count < n else share


def agreement(findings: StudyFindings) -> Table:
    """Coefficients side by side: none of them can be read alone."""
    parts: list[tuple[str, str, str]] = [
        ("exact", "Equal", "exact"),
        ("within_one", "Within one", "within_one"),
        ("fleiss", "Fleiss κ", "fleiss"),
        ("alpha_ordinal", "α ordinal", "alpha_ordinal"),
        ("ac1", "AC1", "ac1"),
        ("free_marginal", "Randolph κ", "free_marginal"),
    ]
    columns = [Column("criterion", "Criterion", numeric=False), Column("n_cards", "Cards")]
    for key, label, _ in parts:
        columns += [Column(key, label), Column(f"{key}_low", "low"), Column(f"{key}_high", "high")]
    columns += [Column("z", "z"), Column("p", "p"), Column("landis_koch", "Lower bound", numeric=False)]
    names = criterion_names(findings)
    rows = []
    for row in findings.agreement:
        cells = [Cell(names[row.criterion], row.criterion), Cell(f"{row.n_cards:,}", row.n_cards)]
        for _, _, attribute in parts:
            cells += with_ends(_part(row, attribute))
        cells += [
            Cell(number(row.z, 1), row.z),
            Cell(p_value(row.p), row.p),
            Cell(row.landis_koch, row.landis_koch),
        ]
        rows.append(tuple(cells))
    caption = (
        "Agreement among annotators. Intervals in brackets; z and p test Fleiss' kappa against 0; the "
        "word is Landis and Koch's for the lower bound." + warning(findings)
    )
    return Table("agreement", "Agreement", caption, tuple(columns), tuple(rows))


def without_ends(table: Table) -> Table:
    """The same table without separate columns for interval ends: the cells already say them in brackets."""
    return _kept(table, [not column.key.endswith(("_low", "_high")) for column in table.columns])


def without_column(table: Table, key: str) -> Table:
    """The same table without one column."""
    return _kept(table, [column.key != key for column in table.columns])


def categories(findings: StudyFindings) -> Table:
    """Kappa of each point against the rest: where annotators part."""
    names = criterion_names(findings)
    columns = [Column("criterion", "Criterion", numeric=False)]
    columns += [Column(f"kappa_{level}", str(level)) for level in findings.meta.levels]
    rows = [
        (
            Cell(names[row.criterion], row.criterion),
            *(Cell(number(kappa.value, missing="undefined"), kappa.value, kappa) for kappa in row.categories),
        )
        for row in findings.agreement
    ]
    caption = "Kappa of each point of the scale against all others." + warning(findings)
    return Table("categories", "Agreement point by point", caption, tuple(columns), tuple(rows))


def consistency(findings: StudyFindings) -> Table:
    names = criterion_names(findings)
    columns = [
        Column("criterion", "Criterion", numeric=False),
        Column("n_pairs", "Second looks"),
        Column("exact", "Equal"),
        Column("within_one", "Within one"),
    ]
    rows = [
        (
            Cell(names[row.criterion], row.criterion),
            Cell(f"{row.exact.n:,}", row.exact.n),
            Cell(with_interval(row.exact), row.exact.value, row.exact),
            Cell(with_interval(row.within_one), row.within_one.value, row.within_one),
        )
        for row in findings.consistency
    ]
    caption = "Annotators who met the same card twice." + warning(findings)
    return Table("consistency", "Consistency", caption, tuple(columns), tuple(rows))


def descriptions(findings: StudyFindings) -> Table:
    names, labels = criterion_names(findings), system_labels(findings)
    columns = [Column("criterion", "Criterion", numeric=False), Column("system", "System", numeric=False)]
    columns += [Column("mean", "Mean of ratings"), Column("mean_low", "low"), Column("mean_high", "high")]
    columns += [Column("median", "Median"), Column("sd", "SD"), Column("n_ratings", "Ratings")]
    columns += [
        Column("case_mean", "Mean of cases"),
        Column("case_mean_low", "low"),
        Column("case_mean_high", "high"),
    ]
    columns += [Column("case_sd", "SD of cases"), Column("n_cases", "Cases")]
    rows = []
    for row in findings.descriptions:
        rows.append(
            (
                Cell(names[row.criterion], row.criterion),
                Cell(labels[row.system], row.system),
                *with_ends(row.ratings.mean),
                Cell(number(row.ratings.median, 1), row.ratings.median),
                Cell(number(row.ratings.sd), row.ratings.sd),
                Cell(f"{row.ratings.mean.n:,}", row.ratings.mean.n),
                *with_ends(row.cases.mean),
                Cell(number(row.cases.sd), row.cases.sd),
                Cell(f"{row.cases.mean.n:,}", row.cases.mean.n),
            )
        )
    caption = "Ratings by system; over single ratings, and over case means, which the tests use." + warning(
        findings
    )
    return Table("descriptions", "Ratings", caption, tuple(columns), tuple(rows))


def metric_summaries(findings: StudyFindings) -> Table:
    labels = system_labels(findings)
    metrics = {metric.name: metric for metric in findings.metrics}
    written = {system.name for system in findings.systems if system.wrote_references}
    columns = [Column("metric", "Metric", numeric=False), Column("system", "System", numeric=False)]
    columns += [Column("score", "Mean"), Column("score_low", "low"), Column("score_high", "high")]
    columns += [
        Column("n", "Texts"),
        Column("n_undefined", "Undefined"),
        Column("signature", "Signature", numeric=False),
    ]
    rows = []
    for row in findings.metric_summaries:
        metric = metrics[row.metric]
        own = row.system in written and bool(metric.references)
        rows.append(
            (
                Cell(metric.label, row.metric),
                Cell(labels.get(row.system, row.system), row.system, mark="own references" if own else ""),
                *with_ends(row.score, 3),
                _texts(row.score),
                Cell(f"{row.n_undefined:,}", row.n_undefined),
                Cell(metric.signature or "–", metric.signature),
            )
        )
    caption = (
        "Automatic metrics by system; corpus-level metrics have one value for all texts and no interval."
    )
    return Table("metrics", "Automatic metrics", caption + warning(findings), tuple(columns), tuple(rows))


def _texts(score: Number) -> Cell:
    """Of how many texts; a corpus-level value from a file that holds no score of a single text does not say."""
    known = score.counted == "texts"
    return Cell(f"{score.n:,}" if known else "–", score.n if known else None)


def correlations(findings: StudyFindings) -> Table:
    """Long form, every level and coefficient; pages show `correlation_grid`."""
    names = criterion_names(findings)
    metrics = {metric.name: metric.label for metric in findings.metrics}
    columns = [Column("metric", "Metric", numeric=False), Column("criterion", "Criterion", numeric=False)]
    columns += [Column("level", "Level", numeric=False), Column("coefficient", "Coefficient", numeric=False)]
    columns += [Column("value", "Correlation"), Column("value_low", "low"), Column("value_high", "high")]
    columns += [Column("n", "n"), Column("counted", "of", numeric=False)]
    columns += [Column("n_missing_cells", "Texts missing"), Column("n_undefined_cases", "Cases undefined")]
    rows = [
        (
            Cell(metrics[row.metric], row.metric),
            Cell(names[row.criterion], row.criterion),
            Cell(LEVELS.get(row.level, row.level), row.level),
            Cell(row.coefficient, row.coefficient),
            *with_ends(row.number),
            Cell(f"{row.number.n:,}", row.number.n),
            Cell(row.number.counted, row.number.counted),
            _counted(row.n_missing_cells),
            _counted(row.n_undefined_cases),
        )
        for row in findings.correlations
    ]
    caption = "How well automatic metrics follow people." + _without_writers(findings) + warning(findings)
    return Table("correlations", "Metrics against people", caption, tuple(columns), tuple(rows))


def _counted(n: int | None) -> Cell:
    """A count that older reports do not have."""
    return Cell("–" if n is None else f"{n:,}", n)


def correlation_grid(findings: StudyFindings, level: str, coefficient: str) -> Table:
    """One level and coefficient: metrics down, criteria across."""
    found = {
        (row.metric, row.criterion): row.number
        for row in findings.correlations
        if (row.level, row.coefficient) == (level, coefficient)
    }
    metrics = [m for m in findings.metrics if any((m.name, c.key) in found for c in findings.criteria)]
    columns = [Column("metric", "Metric", numeric=False), *(Column(c.key, c.name) for c in findings.criteria)]
    rows = []
    for metric in metrics:
        cells = [Cell(metric.label, metric.name)]
        for criterion in findings.criteria:
            given = found.get((metric.name, criterion.key))
            text = "–" if given is None else number(given.value, missing="undefined")
            cells.append(Cell(text, given.value if given else None, given))
        rows.append(tuple(cells))
    caption = f"{coefficient.capitalize()} correlation with mean ratings, {LEVELS.get(level, level)}."
    caption += _without_writers(findings) + warning(findings)
    key = f"correlations_{level}_{coefficient}".replace("-", "_")
    return Table(key, LEVELS.get(level, level), caption, tuple(columns), tuple(rows))


def _kept(table: Table, keep: Sequence[bool]) -> Table:
    return replace(
        table,
        columns=tuple(compress(table.columns, keep)),
        rows=tuple(tuple(compress(row, keep)) for row in table.rows),
    )


def _part(row: Agreement, attribute: str) -> Number:
    part: Number = getattr(row, attribute)
    return part


def _best(findings: StudyFindings) -> dict[str, str]:
    """The system with the highest mean on each criterion, where it is the only one."""
    best = {}
    for criterion in findings.criteria:
        means = [
            (row.ratings.mean.value, row.system)
            for row in findings.descriptions
            if row.criterion == criterion.key and row.ratings.mean.value is not None
        ]
        top = [system for value, system in means if value == max(means)[0]]
        if len(top) == 1 and len(means) > 1:
            best[criterion.key] = top[0]
    return best


def _without_writers(findings: StudyFindings) -> str:
    return "".join(f" {sentence}" for sentence in without_writers(findings))


def as_csv_files(tables: Iterable[Table]) -> dict[str, str]:
    return {f"{table.key}.csv": table.to_csv() for table in tables}


def as_latex_files(tables: Sequence[Table]) -> dict[str, str]:
    """For people: without columns that repeat what brackets and "±" already say."""
    return {f"{table.key}.tex": without_ends(folded(table)).to_latex() for table in tables}
