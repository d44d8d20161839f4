from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from annotation.design.assignment import ImpossiblePlan
from annotation.design.side_by_side import boards


@st.composite
def plans(draw):
    k, n_cases = draw(st.integers(1, 4)), draw(st.integers(1, 30))
    n_seats = draw(st.integers(k, max(k, min(20, n_cases * k))))
    return n_cases, draw(st.integers(2, 6)), k, n_seats


def in_columns(shown, n_systems):
    """How often each system stands in each column, shape (n_systems, n_systems)."""
    counts = np.zeros((n_systems, n_systems), dtype=int)
    for board in shown:
        counts[list(board.columns), range(n_systems)] += 1
    return counts


@settings(max_examples=150, deadline=None)
@given(plan=plans(), seed=st.integers(0, 2**63 - 1))
def test_every_case_is_judged_whole_by_exactly_k_and_loads_differ_by_one_at_most(plan, seed):
    n_cases, n_systems, k, n_seats = plan
    seats = boards(*plan, seed)
    assert len(seats) == n_seats
    assert Counter(board.case for seat in seats for board in seat) == dict.fromkeys(range(n_cases), k)
    for seat in seats:
        assert len({board.case for board in seat}) == len(seat)
        assert all(sorted(board.columns) == list(range(n_systems)) for board in seat)
    loads = [len(seat) for seat in seats]
    assert max(loads) - min(loads) <= 1
    assert seats == boards(*plan, seed)


@settings(max_examples=150, deadline=None)
@given(plan=plans(), seed=st.integers(0, 2**63 - 1))
def test_a_seat_meets_every_system_in_every_column_as_often_at_every_moment(plan, seed):
    n_systems = plan[1]
    for seat in boards(*plan, seed):
        for end in range(1, len(seat) + 1):
            counts = in_columns(seat[:end], n_systems)
            assert counts.max() - counts.min() <= 1


@settings(max_examples=150, deadline=None)
@given(plan=plans(), seed=st.integers(0, 2**63 - 1))
def test_columns_are_even_over_the_whole_study(plan, seed):
    n_systems = plan[1]
    counts = in_columns([board for seat in boards(*plan, seed) for board in seat], n_systems)
    assert counts.max() - counts.min() <= (1 if n_systems % 2 == 0 else 2)


@pytest.mark.parametrize("n_systems", [2, 3, 4, 5])
def test_every_system_stands_beside_every_other_equally_often(n_systems):
    [seat] = boards(4 * n_systems, n_systems, 1, 1, 3)
    beside = Counter(pair for board in seat for pair in pairwise(board.columns))
    assert len(beside) == n_systems * (n_systems - 1)
    assert len(set(beside.values())) == 1


@pytest.mark.parametrize("n_systems", [3, 4])
def test_over_seeds_a_system_is_as_likely_in_every_column_of_a_case(n_systems):
    counts = np.zeros((n_systems, n_systems), dtype=int)
    for seed in range(1200):
        [seat] = boards(n_systems + 1, n_systems, 1, 1, seed)
        [board] = [board for board in seat if board.case == 0]
        counts[list(board.columns), range(n_systems)] += 1
    for column in counts.T:
        assert chisquare(column).pvalue > 0.001


def test_over_seeds_a_case_comes_at_every_place_as_often():
    places = np.zeros(6, dtype=int)
    for seed in range(900):
        [seat] = boards(6, 2, 1, 1, seed)
        places[[board.case for board in seat].index(2)] += 1
    assert chisquare(places).pvalue > 0.001


@settings(max_examples=60, deadline=None)
@given(seeds=st.sets(st.integers(0, 2**32), min_size=2, max_size=2))
def test_another_seed_is_another_plan(seeds):
    one, other = (boards(12, 3, 2, 4, seed) for seed in seeds)
    assert one != other


def test_a_single_system_and_too_few_annotators_are_refused():
    with pytest.raises(ImpossiblePlan, match="two systems or more"):
        boards(10, 1, 1, 2, 0)
    with pytest.raises(ImpossiblePlan, match="lower the annotators a card to 2"):
        boards(10, 3, 3, 2, 0)
