import pytest

from benchmarks.experiments.estimates import over_worlds, paired, short, slope

DRUG_1 = (0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0)
DRUG_2 = (1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4)
"""Student's sleep data. R: t.test(extra ~ group, data = sleep, paired = TRUE) gives −1.58 [−2.4598858, −0.7001142]."""


def test_a_paired_interval_is_that_of_r_on_students_sleep_data() -> None:
    found = paired(dict(enumerate(DRUG_1)), dict(enumerate(DRUG_2)))
    assert found is not None
    assert found.mean == pytest.approx(-1.58)
    assert (found.low, found.high) == pytest.approx((-2.4598858, -0.7001142))
    assert found.n == 10


def test_only_seeds_that_have_both_are_paired() -> None:
    found = paired({1: 0.5, 2: 0.7, 9: 5.0}, {1: 0.25, 2: 0.45})
    assert found is not None
    assert (found.n, found.mean) == (2, pytest.approx(0.25))


def test_one_world_has_no_interval_and_none_has_no_figure() -> None:
    alone = over_worlds([0.25])
    assert alone is not None
    assert (alone.low, alone.high, str(alone)) == (None, None, ".250 (n = 1)")
    assert over_worlds([]) is None


def test_a_slope_needs_two_places() -> None:
    assert slope([0, 1, 2], [1, 3, 5]) == pytest.approx(2)
    assert slope([1, 1], [0, 5]) is None


def test_shares_are_written_as_the_notebook_writes_them() -> None:
    assert [short(value) for value in (0.0434, -0.5, 1.25, -0.0001)] == [".043", "−.500", "1.250", ".000"]
