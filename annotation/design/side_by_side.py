"""The plan of the design "side by side": which cases each seat judges, and in which column every system stands.

A board is one case of one seat, all its texts on one page. As in the paired design every seat judges all systems of
its cases, so that exactly k of them have each card; what is counterbalanced is the column, not the distance.
"""

from dataclasses import dataclass

import numpy as np

from annotation.design.assignment import ImpossiblePlan, assign
from annotation.design.ordering import williams
from annotation.design.streams import STREAM_ASSIGNMENT, STREAM_SIBLINGS


@dataclass(frozen=True, slots=True)
class Board:
    """One case of one seat."""

    case: int
    columns: tuple[int, ...]
    """The systems, from the first column to the last; every system once."""


def boards(n_cases: int, n_systems: int, k: int, n_seats: int, seed: int) -> list[list[Board]]:
    """The boards of every seat, in the order the seat meets them.

    A seat's boards take the rows of Latin squares whose rows are those of a Williams design, square by square, in
    random order within each: so a system stands in a column as often as in any other, to within one, after every
    n_systems boards and at the end, and beside every other system about equally often. Seats whose boards fill no
    whole square share the rows of one among them in turn, so that columns are even over the study as well: to
    within one for an even number of systems, to within two for an odd one, which takes two squares. Which system is
    which number of the square is drawn.

    Args:
        n_cases: cases in the study.
        n_systems: texts a case.
        k: annotators a card.
        n_seats: annotators planned for.
        seed: of the study; the plan follows from these five numbers alone.

    Returns:
        n_seats lists of boards; every case is in exactly k of them, and loads differ by one at most.

    Raises:
        ImpossiblePlan: nothing stands beside a single system, or see assignment.quotas.

    Reference: Williams (1949), see ordering.sibling_orders.
    """
    if n_systems < 2:
        raise ImpossiblePlan(
            "Side by side compares the texts of two systems or more, and the source has one: choose another design."
        )
    rng = np.random.default_rng([seed, STREAM_ASSIGNMENT])
    shares = assign(n_cases, k, n_seats, rng)
    numbers = rng.permutation(n_systems)
    rows = williams(n_systems)
    squares = [rows[start : start + n_systems] for start in range(0, len(rows), n_systems)]
    used = [0] * len(squares)
    """Rows of each square that went to seats which took a part of it."""
    n_parts = 0
    seats = []
    for index, cases in enumerate(shares):
        own = np.random.default_rng([seed, STREAM_SIBLINGS, index])
        n_whole, rest = divmod(len(cases), n_systems)
        taken = [squares[(index + turn) % len(squares)] for turn in range(n_whole)]
        if rest:
            which = n_parts % len(squares)
            taken.append([squares[which][(used[which] + row) % n_systems] for row in range(rest)])
            used[which] += rest
            n_parts += 1
        met = [square[int(row)] for square in taken for row in own.permutation(len(square))]
        order = own.permutation(cases).tolist()
        seats.append(
            [
                Board(case, tuple(int(numbers[system]) for system in row))
                for case, row in zip(order, met, strict=True)
            ]
        )
    return seats
