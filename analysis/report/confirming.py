"""Confirmatory and exploratory: what the plan named is tested as it named it, and adjusted among itself."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import special

from analysis.report.cells import Cell, Column, Table, criterion_names, system_labels, warning
from analysis.report.comparing import adjusted
from analysis.report.findings.comparisons import Comparison, Confirmation
from analysis.report.findings.number import Number
from analysis.report.findings.study import StudyFindings
from analysis.report.findings.subject import Hypothesis
from analysis.report.words import join, many, p_value
from analysis.stats.multiplicity import benjamini_hochberg, benjamini_yekutieli, holm

NO_INTERVAL = "a p-value has no interval"


def confirm(
    rows: Sequence[Comparison], planned: Sequence[Hypothesis]
) -> tuple[tuple[Comparison, ...], tuple[Confirmation, ...]]:
    """The comparisons, each marked and adjusted in its own family, and what became of each hypothesis.

    A comparison that a hypothesis names is confirmatory: its p_holm, p_bh and p_by are over the hypotheses alone, and
    two-sided as its p is; a one-sided p of the plan and its adjustment stand with the hypothesis. The others are
    adjusted over the others. Without hypotheses the rows stay as they are.
    """
    if not planned:
        return tuple(rows), ()
    by_pair = {(row.criterion, frozenset((row.first, row.second))): row for row in rows}
    named = [by_pair.get((one.criterion, frozenset((one.first, one.second)))) for one in planned]
    numbers = [_planned_p(one, row) for one, row in zip(planned, named, strict=True)]
    p = np.array([np.nan if given.value is None else given.value for given in numbers])
    planned_holm, family = holm(p), int(np.isfinite(p).sum())
    both_sides = np.array([np.nan if row is None or row.p is None else row.p for row in named])
    by_holm, by_bh = holm(both_sides), benjamini_hochberg(both_sides)
    by_by = benjamini_yekutieli(both_sides)
    confirmed = [
        Confirmation(one, given, _finite(planned_holm[place]), family)
        for place, (one, given) in enumerate(zip(planned, numbers, strict=True))
    ]
    marked = {
        id(row): replace(
            row,
            status="confirmatory",
            p_holm=_finite(by_holm[place]),
            p_bh=_finite(by_bh[place]),
            p_by=_finite(by_by[place]),
            family=family,
        )
        for place, row in enumerate(named)
        if row is not None
    }
    others = iter(adjusted([row for row in rows if id(row) not in marked]))
    return tuple(marked.get(id(row)) or next(others) for row in rows), tuple(confirmed)


def _planned_p(hypothesis: Hypothesis, row: Comparison | None) -> Number:
    """The p of the planned test, from the t of the comparison."""
    side = "one-sided" if hypothesis.expects == "higher" else "two-sided"
    if row is None:
        method = f"{side} t-test of the plan"
        return Number(None, 0, "cases", method, undefined="the data have no such criterion or no such system")
    test = "paired t-test over cases" if row.design == "paired" else "Welch's t-test over case means"
    of = f", that {hypothesis.first} is rated higher" if hypothesis.expects == "higher" else ""
    method = f"{side} {test}{of}; planned before anybody judged"
    if row.t is None or row.df is None or row.p is None:
        reason = (
            row.difference.undefined or row.dz.undefined or row.dz.no_interval or row.difference.no_interval
        )
        return Number(
            None, row.n_cases, "cases", method, undefined=reason or "there is no spread to test against"
        )
    t = row.t if row.first == hypothesis.first else -row.t
    p = float(special.stdtr(row.df, -t)) if hypothesis.expects == "higher" else row.p
    return Number(p, row.n_cases, "cases", f"{method}; t({row.df:g}) = {t:.6g}", no_interval=NO_INTERVAL)


def on_hypotheses(findings: StudyFindings) -> list[str]:
    """What was confirmed and what was not, in the order of the plan."""
    rows = findings.confirmations
    if not rows:
        return []
    sure = [row for row in rows if row.p_holm is not None and row.p_holm < 0.05]
    counted = many(len(rows), "hypothesis", "hypotheses")
    told = (
        f"The plan named {counted} before anybody judged; {len(sure):,} held at 0.05 after Holm's adjustment"
    )
    sentences = [f"{told} over them alone."]
    if len(sure) < len(rows):
        sentences.append(
            "One that did not hold is not shown to be wrong: read the interval of its difference."
        )
    return sentences


def on_families(findings: StudyFindings) -> list[str]:
    """What the methods paragraph says of confirming and exploring."""
    if not findings.comparisons:
        return []
    rows = findings.confirmations
    if not rows:
        return ["No hypothesis was named in a plan beforehand: every comparison is exploratory."]
    sides = {"higher": "one-sided", "different": "two-sided"}
    counts = {words: sum(row.planned.expects == expects for row in rows) for expects, words in sides.items()}
    told = join([f"{n:,} {words}" for words, n in counts.items() if n])
    named = (
        f"{many(len(rows), 'comparison')} ({told}) {'was' if len(rows) == 1 else 'were'} named in the plan"
    )
    return [
        f"{named}, which was frozen and hashed before anybody judged.",
        "These are confirmatory, with Holm's adjustment over them alone; all others are exploratory.",
    ]


def hypotheses(findings: StudyFindings) -> Table:
    """The plan's hypotheses, as it named them, with the tests it named."""
    names, labels = criterion_names(findings), system_labels(findings)
    columns = [
        Column("criterion", "Criterion", numeric=False),
        Column("first", "System", numeric=False),
        Column("expects", "expected", numeric=False),
        Column("second", "than", numeric=False),
        Column("n_cases", "Cases"),
        Column("p", "p, as planned"),
        Column("p_holm", "p Holm"),
        Column("held", "Held at 0.05", numeric=False),
    ]
    rows = []
    for row in findings.confirmations:
        one, held = row.planned, row.p_holm is not None and row.p_holm < 0.05
        told = "no test" if row.p_holm is None else "yes" if held else "not shown"
        rows.append(
            (
                Cell(names.get(one.criterion, one.criterion), one.criterion),
                Cell(labels.get(one.first, one.first), one.first),
                Cell(one.expects, one.expects),
                Cell(labels.get(one.second, one.second), one.second),
                Cell(f"{row.p.n:,}", row.p.n),
                Cell("undefined" if row.p.value is None else p_value(row.p.value), row.p.value, row.p),
                Cell(p_value(row.p_holm), row.p_holm, strong=held),
                Cell(told, told),
            )
        )
    caption = (
        f"Hypotheses named in the plan before anybody judged; Holm's adjustment over "
        f"{'it alone' if len(rows) == 1 else f'these {len(rows):,} alone'}; the "
        "differences and their intervals stand with the other comparisons." + warning(findings)
    )
    return Table("hypotheses", "Hypotheses", caption, tuple(columns), tuple(rows))


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
