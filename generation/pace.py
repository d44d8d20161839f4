"""How fast a run goes now: from the marks its shards left over the last minute, not from its beginning.

A mark is (when, how much was done by then), in seconds of the clock. The first mark of a claim is its first report,
so that neither getting ready nor what an earlier worker did counts as speed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WINDOW_SECONDS = 60.0
"""What counts as now. Where less than one mark falls into it, now goes back to the mark before the newest."""

MARK_EVERY_SECONDS = 5.0

Mark = tuple[float, int]


@dataclass(frozen=True, slots=True)
class Pace:
    n_done: int
    """Done within the window, rounded."""
    seconds: float
    """How long the window is."""
    per_second: float


def marked(marks: Sequence[Mark], *, at: float, n_done: int) -> tuple[Mark, ...]:
    """The marks with another one, if it is time for it; without those that no window will reach any more."""
    if marks and (n_done == marks[-1][1] or (len(marks) > 1 and at - marks[-1][0] < MARK_EVERY_SECONDS)):
        return tuple(marks)
    kept = [*marks, (at, n_done)]
    n_old = sum(1 for one, _ in kept if one < at - WINDOW_SECONDS)
    first = min(max(n_old - 1, 0), len(kept) - min(len(kept), 3))
    return tuple(kept[first:])


def pace(shards: Sequence[Sequence[Mark]], *, now: float) -> Pace | None:
    """The speed of all shards together; None before two different moments are known.

    Args:
        shards: the marks of each shard that moved within the window or is worked on, its newest state last.
    """
    moments = sorted({at for marks in shards for at, _ in marks}, reverse=True)
    if len(moments) < 2:
        return None
    start = max(min(now - WINDOW_SECONDS, moments[1]), moments[-1])
    seconds = now - start
    done = sum(marks[-1][1] - _done_at(marks, start) for marks in shards if marks)
    if seconds <= 0 or done <= 0:
        return None
    return Pace(round(done), seconds, done / seconds)


def _done_at(marks: Sequence[Mark], at: float) -> float:
    """How much was done at a moment, in a line between the marks around it."""
    before, n_before = marks[0]
    for after, n_after in marks:
        if after >= at:
            share = (at - before) / (after - before) if after > before and at > before else 0.0
            return n_before + (n_after - n_before) * share
        before, n_before = after, n_after
    return n_before
