"""How fast a run goes now, however it went before."""

import pytest

from generation.pace import Mark, marked, pace


def steady(start: float, end: float, rate: float, n: int = 0) -> tuple[Mark, ...]:
    """A shard that does `rate` a second and reports once a second: its marks, and where it is at the end."""
    marks: tuple[Mark, ...] = ()
    for second in range(int(end - start) + 1):
        marks = marked(marks, at=start + second, n_done=n + round(rate * second))
    return (*marks, (end, n + round(rate * (end - start))))


def test_a_steady_shard_has_its_own_rate() -> None:
    found = pace([steady(0, 600, 3)], now=600)
    assert found is not None
    assert found.per_second == pytest.approx(3, rel=0.02)
    assert found.seconds == 60


def test_what_was_long_ago_does_not_count() -> None:
    marks = steady(0, 600, 1)
    for second in range(1, 121):
        marks = marked(marks, at=600 + second, n_done=600 + 10 * second)
    found = pace([marks], now=720)
    assert found is not None
    assert found.per_second == pytest.approx(10, rel=0.02)  # and not (600 + 1200) / 720 = 2.5


def test_a_run_that_stands_still_gets_slower_by_the_second() -> None:
    marks = steady(0, 100, 2)
    rates = [found.per_second for now in (100, 130, 155) if (found := pace([marks], now=now))]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < rates[0] / 5


def test_shards_side_by_side_add_up_and_shards_one_after_the_other_do_not() -> None:
    beside = pace([steady(0, 60, 2), steady(0, 60, 3)], now=60)
    assert beside is not None
    assert beside.per_second == pytest.approx(5, rel=0.02)
    after = pace([steady(start, start + 10, 2) for start in range(0, 60, 10)], now=60)
    assert after is not None
    assert after.per_second == pytest.approx(2, rel=0.02)


def test_steps_longer_than_the_window_still_give_a_rate() -> None:
    marks = steady(0, 0, 0)
    for step in range(1, 6):
        marks = marked(marks, at=step * 90.0, n_done=step)
    for now in (451, 500, 539):
        found = pace([marks], now=now)
        assert found is not None
        assert 1 / 200 < found.per_second <= 1 / 90


def test_what_an_earlier_worker_did_is_no_speed() -> None:
    found = pace([steady(0, 10, 2, n=5000)], now=10)
    assert found is not None
    assert found.per_second == pytest.approx(2)


@pytest.mark.parametrize("shards", [[], [()], [((5.0, 7),)]])
def test_one_moment_is_no_rate(shards: list[tuple[Mark, ...]]) -> None:
    assert pace(shards, now=10) is None


def test_marks_stay_few_however_long_a_shard_runs() -> None:
    assert max(len(steady(0, end, 7)) for end in (30, 300, 3000)) <= 15
