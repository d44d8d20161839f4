from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from annotation.design.assignment import ImpossiblePlan
from annotation.design.latin import deal, sequence


@st.composite
def plans(draw):
    n_systems, k = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    n_cases = draw(st.integers(1, 30))
    n_seats = draw(st.integers(k * n_systems, max(k * n_systems, min(25, n_cases * k * n_systems))))
    return n_cases, n_systems, k, n_seats


@settings(max_examples=150, deadline=None)
@given(plan=plans(), seed=st.integers(0, 2**32))
def test_every_card_has_k_annotators_and_nobody_meets_a_case_twice(plan, seed):
    n_cases, n_systems, k, _ = plan
    seats = deal(*plan, np.random.default_rng(seed))
    assert Counter((case, system) for seat in seats for case, system in seat.items()) == {
        (case, system): k for case in range(n_cases) for system in range(n_systems)
    }
    loads = [len(seat) for seat in seats]
    assert max(loads) - min(loads) <= 1
    for seat in seats:
        met = [list(seat.values()).count(system) for system in range(n_systems)]
        assert max(met) - min(met) <= 1
    assert seats == deal(*plan, np.random.default_rng(seed))


@settings(max_examples=100, deadline=None)
@given(plan=plans(), seed=st.integers(0, 2**32))
def test_a_seat_meets_each_of_its_cases_once_and_the_systems_in_turn(plan, seed):
    n_systems = plan[1]
    rng = np.random.default_rng(seed)
    for turn, seat in enumerate(deal(*plan, rng)):
        order = sequence(seat, n_systems, turn, rng)
        assert sorted(order) == sorted(seat)
        whole = min(Counter(seat.values()).get(system, 0) for system in range(n_systems))
        for start in range(0, whole * n_systems, n_systems):
            shown = [seat[case] for case in order[start : start + n_systems]]
            assert sorted(shown) == list(range(n_systems))


def test_every_system_stands_at_every_place_equally_often():
    places = np.zeros((4, 4))
    for seed in range(60):
        rng = np.random.default_rng(seed)
        for turn, seat in enumerate(deal(16, 4, 1, 8, rng)):
            for place, case in enumerate(sequence(seat, 4, turn, rng)):
                places[seat[case], place % 4] += 1
    assert (places == places[0, 0]).all()


def test_every_system_follows_every_other_equally_often_within_rows():
    follows = Counter()
    rng = np.random.default_rng(0)
    for turn, seat in enumerate(deal(16, 4, 1, 4, rng)):
        shown = [seat[case] for case in sequence(seat, 4, turn, rng)]
        for start in range(0, 16, 4):
            follows.update(pairwise(shown[start : start + 4]))
    assert set(follows.values()) == {4}
    assert len(follows) == 12


def test_each_case_of_a_system_is_as_likely_at_each_place():
    counts = np.zeros(12)
    for seed in range(600):
        rng = np.random.default_rng(seed)
        [seat, *_] = deal(12, 2, 1, 2, rng)
        counts[sequence(seat, 2, seed, rng).index(0)] += 1
    assert chisquare(counts).pvalue > 0.001


@settings(max_examples=60, deadline=None)
@given(seeds=st.sets(st.integers(0, 2**32), min_size=2, max_size=2))
def test_another_seed_is_another_plan(seeds):
    one, other = (deal(12, 3, 1, 6, np.random.default_rng(seed)) for seed in seeds)
    assert one != other


def test_too_few_annotators_are_refused_with_the_number_it_takes():
    with pytest.raises(ImpossiblePlan, match="need at least 8 annotators, and the plan has 7"):
        deal(10, 4, 2, 7, np.random.default_rng(0))
