"""The tables of differences between systems: the tests, and how large the differences are."""

from analysis.report.cells import Cell, Column, Table, criterion_names, system_labels, warning, with_ends
from analysis.report.findings.comparisons import Comparison
from analysis.report.findings.number import Number
from analysis.report.findings.study import StudyFindings
from analysis.report.words import interval, number, p_value

PAIR = (
    Column("criterion", "Criterion", numeric=False),
    Column("first", "System", numeric=False),
    Column("second", "against", numeric=False),
)
STATUS = Column("status", "Status", numeric=False)


def difference_tables(findings: StudyFindings) -> list[Table]:
    """Those that the findings can fill: paired tests, unpaired tests, sizes."""
    rows = findings.comparisons
    found = []
    if not rows or any(row.design == "paired" for row in rows):
        found.append(comparisons(findings))
    if any(row.design == "unpaired" for row in rows):
        found.append(unpaired(findings))
    if any(row.cliffs_delta is not None for row in rows):  # reports made before it was kept have none
        found.append(effects(findings))
    return found


def comparisons(findings: StudyFindings) -> Table:
    """The tests: difference, p before and after adjustment, and the checks that lean on less."""
    columns = [*PAIR, Column("n_cases", "Cases"), Column("difference", "Difference")]
    columns += [Column("difference_low", "low"), Column("difference_high", "high")]
    columns += [
        Column("two_way", "Over annotators too"),
        Column("two_way_low", "low"),
        Column("two_way_high", "high"),
    ]
    columns += [Column("t", "t"), Column("df", "df"), Column("p", "p"), Column("p_holm", "p Holm")]
    columns += [
        Column("p_bh", "p BH"),
        Column("p_by", "p BY"),
        Column("dz", "dz"),
        Column("dz_low", "low"),
        Column("dz_high", "high"),
    ]
    columns += [Column("wilcoxon_p", "p Wilcoxon"), Column("permutation_p", "p sign flips"), STATUS]
    rows = []
    shown = [row for row in findings.comparisons if row.design == "paired"]
    for row in shown:
        rows.append(
            (
                *_pair(findings, row),
                Cell(f"{row.n_cases:,}", row.n_cases),
                *with_ends(row.difference),
                *_over_annotators(row.two_way),
                Cell(number(row.t), row.t),
                Cell("–" if row.df is None else f"{row.df:g}", row.df),
                Cell(p_value(row.p), row.p),
                Cell(p_value(row.p_holm), row.p_holm, strong=_significant(row)),
                Cell(p_value(row.p_bh), row.p_bh),
                Cell(p_value(row.p_by), row.p_by),
                *with_ends(row.dz),
                Cell(p_value(row.wilcoxon_p), row.wilcoxon_p, row.wilcoxon),
                Cell(p_value(row.permutation_p), row.permutation_p, row.permutation),
                Cell(row.status, row.status),
            )
        )
    family = _family(shown)
    caption = (
        f"Paired t-tests over case means, two-sided; Holm's, Benjamini and Hochberg's (BH) and Benjamini and "
        f"Yekutieli's (BY) adjustments over all {family}; bold where Holm's stays below 0.05."
        + warning(findings)
    )
    return Table("comparisons", "Differences between systems", caption, tuple(columns), tuple(rows))


def unpaired(findings: StudyFindings) -> Table:
    """The tests of systems that were not rated on the same cases."""
    columns = [
        *PAIR,
        Column("n_first", "Cases"),
        Column("n_second", "against"),
        Column("difference", "Difference"),
    ]
    columns += [Column("difference_low", "low"), Column("difference_high", "high")]
    columns += [Column("t", "t"), Column("df", "df"), Column("p", "p"), Column("p_holm", "p Holm")]
    columns += [
        Column("p_bh", "p BH"),
        Column("p_by", "p BY"),
        Column("mann_whitney_p", "p Mann-Whitney"),
        STATUS,
    ]
    shown = [row for row in findings.comparisons if row.design == "unpaired"]
    rows = []
    for row in shown:
        ranks = row.mann_whitney
        rows.append(
            (
                *_pair(findings, row),
                Cell(f"{row.n_first:,}", row.n_first),
                Cell(f"{row.n_second:,}", row.n_second),
                *with_ends(row.difference),
                Cell(number(row.t), row.t),
                Cell(number(row.df, 1), row.df),
                Cell(p_value(row.p), row.p),
                Cell(p_value(row.p_holm), row.p_holm, strong=_significant(row)),
                Cell(p_value(row.p_bh), row.p_bh),
                Cell(p_value(row.p_by), row.p_by),
                Cell(p_value(ranks.value if ranks else None), ranks.value if ranks else None, ranks),
                Cell(row.status, row.status),
            )
        )
    family = _family(shown)
    caption = (
        "Systems that were not rated on the same cases: Welch's t-tests over case means, two-sided; Holm's, "
        f"Benjamini and Hochberg's (BH) and Benjamini and Yekutieli's (BY) adjustments over these "
        f"{family} alone; bold where Holm's stays "
        "below 0.05. A difference may be owed to the cases as well as to the systems." + warning(findings)
    )
    return Table(
        "unpaired", "Differences between systems on different cases", caption, tuple(columns), tuple(rows)
    )


EFFECTS = (
    ("hedges_g", "Hedges' g"),
    ("dav", "d av"),
    ("rank_biserial", "Rank-biserial"),
    ("cliffs_delta", "Cliff's δ"),
    ("superiority", "P(higher)"),
)


def effects(findings: StudyFindings) -> Table:
    """How large the differences are, each in a way that leans on something else."""
    columns = list(PAIR)
    for key, label in EFFECTS:
        columns += [Column(key, label), Column(f"{key}_low", "low"), Column(f"{key}_high", "high")]
    rows = []
    for row in findings.comparisons:
        cells = list(_pair(findings, row))
        for key, _ in EFFECTS:
            given: Number | None = getattr(row, key)
            cells += [Cell("–"), Cell("–"), Cell("–")] if given is None else with_ends(given)
        rows.append(tuple(cells))
    caption = (
        "Sizes of the differences; positive, and P(higher) above 0.50, favours the first system. Hedges' g and "
        "d av are in standard deviations; rank-biserial, Cliff's δ and P(higher) lean on order alone."
        + warning(findings)
    )
    return Table("effects", "How large the differences are", caption, tuple(columns), tuple(rows))


def _pair(findings: StudyFindings, row: Comparison) -> tuple[Cell, Cell, Cell]:
    labels = system_labels(findings)
    return (
        Cell(criterion_names(findings)[row.criterion], row.criterion),
        Cell(labels[row.first], row.first),
        Cell(labels[row.second], row.second),
    )


def _family(rows: list[Comparison]) -> str:
    """How many tests the exploratory ones are adjusted over; the plan's hypotheses are a family of their own."""
    explored = [row.family for row in rows if row.status == "exploratory"]
    if len(explored) == len(rows):
        return f"{explored[0] if explored else 0:,} tests"
    return f"{explored[0] if explored else 0:,} exploratory tests, and apart from them over the confirmatory ones"


def _significant(row: Comparison) -> bool:
    return row.p_holm is not None and row.p_holm < 0.05


def _over_annotators(given: Number | None) -> list[Cell]:
    """The interval alone: the value is that of the difference beside it."""
    if given is None or given.interval is None:
        return [Cell("–", None, given), Cell("–"), Cell("–")]
    _, low, high = with_ends(given)
    return [Cell(interval(given), given.value, given), low, high]
