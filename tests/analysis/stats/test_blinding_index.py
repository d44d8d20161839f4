"""Golden values: the CRISP trial (Bang et al. 2004, table 7) worked by hand in fractions, and Houweling et al. (2014),
table 2, as the R package BI 1.2.0 (Schwartz & Mercaldo) and its port BlindingIndex.jl print it."""

from fractions import Fraction

import numpy as np
import pytest

from analysis.stats.blinding_index import CANNOT_SAY, BlindingIndex, bang, james
from analysis.stats.estimates import Interval, Undefined

CRISP = ((82, 25, 170), (27, 29, 83))
"""A row an arm (lovastatin, placebo): guessed lovastatin, guessed placebo, could not say."""
HOUWELING_INVESTIGATORS = ((48, 4, 330), (22, 30, 319))


def answers(table: tuple[tuple[int, ...], ...]) -> tuple[np.ndarray, np.ndarray]:
    """One row an answer, out of a table whose last column is "cannot say"."""
    cells = [
        (truth, CANNOT_SAY if guess == len(row) - 1 else guess, n)
        for truth, row in enumerate(table)
        for guess, n in enumerate(row)
    ]
    truth = np.concatenate([np.full(n, truth) for truth, _, n in cells])
    return truth, np.concatenate([np.full(n, guess) for _, guess, n in cells])


def published_error_of_james(table: tuple[tuple[int, ...], ...]) -> float:
    """The variance of James et al. as Bang et al. print it, term by term, for two arms and weights 0, 0.5, 1."""
    p = np.array(table, dtype=float).T / np.sum(table)
    unsure, said, given = p[2].sum(), p[:2].sum(axis=1), p[:2].sum(axis=0)
    weight = np.array([[0.0, 0.5], [0.5, 0.0]])
    by_lot = sum(weight[i, j] * said[i] * given[j] for i in range(2) for j in range(2))
    kappa = (weight * p[:2]).sum() * (1 - unsure) / by_lot - 1
    first = 0.0
    for i in range(2):
        for j in range(2):
            extra = sum(weight[r, j] * said[r] + weight[i, r] * given[r] for r in range(2))
            inner = (1 - unsure) * weight[i, j] - (1 + kappa) * extra
            first += p[i, j] * (1 - unsure) ** 2 * inner**2 / (4 * by_lot**2)
    rest = unsure * (1 - unsure) - (1 - unsure) * (1 + kappa) * (unsure + (1 - unsure) * (1 + kappa) / 4)
    return float(np.sqrt((first + rest) / np.sum(table)))


def test_crisp_comes_out_as_worked_by_hand() -> None:
    truth, guess = answers(CRISP)
    n, n_said, n_wrong = 416, 163, 25 + 27
    by_lot = (82 + 25) * (25 + 29) + (27 + 29) * (82 + 27)
    wanted = Fraction(n - n_said, n) + Fraction(n_said**2 * n_wrong, 2 * by_lot * n)
    found = james(truth, guess)
    assert isinstance(found, BlindingIndex)
    assert found.value == pytest.approx(float(wanted), abs=1e-12)
    assert round(found.value, 2) == 0.75
    assert bang(0, truth, guess, n_kinds=2).value == pytest.approx((82 - 25) / 277)
    assert bang(1, truth, guess, n_kinds=2).value == pytest.approx((29 - 27) / 139)


def test_bangs_variance_is_the_published_one() -> None:
    right, wrong, n = 82 / 277, 25 / 277, 277
    wanted = (right * (1 - right) + wrong * (1 - wrong) + 2 * right * wrong) / n
    assert bang(0, *answers(CRISP), n_kinds=2).standard_error == pytest.approx(wanted**0.5)


@pytest.mark.parametrize("table", [CRISP, HOUWELING_INVESTIGATORS])
def test_the_error_of_james_is_the_published_one(table: tuple[tuple[int, ...], ...]) -> None:
    assert james(*answers(table)).standard_error == pytest.approx(published_error_of_james(table), rel=1e-9)


