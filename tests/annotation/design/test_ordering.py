import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.design.assignment import quotas
from annotation.design.ordering import (
    ImpossibleGap,
    feasible_gap,
    interleave,
    largest_gap,
    sibling_orders,
    williams,
)
from annotation.design.streams import STREAM_ORDER


@st.composite
def sequences(draw: st.DrawFn) -> tuple[int, int, int]:
    n_cases = draw(st.integers(1, 25))
    n_rounds = draw(st.integers(1, 6))
    return n_cases, n_rounds, draw(st.integers(1, largest_gap(n_cases, n_rounds)))


@given(sequences(), st.integers(0, 2**32))
def test_cards_of_a_case_are_never_closer_than_the_gap(shape: tuple[int, int, int], seed: int) -> None:
    n_cases, n_rounds, gap = shape
    order = interleave(n_cases, n_rounds, gap, np.random.default_rng(seed))
    assert Counter(order) == dict.fromkeys(range(n_cases), n_rounds)
    for case in range(n_cases):
        places = [position for position, one in enumerate(order) if one == case]
        assert all(later - earlier >= gap for earlier, later in itertools.pairwise(places))


@given(sequences(), st.integers(0, 2**32))
def test_an_order_can_be_computed_again(shape: tuple[int, int, int], seed: int) -> None:
    again = [interleave(*shape, np.random.default_rng([seed, STREAM_ORDER, 3])) for _ in range(2)]
    assert again[0] == again[1]


def test_no_order_keeps_more_than_the_largest_gap() -> None:
    """By trying every order of three cases shown twice."""
    from itertools import permutations

    best = max(
        min(tuple(abs(i - j) for i in range(6) for j in range(i) if order[i] == order[j]))
        for order in set(permutations([0, 0, 1, 1, 2, 2]))
    )
    assert best == largest_gap(3, 2) == 3


def test_a_gap_that_cannot_be_kept_is_refused_and_lowered_with_a_word() -> None:
    with pytest.raises(ImpossibleGap, match="1 to 4 are") as caught:
        interleave(4, 3, 5, np.random.default_rng(0))
    assert caught.value.largest == 4
    assert feasible_gap(4, 4, 3) == (4, "")
    gap, note = feasible_gap(9, 4, 3)
    assert gap == 4
    assert "9 apart" in note
    assert "largest feasible gap is 4" in note


@given(st.integers(1, 12), st.integers(2, 6), st.integers(0, 2**32))
def test_small_gaps_leave_orders_free(n_cases: int, n_rounds: int, seed: int) -> None:
    order = interleave(n_cases + 6, n_rounds, 2, np.random.default_rng(seed))
    first, second = order[: n_cases + 6], order[n_cases + 6 : 2 * (n_cases + 6)]
    assert sorted(first) == sorted(second)


@given(st.integers(1, 30), st.integers(1, 4), st.integers(1, 10), st.integers(1, 6), st.integers(0, 2**32))
def test_every_system_is_first_equally_often_over_the_whole_study(
    n_cases: int, k: int, more_seats: int, n_systems: int, seed: int
) -> None:
    n_seats = min(k + more_seats, n_cases * k)
    firsts: Counter[int] = Counter(dict.fromkeys(range(n_systems), 0))
    dealt = 0
    for index, share in enumerate(quotas(n_cases, k, max(n_seats, k))):
        orders = sibling_orders(share, n_systems, dealt, np.random.default_rng([seed, index]))
        assert all(sorted(order) == list(range(n_systems)) for order in orders)
        own = Counter(order[0] for order in orders)
        assert max(own.values()) - min(own[i] for i in range(n_systems)) <= 1
        firsts.update(own)
        dealt += share
    assert max(firsts.values()) - min(firsts.values()) <= 1


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 7])
def test_williams_rows_balance_places_and_neighbours(n: int) -> None:
    rows = williams(n)
    assert len(rows) == (n if n % 2 == 0 else 2 * n)
    for place in range(n):
        assert set(Counter(row[place] for row in rows).values()) == {len(rows) // n}
    pairs = Counter(pair for row in rows for pair in itertools.pairwise(row))
    assert len(pairs) == n * (n - 1)
    assert len(set(pairs.values())) == 1
