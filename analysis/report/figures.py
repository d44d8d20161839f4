"""Figures as SVG written by hand: the same bytes from the same findings, and no drawing library to load.

Text and rules take `currentColor`, the ground is transparent and nothing uses a style attribute: one and the
same file follows the theme of the page it is set into, passes a strict Content-Security-Policy, and stands
in a paper. Each figure carries a title and a description in words for those who do not see it.

Colours: Okabe and Ito (2008) for systems, tested for colour-blind readers; a two-sided scale around 3 for
    ratings.
"""

from collections.abc import Sequence

from analysis.report import svg
from analysis.report.critical_difference import critical_difference
from analysis.report.findings.comparisons import Comparison
from analysis.report.findings.number import Number
from analysis.report.findings.study import StudyFindings
from analysis.report.findings.subject import Criterion
from analysis.report.heat import grids, heat_map, pair_maps
from analysis.report.scatter import scatters
from analysis.report.severity_figure import severity_figures
from analysis.report.svg import Figure
from analysis.report.words import interval, number, with_interval

MIDDLE = "#9AA0A6"


def all_figures(findings: StudyFindings) -> list[Figure]:
    """Every figure the findings can fill, in the order of the report."""
    figures = [ratings(findings), *pair_maps(findings), *severity_figures(findings)]
    if findings.comparisons:
        figures += [forest(findings, criterion) for criterion in findings.criteria]
    figures += rank_figures(findings)
    if findings.correlations:
        figures += [heat_map(findings, level, coefficient) for level, coefficient in grids(findings)]
        figures += scatters(findings)
    return figures


def ratings(findings: StudyFindings) -> Figure:
    """How the points of the scale were used: bars that part at the middle point."""
    labels = {system.name: system.label for system in findings.systems} | {"": "All systems"}
    shown = [row for row in findings.prevalence if row.n_ratings and (row.system or not findings.systems)]
    wide = max((svg.width(labels[row.system]) for row in shown), default=80) + 16
    plot, bar, gap = 460.0, 22, 8
    y, parts, said = 34.0, [], []
    parts += _scale_key(findings.meta.levels, wide, plot)
    for criterion in findings.criteria:
        rows = [row for row in shown if row.criterion == criterion.key]
        if not rows:
            continue
        parts.append(svg.text(0, y + 14, criterion.name, weight="600"))
        y += 24
        for row in rows:
            shares = [count / row.n_ratings for count in row.counts]
            parts.append(svg.text(wide - 10, y + 15, labels[row.system], anchor="end"))
            parts += _parted(shares, wide, plot, y, bar)
            low, high = _halves(shares)
            said.append(
                f"{criterion.name}, {labels[row.system]}: {low:.0%} below the middle, {high:.0%} above"
            )
            y += bar + gap
        y += 8
    middle = wide + plot / 2
    parts.insert(0, svg.line(middle, 28, middle, y - 8, opacity=0.35))
    title = "How the points of the scale were used"
    description = f"Bars part at the middle of the scale. {'; '.join(said)}."
    return Figure("ratings", title, description, svg.document(wide + plot + 48, y, title, description, parts))


def forest(findings: StudyFindings, criterion: Criterion) -> Figure:
    """Differences between systems with their intervals; what touches the line may be nothing."""
    labels = {system.name: system.label for system in findings.systems}
    rows = [row for row in findings.comparisons if row.criterion == criterion.key]
    apart = {"paired": "", "unpaired": " (unpaired)"}
    names = {id(row): f"{labels[row.first]} − {labels[row.second]}{apart[row.design]}" for row in rows}
    wide, plot, step = max((svg.width(name) for name in names.values()), default=80) + 20, 360.0, 26
    reach = _reach(findings.comparisons)  # one axis for all criteria
    y, parts, said = 34.0, [], []
    bottom = y + step * len(rows)
    for tick in _ticks(reach):
        x = wide + plot * (tick + reach) / (2 * reach)
        parts.append(svg.line(x, 26, x, bottom, opacity=0.7 if tick == 0 else 0.15))
        parts.append(svg.text(x, 18, number(tick, 1), anchor="middle", size=12, opacity=0.75))
    for row in rows:
        centre = y + step / 2
        parts.append(svg.text(wide - 12, centre + 4, names[id(row)], anchor="end"))
        said.append(f"{names[id(row)]}: {with_interval(row.difference)}{_widened(row)}")
        if row.difference.value is None:
            parts.append(svg.text(wide + 8, centre + 4, "undefined", opacity=0.75))
        else:
            sure = row.p_holm is not None and row.p_holm < 0.05
            parts += _over_annotators(row, wide, plot, reach, centre)
            parts += _whisker(row.difference, wide, plot, reach, centre, sure=sure)
            parts.append(svg.text(wide + plot + 14, centre + 4, with_interval(row.difference), size=12))
        y += step
    both = any(row.two_way is not None and row.two_way.interval is not None for row in rows)
    title = f"{criterion.name}: differences between systems"
    description = (
        "Mean differences of case means with intervals; filled where Holm's p stays below 0.05. "
        + ("A thin line is the interval over annotators as well as cases. " if both else "")
        + "; ".join(said)
        + "."
    )
    key = f"differences_{findings.criteria.index(criterion) + 1}_{svg.slug(criterion.key)}"
    return Figure(
        key, title, description, svg.document(wide + plot + 160, bottom + 10, title, description, parts)
    )


