"""Runs and what they build on as a drawing: one column a stage, arrows from left to right, no arrow behind a box."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, Protocol, TypeVar

BOX_WIDTH, BOX_HEIGHT = 176, 70
GAP_X, GAP_Y = 48, 14
LANE = 14
"""Height of the way an arrow takes past a column in which it does not end."""
TOP, SIDE = 26, 8
"""Room for the names of the stages above, and around."""


class Placed(Protocol):
    """What can be drawn: a number of its own and the column it belongs to."""

    @property
    def key(self) -> int: ...

    @property
    def column(self) -> int: ...


Node = TypeVar("Node", bound=Placed)


@dataclass(frozen=True)
class Box(Generic[Node]):
    node: Node
    x: int
    y: int

    width, height = BOX_WIDTH, BOX_HEIGHT

    @property
    def text_x(self) -> int:
        return self.x + 12

    @property
    def lines(self) -> tuple[int, int, int, int]:
        """Base lines of its rows of text, and where its bar lies."""
        return self.y + 20, self.y + 38, self.y + 55, self.y + 62


@dataclass(frozen=True)
class Heading:
    x: int
    label: str


@dataclass(frozen=True)
class Drawing(Generic[Node]):
    boxes: tuple[Box[Node], ...]
    arrows: tuple[str, ...]
    """Paths, as SVG takes them, each from a box to one that builds on it."""
    headings: tuple[Heading, ...]
    width: int
    height: int


def draw(
    nodes: Sequence[Node], edges: Sequence[tuple[int, int]], columns: Mapping[int, str]
) -> Drawing[Node]:
    """Lay the nodes out.

    1. A column for each stage that has a node; its nodes near what they build on, to keep arrows short.
    2. An arrow over several columns gets a lane in each of those between, shared by all that start where it does.

    Args:
        edges: (key of what is built on, key of what builds on it); from a lower column to a higher one.
        columns: column -> its heading.
    """
    by_key = {node.key: node for node in nodes}
    used = [column for column in sorted(columns) if any(node.column == column for node in nodes)]
    place = {column: index for index, column in enumerate(used)}
    wanted: dict[Slot, list[Slot]] = defaultdict(list)
    slots: dict[int, list[Slot]] = {index: [] for index in range(len(used))}
    for node in nodes:
        slots[place[node.column]].append((node.key, None))
    chains = [
        _chain(first, place[by_key[first].column], second, place[by_key[second].column])
        for first, second in edges
    ]
    for chain in chains:
        for before, after in pairwise(chain):
            wanted[after].append(before)
            if after[1] is not None and after not in slots[after[1]]:
                slots[after[1]].append(after)
    y = _heights(slots, wanted)
    boxes = tuple(
        Box(node, SIDE + place[node.column] * (BOX_WIDTH + GAP_X), y[node.key, None]) for node in nodes
    )
    lowest = max((y[slot] + _height(slot) for column in slots.values() for slot in column), default=TOP)
    starts = {node.key: place[node.column] for node in nodes}
    return Drawing(
        boxes=boxes,
        arrows=tuple(_path(chain, starts, y) for chain in chains),
        headings=tuple(Heading(SIDE + place[one] * (BOX_WIDTH + GAP_X), columns[one]) for one in used),
        width=2 * SIDE + len(used) * BOX_WIDTH + max(len(used) - 1, 0) * GAP_X,
        height=lowest + SIDE,
    )


Slot = tuple[int, int | None]
"""A node (its key, None), or a lane (key of where the arrow starts, column)."""


def _chain(first: int, start: int, second: int, end: int) -> list[Slot]:
    return [(first, None), *((first, column) for column in range(start + 1, end)), (second, None)]


def _height(slot: Slot) -> int:
    return BOX_HEIGHT if slot[1] is None else LANE


def _heights(slots: Mapping[int, list[Slot]], wanted: Mapping[Slot, list[Slot]]) -> dict[Slot, int]:
    """Where each slot begins, column by column: ordered by the mean height of what it comes from."""
    y: dict[Slot, int] = {}
    for index in sorted(slots):

        def key(slot: Slot) -> tuple[float, int]:
            before = [y[one] + _height(one) / 2 for one in wanted[slot] if one in y]
            return (sum(before) / len(before) if before else 0.0, slot[0])

        at = TOP
        for slot in sorted(slots[index], key=key):
            y[slot] = at
            at += _height(slot) + GAP_Y
    return y


def _path(chain: Sequence[Slot], starts: Mapping[int, int], y: Mapping[Slot, int]) -> str:
    """A curve between columns, straight through the lanes."""
    column = starts[chain[0][0]]
    x = SIDE + column * (BOX_WIDTH + GAP_X) + BOX_WIDTH
    height = y[chain[0]] + BOX_HEIGHT // 2
    parts = [f"M{x} {height}"]
    for slot in chain[1:]:
        after = x + GAP_X
        target = y[slot] + _height(slot) // 2
        middle = x + GAP_X // 2
        end = after if slot[1] is not None else after - 6  # room for the arrow's head
        parts.append(f"C{middle} {height} {middle} {target} {end} {target}")
        x, height = after, target
        if slot[1] is not None:
            x += BOX_WIDTH
            parts.append(f"H{x}")
    return " ".join(parts)
