"""The blind guess: what annotators took for the writers of their cards, beside who they were."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.report.cells import Cell, Column, Table, warning, with_ends
from analysis.report.findings.agreement import Blinding, GuessedKind
from analysis.report.findings.number import Number
from analysis.report.findings.study import StudyFindings
from analysis.report.findings.subject import WriterKind
from analysis.report.words import many, number, with_interval
from analysis.stats import blinding_index
from analysis.stats.blinding_index import CANNOT_SAY, BlindingIndex
from analysis.stats.estimates import Interval, Undefined

COLUMNS = ("case", "system", "annotator", "kind", "guess")
"""`kind` is what the system is, empty where its owner did not say; `guess` a kind or `cannot-say`."""
UNSURE = "cannot-say"
JAMES = "James' blinding index: 1 nobody would guess, 0.5 guesses by lot, 0 all right"
BANG = "Bang's blinding index: share of right guesses less that of wrong ones, a wrong one weighing 1 / (kinds - 1)"


class BadGuesses(ValueError):
    """The data are no guesses; the message names line and field."""


def held(
    guesses: pd.DataFrame, kinds: Sequence[WriterKind] = (), *, n_passed_over: int = 0, confidence: float
) -> Blinding:
    """Both indices, and how often each kind was taken for which.

    Args:
        guesses: the columns COLUMNS, a row a card and annotator.
        kinds: those that could be guessed; without them, those that occur.

    Raises:
        BadGuesses: a column is missing, or a kind was not among those offered.
    """
    offered = _checked(guesses, kinds)
    place = {kind.key: index for index, kind in enumerate(offered)}
    told = guesses[guesses["kind"] != ""]
    code = {**place, UNSURE: CANNOT_SAY}
    truth = np.array([code[kind] for kind in told["kind"]], dtype=np.int64)
    guess = np.array([code[kind] for kind in told["guess"]], dtype=np.int64)
    _, people = np.unique(told["annotator"].to_numpy(dtype=str), return_inverse=True)
    rows = []
    for kind in offered:
        own = truth == place[kind.key]
        counts = [int((guess[own] == place[other.key]).sum()) for other in offered]
        index = blinding_index.bang(
            place[kind.key], truth, guess, n_kinds=len(offered), people=people, confidence=confidence
        )
        rows.append(
            GuessedKind(
                kind=kind.key,
                counts=tuple(counts),
                n_cannot_say=int((guess[own] == CANNOT_SAY).sum()),
                bang=_number(index, int(own.sum()), BANG),
            )
        )
    if len(told):
        james = blinding_index.james(truth, guess, people=people, confidence=confidence)
    else:
        james = Undefined("nobody said so far which kind each system is")
    return Blinding(
        kinds=tuple(offered),
        n_annotators=int(guesses["annotator"].nunique()),
        n_passed_over=n_passed_over,
        n_guesses=len(told),
        n_untold=len(guesses) - len(told),
        james=_number(james, len(told), JAMES),
        guessed=tuple(rows),
    )


def _checked(guesses: pd.DataFrame, kinds: Sequence[WriterKind]) -> list[WriterKind]:
    if missing := [name for name in COLUMNS if name not in guesses.columns]:
        raise BadGuesses(f"guesses: no column {', '.join(missing)}; it needs {', '.join(COLUMNS)}")
    said = {*guesses["kind"], *guesses["guess"]} - {"", UNSURE}
    offered = list(kinds) or [WriterKind(key, key) for key in sorted(said)]
    known = {kind.key for kind in offered}
    for column, also in (("kind", {""}), ("guess", {UNSURE})):
        for line, key in enumerate(guesses[column], start=2):
            if key not in known | also:
                raise BadGuesses(
                    f"guesses, line {line}, {column}: {key!r} was not among what could be guessed; write one of "
                    f"{', '.join([*sorted(known), *(also - {''})])}"
                )
    if len(offered) < 2:
        raise BadGuesses("guesses: only one kind of writer occurs, and a guess is made among two or more")
    return offered


def _number(found: BlindingIndex | Undefined, n: int, method: str) -> Number:
    if isinstance(found, Undefined):
        return Number(None, n, "guesses", method, undefined=found.reason)
    interval = found.interval
    return Number(
        found.value,
        found.n,
        "guesses",
        method,
        interval=interval if isinstance(interval, Interval) else None,
        no_interval=interval.reason if isinstance(interval, Undefined) else "",
    )


def on_blinding(findings: StudyFindings) -> list[str]:
    """What the guesses say of the blinding, in sentences."""
    blinding = findings.blinding
    if blinding is None:
        return []
    asked = many(blinding.n_annotators, "annotator")
    over = f"; {blinding.n_passed_over:,} passed the question over" if blinding.n_passed_over else ""
    sentences = [
        f"After their last card {asked} guessed which kind of writer wrote some of their own cards{over}."
    ]
    if blinding.n_untold:
        sentences.append(
            f"{many(blinding.n_untold, 'guess', 'guesses')} about systems of which nobody said a kind are left out."
        )
    if blinding.james.value is None:
        return [*sentences, f"James' index is undefined: {blinding.james.undefined}."]
    sentences.append(f"James' index is {with_interval(blinding.james)}{_verdict(blinding.james)}.")
    labels = {kind.key: kind.label for kind in blinding.kinds}
    for words, side in (("known", 1), ("taken for something else", -1)):
        sure = [labels[row.kind] for row in blinding.guessed if _sure_side(row.bang) == side]
        if sure:
            sentences.append(
                f"Bang's interval says that these were {words} more often than by lot: {', '.join(sure)}."
            )
    return sentences


def _verdict(james: Number) -> str:
    if james.interval is None:
        return f", without an interval ({james.no_interval})"
    if james.interval.high < 0.5:
        return ": annotators knew more than guessing by lot would give, and the blinding did not hold"
    if james.interval.low > 0.5:
        return ": no sign that the blinding was broken"
    return ": its interval holds 0.5, so these guesses do not decide it"


def _sure_side(bang: Number) -> int:
    if bang.interval is None:
        return 0
    return 1 if bang.interval.low > 0 else -1 if bang.interval.high < 0 else 0


def on_method(findings: StudyFindings) -> list[str]:
    """What the methods paragraph says of it."""
    if findings.blinding is None:
        return []
    n_kinds = len(findings.blinding.kinds)
    measured = f"James' index over {n_kinds} kinds of writers and by Bang's for each of them"
    return [f"Blinding was measured by {measured}, with standard errors linearised over annotators."]


def guesses_table(findings: StudyFindings) -> Table:
    """True kinds down, guessed kinds across, and Bang's index of each."""
    blinding = findings.blinding
    assert blinding is not None
    columns = [Column("kind", "Written by", numeric=False)]
    columns += [Column(f"said_{kind.key}", f"taken for: {kind.label}") for kind in blinding.kinds]
    columns += [Column("cannot_say", "could not say"), Column("bang", "Bang's index")]
    columns += [Column("bang_low", "low"), Column("bang_high", "high")]
    labels = {kind.key: kind.label for kind in blinding.kinds}
    rows = []
    for row in blinding.guessed:
        cells = [Cell(labels[row.kind], row.kind)]
        for kind, n in zip(blinding.kinds, row.counts, strict=True):
            cells.append(Cell(f"{n:,}", n, strong=kind.key == row.kind and n > 0))
        cells += [Cell(f"{row.n_cannot_say:,}", row.n_cannot_say), *with_ends(row.bang)]
        rows.append(tuple(cells))
    james = blinding.james
    total = "undefined" if james.value is None else number(james.value)
    caption = (
        f"Guesses by the kind that wrote the card, right ones bold. Bang's index: 1 known, 0 by lot, below 0 misled. "
        f"James' index over all kinds: {total}; 1 nobody would guess, 0.5 by lot, 0 all right."
        + warning(findings)
    )
    return Table("blinding", "Guesses of the writer", caption, tuple(columns), tuple(rows))


def james_table(findings: StudyFindings) -> Table:
    """James' index alone, so that its derivation can be opened."""
    blinding = findings.blinding
    assert blinding is not None
    columns = (
        Column("index", "Index", numeric=False),
        Column("james", "Value"),
        Column("james_low", "low"),
        Column("james_high", "high"),
        Column("n", "Guesses"),
    )
    row = (
        Cell("James' index", "james"),
        *with_ends(blinding.james),
        Cell(f"{blinding.n_guesses:,}", blinding.n_guesses),
    )
    caption = "1: nobody would guess; 0.5: guesses by lot; 0: all right." + warning(findings)
    return Table("blinding-james", "Blinding over all kinds", caption, columns, (row,))
