"""Many callers, one student: cases that arrive within a few milliseconds are explained in one batch.

The queue is bounded. Who comes when it is full is told at once how long to wait, which is kinder than a place at
the end of a line nobody can serve.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from generation.pipeline.records import Case, Explanation

Explain = Callable[[Sequence[Case]], list[Explanation]]


class QueueFull(RuntimeError):
    """More cases wait than the queue holds; `retry_after` says in how many seconds there may be room."""

    def __init__(self, n_waiting: int, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(f"{n_waiting} cases are waiting already; try again in {retry_after} s")


class Closed(RuntimeError):
    """The batcher was closed: this process is about to end."""


@dataclass(slots=True)
class _Waiting:
    cases: Sequence[Case]
    future: Future[list[Explanation]] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class Load:
    """How busy a batcher has been since it started."""

    n_waiting: int
    n_explained: int
    n_batches: int
    n_refused: int
    seconds_a_case: float
    """Moving mean of the time one case takes; 0 before the first."""


class Batcher:
    """Explains with one thread; `submit` may be called from any number of them."""

    def __init__(
        self, explain: Explain, *, max_batch: int = 32, max_waiting: int = 256, linger_seconds: float = 0.002
    ) -> None:
        """
        Args:
            max_batch: cases explained together at most.
            max_waiting: cases in the queue at most; a request that would go over it is refused whole.
            linger_seconds: how long the first case of a batch waits for company while the student is idle.
        """
        if max_batch < 1 or max_waiting < 1 or linger_seconds < 0:
            raise ValueError(f"impossible batcher: {max_batch=}, {max_waiting=}, {linger_seconds=}")
        self._explain, self.max_batch, self.max_waiting = explain, max_batch, max_waiting
        self._linger = linger_seconds
        self._queue: deque[_Waiting] = deque()
        self._n_waiting = self._n_explained = self._n_batches = self._n_refused = 0
        self._seconds_a_case = 0.0
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="explain", daemon=True)
        self._thread.start()

    def submit(self, cases: Sequence[Case]) -> Future[list[Explanation]]:
        """Queue the cases of one request; the future gives one explanation a case, in their order.

        Raises:
            QueueFull: there is no room for all of them. An empty queue takes any request.
            Closed: the process is ending.
        """
        waiting = _Waiting(cases)
        with self._changed:
            if self._closed:
                raise Closed("this process is ending; ask the next one")
            if self._n_waiting and self._n_waiting + len(cases) > self.max_waiting:
                self._n_refused += 1
                raise QueueFull(self._n_waiting, self._retry_after())
            self._queue.append(waiting)
            self._n_waiting += len(cases)
            self._changed.notify()
        return waiting.future

    def load(self) -> Load:
        with self._changed:
            return Load(
                self._n_waiting, self._n_explained, self._n_batches, self._n_refused, self._seconds_a_case
            )

    def close(self) -> None:
        """Explain what waits, then end."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _retry_after(self) -> int:
        return max(1, math.ceil(self._n_waiting * self._seconds_a_case))

    def _work(self) -> None:
        while batch := self._next():
            started = time.monotonic()
            self._answer(batch)
            n = sum(len(each.cases) for each in batch)
            with self._changed:
                a_case = (time.monotonic() - started) / max(n, 1)
                known = self._seconds_a_case
                self._seconds_a_case = a_case if not known else 0.9 * known + 0.1 * a_case
                self._n_explained += n
                self._n_batches += 1

    def _next(self) -> list[_Waiting]:
        """The next requests, whole ones, up to a batch; empty when closed and done."""
        with self._changed:
            while not self._queue and not self._closed:
                self._changed.wait()
            if self._queue and self._linger and self._n_waiting < self.max_batch and not self._closed:
                self._changed.wait_for(
                    lambda: self._n_waiting >= self.max_batch or self._closed, self._linger
                )
            taken: list[_Waiting] = []
            n = 0
            while self._queue and (not taken or n + len(self._queue[0].cases) <= self.max_batch):
                taken.append(self._queue.popleft())
                n += len(taken[-1].cases)
            self._n_waiting -= n
            return taken

    def _answer(self, batch: Sequence[_Waiting]) -> None:
        batch = [each for each in batch if each.future.set_running_or_notify_cancel()]
        cases = [case for each in batch for case in each.cases]
        try:
            explained = self._explain(cases) if cases else []
        except Exception as problem:  # a system promises not to raise; whoever waits is told all the same
            for each in batch:
                each.future.set_exception(problem)
            return
        first = 0
        for each in batch:
            each.future.set_result(explained[first : first + len(each.cases)])
            first += len(each.cases)