def rank_figures(findings: StudyFindings) -> list[Figure]:
    """The critical-difference diagrams of the criteria that have one."""
    drawn = [critical_difference(findings, criterion) for criterion in findings.criteria]
    return [figure for figure in drawn if figure is not None]


def _parted(shares: Sequence[float], left: float, plot: float, y: float, bar: int) -> list[str]:
    """One bar: points below the middle to its left, above to its right, the middle point half and half."""
    low, _ = _halves(shares)
    x = left + plot / 2 * (1 - low - _middle(shares) / 2)
    parts = []
    for index, share in enumerate(shares):
        width = share * plot / 2
        if width > 0:
            parts.append(
                f'<rect x="{x:.2f}" y="{y:.1f}" width="{width:.2f}" height="{bar}" '
                f'fill="{_shade(index, len(shares))}"/>'
            )
            if width > 30:
                parts.append(
                    svg.text(
                        x + width / 2,
                        y + 15,
                        f"{share:.0%}",
                        anchor="middle",
                        size=11,
                        fill=svg.ink(_shade(index, len(shares))),
                    )
                )
        x += width
    return parts


def _halves(shares: Sequence[float]) -> tuple[float, float]:
    half = len(shares) // 2
    return sum(shares[:half]), sum(shares[len(shares) - half :])


def _middle(shares: Sequence[float]) -> float:
    return shares[len(shares) // 2] if len(shares) % 2 else 0.0


def _shade(index: int, n_levels: int) -> str:
    """The colour of a point of the scale: two-sided around the middle."""
    distance = index - (n_levels - 1) / 2
    if distance == 0:
        return MIDDLE
    strength = (
        0.5 + 0.5 * (abs(distance) / ((n_levels - 1) / 2)) if abs(distance) >= (n_levels - 1) / 2 else 0.5
    )
    return svg.mix(svg.LOW if distance < 0 else svg.HIGH, strength)


def _scale_key(levels: Sequence[int], left: float, plot: float) -> list[str]:
    parts, x = [], left + plot / 2 - len(levels) * 21
    for index, level in enumerate(levels):
        parts.append(
            f'<rect x="{x + index * 42:.1f}" y="4" width="14" height="14" fill="{_shade(index, len(levels))}"/>'
        )
        parts.append(svg.text(x + index * 42 + 19, 16, str(level), size=12))
    return parts


def _widened(row: Comparison) -> str:
    """What the thin line says, for those who do not see it."""
    words = interval(row.two_way) if row.two_way is not None else ""
    return f", over annotators too {words}" if words else ""


def _over_annotators(row: Comparison, left: float, plot: float, reach: float, y: float) -> list[str]:
    """The wider interval as a thin line behind the other."""
    if row.two_way is None or row.two_way.interval is None:
        return []
    low, high = (
        left + plot * (end + reach) / (2 * reach)
        for end in (row.two_way.interval.low, row.two_way.interval.high)
    )
    return [svg.line(low, y, high, y, thick=1, colour=svg.COLOURS[0], opacity=0.8)]


def _whisker(given: Number, left: float, plot: float, reach: float, y: float, *, sure: bool) -> list[str]:
    def place(value: float) -> float:
        return left + plot * (value + reach) / (2 * reach)

    parts = []
    if given.interval is not None:
        low, high = place(given.interval.low), place(given.interval.high)
        parts.append(svg.line(low, y, high, y, thick=2, colour=svg.COLOURS[0]))
        parts += [svg.line(end, y - 5, end, y + 5, thick=2, colour=svg.COLOURS[0]) for end in (low, high)]
    if given.value is not None:
        inside = f'fill="{svg.COLOURS[0]}"' if sure else 'fill="#FFFFFF"'
        parts.append(
            f'<circle cx="{place(given.value):.2f}" cy="{y:.1f}" r="5" {inside} '
            f'stroke="{svg.COLOURS[0]}" stroke-width="2"/>'
        )
    return parts


def _reach(rows: Sequence[Comparison]) -> float:
    """Half the width of the axis: it holds every interval and is never narrower than half a point."""
    ends = [0.5]
    for row in rows:
        if row.difference.interval is not None:
            ends += [abs(row.difference.interval.low), abs(row.difference.interval.high)]
            if row.two_way is not None and row.two_way.interval is not None:
                ends += [abs(row.two_way.interval.low), abs(row.two_way.interval.high)]
        elif row.difference.value is not None:
            ends.append(abs(row.difference.value))
    return max(ends) * 1.05


def _ticks(reach: float) -> list[float]:
    step = next(step for step in (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 1e9) if reach / step <= 4.5)
    n = int(reach / step)
    return [index * step for index in range(-n, n + 1)]
