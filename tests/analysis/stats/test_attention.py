import numpy as np
import pytest

from analysis.stats.estimates import Interval, Undefined
from analysis.stats.krippendorff import alpha
from analysis.stats.ratings import RatingTable
from tests.analysis.stats.made import long_frame, table

from analysis.stats.attention import attention, without  # isort: skip

WIDE = Interval(-1.0, 1.0, 0.95, "made up")


def crowd(n_cards: int = 40, seed: int = 0):  # type: ignore[no-untyped-def]
    """Four who look, the last of five gives 3 to all; every card has three of them."""
    maker = np.random.default_rng(seed)
    cards = {}
    for i in range(n_cards):
        quality = maker.integers(1, 6)
        marks = np.clip(quality + maker.integers(-1, 2, 5), 1, 5).tolist()
        marks[4] = 3
        marks[i % 2], marks[2 + i % 2] = None, None
        cards[(f"c{i}", "a")] = marks
    return cards


def test_one_answer_everywhere_is_flagged_and_varied_answers_are_not() -> None:
    found = attention(table(crowd()), "clear", interval=WIDE)
    assert [bool(one.flags) for one in found] == [False] * 4 + [True]
    assert found[4].same_answer == 1
    assert found[4].flags[0].startswith("gave 3 to every one of 40 cards, where others gave it ")


def test_one_answer_is_no_fault_where_everybody_gives_it_or_cards_are_few() -> None:
    alike = {(f"c{i}", "a"): [5, 5, 5 if i % 4 else 4] for i in range(20)}
    assert not any(one.flags for one in attention(table(alike), "clear", interval=WIDE))
    few = {(f"c{i}", "a"): [3, 1 + i % 5, 1 + i % 5] for i in range(9)}
    assert not any(one.flags for one in attention(table(few), "clear", interval=WIDE))


def test_alpha_without_somebody_is_that_of_the_others() -> None:
    made = table(crowd())
    found = attention(made, "clear", interval=WIDE)
    for one in found:
        rest = without(made, {one.annotator})
        assert one.alpha_without == pytest.approx(alpha(rest.counts("clear")).value, abs=1e-12)
    assert len(without(made, {"annotator 5"})) == len(made) - 40


def test_who_pulls_alpha_out_of_its_interval_is_flagged() -> None:
    made = table(crowd())
    value = alpha(made.counts("clear")).value
    narrow = Interval(value - 0.1, value + 0.1, 0.95, "made up")
    flags = {one.annotator: one.flags for one in attention(made, "clear", interval=narrow)}
    assert "without them alpha would be" in flags["annotator 5"][1]
    assert not flags["annotator 1"]


def test_haste_is_against_the_median_annotator() -> None:
    frame = long_frame({(f"c{i}", "a"): [1 + i % 5, 1 + i % 5, 1 + (i + 1) % 5] for i in range(12)})
    frame["seconds"] = frame["annotator"].map({"annotator 1": 3.0, "annotator 2": 12.0, "annotator 3": 14.0})
    found = attention(RatingTable.from_frame(frame), "clear", interval=WIDE)
    assert found[0].flags == ("took 3 seconds for a median card, where the median annotator took 12",)
    assert not found[1].flags


def test_slots_pairs_and_lonely_annotators() -> None:
    frame = long_frame({("c1", "a"): [1, 2]})
    slots = RatingTable.from_frame(frame, annotators_identified=False)
    assert "slots" in str(attention(slots, "clear", interval=WIDE))
    pair = attention(RatingTable.from_frame(frame), "clear", interval=WIDE)
    assert "no card was rated by two" in str(pair[0].alpha_without)
    (only,) = attention(table({("c1", "a"): [3]}), "clear", interval=WIDE)
    assert isinstance(only.others_same, Undefined)
