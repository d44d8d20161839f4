"""The first sentences of a report name a winner where a difference was shown, and nowhere else."""

import numpy as np
import pandas as pd

from analysis.report.analyse import Subject, analyse
from analysis.report.comparison_prose import on_comparisons
from analysis.report.findings.study import StudyFindings
from analysis.report.prose import on_agreement, on_results
from analysis.stats.ratings import RatingTable


def found(
    gains: dict[str, float], *, n_cases: int = 30, cases_of: dict[str, int] | None = None
) -> StudyFindings:
    """Two annotators who mark 3 in the mean; each system is better by its gain."""
    maker, rows = np.random.default_rng(4), []
    for system, gain in gains.items():
        for case in range((cases_of or {}).get(system, n_cases)):
            for annotator in "AB":
                value = int(np.clip(round(maker.normal(3 + gain, 0.8)), 1, 5))
                rows.append((annotator, f"c{case:02}", system, "clear", value))
    frame = pd.DataFrame(rows, columns=["annotator", "case", "system", "criterion", "value"])
    table = RatingTable.from_frame(frame)
    return analyse(table, subject=Subject("x"), seed=3, created="", n_resamples=100, n_permutations=199)


def test_a_winner_is_named_with_how_much_and_how_sure() -> None:
    findings = found({"plain": 0.0, "good": 1.2})
    (told,) = on_results(findings)
    row = findings.comparisons[0]
    assert told.startswith("On clear good was rated highest, above plain by ")
    assert row.difference.interval is not None
    assert row.difference.value is not None
    size = abs(row.difference.value)
    assert f"{size:.2f} points [" in told
    assert "Holm's p" in told
    assert "n\u00a0=\u00a030 cases" in told
    assert "ordinal alpha: " in told


def test_no_winner_is_named_where_nothing_was_shown() -> None:
    (told,) = on_results(found({"one": 0.0, "other": 0.02}))
    assert told.startswith("On clear no difference was shown between the two highest means, ")
    assert "rated highest" not in told


def test_the_best_is_held_against_the_next_and_not_against_the_worst() -> None:
    (told,) = on_results(found({"worst": -1.5, "best": 0.52, "next": 0.5}))
    assert "no difference was shown" in told
    assert "worst" not in told


def test_without_a_test_the_means_stand_alone() -> None:
    frame = pd.DataFrame(
        [("A", "c1", "a", "clear", 4), ("A", "c1", "b", "clear", 2)],
        columns=["annotator", "case", "system", "criterion", "value"],
    )
    findings = analyse(
        RatingTable.from_frame(frame),
        subject=Subject("x"),
        seed=3,
        created="",
        n_resamples=20,
        n_permutations=19,
    )
    assert on_results(findings) == ["On clear the highest mean was 4.00 (a), the lowest 2.00."]


def test_more_than_three_differences_are_said_to_be_more() -> None:
    findings = found({name: float(place) for place, name in enumerate("abcd", start=-2)})
    told = on_comparisons(findings)
    assert told[0].startswith("6 of 6 paired differences")
    assert told[1] == "The 3 largest by effect size stand here, all of them in the table."
    assert sum("was rated higher than" in one for one in told) == 3


def test_the_word_for_agreement_stands_at_the_coefficient_it_belongs_to() -> None:
    findings = found({"plain": 0.0, "good": 1.2})
    (told, *_) = on_agreement(findings)
    word = findings.agreement[0].landis_koch
    assert (
        told.index("ordinal alpha") < told.index("Fleiss' kappa") < told.index(f"({word} by its lower bound)")
    )
    assert told.index("lower bound") < told.index("AC1")
