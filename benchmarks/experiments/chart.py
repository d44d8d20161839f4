"""The figures of the experiments, as SVG with a text alternative: shares with intervals, places on a log axis."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from analysis.report import svg
from benchmarks.experiments.estimates import Estimate

PLOT, TALL, LEFT, GAP = 520.0, 230.0, 60.0, 64.0
SPREAD = 11.0
"""Pixels between the series of one place on the x axis, so that whiskers do not hide one another."""


@dataclass(frozen=True, slots=True)
class Series:
    """One estimate a place on the x axis; None leaves the place empty."""

    label: str
    points: Sequence[Estimate | None]
    yardstick: bool = False
    """For what is a yardstick and not a finding: the teacher."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One set of axes."""

    heading: str
    places: Sequence[str]
    series: Sequence[Series]
    axis: str
    """What stands under the places."""
    joined: bool = True
    """Lines between the places, where they have an order."""

    def drawn(self) -> "Panel":
        """Without the places and series nothing was measured for; the description still names them."""
        kept = [i for i in range(len(self.places)) if any(series.points[i] for series in self.series)]
        series = [
            replace(series, points=[series.points[i] for i in kept])
            for series in self.series
            if any(series.points)
        ]
        return replace(self, places=[self.places[i] for i in kept], series=series)


def shares(title: str, panels: Sequence[Panel]) -> str:
    """Panels under one another: points are means over worlds, whiskers intervals; the description has them all."""
    y, parts, said = 0.0, list[str](), list[str]()
    widest = 0.0
    for panel in panels:
        drawn, tall, wide = _panel(panel.drawn(), y)
        parts += drawn
        y += tall
        widest = max(widest, wide)
        said.append(_in_words(panel))
    return svg.document(widest, y, title, " ".join(said), parts)


def _panel(panel: Panel, top: float) -> tuple[list[str], float, float]:
    ceiling = _ceiling(panel)
    base = top + 34 + TALL
    parts = [svg.text(0, top + 16, panel.heading, weight="600")]
    for tick in range(5):
        value = ceiling * tick / 4
        y = base - TALL * tick / 4
        parts.append(svg.line(LEFT, y, LEFT + PLOT, y, opacity=0.6 if tick == 0 else 0.15))
        parts.append(
            svg.text(
                LEFT - 8,
                y + 4,
                f"{value:.0%}" if ceiling >= 0.08 else f"{value:.1%}",
                anchor="end",
                size=12,
                opacity=0.75,
            )
        )
    step = PLOT / max(1, len(panel.places))
    for index, place in enumerate(panel.places):
        parts.append(svg.text(LEFT + step * (index + 0.5), base + 18, place, anchor="middle", size=12))
    parts.append(svg.text(LEFT + PLOT / 2, base + 38, panel.axis, anchor="middle", size=12, opacity=0.75))
    for number, series in enumerate(panel.series):
        colour = svg.COLOURS[number % len(svg.COLOURS)]
        offset = (number - (len(panel.series) - 1) / 2) * SPREAD
        parts += _drawn(series, number, colour, step, offset, base, ceiling, joined=panel.joined)
        y = top + 44 + 22 * number
        x = LEFT + PLOT + 24
        parts.append(_mark(number, x, y, colour))
        parts.append(svg.text(x + 14, y + 4, series.label, size=12))
    wide = LEFT + PLOT + 46 + max((svg.width(series.label) for series in panel.series), default=0.0)
    return parts, max(TALL + 34 + GAP, 60 + 22 * len(panel.series)), wide


def _drawn(
    series: Series,
    number: int,
    colour: str,
    step: float,
    offset: float,
    base: float,
    ceiling: float,
    *,
    joined: bool,
) -> list[str]:
    parts, before = [], None
    for index, point in enumerate(series.points):
        if point is None:
            before = None
            continue
        x, y = LEFT + step * (index + 0.5) + offset, base - TALL * point.mean / ceiling
        if point.low is not None and point.high is not None:
            low = base - TALL * max(0.0, point.low) / ceiling
            high = base - TALL * min(ceiling, point.high) / ceiling
            parts.append(svg.line(x, low, x, high, thick=2, colour=colour))
        if joined and before is not None:
            parts.append(
                svg.line(*before, x, y, thick=1, colour=colour, opacity=0.35 if series.yardstick else 0.7)
            )
        parts.append(_mark(number, x, y, colour))
        before = (x, y)
    return parts


def _mark(number: int, x: float, y: float, colour: str) -> str:
    """Series differ in shape as well as in colour."""
    shape = number % 4
    if shape == 0:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{colour}"/>'
    corners = {
        1: ((-4, -4), (4, -4), (4, 4), (-4, 4)),
        2: ((0, -5.5), (5, 4), (-5, 4)),
        3: ((0, -5.5), (5.5, 0), (0, 5.5), (-5.5, 0)),
    }[shape]
    points = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in corners)
    return f'<polygon points="{points}" fill="{colour}"/>'


def _ceiling(panel: Panel) -> float:
    ends = [
        point.mean if point.high is None else max(point.mean, point.high)
        for series in panel.series
        for point in series.points
        if point
    ]
    top = max(ends, default=1.0)
    return next((limit for limit in (0.04, 0.08, 0.2, 0.4, 0.6, 0.8) if top <= limit), 1.0)


def _in_words(panel: Panel) -> str:
    parts = []
    for series in panel.series:
        points = [
            f"{place} {point}" if point else f"{place} not measured"
            for place, point in zip(panel.places, series.points, strict=True)
        ]
        parts.append(f"{series.label}: {', '.join(points)}")
    return f"{panel.heading}, by {panel.axis}. {'; '.join(parts)}."


@dataclass(frozen=True, slots=True)
class Dot:
    """One place on a log axis, with what is written behind it."""

    label: str
    value: float
    words: str
    faint: bool = False
    """Extrapolated, not measured."""


def logarithmic(title: str, heading: str, given: Sequence[Dot], unit: str) -> str:
    """Places on a logarithmic axis: between teacher and student lie powers of ten. Squares are extrapolated."""
    wide = max(svg.width(dot.label) for dot in given) + 14
    low = 10.0 ** math.floor(math.log10(min(dot.value for dot in given)) - 0.01)
    high = 10.0 ** math.ceil(math.log10(max(dot.value for dot in given)))
    n_decades = round(math.log10(high / low))
    parts = [svg.text(0, 16, heading, weight="600")]
    bottom = 52.0 + 30 * len(given)
    for decade in range(n_decades + 1):
        x = wide + PLOT * decade / n_decades
        parts.append(svg.line(x, 48, x, bottom, opacity=0.15 if decade else 0.6))
        parts.append(
            svg.text(x, 42, f"{low * 10**decade:,.10g} {unit}", anchor="middle", size=12, opacity=0.75)
        )
    said = []
    for index, dot in enumerate(given):
        y = 56.0 + 30 * index
        length = PLOT * math.log10(dot.value / low) / n_decades
        parts.append(svg.text(wide - 10, y + 15, dot.label, anchor="end"))
        parts.append(
            svg.line(wide, y + 10, wide + length, y + 10, opacity=0.3),
        )
        parts.append(_mark(1 if dot.faint else 0, wide + length, y + 10, svg.COLOURS[7 if dot.faint else 0]))
        parts.append(svg.text(wide + length + 12, y + 15, dot.words, size=12))
        said.append(f"{dot.label}: {dot.words}")
    room = wide + PLOT + max(svg.width(dot.words) for dot in given) + 16
    return svg.document(room, bottom + 8, title, f"{heading}. {'; '.join(said)}.", parts)
