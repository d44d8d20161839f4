"""The report as a page: sections of sentences, tables and figures, ready for a template and free of "
"decisions."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.report import confirming, hows, model_tables, prose, rank_tables, tables
from analysis.report import figures as draw
from analysis.report.agreement_tables import further
from analysis.report.annotator_pages import annotator_tables, on_annotators
from analysis.report.cells import Cell, Table
from analysis.report.checking import checks_table, on_checks
from analysis.report.comparison_prose import on_comparisons, on_ranks
from analysis.report.comparison_tables import difference_tables
from analysis.report.findings.study import StudyFindings
from analysis.report.guessing import guesses_table, james_table, on_blinding
from analysis.report.heat import grids, heat_map, pair_maps
from analysis.report.metric_prose import on_ceiling, on_metric_tests
from analysis.report.metric_tables import metric_definitions, metric_tables
from analysis.report.model_prose import on_models
from analysis.report.person_tables import on_persons, person_tables
from analysis.report.scatter import scatters
from analysis.report.sensitivity import on_sensitivity, sensitivity_tables
from analysis.report.severity_figure import severity_figures
from analysis.report.svg import Figure
from analysis.report.words import derivation, many


@dataclass(frozen=True, slots=True)
class PageCell:
    """A cell and, where it stands for a number with a history, what opens on it."""

    text: str
    numeric: bool
    below: str = ""
    """The interval, set on a line of its own so that tables stay narrow."""
    strong: bool = False
    mark: str = ""
    id: str = ""
    """Of the derivation; empty where there is none."""
    derivation: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PageTable:
    key: str
    title: str
    caption: str
    head: tuple[tuple[str, bool], ...]
    """Label, and whether the column holds numbers."""
    rows: tuple[tuple[PageCell, ...], ...]
    tall: bool
    """Whether it scrolls inside its box."""
    csv: str
    """Key of the CSV that holds these numbers in full."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One of the few numbers on top."""

    label: str
    value: str
    below: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A sentence, then the table, then the figure."""

    key: str
    title: str
    sentences: tuple[str, ...]
    tables: tuple[PageTable, ...] = ()
    figures: tuple[Figure, ...] = ()


def page_context(findings: StudyFindings) -> dict[str, object]:
    """What the body of a report is drawn from, on a page of the site and in a file of its own."""
    return {
        "findings": findings,
        "facts": facts(findings),
        "opening": prose.opening(findings),
        "sections": sections(findings),
    }


def facts(findings: StudyFindings) -> tuple[Fact, ...]:
    """Who judged how much, at a glance."""
    counts = findings.counts
    people = "Simulated annotators" if findings.meta.simulated else "Annotators"
    shown = [
        Fact(people, "–" if counts.n_annotators is None else f"{counts.n_annotators:,}"),
        Fact("Cases", f"{counts.n_cases:,}", many(counts.n_cards, "explanation")),
        Fact("Ratings", f"{counts.n_ratings:,}", f"{counts.n_cannot_judge:,} could not be judged"),
    ]
    if counts.n_systems is not None:
        shown.insert(2, Fact("Systems", f"{counts.n_systems:,}"))
    return tuple(shown)


def sections(findings: StudyFindings) -> tuple[Section, ...]:
    """The report from top to bottom."""
    found = []
    if findings.systems:
        found.append(
            _section(
                "results", "Results", prose.on_results(findings), [tables.folded(tables.overview(findings))]
            )
        )
    found.append(
        _section(
            "scale",
            "Use of the scale",
            prose.on_scale(findings),
            [tables.prevalence(findings)],
            [draw.ratings(findings)],
        )
    )
    agreement = [tables.without_ends(tables.agreement(findings)), tables.categories(findings)]
    agreement += [tables.without_ends(table) for table in further(findings, page=True)]
    if findings.consistency:
        agreement.append(tables.consistency(findings))
    said = [*prose.on_agreement(findings), *on_persons(findings)]
    found.append(_section("agreement", "Agreement", said, agreement))
    if findings.annotators:
        people = [*annotator_tables(findings), *person_tables(findings, page=True)]
        shown = [tables.without_ends(table) for table in people]
        found.append(
            _section(
                "annotators",
                "Annotators",
                on_annotators(findings),
                shown,
                [*severity_figures(findings), *pair_maps(findings)],
            )
        )
    if findings.checks:
        shown = [tables.without_ends(checks_table(findings))]
        found.append(_section("checks", "Hidden cards", on_checks(findings), shown))
    if findings.systems:
        found.append(
            _section(
                "ratings",
                "Ratings",
                prose.on_ratings(findings),
                [tables.without_ends(tables.descriptions(findings))],
            )
        )
    if findings.confirmations:
        said = confirming.on_hypotheses(findings)
        found.append(_section("hypotheses", "Hypotheses", said, [confirming.hypotheses(findings)]))
    if findings.comparisons:
        found.append(
            _section(
                "differences",
                "Differences between systems",
                on_comparisons(findings),
                [tables.without_ends(table) for table in difference_tables(findings)],
                [draw.forest(findings, criterion) for criterion in findings.criteria],
            )
        )
    if findings.omnibus:
        shown = [rank_tables.omnibus(findings)]
        if any(row.ranks for row in findings.omnibus):
            shown.append(rank_tables.mean_ranks(findings))
        found.append(
            _section("ranks", "All systems at once", on_ranks(findings), shown, draw.rank_figures(findings))
        )
    if findings.models:
        shown = [tables.without_ends(model_tables.models(findings)), model_tables.variances(findings)]
        found.append(_section("models", "All ratings at once", on_models(findings), shown))
    if findings.sensitivity:
        shown = sensitivity_tables(findings)
        found.append(
            _section("sensitivity", "With and without the excluded", on_sensitivity(findings), shown)
        )
    if findings.blinding:
        indices = [tables.without_ends(table(findings)) for table in (james_table, guesses_table)]
        found.append(_section("blinding", "Did the blinding hold?", on_blinding(findings), indices))
    if findings.metric_summaries:
        found.append(_metrics(findings))
    found.append(_section("methods", "Methods", findings.methods, []))
    return tuple(found)


def _metrics(findings: StudyFindings) -> Section:
    levels = grids(findings) if findings.correlations else []
    shown = [tables.without_column(tables.without_ends(tables.metric_summaries(findings)), "signature")]
    if any(metric.definition for metric in findings.metrics):
        shown.append(metric_definitions(findings))
    shown += [tables.correlation_grid(findings, level, coefficient) for level, coefficient in levels]
    maps = [heat_map(findings, level, coefficient) for level, coefficient in levels]
    maps += scatters(findings) if findings.correlations else []
    shown += [tables.without_ends(table) for table in metric_tables(findings)]
    said = [*prose.on_metrics(findings), *on_metric_tests(findings), *on_ceiling(findings)]
    return _section("metrics", "Automatic metrics", said, shown, maps)


def _section(
    key: str,
    title: str,
    sentences: Sequence[str],
    shown: Sequence[Table],
    figures: Sequence[Figure] = (),
) -> Section:
    return Section(key, title, tuple(sentences), tuple(_table(table) for table in shown), tuple(figures))


def _table(table: Table) -> PageTable:
    rows = []
    for line, row in enumerate(table.rows):
        rows.append(
            tuple(_cell(table, row, place, f"{table.key}-{line}-{place}") for place in range(len(row)))
        )
    return PageTable(
        key=table.key,
        title=table.title,
        caption=table.caption,
        head=tuple((column.label, column.numeric) for column in table.columns),
        rows=tuple(rows),
        tall=len(rows) > 24,
        csv=_csv(table.key),
    )


def _csv(key: str) -> str:
    """The file that holds in full what a page shows by parts."""
    parts = {"correlations": "correlations", "annotator_matrix": "annotator_pairs"}
    whole = next((whole for part, whole in parts.items() if key.startswith(part)), key)
    return whole.removesuffix("_side_by_side")


def _cell(table: Table, row: tuple[Cell, ...], place: int, at: str) -> PageCell:
    cell, numeric = row[place], table.columns[place].numeric
    lines = hows.told(table, row, place) if cell.number is None else derivation(cell.number)
    if not lines:
        return PageCell(cell.text, numeric, strong=cell.strong, mark=cell.mark)
    text, bracket, ends = cell.text.partition(" [") if cell.number is not None else (cell.text, "", "")
    return PageCell(
        text=text,
        numeric=numeric,
        below=f"[{ends}" if bracket else "",
        strong=cell.strong,
        mark=cell.mark,
        id=f"how-{at}",
        derivation=tuple(lines),
    )
