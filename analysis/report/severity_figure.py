"""Severity as a figure: every annotator's distance from the others, with its interval."""

from analysis.report import svg
from analysis.report.findings.agreement import Annotator
from analysis.report.findings.study import StudyFindings
from analysis.report.findings.subject import Criterion
from analysis.report.svg import Figure
from analysis.report.words import number, with_interval

PLOT, STEP, TOP = 360.0, 24, 26
MAX_ROWS = 60
"""More annotators than this make no figure anybody reads; the table has them."""


def severity_figures(findings: StudyFindings) -> list[Figure]:
    """One a criterion, the most severe on top; nothing where there are no annotators, or too many."""
    drawn = []
    for place, criterion in enumerate(findings.criteria, start=1):
        rows = [
            row
            for row in findings.annotators
            if row.criterion == criterion.key and row.severity.value is not None
        ]
        if 1 < len(rows) <= MAX_ROWS:
            drawn.append(_figure(findings, criterion, place, sorted(rows, key=_value)))
    return drawn


def _value(row: Annotator) -> float:
    return row.severity.value or 0.0


def _figure(findings: StudyFindings, criterion: Criterion, place: int, rows: list[Annotator]) -> Figure:
    reach = _reach(findings)
    wide = max(svg.width(row.annotator) for row in rows) + 20
    bottom = TOP + STEP * len(rows)

    def across(value: float) -> float:
        return wide + PLOT * (value + reach) / (2 * reach)

    parts, digits = [], 1 if round(reach * 5, 6).is_integer() else 2  # so many as half of it has
    for tick in (-reach, -reach / 2, 0.0, reach / 2, reach):
        parts.append(
            svg.line(across(tick), TOP - 4, across(tick), bottom, opacity=0.7 if tick == 0 else 0.15)
        )
        parts.append(svg.text(across(tick), 16, number(tick, digits), anchor="middle", size=12, opacity=0.75))
    for line, row in enumerate(rows):
        y = TOP + STEP * (line + 0.5)
        ends = row.severity.interval
        parts.append(svg.text(wide - 12, y + 4, row.annotator, anchor="end"))
        if ends is not None:
            parts.append(svg.line(across(ends.low), y, across(ends.high), y, thick=2, colour=svg.COLOURS[0]))
        inside = svg.COLOURS[0] if ends is not None and not ends.low <= 0 <= ends.high else "#FFFFFF"
        parts.append(
            f'<circle cx="{across(_value(row)):.2f}" cy="{y:.1f}" r="5" fill="{inside}" '
            f'stroke="{svg.COLOURS[0]}" stroke-width="2"/>'
        )
        parts.append(svg.text(wide + PLOT + 14, y + 4, with_interval(row.severity), size=12))
    title = f"{criterion.name}: severity of annotators"
    told = "; ".join(f"{row.annotator}: {with_interval(row.severity)}" for row in rows)
    words = "Mean distance from the others on the same cards, most severe on top; filled where the interval misses 0."
    description = f"{words} {told}."
    document = svg.document(wide + PLOT + 160, bottom + 10, title, description, parts)
    return Figure(f"severity_{place}_{svg.slug(criterion.key)}", title, description, document)


def _reach(findings: StudyFindings) -> float:
    """Half the width of the axis, the same for all criteria: half a point or more, in steps of half a point."""
    ends = [0.5]
    for row in findings.annotators:
        if row.severity.interval is not None:
            ends += [abs(row.severity.interval.low), abs(row.severity.interval.high)]
        elif row.severity.value is not None:
            ends.append(abs(row.severity.value))
    return -(-max(ends) // 0.5) * 0.5
