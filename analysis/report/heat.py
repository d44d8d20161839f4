"""Heat maps: metrics with criteria, and annotators with each other; blue agrees, orange contradicts."""

from analysis.report import svg
from analysis.report.findings.agreement import PairAgreement, Persons
from analysis.report.findings.number import Number
from analysis.report.findings.study import StudyFindings
from analysis.report.findings.subject import Criterion
from analysis.report.svg import Figure
from analysis.report.words import LEVELS, number

MOST_PEOPLE = 30
"""More make no map anybody reads; the findings hold no pairs of more either."""
WITH_NUMBERS = 12
"""Up to so many annotators a cell has room for its number."""


def heat_map(findings: StudyFindings, level: str, coefficient: str) -> Figure:
    """Correlations of metrics with ratings: blue follows, orange contradicts."""
    found = {
        (row.metric, row.criterion): row.number
        for row in findings.correlations
        if (row.level, row.coefficient) == (level, coefficient)
    }
    metrics = [m for m in findings.metrics if any((m.name, c.key) in found for c in findings.criteria)]
    wide = max((svg.width(metric.label) for metric in metrics), default=80) + 16
    cell, tall = max([86, *(svg.width(c.name) + 14 for c in findings.criteria)]), 26
    parts, said = [], []
    for column, criterion in enumerate(findings.criteria):
        parts.append(
            svg.text(wide + cell * (column + 0.5), 18, criterion.name, anchor="middle", weight="600")
        )
    for line, metric in enumerate(metrics):
        y = 30.0 + line * tall
        parts.append(svg.text(wide - 10, y + 17, metric.label, anchor="end"))
        for column, criterion in enumerate(findings.criteria):
            given = found.get((metric.name, criterion.key))
            x = wide + cell * column
            parts += _heat(x, y, cell, tall, given)
            if given is not None and given.value is not None:
                said.append(f"{metric.label} with {criterion.name} {number(given.value)}")
    title = f"{coefficient.capitalize()} correlation of metrics with ratings, {LEVELS.get(level, level)}"
    rest = f"; the other {len(said) - 40:,} stand in the table of this name" if len(said) > 40 else ""
    description = f"{'; '.join(said[:40])}{rest}."
    size = (wide + cell * len(findings.criteria) + 4, 36 + tall * len(metrics))
    return Figure(
        f"correlations_{svg.slug(level)}_{coefficient}",
        title,
        description,
        svg.document(*size, title, description, parts),
    )


def grids(findings: StudyFindings) -> list[tuple[str, str]]:
    """The levels worth a grid of their own: one coefficient each, ranks where there are enough of them."""
    present = {(row.level, row.coefficient) for row in findings.correlations}
    wanted = [
        ("text", "spearman"),
        ("case", "spearman"),
        ("text-within-system", "spearman"),
        ("system", "kendall"),
    ]
    return [pair for pair in wanted if pair in present] or sorted(present)[:1]


def pair_maps(findings: StudyFindings) -> list[Figure]:
    """One a criterion: Cohen's kappa of each pair of annotators, quadratic weights above the diagonal, plain below."""
    named = {criterion.key: criterion for criterion in findings.criteria}
    drawn = []
    for place, row in enumerate(findings.persons, start=1):
        people = list(dict.fromkeys(name for pair in row.pairs for name in (pair.first, pair.second)))
        if 2 < len(people) <= MOST_PEOPLE and row.criterion in named:
            drawn.append(_pair_map(findings, named[row.criterion], place, row, people))
    return drawn


def _pair_map(
    findings: StudyFindings, criterion: Criterion, place: int, row: Persons, people: list[str]
) -> Figure:
    found = {(pair.first, pair.second): pair for pair in row.pairs}
    numbered = len(people) <= WITH_NUMBERS
    cell, tall = (56.0, 26) if numbered else (22.0, 22)
    names = [f"{line}  {name}" for line, name in enumerate(people, start=1)]
    wide = max(map(svg.width, names)) + 16
    parts: list[str] = []
    for line, name in enumerate(names):
        y = 30.0 + line * tall
        parts.append(svg.text(wide - 10, y + tall / 2 + 4, name, anchor="end"))
        parts.append(svg.text(wide + cell * (line + 0.5), 18, str(line + 1), anchor="middle", size=12))
        for column in range(len(people)):
            if column != line:
                pair = found.get((people[min(line, column)], people[max(line, column)]))
                given = None if pair is None else pair.quadratic if line < column else pair.kappa
                parts += _heat(wide + cell * column, y, cell, tall, given, numbered=numbered)
    title = f"{criterion.name}: agreement of annotators pair by pair"
    description = (
        "Cohen's kappa of each two annotators on the cards they share, with quadratic weights above the diagonal and "
        f"without below; blue agrees, orange disagrees more than chance. {_ends(row)}"
    )
    size = (wide + cell * len(people) + 4, 36 + tall * len(people))
    key = f"annotator_pairs_{place}_{svg.slug(criterion.key)}"
    return Figure(key, title, description, svg.document(*size, title, description, parts))


def _ends(row: Persons) -> str:
    """The pair that agrees least and the one that agrees most, by the quadratic weights."""
    rated = [
        (round(pair.quadratic.value, 9), place, pair)
        for place, pair in enumerate(row.pairs)
        if pair.quadratic.value is not None
    ]
    if not rated:
        return "No pair has a kappa."
    return f"Least: {_said(min(rated)[2])}; most: {_said(max(rated)[2])}."


def _said(pair: PairAgreement) -> str:
    return f"{pair.first} with {pair.second}, {number(pair.quadratic.value)} over {pair.n_cards:,} cards"


def _heat(
    x: float, y: float, cell: float, tall: float, given: Number | None, *, numbered: bool = True
) -> list[str]:
    if given is None or given.value is None:
        return [svg.text(x + cell / 2, y + 17, "–", anchor="middle", opacity=0.6)]
    strength = min(1.0, abs(given.value))
    fill = svg.mix(svg.HIGH if given.value >= 0 else svg.LOW, 0.06 + 0.94 * strength)
    box = (
        f'<rect x="{x + 1:.1f}" y="{y + 1:.1f}" width="{cell - 2:.1f}" height="{tall - 2:.1f}" '
        f'rx="3" fill="{fill}"/>'
    )
    if not numbered:
        return [box]
    return [
        box,
        svg.text(x + cell / 2, y + 17, number(given.value), anchor="middle", size=12, fill=svg.ink(fill)),
    ]
