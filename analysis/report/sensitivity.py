"""What excluding annotators does to each result: the same numbers with and without them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np
import pandas as pd

from analysis.report.agreeing import agree
from analysis.report.agreement_tables import COEFFICIENTS
from analysis.report.cells import Cell, Column, Table, criterion_names, system_labels, warning
from analysis.report.comparing import compare
from analysis.report.confirming import confirm
from analysis.report.findings.agreement import Agreement, AgreementShift, DifferenceShift, Sensitivity
from analysis.report.findings.number import Number
from analysis.report.findings.study import StudyFindings
from analysis.report.findings.subject import Excluded, Hypothesis
from analysis.report.words import join, many, number, p_value, with_interval
from analysis.stats.ratings import RatingTable

FIGURES = {
    "fleiss": "Fleiss κ",
    "exact": "equal pairs",
    "within_one": "pairs within one",
    **dict(COEFFICIENTS),
}
"""What an agreement figure is called in sentences and tables; any other goes by its key."""
FEW_FLIPS = 99
"""Sign flips are not shown here; p is of the t-test."""


def everybody(table: RatingTable, excluded: pd.DataFrame) -> tuple[RatingTable, RatingTable]:
    """All ratings in one table, and those of the excluded alone.

    Raises:
        BadRatings: theirs are no ratings, or one of them stands among those that count.
    """
    options = {"levels": table.levels, "annotators_identified": table.annotators_identified}
    theirs = RatingTable.from_frame(excluded, **options)  # type: ignore[arg-type]
    both = pd.concat([_frame(table), _frame(theirs)], ignore_index=True)
    return RatingTable.from_frame(both, **options), theirs  # type: ignore[arg-type]


def _frame(table: RatingTable) -> pd.DataFrame:
    """The rows a table was made of."""
    named = {
        name: np.asarray(getattr(table, names), dtype=object)[getattr(table, name)]
        for name, names in (
            ("annotator", "annotators"),
            ("case", "cases"),
            ("system", "systems"),
            ("criterion", "criteria"),
        )
    }
    value = np.where(table.point >= 0, np.asarray(table.levels, dtype=float)[table.point], np.nan)
    return pd.DataFrame({**named, "value": value, "repeat": table.repeat, "simulated": table.simulated})


def both_readings(
    findings: StudyFindings,
    table: RatingTable,
    theirs: RatingTable,
    *,
    who: Sequence[Excluded] = (),
    hypotheses: Sequence[Hypothesis] = (),
    stream: int,
    n_resamples: int,
) -> Sensitivity:
    """Every agreement figure and every comparison of the findings beside the same with the excluded counted.

    Args:
        findings: what was found without them.
        table: all ratings, theirs among them.
        theirs: theirs alone.
        who: by which rule each of them was excluded, where that is known.
    """
    seed, confidence = findings.meta.seed, findings.meta.confidence
    known = {one.annotator: one for one in who}
    n_ratings = np.bincount(theirs.annotator[theirs.point >= 0], minlength=len(theirs.annotators))
    named = [
        replace(known.get(name) or Excluded(name, ""), n_ratings=int(n))
        for name, n in zip(theirs.annotators, n_ratings, strict=True)
    ]
    shifts = []
    for index, row in enumerate(findings.agreement):
        rng = np.random.default_rng([seed, stream, index])
        other = agree(
            table, row.criterion, seed=seed, rng=rng, confidence=confidence, n_resamples=n_resamples
        )
        for key in coefficients(row):
            shifts.append(AgreementShift(row.criterion, key, getattr(row, key), getattr(other, key)))
    return Sensitivity(
        excluded=tuple(named),
        agreement=tuple(shifts),
        differences=tuple(_differences(findings, table, hypotheses, stream)),
    )


def coefficients(row: Agreement) -> list[str]:
    """The keys of the numbers that say how far annotators agreed."""
    return [one.name for one in fields(row) if isinstance(getattr(row, one.name), Number)]


def _differences(
    findings: StudyFindings, table: RatingTable, hypotheses: Sequence[Hypothesis], stream: int
) -> list[DifferenceShift]:
    if not findings.comparisons:
        return []
    compared = compare(
        table,
        seed=findings.meta.seed,
        rng=np.random.default_rng([findings.meta.seed, stream, len(findings.agreement)]),
        confidence=findings.meta.confidence,
        n_permutations=FEW_FLIPS,
    )
    others = {(row.criterion, row.first, row.second): row for row in confirm(compared, hypotheses)[0]}
    shifts = []
    for row in findings.comparisons:
        other = others[row.criterion, row.first, row.second]
        shifts.append(
            DifferenceShift(
                criterion=row.criterion,
                first=row.first,
                second=row.second,
                counted=row.difference,
                everybody=other.difference,
                p_holm=row.p_holm,
                p_holm_everybody=other.p_holm,
            )
        )
    return shifts


def on_sensitivity(findings: StudyFindings) -> list[str]:
    """Who is left out, and whether that decides anything."""
    found = findings.sensitivity
    if found is None:
        return []
    who = [
        f"{one.annotator} ({', '.join(filter(None, [one.rule, many(one.n_ratings, 'rating'), _late(one)]))})"
        for one in found.excluded
    ]
    names = criterion_names(findings)
    sentences = [
        f"Left out by the owner: {join(who)}. Nothing was deleted: each result stands here with and without them."
    ]
    moved = [row for row in found.differences if _decides(row)]
    labels = system_labels(findings)
    if found.differences:
        told = "none" if not moved else f"{len(moved):,}"
        verdict = (
            f"Of {many(len(found.differences), 'comparison')}, {told} would be decided otherwise at 0.05"
        )
        pairs = [
            f"{labels[row.first]} against {labels[row.second]} on {names[row.criterion]}" for row in moved
        ]
        sentences.append(f"{verdict}{': ' + join(pairs) if pairs else ''}.")
    steps = [(abs(step), row) for row in found.agreement if (step := _step(row)) is not None]
    if steps:
        _, most = max(steps, key=lambda step: step[0])
        sentences.append(
            f"The agreement figure that moves most is {FIGURES.get(most.coefficient, most.coefficient)} of "
            f"{names[most.criterion]}: {number(most.counted.value)} without them, {number(most.everybody.value)} with."
        )
    return sentences


def on_exclusion(findings: StudyFindings) -> list[str]:
    """What the methods paragraph says of it."""
    if findings.sensitivity is None:
        return []
    who = many(len(findings.sensitivity.excluded), "excluded annotator")
    return [f"Ratings of {who} are in no number but those that show each result with and without them."]


def sensitivity_tables(findings: StudyFindings) -> list[Table]:
    """The agreement figures and, once systems have names, the comparisons, with and without the excluded."""
    found = findings.sensitivity
    if found is None:
        return []
    shown = [_agreement_table(findings, found)]
    return [*shown, _difference_table(findings, found)] if found.differences else shown


def _agreement_table(findings: StudyFindings, found: Sensitivity) -> Table:
    names = criterion_names(findings)
    columns = [
        Column("criterion", "Criterion", numeric=False),
        Column("coefficient", "Figure", numeric=False),
        Column("counted", "without them"),
        Column("everybody", "with them"),
        Column("change", "Change"),
    ]
    rows = []
    for row in found.agreement:
        step = _step(row)
        rows.append(
            (
                Cell(names[row.criterion], row.criterion),
                Cell(FIGURES.get(row.coefficient, row.coefficient), row.coefficient),
                _cell(row.counted),
                _cell(row.everybody),
                Cell(number(step), step),
            )
        )
    caption = (
        "Agreement without the excluded annotators, as everywhere in this report, and with them; intervals are those "
        "of each reading." + warning(findings)
    )
    return Table(
        "sensitivity-agreement",
        "Agreement with and without the excluded",
        caption,
        tuple(columns),
        tuple(rows),
    )


def _difference_table(findings: StudyFindings, found: Sensitivity) -> Table:
    names, labels = criterion_names(findings), system_labels(findings)
    columns = [
        Column("criterion", "Criterion", numeric=False),
        Column("first", "System", numeric=False),
        Column("second", "against", numeric=False),
        Column("counted", "without them"),
        Column("everybody", "with them"),
        Column("p_holm", "p Holm without"),
        Column("p_holm_everybody", "p Holm with"),
    ]
    rows = []
    for row in found.differences:
        flips = _decides(row)
        rows.append(
            (
                Cell(names[row.criterion], row.criterion),
                Cell(labels[row.first], row.first),
                Cell(labels[row.second], row.second),
                _cell(row.counted),
                _cell(row.everybody),
                Cell(p_value(row.p_holm), row.p_holm, strong=flips),
                Cell(p_value(row.p_holm_everybody), row.p_holm_everybody, strong=flips),
            )
        )
    caption = (
        "Differences between systems without the excluded annotators, as everywhere in this report, and with them; "
        "bold where the two readings decide differently at 0.05." + warning(findings)
    )
    return Table(
        "sensitivity-differences",
        "Differences with and without the excluded",
        caption,
        tuple(columns),
        tuple(rows),
    )


def _cell(given: Number) -> Cell:
    return Cell("undefined" if given.value is None else with_interval(given), given.value, given)


def _step(row: AgreementShift) -> float | None:
    """With them less without them; None where either is undefined."""
    if row.counted.value is None or row.everybody.value is None:
        return None
    return row.everybody.value - row.counted.value


def _decides(row: DifferenceShift) -> bool:
    """Whether one reading names a winner at 0.05 and the other none, or another one."""
    return _winner(row.counted, row.p_holm) != _winner(row.everybody, row.p_holm_everybody)


def _winner(difference: Number, p: float | None) -> int:
    """1 for the first system, -1 for the second, 0 for neither."""
    if p is None or p >= 0.05 or not difference.value:
        return 0
    return 1 if difference.value > 0 else -1


def _late(one: Excluded) -> str:
    return "after unblinding" if one.after_unblinding else ""
