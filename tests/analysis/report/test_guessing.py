"""Guesses of writers in a report: computed, told, shown, kept in the bundle, and computed again from it."""

from dataclasses import replace
from functools import cache

import pandas as pd
import pytest

from analysis.report.analyse import Subject, analyse
from analysis.report.beside import Beside
from analysis.report.bundle import bundle, data_files
from analysis.report.findings.study import StudyFindings
from analysis.report.findings.subject import WriterKind
from analysis.report.guessing import BadGuesses, held
from analysis.report.page import sections
from analysis.report.rescoring import as_text
from analysis.report.verify import verify
from analysis.stats.ratings import RatingTable
from tests.analysis.report import ratings

KINDS = (WriterKind("llm", "A large language model"), WriterKind("small", "A small model"))


def guesses(*, right: int = 8, wrong: int = 2, unsure: int = 2) -> pd.DataFrame:
    """Every one of so many annotators guesses about one card of either system; teacher is the large model."""
    rows = []
    for person in range(right + wrong + unsure):
        for system, kind, other in (("teacher", "llm", "small"), ("prism", "small", "llm")):
            said = kind if person < right else other if person < right + wrong else "cannot-say"
            rows.append((f"case {person % 8}", system, f"A{person}", kind, said))
    return pd.DataFrame(rows, columns=["case", "system", "annotator", "kind", "guess"])


@cache
def base() -> StudyFindings:
    """The findings of a report without guesses."""
    return ratings.findings(with_scores=False)


def findings(given: pd.DataFrame, *, n_passed_over: int = 0) -> StudyFindings:
    """The same with what these guesses say."""
    found = held(given, KINDS, n_passed_over=n_passed_over, confidence=0.95)
    return replace(base(), blinding=found)


def test_the_indices_are_those_of_the_table() -> None:
    found = findings(guesses(), n_passed_over=3).blinding
    assert (found.n_annotators, found.n_passed_over, found.n_guesses, found.n_untold) == (12, 3, 24, 0)
    assert [(row.kind, row.counts, row.n_cannot_say) for row in found.guessed] == [
        ("llm", (8, 2), 2),
        ("small", (2, 8), 2),
    ]
    assert found.guessed[0].bang.value == pytest.approx((8 - 2) / 12)
    # q = 20/24, wrong 4/24, by lot 2 * (10/24)**2: 1 - q + q**2 * wrong / (2 * by lot)
    assert found.james.value == pytest.approx(1 - 20 / 24 + (20 / 24) ** 2 * (4 / 24) / (4 * (10 / 24) ** 2))


def test_a_broken_blinding_is_told_and_a_kept_one_too() -> None:
    def said(given: pd.DataFrame) -> str:
        section = next(one for one in sections(findings(given)) if one.key == "blinding")
        return " ".join(section.sentences)

    assert "the blinding did not hold" in said(guesses(right=30, wrong=2, unsure=1))
    assert "no sign that the blinding was broken" in said(guesses(right=2, wrong=2, unsure=40))
    assert "do not decide it" in said(guesses(right=5, wrong=5, unsure=0))
    assert "known more often than by lot: A large language model" in said(guesses(right=30, wrong=2))


def test_systems_nobody_spoke_of_are_left_out_and_counted() -> None:
    given = guesses()
    given.loc[given["system"] == "prism", "kind"] = ""
    found = findings(given).blinding
    assert (found.n_guesses, found.n_untold) == (12, 12)
    assert "nothing to tell apart" in found.james.undefined
    assert "nobody was asked" in found.guessed[1].bang.undefined
    given["kind"] = ""
    assert "nobody said so far" in findings(given).blinding.james.undefined


def test_without_guesses_nothing_is_said() -> None:
    found = base()
    assert found.blinding is None
    assert "blinding" not in [section.key for section in sections(found)]
    with pytest.raises(ValueError, match="must not tell systems apart"):
        replace(ratings.findings(kind="pooled", with_scores=False), blinding=findings(guesses()).blinding)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"guess": "parrot"}, "line 2, guess: 'parrot' was not among"),
        ({"kind": "cannot-say"}, "line 2, kind: 'cannot-say' was not among"),
        ({"guess": ""}, "line 2, guess: '' was not among"),
    ],
)
def test_a_faulty_row_is_named(change: dict[str, str], words: str) -> None:
    given = guesses()
    for column, value in change.items():
        given.loc[0, column] = value
    with pytest.raises(BadGuesses, match=words):
        held(given, KINDS, confidence=0.95)
    with pytest.raises(BadGuesses, match="no column kind"):
        held(given.drop(columns="kind"), KINDS, confidence=0.95)


def test_a_bundle_with_guesses_is_verified_from_its_own_data() -> None:
    given, marks = guesses(), ratings.frame(3)
    found = analyse(
        RatingTable.from_frame(as_text(marks.to_csv(index=False).encode())),
        subject=Subject(title="Evening films", kinds=KINDS, n_passed_over=1),
        seed=5,
        created=ratings.CREATED,
        beside=Beside(guesses=given),
    )
    assert found.blinding == findings(given, n_passed_over=1).blinding
    assert "Blinding was measured by James' index over 2 kinds" in " ".join(found.methods)
    files = bundle(found, data=data_files(ratings=marks, beside=Beside(guesses=given)))
    assert "tables/blinding.csv" in files
    assert b"--guesses data/guesses.csv" in files["README.txt"]
    assert StudyFindings.from_json(files["report.json"].decode()) == found
    assert verify(files).problems == ()
    files["data/guesses.csv"] = files["data/guesses.csv"].replace(b'"cannot-say"', b'"llm"', 1)
    assert any("blinding" in problem for problem in verify(files).problems)
