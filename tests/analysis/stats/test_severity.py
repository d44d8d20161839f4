import numpy as np
import pandas as pd
import pytest

from analysis.stats.estimates import Undefined
from analysis.stats.ratings import RatingTable
from analysis.stats.severity import severity
from tests.analysis.stats.made import long_frame, table


def test_severity_is_against_the_others_on_the_same_cards() -> None:
    # Annotator 3 saw the better cards only; judged by plain means it would seem lenient.
    made = table({("c1", "a"): [1, 2, None], ("c2", "a"): [5, 5, 4], ("c3", "a"): [4, 5, 3]})
    found = {s.annotator: s for s in severity(made, "clear")}
    assert found["annotator 3"].difference == pytest.approx(((4 - 5) + (3 - 4.5)) / 2)
    assert found["annotator 3"].n_compared == 2
    assert found["annotator 1"].difference == pytest.approx(((1 - 2) + (5 - 4.5) + (4 - 4)) / 3)


def test_a_severe_annotator_is_recovered() -> None:
    maker = np.random.default_rng(2)
    cards = {}
    for i in range(200):
        quality = maker.normal(3.2, 0.7)
        bias = np.array([0.0, 0.0, -0.8])
        cards[(f"c{i}", "a")] = (
            np.clip(np.rint(quality + bias + maker.normal(0, 0.4, 3)), 1, 5).astype(int).tolist()
        )
    severe = severity(table(cards), "clear")[2]
    assert severe.difference == pytest.approx(-0.8, abs=0.15)
    assert severe.interval.high < 0


def test_straight_lining_and_haste_are_shown() -> None:
    frame = long_frame({(f"c{i}", "a"): [4, 1 + i % 5] for i in range(10)})
    frame["seconds"] = np.where(frame["annotator"] == "annotator 1", 2.0, 30.0)
    lazy, careful = severity(RatingTable.from_frame(frame), "clear")
    assert (lazy.same_answer, lazy.median_seconds) == (1.0, 2.0)
    assert (careful.same_answer, careful.median_seconds) == (0.2, 30.0)


def test_slots_are_not_persons() -> None:
    frame = pd.DataFrame(long_frame({("c1", "a"): [1, 2]}))
    made = RatingTable.from_frame(frame, annotators_identified=False)
    assert "numbered slots" in str(severity(made, "clear"))


def test_alone_with_a_card_nobody_is_severe() -> None:
    (only,) = severity(table({("c1", "a"): [3]}), "clear")
    assert str(only.difference) == "undefined: nobody else rated these cards"
    assert isinstance(only.median_seconds, Undefined)
