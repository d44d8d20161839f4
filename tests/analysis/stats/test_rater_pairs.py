import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.inter_rater import cohens_kappa

from analysis.stats.agreement import fleiss_kappa
from analysis.stats.estimates import Undefined
from analysis.stats.rater_pairs import cohen, conger_kappa, light, rater_pairs
from analysis.stats.ratings import RatingTable
from tests.analysis.stats.made import long_frame, table

JOINT = np.array([[20, 5, 1, 0], [4, 15, 6, 2], [1, 5, 18, 7], [0, 1, 4, 21]])


@pytest.mark.parametrize("weights", ["identity", "linear", "quadratic"])
def test_cohen_is_that_of_statsmodels_with_its_standard_error(weights: str) -> None:
    kind = {"identity": None, "linear": "linear", "quadratic": "quadratic"}[weights]
    theirs = cohens_kappa(JOINT, wt=kind)
    ours = cohen(JOINT, weights=weights)
    assert [ours.value, ours.se] == pytest.approx([theirs.kappa, theirs.std_kappa], abs=1e-12)
    assert ours.value in ours.interval
    assert ours.n_cards == JOINT.sum()


def test_a_constant_annotator_has_no_kappa_and_the_words_say_who() -> None:
    found = cohen([[0, 0, 0], [2, 5, 3], [0, 0, 0]], names=("Ada", "Ben"))
    assert "Ada gave 2 to every card they share" in str(found.value)
    assert isinstance(found.se, Undefined)
    assert isinstance(cohen(np.zeros((3, 3))).value, Undefined)


def test_full_agreement_has_a_value_and_no_interval() -> None:
    found = cohen(np.diag([4, 3, 2]))
    assert found.value == pytest.approx(1)
    assert "all cards speak alike" in str(found.interval)


def sparse() -> RatingTable:
    """Five annotators, three a card, and cards some could not judge."""
    maker = np.random.default_rng(5)
    cards = {}
    for i in range(60):
        marks = np.clip(maker.integers(1, 6) + maker.integers(-1, 2, 5), 1, 5).tolist()
        for gone in maker.choice(5, 2, replace=False):
            marks[gone] = None
        cards[(f"c{i}", "ab"[i % 2])] = marks
    return table(cards)


def test_the_joint_tables_are_those_of_the_matrix() -> None:
    made = sparse()
    matrix = made.matrix("clear")
    pairs = rater_pairs(made, "clear")
    assert len(pairs) == 10
    for pair in pairs:
        a, b = (matrix[made.annotators.index(name)] for name in (pair.first, pair.second))
        both = ~np.isnan(a) & ~np.isnan(b)
        counted = np.zeros((5, 5), dtype=int)
        np.add.at(counted, (a[both].astype(int) - 1, b[both].astype(int) - 1), 1)
        assert (pair.joint == counted).all()
        assert pair.n_cards == both.sum()
    found = light(pairs, weights="quadratic")
    each = [cohen(pair.joint, weights="quadratic").value for pair in pairs]
    assert (found.value, found.n_pairs) == (pytest.approx(np.mean(each)), 10)


def test_the_mean_leaves_out_pairs_without_a_kappa_and_counts_them() -> None:
    made = table({(f"c{i}", "a"): [1 + i % 5, 1 + (i * 3) % 5, 2] for i in range(25)})
    pairs = rater_pairs(made, "clear")
    for weights in ("identity", "linear", "quadratic"):
        found = light(pairs, weights=weights)
        assert (found.n_pairs, found.n_undefined) == (1, 2)
        assert found.value == pytest.approx(cohen(pairs[0].joint, weights=weights).value, abs=1e-14)
    constant = rater_pairs(table({("c1", "a"): [1, 2], ("c2", "a"): [1, 2]}), "clear")
    assert "no pair of annotators has a kappa" in str(light(constant).value)


def test_conger_of_two_is_cohen_and_of_like_minded_annotators_fleiss() -> None:
    two = table({(f"c{i}", "a"): [1 + i % 5, 1 + (i * 7 + i // 5) % 5] for i in range(25)})
    (pair,) = rater_pairs(two, "clear")
    for weights in ("identity", "quadratic"):
        assert conger_kappa(two, "clear", weights=weights).value == pytest.approx(
            cohen(pair.joint, weights=weights).value, abs=1e-12
        )
    alike = table({(f"c{i}", "a"): np.roll([1, 1, 2, 4, 5], i).tolist() for i in range(5)})
    conger = conger_kappa(alike, "clear")
    # The same shares for everybody: chance differs from Fleiss' by nothing.
    assert conger.chance == pytest.approx(fleiss_kappa(alike.counts("clear")).chance, abs=1e-12)


def test_the_standard_error_of_conger_is_that_of_resampled_cards() -> None:
    maker = np.random.default_rng(2)
    quality = maker.integers(1, 6, (400, 1))
    marks = np.clip(quality + maker.integers(-1, 2, (400, 4)) + np.array([0, 0, 0, 1]), 1, 5)
    values = []
    for _ in range(60):
        drawn = marks[maker.integers(400, size=400)]
        values.append(
            conger_kappa(table({(f"c{i}", "a"): row.tolist() for i, row in enumerate(drawn)}), "clear").value
        )
    found = conger_kappa(table({(f"c{i}", "a"): row.tolist() for i, row in enumerate(marks)}), "clear")
    assert np.std(values, ddof=1) == pytest.approx(found.se, rel=0.3)


def test_slots_are_refused_in_words_and_strangers_too() -> None:
    frame = pd.DataFrame(long_frame({("c1", "a"): [1, 2], ("c2", "a"): [2, 2]}))
    slots = RatingTable.from_frame(frame, annotators_identified=False)
    for refused in (rater_pairs(slots, "clear"), conger_kappa(slots, "clear")):
        assert "slots, not persons" in str(refused)
    strangers = table({("c1", "a"): [1, None], ("c2", "a"): [None, 2]})
    assert "no card was rated by two" in str(rater_pairs(strangers, "clear"))
    assert "no card was rated by two" in str(conger_kappa(strangers, "clear"))
    assert "every rating is 3" in str(conger_kappa(table({("c1", "a"): [3, 3]}), "clear"))
