import numpy as np
import pytest

from analysis.stats.crossed import draw, everything, intervals
from analysis.stats.estimates import Interval, Undefined
from benchmarks.correlation_coverage import coverage


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_as_many_are_drawn_as_there_are() -> None:
    drawn = draw(12, 5, rng=rng(), n_resamples=100)
    assert (drawn.cases.sum(axis=1) == 12).all()
    assert (drawn.systems.sum(axis=1) == 5).all()
    behind = drawn.after_everything()
    assert len(behind) == 101
    assert (behind.cases[0] == 1).all()
    assert (behind.cases[1:] == drawn.cases).all()
    parts = list(behind.batches(12 * 5 * 30))
    assert [len(part) for part in parts] == [30, 30, 30, 11]
    assert (np.concatenate([part.cases for part in parts]) == behind.cases).all()
    assert len(everything(12, 5)) == 1


def test_many_cases_are_counted_in_one_byte_each() -> None:
    drawn = draw(5_000, 4, rng=rng(), n_resamples=100)
    assert drawn.cases.dtype.itemsize == 1
    assert (drawn.cases.astype(int).sum(axis=1) == 5_000).all()
    assert drawn.cases.max() < 20


def test_two_systems_are_not_drawn() -> None:
    drawn = draw(12, 2, rng=rng(), n_resamples=100)
    assert (drawn.systems == 1).all()
    assert drawn.unit == "cases, systems fixed"
    with pytest.raises(ValueError, match="100 resamples or more"):
        draw(12, 2, rng=rng(), n_resamples=99)


def test_ends_are_quantiles_of_what_is_defined() -> None:
    values = rng().normal(size=(4, 200))
    values[1, :30] = np.nan
    values[2, :150] = np.nan
    values[3] = 0.25
    plain, some, few, flat = intervals(values, confidence=0.9, unit="cases")
    assert isinstance(plain, Interval)
    assert [plain.low, plain.high] == pytest.approx(np.quantile(values[0], [0.05, 0.95]))
    assert isinstance(some, Interval)
    assert [some.low, some.high] == pytest.approx(np.nanquantile(values[1], [0.05, 0.95]))
    assert some.n_degenerate == 30
    assert "150 of 200 resamples of cases were undefined" in str(few)
    assert isinstance(flat, Undefined)
    assert "the same value" in flat.reason


def test_intervals_hold_the_truth_where_systems_are_a_sample_too() -> None:
    both, alone = coverage(4, 150, seed=2, n_resamples=200)
    assert 0.86 <= both <= 0.98
    assert alone < 0.78
