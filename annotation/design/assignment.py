"""The paired design's plan: which cases each seat rates. Exactly k seats a case, seats equal to one case."""

import numpy as np


class ImpossiblePlan(ValueError):
    """No plan can meet these numbers; the message says which number to change."""


def quotas(n_cases: int, k: int, n_seats: int) -> list[int]:
    """How many cases each seat rates, larger shares first.

    Args:
        n_cases: cases in the study.
        k: annotators a case.
        n_seats: annotators planned for.

    Returns:
        list of n_seats numbers that differ by at most one and sum to n_cases * k.

    Raises:
        ImpossiblePlan: a number is below 1, or k is above the seats: nobody rates a case twice.
    """
    if n_cases < 1:
        raise ImpossiblePlan("There is no case to rate.")
    if k < 1:
        raise ImpossiblePlan(f"Every card needs at least 1 annotator, not {k}.")
    if k > n_seats:
        raise ImpossiblePlan(
            f"{k} annotators a card need at least {k} annotators, and the plan has {n_seats}: "
            f"lower the annotators a card to {n_seats} or plan for {k}."
        )
    if n_cases * k < n_seats:
        raise ImpossiblePlan(
            f"{n_cases} cases rated {k} times give {n_cases * k} shares, too few for {n_seats} annotators: "
            f"plan for at most {n_cases * k}."
        )
    smaller, n_larger = divmod(n_cases * k, n_seats)
    return [smaller + 1] * n_larger + [smaller] * (n_seats - n_larger)


def assign(n_cases: int, k: int, n_seats: int, rng: np.random.Generator) -> list[list[int]]:
    """Share the cases among the seats.

    The cases are dealt k times round, in a fresh random order each round, and the seats are filled one after
    the other. A seat that begins in one round and ends in the next could meet a case twice: the new round
    therefore starts with cases that seat does not hold, which always exist because no seat takes more than
    n_cases.
    Fresh orders mix the company: two seats share some cases with each other and some with others, so that
    severities can be told apart from cases.

    Args:
        n_cases, k, n_seats: see quotas.
        rng: draws the orders and which seats take the larger shares.

    Returns:
        n_seats sorted lists of distinct case numbers; every case is in exactly k of them.

    Raises:
        ImpossiblePlan: see quotas.
    """
    shares = quotas(n_cases, k, n_seats)
    rng.shuffle(shares)
    seats: list[list[int]] = []
    deck: list[int] = []
    for share in shares:
        hand: list[int] = []
        while len(hand) < share:
            if not deck:
                deck = _fresh_round(n_cases, set(hand), share - len(hand), rng)
            take = min(share - len(hand), len(deck))
            hand += deck[:take]
            deck = deck[take:]
        seats.append(sorted(hand))
    return seats


def _fresh_round(n_cases: int, held: set[int], n_first: int, rng: np.random.Generator) -> list[int]:
    """A random order of all cases whose first n_first are not held."""
    order = [int(case) for case in rng.permutation(n_cases)]
    first = [case for case in order if case not in held][:n_first]
    chosen = set(first)
    rest = [case for case in order if case not in chosen]
    return first + rest
