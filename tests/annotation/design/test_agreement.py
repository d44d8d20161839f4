"""Agreement of pairs, against counts made by hand."""

import math

import numpy as np
import pytest

from annotation.design.agreement import pair_agreement

NAN = float("nan")


def test_pairs_are_counted_within_card_and_criterion() -> None:
    # card 1: marks 3, 3, 4: three pairs, one exact, all near. card 2: marks 1, 5: one pair, far.
    found = pair_agreement(["a"] * 3 + ["b"] * 2, [1, 1, 1, 2, 2], ["f"] * 5, [3.0, 3, 4, 1, 5], 0)
    assert found is not None
    assert (found.n_pairs, found.exact, found.near) == (4, 0.25, 0.75)


def test_a_mark_that_could_not_be_given_makes_no_pair() -> None:
    assert pair_agreement(["a", "a"], [1, 1], ["f", "f"], [3.0, NAN], 0) is None
    assert pair_agreement(["a", "a"], [1, 1], ["f", "p"], [3.0, 3.0], 0) is None
    assert pair_agreement([], [], [], [], 0) is None


def test_one_case_has_no_interval_and_many_have_one_around_the_share() -> None:
    alone = pair_agreement(["a", "a"], [1, 1], ["f", "f"], [3.0, 3.0], 0)
    assert alone is not None
    assert all(map(math.isnan, alone.interval))
    rng = np.random.default_rng(1)
    values = rng.integers(1, 6, size=(60, 2))
    cases = [case for case in range(60) for _ in range(2)]
    found = pair_agreement(cases, cases, ["f"] * 120, values.ravel().astype(float).tolist(), 0)
    assert found is not None
    assert found.near == pytest.approx(np.mean(np.abs(values[:, 0] - values[:, 1]) <= 1))
    assert found.interval[0] < found.near < found.interval[1]
    assert (
        found.interval
        == pair_agreement(cases, cases, ["f"] * 120, values.ravel().astype(float).tolist(), 0).interval
    )
