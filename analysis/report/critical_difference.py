"""The critical-difference diagram: systems on an axis of mean ranks, bars joining those not told apart.

Reference: Demšar (2006) Journal of Machine Learning Research 7, figure 1.
"""

from analysis.report import svg
from analysis.report.findings.comparisons import Omnibus
from analysis.report.findings.study import StudyFindings
from analysis.report.findings.subject import Criterion
from analysis.report.svg import Figure
from analysis.report.words import join, number
from analysis.stats.many_systems import not_told_apart

PLOT, TOP, LINE, BAR = 420.0, 66.0, 24.0, 11.0


def critical_difference(findings: StudyFindings, criterion: Criterion) -> Figure | None:
    """The diagram of one criterion, or None where it has no ranks."""
    row = next((row for row in findings.omnibus if row.criterion == criterion.key and row.ranks), None)
    if row is None or row.critical_difference.value is None:
        return None
    labels = {system.name: system.label for system in findings.systems}
    ranked = sorted(((one.rank, labels[one.system]) for one in row.ranks), key=lambda pair: pair[0])
    reach = row.critical_difference.value
    runs = not_told_apart([rank for rank, _ in ranked], reach)
    title = f"{criterion.name}: mean ranks and critical difference"
    description = _told(row, ranked, runs, reach)
    shape = _Shape(ranked)
    parts = [*_axis(shape, len(ranked)), *_ruler(shape, reach)]
    parts += _bars(shape, [ranked[place][0] for run in runs for place in run])
    parts += _names(shape, ranked, below=TOP + 14 + BAR * len(runs))
    deep = TOP + 14 + BAR * len(runs) + LINE * shape.half + 12
    key = f"mean_ranks_{findings.criteria.index(criterion) + 1}_{svg.slug(criterion.key)}"
    return Figure(key, title, description, svg.document(shape.width, deep, title, description, parts))


class _Shape:
    """Where things lie: the axis between the names of the lower half and those of the upper."""

    def __init__(self, ranked: list[tuple[float, str]]) -> None:
        self.k = len(ranked)
        self.half = (self.k + 1) // 2
        wide = [svg.width(f"{label} {number(rank)}") + 30 for rank, label in ranked]
        self.left = max(wide[: self.half])
        self.width = self.left + PLOT + max(wide[self.half :])

    def place(self, rank: float) -> float:
        return self.left + PLOT * (rank - 1) / (self.k - 1)


def _axis(shape: _Shape, k: int) -> list[str]:
    parts = [svg.line(shape.left, TOP, shape.left + PLOT, TOP, thick=1.5)]
    for rank in range(1, k + 1):
        x = shape.place(rank)
        parts += [svg.line(x, TOP - 7, x, TOP, thick=1.5)]
        parts += [svg.text(x, TOP - 12, str(rank), anchor="middle", size=12, opacity=0.75)]
    return parts


def _ruler(shape: _Shape, reach: float) -> list[str]:
    """How long the critical difference is, at the upper left."""
    end = min(shape.place(1 + reach), shape.left + PLOT)
    ends = [svg.line(x, 20, x, 30, thick=2) for x in (shape.left, end)]
    words = f"critical difference {number(reach)}; a higher rank is a higher rating"
    return [svg.line(shape.left, 25, end, 25, thick=2), *ends, svg.text(shape.left, 13, words, size=12)]


def _bars(shape: _Shape, ends: list[float]) -> list[str]:
    """One thick line a run of systems that are not told apart; `ends` are lower and upper ranks in turn."""
    pairs = zip(ends[::2], ends[1::2], strict=True)
    return [
        svg.line(
            shape.place(low) - 4,
            TOP + 10 + BAR * level,
            shape.place(high) + 4,
            TOP + 10 + BAR * level,
            thick=4,
            colour=svg.COLOURS[0],
        )
        for level, (low, high) in enumerate(pairs)
    ]


def _names(shape: _Shape, ranked: list[tuple[float, str]], *, below: float) -> list[str]:
    """The lower half to the left, the upper half to the right; the outermost system highest, so that no lines cross."""
    parts = []
    for index, (rank, label) in enumerate(ranked):
        left = index < shape.half
        y = below + LINE * ((index if left else shape.k - 1 - index) + 0.5)
        x, edge = shape.place(rank), shape.left - 8 if left else shape.left + PLOT + 8
        parts += [svg.line(x, TOP, x, y, opacity=0.6), svg.line(x, y, edge, y, opacity=0.6)]
        words = f"{label} {number(rank)}"
        parts.append(
            svg.text(edge - 6 if left else edge + 6, y + 4, words, anchor="end" if left else "start")
        )
    return parts


def _told(row: Omnibus, ranked: list[tuple[float, str]], runs: list[tuple[int, int]], reach: float) -> str:
    order = ", ".join(f"{label} {number(rank)}" for rank, label in reversed(ranked))
    joined = [join([label for _, label in ranked[low : high + 1]]) for low, high in runs]
    apart = f"Not told apart: {'; '.join(joined)}" if joined else "All systems are told apart"
    return (
        f"Mean ranks over {row.n_cases:,} cases, highest first: {order}. Ranks less than {number(reach)} apart "
        f"are joined by a bar. {apart}."
    )
