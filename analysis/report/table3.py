"""The main table of a paper in its own shape: data sets and their systems down, metrics and ratings across.

It takes one or several reports, as a paper takes several data sets; what a report lacks is left empty.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from analysis.report.cells import warning
from analysis.report.findings.number import Number
from analysis.report.findings.study import StudyFindings
from analysis.report.findings.subject import Metric, System
from analysis.report.words import interval, join, number

PAPERS = (
    ("rouge-l",),
    ("gptscore-judge", "gptscore"),
    ("bertscore-rescaled", "bertscore"),
    ("mention-precision",),
    ("hallucination",),
    ("rouge-1",),
    ("bleu-4",),
)
"""What stands in the table when nobody chooses: the first three that the reports have. Of one place the first of these
names, else what begins with the last. The paper's GPTScores are a judge's and its BERTScores rescaled."""
N_METRICS = 3
OWN = "†"


class NoTable(ValueError):
    """The reports cannot stand in one table; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Part:
    """One data set of the table."""

    name: str
    findings: StudyFindings


@dataclass(frozen=True, slots=True)
class Measure:
    """One column."""

    kind: Literal["metric", "rating"]
    key: str
    label: str
    better: Literal["higher", "lower", "neither"] = "higher"


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands in one place."""

    number: Number
    text: str
    sd: float | None = None
    best: bool = False
    own_references: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One system of one data set."""

    part: Part
    system: System
    entries: tuple[Entry | None, ...]
    """One a measure; None where the report has no such measure."""


@dataclass(frozen=True, slots=True)
class Table3:
    caption: str
    measures: tuple[Measure, ...]
    blocks: tuple[tuple[Line, ...], ...]
    """The lines of each data set."""

    @property
    def groups(self) -> list[tuple[str, int]]:
        """The heads over the columns and how many each spans."""
        kinds = [measure.kind for measure in self.measures]
        heads = (("Automatic metrics", kinds.count("metric")), ("Human evaluation", kinds.count("rating")))
        return [head for head in heads if head[1]]

    @property
    def several(self) -> bool:
        """Whether there are data sets to name."""
        return len(self.blocks) > 1


def table3(parts: Sequence[Part], metrics: Sequence[str] = ()) -> Table3:
    """Build the table.

    Args:
        parts: one a data set, in the order of the table.
        metrics: names of the metrics to show, in order; without them, the paper's where the reports have them.

    Raises:
        NoTable: no report, a blind one, two data sets of one name, different scales, or an unknown metric.
    """
    _refuse(parts)
    measures = (*_metrics(parts, metrics), *_criteria(parts))
    blocks = tuple(_block(part, measures) for part in parts)
    own = any(entry and entry.own_references for block in blocks for line in block for entry in line.entries)
    return Table3(_caption(parts, own), measures, blocks)


def metrics_to_choose(parts: Sequence[Part]) -> list[Metric]:
    """Every metric that some report has, each once."""
    return list({metric.name: metric for part in parts for metric in part.findings.metrics}.values())


def _refuse(parts: Sequence[Part]) -> None:
    if not parts:
        raise NoTable("Choose at least one report.")
    for part in parts:
        if part.findings.meta.kind == "pooled":
            raise NoTable(
                f"“{part.name}” is blind: its systems have no rows until it is closed and unblinded."
            )
    names = [part.name for part in parts]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise NoTable(f"Two data sets are called {join(twice)}: give each a name of its own.")
    if len({part.findings.meta.levels for part in parts}) > 1:
        scales = [
            f"{part.name}: {part.findings.meta.levels[0]} to {part.findings.meta.levels[-1]}"
            for part in parts
        ]
        raise NoTable(f"The scales differ ({'; '.join(scales)}), so their means cannot stand in one column.")


def _metrics(parts: Sequence[Part], chosen: Sequence[str]) -> list[Measure]:
    known = {metric.name: metric for metric in metrics_to_choose(parts)}
    if unknown := [name for name in chosen if name not in known]:
        there = ", ".join(known) or "none"
        raise NoTable(f"No report has a metric called {join(unknown)}; there are {there}.")
    names = list(dict.fromkeys(chosen))
    if not names:
        found = (_of_place(place, known) for place in PAPERS)
        names = [*dict.fromkeys(name for name in found if name)][:N_METRICS] or list(known)[:N_METRICS]
    return [Measure("metric", name, known[name].label, known[name].better) for name in names]


