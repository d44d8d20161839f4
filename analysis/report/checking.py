"""Hidden cards beside the ratings: attention checks, cards with reference marks, and how distances from them moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.report.cells import Cell, Column, Table, criterion_names, warning, with_ends
from analysis.report.findings.agreement import Checks, GoldMarks
from analysis.report.findings.number import Number
from analysis.report.findings.study import StudyFindings
from analysis.report.numbers import as_number
from analysis.report.words import many, with_interval
from analysis.stats.clustered import mean_interval
from analysis.stats.estimates import Interval, MaybeInterval, Undefined
from analysis.stats.repeats import share_interval

COLUMNS = ("annotator", "kind", "card", "criterion", "value", "wanted", "earlier")
"""`kind` is attention, gold or recheck; `wanted` the mark asked for, or the reference; `earlier` the own mark on the
same card in calibration, empty of attention checks."""
ATTENTION, KINDS = "attention", ("attention", "gold", "recheck")
PASSED = "share of attention checks answered on every question as their text asks"
NEAR = "share of marks on hidden cards with reference marks that are at most {tolerance} from the reference"
LEAN = "mean of mark less reference on hidden cards with reference marks; above 0 is milder"
FURTHER = (
    "mean over annotators' hidden cards of the distance from the reference less what it was in calibration on the same "
    "card; above 0 is further away"
)


class BadChecks(ValueError):
    """The data are no marks of hidden cards; the message names line and field."""


def held_against(
    marks: pd.DataFrame, criteria: Sequence[str], *, tolerance: int, confidence: float
) -> Checks:
    """What hidden cards say of the annotators together.

    Args:
        marks: the columns COLUMNS, a row a mark; an empty value could not be judged.
        criteria: keys, in the order of the report.
        tolerance: so far from the reference is near it, as at the gate.

    Raises:
        BadChecks: a column is missing, a kind is unknown, or a mark that is wanted is no number.
    """
    frame = _checked(marks)
    gold = frame[(frame["kind"] != ATTENTION) & frame["value"].notna()]
    return Checks(
        tolerance=tolerance,
        n_annotators=int(frame["annotator"].nunique()),
        attention=_attention(frame[frame["kind"] == ATTENTION], confidence),
        gold=tuple(
            _gold(gold[gold["criterion"] == criterion], criterion, tolerance, confidence)
            for criterion in criteria
            if (gold["criterion"] == criterion).any()
        ),
        further=_further(gold[gold["earlier"].notna()], confidence),
    )


def _checked(marks: pd.DataFrame) -> pd.DataFrame:
    if missing := [name for name in COLUMNS if name not in marks.columns]:
        raise BadChecks(f"checks: no column {', '.join(missing)}; it needs {', '.join(COLUMNS)}")
    frame = marks[list(COLUMNS)].copy()
    for line, kind in enumerate(frame["kind"], start=2):
        if kind not in KINDS:
            raise BadChecks(f"checks, line {line}, kind: {kind!r} is none of {', '.join(KINDS)}")
    for name in ("value", "wanted", "earlier"):
        numbers = pd.to_numeric(frame[name], errors="coerce")
        said = frame[name].astype("string").str.strip().fillna("").to_numpy(dtype=str)
        bad = numbers.isna().to_numpy() & ((said != "") & (said != "nan") | (name == "wanted"))
        if bad.any():
            line = int(np.flatnonzero(bad)[0])
            raise BadChecks(f"checks, line {line + 2}, {name}: {frame[name].iloc[line]!r} is no number")
        frame[name] = numbers.astype("float64")
    return frame


def _codes(frame: pd.DataFrame) -> np.ndarray:
    return np.asarray(pd.factorize(frame["annotator"])[0], dtype=np.int64)


def _attention(frame: pd.DataFrame, confidence: float) -> Number | None:
    """A check is passed on every question or not at all."""
    if not len(frame):
        return None
    right = (frame["value"] == frame["wanted"]).groupby([frame["annotator"], frame["card"]]).all()
    passed = right.reset_index(name="passed")
    hits = passed["passed"].to_numpy(dtype=bool)
    interval = _sure(hits, _codes(passed), confidence)
    return as_number(len(hits), "attention checks", PASSED, float(hits.mean()), interval)


def _sure(hits: np.ndarray, people: np.ndarray, confidence: float) -> MaybeInterval:
    """As of second looks, which lean on each other for the same reason."""
    found = share_interval(hits, people, confidence=confidence)
    if isinstance(found, Interval):
        return replace(found, method=found.method.replace("second looks", "answers"))
    return Undefined("one annotator alone met such cards: nothing says how others would")


def _gold(frame: pd.DataFrame, criterion: str, tolerance: int, confidence: float) -> GoldMarks:
    apart = (frame["value"] - frame["wanted"]).to_numpy()
    near, people = np.abs(apart) <= tolerance, _codes(frame)
    method, n = NEAR.format(tolerance=tolerance), len(apart)
    return GoldMarks(
        criterion=criterion,
        near=as_number(n, "marks", method, float(near.mean()), _sure(near, people, confidence)),
        lean=as_number(
            n, "marks", LEAN, float(apart.mean()), mean_interval(apart, people, confidence=confidence)
        ),
    )


def _further(frame: pd.DataFrame, confidence: float) -> Number | None:
    if not len(frame):
        return None
    now = (frame["value"] - frame["wanted"]).abs()
    then = (frame["earlier"] - frame["wanted"]).abs()
    cards = (now - then).groupby([frame["annotator"], frame["card"]]).mean().reset_index(name="change")
    change = cards["change"].to_numpy(dtype=np.float64)
    interval = mean_interval(change, _codes(cards), confidence=confidence)
    return as_number(len(change), "cards of annotators", FURTHER, float(change.mean()), interval)


def on_checks(findings: StudyFindings) -> list[str]:
    """What hidden cards say, in sentences."""
    checks = findings.checks
    if checks is None:
        return []
    names = {criterion.key: criterion.name for criterion in findings.criteria}
    sentences = [
        f"{many(checks.n_annotators, 'annotator')} met cards that were hidden among the others and are in no result."
    ]
    if checks.attention is not None:
        sentences.append(
            f"Of {many(checks.attention.n, 'attention check')} {_percent(checks.attention)} were passed."
        )
    for row in checks.gold:
        sentences.append(
            f"{names.get(row.criterion, row.criterion)}: {_percent(row.near)} of "
            f"{many(row.near.n, 'mark')} on cards with reference marks were at most {checks.tolerance} away; they lay "
            f"{with_interval(row.lean)} above the reference on average."
        )
    if checks.further is not None:
        sentences.append(
            f"Compared with calibration the same cards were marked {with_interval(checks.further)} points further from "
            "the reference."
        )
    return sentences


def _percent(given: Number) -> str:
    if given.value is None:
        return "none"
    ends = given.interval
    between = f" [{ends.low:.0%}, {ends.high:.0%}]" if ends else ""
    return f"{given.value:.0%}{between}"


def on_method(findings: StudyFindings) -> list[str]:
    """What the methods paragraph says of it."""
    if findings.checks is None:
        return []
    said = (
        "Attention checks and cards with reference marks stood among the others, at places drawn by the seed, and are "
        "in no result; the interval of their shares counts the answers of one annotator for as many as they vary."
    )
    return [said]


def checks_table(findings: StudyFindings) -> Table:
    """A row a kind of hidden card."""
    checks = findings.checks
    assert checks is not None
    names = criterion_names(findings)
    columns = (
        Column("what", "Hidden cards", numeric=False),
        Column("criterion", "Criterion", numeric=False),
        Column("n", "Marks or checks"),
        Column("share", "Passed, or near"),
        Column("share_low", "low"),
        Column("share_high", "high"),
        Column("lean", "Above the reference"),
        Column("lean_low", "low"),
        Column("lean_high", "high"),
    )
    rows = []
    if checks.attention is not None:
        passed = checks.attention
        rows.append(
            (
                Cell("attention checks", ATTENTION),
                Cell("all", ""),
                Cell(f"{passed.n:,}", passed.n),
                *with_ends(passed),
                *_EMPTY,
            )
        )
    for row in checks.gold:
        rows.append(
            (
                Cell("reference marks", "gold"),
                Cell(names.get(row.criterion, row.criterion), row.criterion),
                Cell(f"{row.near.n:,}", row.near.n),
                *with_ends(row.near),
                *with_ends(row.lean),
            )
        )
    if checks.further is not None:
        rows.append(
            (
                Cell("distance since calibration", "further"),
                Cell("all", ""),
                Cell(f"{checks.further.n:,}", checks.further.n),
                *_EMPTY,
                *with_ends(checks.further),
            )
        )
    caption = (
        f"Cards that make no result: attention checks passed, and marks at most {checks.tolerance} from the reference. "
        "The last row is how much further from the reference marks were than in calibration."
        + warning(findings)
    )
    return Table("checks", "Hidden cards", caption, columns, tuple(rows))


_EMPTY = (Cell("–"), Cell(""), Cell(""))
