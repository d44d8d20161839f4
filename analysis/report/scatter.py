"""Systems by what a metric says of them and what people say, each with its intervals."""

from collections.abc import Sequence
from math import floor, log10

from analysis.report import svg
from analysis.report.findings.number import Number
from analysis.report.findings.study import StudyFindings
from analysis.report.findings.subject import Criterion, Metric
from analysis.report.svg import Figure
from analysis.report.words import number, with_interval

PLOT_WIDE, PLOT_TALL, TOP, KEY_LINE = 400.0, 300.0, 16.0, 24.0


def scatters(findings: StudyFindings) -> list[Figure]:
    """Of the metric whose scores go best with a criterion's ratings over all texts: systems, and beside them texts."""
    found = (draw(findings, criterion) for criterion in findings.criteria for draw in (scatter, cloud))
    return [figure for figure in found if figure is not None]


def scatter(findings: StudyFindings, criterion: Criterion) -> Figure | None:
    """None where fewer than two systems have both a mean score and a mean rating."""
    metric = closest(findings, criterion)
    if metric is None:
        return None
    scores = {row.system: row.score for row in findings.metric_summaries if row.metric == metric.name}
    ratings = {row.system: row.cases.mean for row in findings.descriptions if row.criterion == criterion.key}
    shown = [
        (
            system.label,
            scores[system.name],
            ratings[system.name],
            system.wrote_references and bool(metric.references),
        )
        for system in findings.systems
        if _has(scores.get(system.name)) and _has(ratings.get(system.name))
    ]
    if len(shown) < 2:
        return None
    across, up = (
        _Axis([one for _, one, _, _ in shown], PLOT_WIDE),
        _Axis([one for _, _, one, _ in shown], PLOT_TALL),
    )
    left, bottom = 56.0, TOP + PLOT_TALL
    parts = _frame(
        across, up, left, bottom, f"{metric.label}, mean over texts", f"{criterion.name}, mean over cases"
    )
    for place, (_, score, rating, own) in enumerate(shown):
        parts += _point(place, score, rating, own, across, up, left, bottom)
    parts += _key([(label, own) for label, _, _, own in shown], left + PLOT_WIDE + 24)
    title = f"{criterion.name} against {metric.label}: one point a system"
    description = _told(findings, criterion, metric, shown)
    wide = left + PLOT_WIDE + 56 + max(svg.width(label + (OWN if own else "")) for label, _, _, own in shown)
    tall = max(bottom + 52, TOP + KEY_LINE * len(shown) + 8)
    key = f"scatter_{findings.criteria.index(criterion) + 1}_{svg.slug(criterion.key)}"
    return Figure(key, title, description, svg.document(wide, tall, title, description, parts))


OWN = " (own references)"


def cloud(findings: StudyFindings, criterion: Criterion) -> Figure | None:
    """One point a text; None where the findings keep no single texts of the criterion."""
    held = next((one for one in findings.clouds if one.criterion == criterion.key), None)
    if held is None:
        return None
    metric = next(metric for metric in findings.metrics if metric.name == held.metric)
    labels = {system.name: system.label for system in findings.systems}
    across = _Axis.of([score for one in held.systems for score in one.scores], PLOT_WIDE)
    up = _Axis.of([rating for one in held.systems for rating in one.ratings], PLOT_TALL)
    left, bottom = 56.0, TOP + PLOT_TALL
    parts = _frame(
        across, up, left, bottom, f"{metric.label}, of a text", f"{criterion.name}, mean rating of a text"
    )
    places = {system.name: place for place, system in enumerate(findings.systems)}
    drawn = [
        (places[one.system], one) for one in held.systems
    ]  # coloured as systems are, also where one is left out
    points = [(x, y, place) for place, one in drawn for x, y in zip(one.scores, one.ratings, strict=True)]
    # By score and not by system, so that no system's points lie on top of all others'.
    for turn, (x, y, place) in enumerate(sorted(points)):
        aside = (turn * GOLDEN % 1 - 0.5) * 2 * ASIDE
        colour = svg.COLOURS[place % len(svg.COLOURS)]
        parts.append(
            f'<circle cx="{left + across.place(x):.2f}" cy="{bottom - up.place(y) + aside:.2f}" r="3.5" '
            f'fill="{colour}" fill-opacity="0.65"/>'
        )
    names = [labels[one.system] for _, one in drawn]
    for line, ((place, _), name) in enumerate(zip(drawn, names, strict=True)):
        y = TOP + KEY_LINE * line + 10
        colour = svg.COLOURS[place % len(svg.COLOURS)]
        parts.append(f'<circle cx="{left + PLOT_WIDE + 24:.2f}" cy="{y:.2f}" r="6" fill="{colour}"/>')
        parts.append(svg.text(left + PLOT_WIDE + 42, y + 4, name))
    title = f"{criterion.name} against {metric.label}: one point a text"
    between = _correlation(findings, criterion, metric, "text")
    words = f" Pearson's r over all texts: {with_interval(between)}." if between is not None else ""
    description = (
        f"{len(points):,} texts by their score and the mean of their ratings, coloured by system; texts with equal "
        f"ratings are set a little above and below each other.{words}"
    )
    wide = left + PLOT_WIDE + 56 + max(map(svg.width, names))
    tall = max(bottom + 52, TOP + KEY_LINE * len(names) + 8)
    key = f"texts_{findings.criteria.index(criterion) + 1}_{svg.slug(criterion.key)}"
    return Figure(key, title, description, svg.document(wide, tall, title, description, parts))