def _of_place(names: Sequence[str], known: Iterable[str]) -> str:
    """Empty where the reports have nothing for the place."""
    whole = [name for name in names if name in known]
    return next(iter([*whole, *(name for name in known if name.startswith(names[-1]))]), "")


def _criteria(parts: Sequence[Part]) -> list[Measure]:
    found = {criterion.key: criterion.name for part in parts for criterion in part.findings.criteria}
    return [Measure("rating", key, name) for key, name in found.items()]


def _block(part: Part, measures: Sequence[Measure]) -> tuple[Line, ...]:
    findings = part.findings
    columns = [_column(findings, measure) for measure in measures]
    return tuple(
        Line(part, system, tuple(column.get(system.name) for column in columns))
        for system in findings.systems
    )


def _column(findings: StudyFindings, measure: Measure) -> dict[str, Entry]:
    """What each system has of a measure, the best marked."""
    if measure.kind == "rating":
        rows = [row for row in findings.descriptions if row.criterion == measure.key]
        entries = {
            row.system: Entry(
                row.ratings.mean,
                f"{number(row.ratings.mean.value)} ± {number(row.ratings.sd)}",
                row.ratings.sd,
            )
            for row in rows
        }
        own: set[str] = set()
    else:
        scores = {row.system: row.score for row in findings.metric_summaries if row.metric == measure.key}
        used = next((metric.references for metric in findings.metrics if metric.name == measure.key), "")
        own = {
            system.name
            for system in findings.systems
            if used and (system.wrote_references or system.name == used)
        }
        sizes = [abs(score.value) for score in scores.values() if score.value is not None]
        digits = 4 if max(sizes, default=0) <= 1 else 2
        entries = {
            name: Entry(score, number(score.value, digits), own_references=name in own)
            for name, score in scores.items()
        }
    return {
        name: Entry(
            entry.number, entry.text, entry.sd, name in _best(entries, measure, own), entry.own_references
        )
        for name, entry in entries.items()
    }


def _best(entries: dict[str, Entry], measure: Measure, own: set[str]) -> set[str]:
    """Who leads; nobody where all are equal, where no direction is better, or against one's own references."""
    values = {name: entry.number.value for name, entry in entries.items() if entry.number.value is not None}
    values = {name: value for name, value in values.items() if name not in own}
    if measure.better == "neither" or len(values) < 2:
        return set()
    top = (max if measure.better == "higher" else min)(
        value for value in values.values() if value is not None
    )
    leading = {
        name
        for name, value in values.items()
        if value is not None and math.isclose(value, top, rel_tol=1e-12)
    }
    return leading if len(leading) < len(values) else set()


def _caption(parts: Sequence[Part], own: bool) -> str:
    levels = parts[0].findings.meta.levels
    on = f" on {join([part.name for part in parts])}" if len(parts) > 1 else ""
    words = (
        f"Main results{on}. Automatic metrics: mean over texts; human evaluation: mean ± standard deviation of ratings "
        f"from {levels[0]} to {levels[-1]}. The best of a column is bold, which is no test. Agreement among "
        f"annotators, Fleiss' kappa: {'; '.join(_agreement(part, named=len(parts) > 1) for part in parts)}."
    )
    if own:
        words += f" {OWN} The references are this system's own texts."
    warnings = dict.fromkeys(warning(part.findings) for part in parts)
    return words + "".join(warnings)


def _agreement(part: Part, *, named: bool) -> str:
    names = {criterion.key: criterion.name.lower() for criterion in part.findings.criteria}
    said = []
    for row in part.findings.agreement:
        if row.fleiss.value is None:
            said.append(f"{names[row.criterion]} undefined ({row.fleiss.undefined})")
        else:
            said.append(f"{names[row.criterion]} {number(row.fleiss.value)} {interval(row.fleiss)}".strip())
    return f"{part.name} {', '.join(said)}" if named else ", ".join(said)
