import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from generation.pipeline.records import Case, Explanation, Signature
from generation.pipeline.serving.batcher import Batcher, Closed, QueueFull
from tests.generation.pipeline.films import cases

SIGNED = Signature("echo", "1")


class Echo:
    """Explains with the item's label, and holds its breath while `gate` is closed."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, some: Sequence[Case]) -> list[Explanation]:
        self.batches.append(len(some))
        self.gate.wait(10)
        return [Explanation(case.id, case.item.label, "ok", SIGNED) for case in some]


@contextmanager
def closing(batcher: Batcher) -> Iterator[Batcher]:
    try:
        yield batcher
    finally:
        batcher.close()


def held(batcher: Batcher, echo: Echo) -> None:
    """Keep the thread busy with one case, so that what comes next has to wait."""
    echo.gate.clear()
    batcher.submit(cases(1))
    deadline = time.monotonic() + 5
    while not echo.batches and time.monotonic() < deadline:
        time.sleep(0.001)


def test_each_caller_gets_its_own_cases_in_its_own_order() -> None:
    echo = Echo()
    with closing(Batcher(echo, max_batch=8)) as batcher:
        some = cases(24)
        futures = [batcher.submit(some[i : i + 3][::-1]) for i in range(0, 24, 3)]
        for i, future in zip(range(0, 24, 3), futures, strict=True):
            assert [one.case_id for one in future.result(5)] == [c.id for c in some[i : i + 3][::-1]]


def test_what_waits_together_is_explained_together_and_no_batch_is_too_large() -> None:
    echo = Echo()
    with closing(Batcher(echo, max_batch=4, linger_seconds=0)) as batcher:
        held(batcher, echo)
        futures = [batcher.submit(cases(1)) for _ in range(9)]
        echo.gate.set()
        for future in futures:
            future.result(5)
    assert echo.batches == [1, 4, 4, 1]


def test_a_full_queue_refuses_a_request_whole_and_says_when_to_come_back() -> None:
    echo = Echo()
    with closing(Batcher(echo, max_waiting=4, linger_seconds=0)) as batcher:
        held(batcher, echo)
        kept = [batcher.submit(cases(2)), batcher.submit(cases(2))]
        with pytest.raises(QueueFull) as refusal:
            batcher.submit(cases(1))
        assert refusal.value.retry_after >= 1
        echo.gate.set()
        assert [len(future.result(5)) for future in kept] == [2, 2]
        assert batcher.load().n_refused == 1


def test_a_request_larger_than_the_queue_is_served_by_an_idle_student() -> None:
    with closing(Batcher(Echo(), max_batch=2, max_waiting=2)) as batcher:
        assert len(batcher.submit(cases(5)).result(5)) == 5


def test_a_student_that_raises_takes_nobody_elses_answers_with_it() -> None:
    def explain(some: Sequence[Case]) -> list[Explanation]:
        if some[0].user == "bad":
            raise RuntimeError("out of memory")
        return [Explanation(case.id, "x", "ok", SIGNED) for case in some]

    (case,) = cases(1)
    bad = Case(case.id, "bad", case.history, case.item, "test")
    with closing(Batcher(explain, linger_seconds=0)) as batcher:
        with pytest.raises(RuntimeError, match="out of memory"):
            batcher.submit([bad]).result(5)
        assert batcher.submit([case]).result(5)[0].text == "x"


def test_closing_explains_what_waits_and_takes_no_more() -> None:
    echo = Echo()
    batcher = Batcher(echo, linger_seconds=0)
    held(batcher, echo)
    future = batcher.submit(cases(3))
    echo.gate.set()
    batcher.close()
    assert len(future.result(0)) == 3
    with pytest.raises(Closed):
        batcher.submit(cases(1))