def test_houweling_comes_out_as_other_programs_print_it() -> None:
    def printed(index: BlindingIndex | Undefined) -> tuple[float, ...]:
        assert isinstance(index, BlindingIndex)
        assert isinstance(index.interval, Interval)
        assert isinstance(index.standard_error, float)
        numbers = (index.value, index.standard_error, index.interval.low, index.interval.high)
        return tuple(round(number, 3) for number in numbers)

    truth, guess = answers(HOUWELING_INVESTIGATORS)
    assert printed(james(truth, guess)) == (0.896, 0.011, 0.875, 0.918)
    assert printed(bang(0, truth, guess, n_kinds=2)) == (0.115, 0.018, 0.08, 0.15)
    assert printed(bang(1, truth, guess, n_kinds=2)) == (0.022, 0.019, -0.016, 0.06)


def test_the_ends_mean_what_they_say() -> None:
    truth = np.array([0, 0, 1, 1, 2, 2])
    assert james(truth, truth).value == pytest.approx(0)
    assert james(truth, np.full(6, CANNOT_SAY)).value == 1
    assert bang(0, truth, truth, n_kinds=3).value == 1
    assert bang(0, truth, np.full(6, CANNOT_SAY), n_kinds=3).value == 0
    assert bang(0, truth, np.full(6, 1), n_kinds=3).value == -0.5


def test_guessing_by_lot_is_one_half_and_nought_however_many_kinds_there_are() -> None:
    for n_kinds in (2, 3, 5):
        truth, guess = (codes.ravel() for codes in np.indices((n_kinds, n_kinds)))
        assert james(truth, guess).value == pytest.approx(0.5)
        assert bang(1, truth, guess, n_kinds=n_kinds).value == pytest.approx(0)


def test_five_guesses_of_one_person_are_not_five_people() -> None:
    rng = np.random.default_rng(5)
    truth, guess = rng.integers(0, 2, 40), rng.integers(-1, 2, 40)
    people = np.arange(40)
    often = (np.repeat(truth, 5), np.repeat(guess, 5))
    for once, again in (
        (james(truth, guess, people=people), james(*often, people=np.repeat(people, 5))),
        (
            bang(0, truth, guess, n_kinds=2, people=people),
            bang(0, *often, n_kinds=2, people=np.repeat(people, 5)),
        ),
    ):
        assert again.value == pytest.approx(once.value)
        assert again.standard_error == pytest.approx(once.standard_error)
        assert again.n_people == once.n_people
    assert james(*often).standard_error < 0.5 * james(*often, people=np.repeat(people, 5)).standard_error


def test_intervals_over_people_cover() -> None:
    """30 people of different ears guess 4 cards each; 95% intervals, so 400 draws leave out 20, give or take 13."""
    rng = np.random.default_rng(11)
    kept = 0
    for _ in range(400):
        ear = np.repeat(rng.choice([0.3, 0.9], 30), 4)
        truth = np.tile([0, 1, 0, 1], 30)
        guess = np.where(rng.random(120) < ear, truth, 1 - truth)
        found = bang(0, truth, guess, n_kinds=2, people=np.repeat(np.arange(30), 4))
        kept += 0.2 in found.interval
    assert 367 <= kept <= 393


def test_what_cannot_be_known_is_said_in_words() -> None:
    one_kind = np.zeros(4, dtype=int)
    assert "nothing to tell apart" in str(james(one_kind, one_kind))
    assert "nobody was asked" in str(bang(1, one_kind, one_kind, n_kinds=2))
    mixed = np.array([0, 0, 1, 1])
    assert "named one kind" in str(james(mixed, np.array([0, 0, CANNOT_SAY, CANNOT_SAY])))
    alone = bang(0, mixed, np.array([0, 1, 0, 1]), n_kinds=2, people=np.zeros(4, dtype=int))
    assert "one annotator alone" in str(alone.interval)
    assert "all answers are alike" in str(bang(0, mixed, mixed, n_kinds=2).interval)
    with pytest.raises(ValueError, match="two kinds or more"):
        bang(0, mixed, mixed, n_kinds=1)
