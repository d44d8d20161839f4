"""The Latin square's plan: everybody meets a case once, under one system, and every system equally often.

Which seat meets a case under which system is an equitable colouring of the graph of seats and cases: k times each
system at a case, and at a seat each system as often as any other, to within one. Such a colouring always exists.

Reference: de Werra (1971), Equitable colorations of graphs, RAIRO 5 (R3), 3-8: splitting a vertex into pieces of
n_systems edges turns it into a proper colouring, which König's chains of two alternating colours find.
"""

from collections import defaultdict

import numpy as np

from annotation.design.assignment import ImpossiblePlan, assign
from annotation.design.ordering import williams


def deal(
    n_cases: int, n_systems: int, k: int, n_seats: int, rng: np.random.Generator
) -> list[dict[int, int]]:
    """Which cases each seat rates, and under which system.

    Args:
        n_cases: cases in the study.
        n_systems: cards a case.
        k: annotators a card, so that a case is met by k * n_systems of them.
        n_seats: annotators planned for.
        rng: draws cases and systems.

    Returns:
        n_seats dicts of case -> system; every (case, system) is in exactly k of them, loads differ by one at most.

    Raises:
        ImpossiblePlan: a number is below 1, or there are fewer seats than a case needs.
    """
    if n_systems * k > n_seats:
        raise ImpossiblePlan(
            f"In a Latin square nobody meets a case twice: {k} annotators a card and {n_systems} systems need at "
            f"least {k * n_systems} annotators, and the plan has {n_seats}."
        )
    seats = assign(n_cases, k * n_systems, n_seats, rng)
    edges = [(seat, case) for seat, cases in enumerate(seats) for case in cases]
    colours = _equitable([edges[int(i)] for i in rng.permutation(len(edges))], n_systems)
    names = rng.permutation(n_systems)
    dealt: list[dict[int, int]] = [{} for _ in range(n_seats)]
    for (seat, case), colour in sorted(colours.items()):
        dealt[seat][case] = int(names[colour])
    return dealt


def sequence(systems: dict[int, int], n_systems: int, turn: int, rng: np.random.Generator) -> list[int]:
    """The order in which a seat meets its cases.

    The systems come in the rows of a Williams square, one row after the other from row `turn` on, as long as the
    seat has cases of every system; what is left over follows in random order. Which of a system's cases comes at
    its place is drawn.

    Args:
        systems: case -> system, as `deal` gives them to one seat.
        turn: number of the seat, so that the rows take turns from seat to seat.

    Returns:
        the cases, first to last.
    """
    waiting: dict[int, list[int]] = defaultdict(list)
    for case in rng.permutation(sorted(systems)).tolist():
        waiting[systems[case]].append(case)
    rows = williams(n_systems)
    order: list[int] = []
    turn = turn % len(rows)
    for row in [*rows[turn:], *rows[:turn]] * (len(systems) // n_systems // len(rows) + 1):
        if not all(waiting[system] for system in range(n_systems)):
            break
        order += [waiting[system].pop() for system in row]
    rest = [case for cases in waiting.values() for case in cases]
    return [*order, *(rest[int(i)] for i in rng.permutation(len(rest)))]


def _equitable(edges: list[tuple[int, int]], n_colours: int) -> dict[tuple[int, int], int]:
    """A colour for each edge of a bipartite graph, at every vertex each colour equally often to within one."""
    degree: dict[tuple[str, int], int] = defaultdict(int)
    pieces: list[tuple[tuple[str, int, int], tuple[str, int, int]]] = []
    for ends in edges:
        piece = []
        for side, vertex in zip("ab", ends, strict=True):
            piece.append((side, vertex, degree[side, vertex] // n_colours))
            degree[side, vertex] += 1
        pieces.append((piece[0], piece[1]))
    at: dict[tuple[str, int, int], dict[int, int]] = defaultdict(dict)
    """Piece of a vertex -> colour -> number of the edge that has it there."""
    colour: list[int] = [-1] * len(edges)
    for number, (one, other) in enumerate(pieces):
        free_one, free_other = (
            next(each for each in range(n_colours) if each not in at[piece]) for piece in (one, other)
        )
        if free_one != free_other:
            _swap_chain(other, free_one, free_other, pieces, at, colour)
        colour[number] = free_one
        at[one][free_one] = at[other][free_one] = number
    return dict(zip(edges, colour, strict=True))


def _swap_chain(
    start: tuple[str, int, int],
    first: int,
    second: int,
    pieces: list[tuple[tuple[str, int, int], tuple[str, int, int]]],
    at: dict[tuple[str, int, int], dict[int, int]],
    colour: list[int],
) -> None:
    """Exchange two colours along the path that leaves `start` by `first`, so that `first` is free there.

    In a bipartite graph the path cannot end at the vertex on the other side that also lacks `first`.
    """
    path, here, wanted, other = [], start, first, second
    while wanted in at[here]:
        edge = at[here][wanted]
        path.append((edge, wanted, other))
        here = pieces[edge][1] if pieces[edge][0] == here else pieces[edge][0]
        wanted, other = other, wanted
    for edge, old, _ in path:
        for piece in pieces[edge]:
            del at[piece][old]
    for edge, _, new in path:
        colour[edge] = new
        for piece in pieces[edge]:
            at[piece][new] = edge