GOLDEN = 0.618034
"""Multiples of it, less their whole part, lie apart from each other however many there are."""
ASIDE = 3.0
"""Pixels that a point may be moved up or down."""


def closest(findings: StudyFindings, criterion: Criterion) -> Metric | None:
    """The metric whose scores go best with a criterion's ratings over all texts, in either direction."""
    rows = [
        (round(abs(row.number.value), 9), row.metric)
        for row in findings.correlations
        if (row.criterion, row.level, row.coefficient) == (criterion.key, "text", "pearson")
        and row.number.value is not None
    ]
    if not rows:
        return None
    best = max(value for value, _ in rows)
    name = next(metric for value, metric in rows if value == best)
    return next(metric for metric in findings.metrics if metric.name == name)


def _has(given: Number | None) -> bool:
    return given is not None and given.value is not None


class _Axis:
    """From values to places on an axis that holds every interval."""

    def __init__(self, given: Sequence[Number], length: float) -> None:
        ends = [end for one in given for end in _ends(one)]
        low, high = min(ends), max(ends)
        room = (high - low) * 0.06 or max(abs(high), 1.0) * 0.05
        self.low, self.high, self.length = low - room, high + room, length

    @classmethod
    def of(cls, values: Sequence[float], length: float) -> "_Axis":
        return cls([Number(value, 1, "texts", "") for value in (min(values), max(values))], length)

    def place(self, value: float) -> float:
        return self.length * (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[tuple[float, str]]:
        """Four to nine round values, and how they are written."""
        raw = (self.high - self.low) / 5
        power = 10.0 ** floor(log10(raw))
        step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw)
        digits = max(0, -floor(log10(step)))
        first = floor(self.low / step) + 1
        values = [index * step for index in range(first, floor(self.high / step) + 1)]
        return [(value, number(value, digits) if digits <= 6 else f"{value:.0e}") for value in values]


def _ends(given: Number) -> tuple[float, float]:
    value = given.value or 0.0
    return (given.interval.low, given.interval.high) if given.interval else (value, value)


def _frame(across: _Axis, up: _Axis, left: float, bottom: float, below: str, beside: str) -> list[str]:
    parts = [
        svg.line(left, bottom, left + across.length, bottom),
        svg.line(left, bottom, left, bottom - up.length),
    ]
    for value, words in across.ticks():
        x = left + across.place(value)
        parts += [svg.line(x, bottom, x, bottom - up.length, opacity=0.15)]
        parts += [svg.text(x, bottom + 18, words, anchor="middle", size=12, opacity=0.75)]
    for value, words in up.ticks():
        y = bottom - up.place(value)
        parts += [svg.line(left, y, left + across.length, y, opacity=0.15)]
        parts += [svg.text(left - 8, y + 4, words, anchor="end", size=12, opacity=0.75)]
    parts.append(svg.text(left + across.length / 2, bottom + 40, below, anchor="middle"))
    middle = bottom - up.length / 2
    parts.append(
        f'<g transform="rotate(-90 14 {middle:.1f})">{svg.text(14, middle + 4, beside, anchor="middle")}</g>'
    )
    return parts


def _point(
    place: int, score: Number, rating: Number, own: bool, across: _Axis, up: _Axis, left: float, bottom: float
) -> list[str]:
    """A numbered dot with a whisker each way."""
    colour = svg.COLOURS[place % len(svg.COLOURS)]
    x, y = left + across.place(score.value or 0), bottom - up.place(rating.value or 0)
    (low, high), (less, more) = _ends(score), _ends(rating)
    return [
        svg.line(left + across.place(low), y, left + across.place(high), y, thick=1.5, colour=colour),
        svg.line(x, bottom - up.place(less), x, bottom - up.place(more), thick=1.5, colour=colour),
        *_dot(place, x, y, own),
    ]


def _dot(place: int, x: float, y: float, own: bool) -> list[str]:
    """Hollow for the writer of the references."""
    colour = svg.COLOURS[place % len(svg.COLOURS)]
    fill = "#FFFFFF" if own else colour
    return [
        f'<circle cx="{x:.2f}" cy="{y:.2f}" r="9" fill="{fill}" stroke="{colour}" stroke-width="2"/>',
        svg.text(x, y + 4, str(place + 1), anchor="middle", size=11, fill=svg.ink(fill)),
    ]


def _key(names: Sequence[tuple[str, bool]], left: float) -> list[str]:
    parts = []
    for place, (label, own) in enumerate(names):
        y = TOP + KEY_LINE * place + 10
        parts += [*_dot(place, left, y, own), svg.text(left + 18, y + 4, label + (OWN if own else ""))]
    return parts


def _told(
    findings: StudyFindings,
    criterion: Criterion,
    metric: Metric,
    shown: Sequence[tuple[str, Number, Number, bool]],
) -> str:
    said = [
        f"{label}{OWN if own else ''}: score {with_interval(score, 3)}, rating {with_interval(rating)}"
        for label, score, rating, own in shown
    ]
    between = _correlation(findings, criterion, metric, "system")
    words = f" Pearson's r between systems: {with_interval(between)}." if between is not None else ""
    return (
        f"{metric.label} goes best with {criterion.name.lower()} over all texts. {'; '.join(said)}." + words
    )


def _correlation(findings: StudyFindings, criterion: Criterion, metric: Metric, level: str) -> Number | None:
    wanted = (metric.name, criterion.key, level, "pearson")
    return next(
        (
            row.number
            for row in findings.correlations
            if (row.metric, row.criterion, row.level, row.coefficient) == wanted
        ),
        None,
    )
