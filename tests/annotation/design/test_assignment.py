from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.design.assignment import ImpossiblePlan, assign, quotas


@st.composite
def plans(draw: st.DrawFn) -> tuple[int, int, int]:
    n_seats = draw(st.integers(1, 20))
    k = draw(st.integers(1, n_seats))
    n_cases = draw(st.integers(-(-n_seats // k), 60))
    return n_cases, k, n_seats


@given(plans(), st.integers(0, 2**32))
def test_every_case_gets_exactly_k_different_seats_and_seats_are_equal_to_one_case(
    plan: tuple[int, int, int], seed: int
) -> None:
    n_cases, k, n_seats = plan
    seats = assign(n_cases, k, n_seats, np.random.default_rng(seed))
    assert len(seats) == n_seats
    assert all(len(set(seat)) == len(seat) for seat in seats)
    assert Counter(case for seat in seats for case in seat) == dict.fromkeys(range(n_cases), k)
    sizes = [len(seat) for seat in seats]
    assert max(sizes) - min(sizes) <= 1


@given(plans(), st.integers(0, 2**32))
def test_the_seed_alone_decides_the_plan(plan: tuple[int, int, int], seed: int) -> None:
    assert assign(*plan, np.random.default_rng(seed)) == assign(*plan, np.random.default_rng(seed))


def test_another_seed_gives_another_plan() -> None:
    assert assign(30, 3, 9, np.random.default_rng(1)) != assign(30, 3, 9, np.random.default_rng(2))


def test_company_is_mixed_so_that_severity_can_be_told_from_cases() -> None:
    seats = [set(seat) for seat in assign(30, 3, 9, np.random.default_rng(5))]
    partners = [sum(bool(mine & other) for other in seats) - 1 for mine in seats]
    assert min(partners) >= 5


def test_quotas_share_what_is_left_over() -> None:
    assert quotas(10, 3, 4) == [8, 8, 7, 7]


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ((0, 1, 1), "no case"),
        ((5, 0, 3), "at least 1"),
        ((5, 4, 3), "lower the annotators a card to 3"),
        ((2, 1, 3), "plan for at most 2"),
    ],
)
def test_an_impossible_plan_says_which_number_to_change(plan: tuple[int, int, int], words: str) -> None:
    with pytest.raises(ImpossiblePlan, match=words):
        quotas(*plan)
