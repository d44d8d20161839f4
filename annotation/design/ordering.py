"""In which order an annotator meets the cards: siblings counterbalanced, and never closer than the gap
allows.

A sequence is made of rounds. Each round shows every case once, so each annotator meets n_systems rounds, and
the siblings of a case (its cards) fall into different rounds.
"""

import numpy as np


class ImpossibleGap(ValueError):
    """Cards of one case cannot be kept this far apart; `largest` is what can be done."""

    def __init__(self, message: str, largest: int) -> None:
        super().__init__(message)
        self.largest = largest


def largest_gap(n_cases: int, n_systems: int) -> int:
    """The widest gap that some order of n_cases * n_systems cards keeps.

    With gap g any g cards in a row are of different cases, so g cannot exceed n_cases; showing the cases in
    one order again and again reaches it. With one card a case there is nothing to keep apart, and the gap is
    the length of the sequence.
    """
    return n_cases if n_systems > 1 else n_cases * n_systems


def feasible_gap(wanted: int, n_cases: int, n_systems: int) -> tuple[int, str]:
    """The gap to use and, where it is smaller than wanted, a sentence saying so.

    At half the cases or less an order stays unpredictable; at the largest gap every round repeats the first
    one.
    """
    largest = largest_gap(n_cases, n_systems)
    if wanted <= largest:
        return wanted, ""
    return largest, (
        f"Cards of one case were to be {wanted} apart, but with {n_cases} cases an annotator the largest "
        f"feasible "
        f"gap is {largest}: it was lowered to {largest}."
    )


def interleave(n_cases: int, n_rounds: int, gap: int, rng: np.random.Generator) -> list[int]:
    """Cases in the order an annotator meets them, each n_rounds times, two meetings at least `gap` positions
    apart.

    Each round is drawn card by card, at random among the cases that are far enough from their last
    appearance.
    There always is one: at place j of a round, the cases at places 0 … j + n_cases - gap of the round before
    are far enough, which are more than the j already used.

    Args:
        n_cases: cases of this annotator.
        n_rounds: cards a case.
        gap: least difference of two positions of one case; 1 asks for nothing.
        rng: the annotator's own stream.

    Returns:
        list of n_cases * n_rounds case numbers.

    Raises:
        ImpossibleGap: the gap is below 1 or above largest_gap.
    """
    largest = largest_gap(n_cases, n_rounds)
    if not 1 <= gap <= max(largest, 1):
        raise ImpossibleGap(
            f"a gap of {gap} is not feasible with {n_cases} cases; 1 to {largest} are", largest
        )
    place = dict.fromkeys(range(n_cases), -n_cases)  # position of the last appearance
    sequence: list[int] = []
    for _ in range(n_rounds):
        waiting = set(range(n_cases))
        for _ in range(n_cases):
            position = len(sequence)
            ready = sorted(case for case in waiting if position - place[case] >= gap)
            case = ready[int(rng.integers(len(ready)))]
            waiting.remove(case)
            place[case] = position
            sequence.append(case)
    return sequence


def sibling_orders(n_cases: int, n_systems: int, start: int, rng: np.random.Generator) -> list[list[int]]:
    """For each case of a seat, the order in which its systems are met.

    System (start + i) mod n_systems comes first for the i-th case dealt. Where `start` is the number of cases
    dealt to the seats before, every system is first equally often, to within one, in the whole study.
    What follows the first are the rows of a Williams square, so that each system also follows each other one
    about equally often.

    Args:
        n_cases: cases of the seat.
        n_systems: cards a case.
        start: cases dealt to the seats before this one.
        rng: decides which case gets which order.

    Returns:
        n_cases permutations of range(n_systems).

    Reference: Williams (1949), Experimental designs balanced for the estimation of residual effects of
        treatments, Australian Journal of Scientific Research A 2, 149-168.
    """
    rows = williams(n_systems)
    by_first = [[row for row in rows if row[0] == system] for system in range(n_systems)]
    dealt = []
    for i in range(n_cases):
        choices = by_first[(start + i) % n_systems]
        dealt.append(choices[((start + i) // n_systems) % len(choices)])
    return [dealt[int(i)] for i in rng.permutation(n_cases)]


def williams(n: int) -> list[list[int]]:
    """Rows of a Williams design for n treatments: n rows when n is even, 2n when it is odd.

    Every treatment stands at every place equally often and follows every other one equally often.
    """
    if n == 1:
        return [[0]]
    base = [0]
    low, high = 1, n - 1
    while len(base) < n:
        base.append(low)
        low += 1
        if len(base) < n:
            base.append(high)
            high -= 1
    rows = [[(value + shift) % n for value in base] for shift in range(n)]
    return rows if n % 2 == 0 else rows + [row[::-1] for row in rows]
