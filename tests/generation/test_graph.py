"""The drawing of runs: every arrow goes from left to right, ends where it should and passes behind no box."""

import re
from dataclasses import dataclass

from generation.graph import BOX_HEIGHT, BOX_WIDTH, Drawing, draw

COLUMNS = {0: "Log", 1: "Cases", 2: "Teacher", 3: "Student", 4: "Explanations"}


@dataclass(frozen=True)
class Node:
    key: int
    column: int


def pipeline(n_systems: int) -> Drawing[Node]:
    """Log, cases, teacher, student, and systems that build on the cases and, every second one, the student."""
    nodes = [Node(1, 0), Node(2, 1), Node(3, 2), Node(4, 3)]
    edges = [(1, 2), (2, 3), (3, 4)]
    for key in range(5, 5 + n_systems):
        nodes.append(Node(key, 4))
        edges += [(2, key), (4, key)] if key % 2 else [(2, key)]
    return draw(nodes, edges, COLUMNS)


def points(path: str) -> list[tuple[float, float]]:
    """Where the path begins and ends each of its parts."""
    found: list[tuple[float, float]] = []
    for letter, rest in re.findall(r"([MCH])([^MCH]*)", path):
        numbers = [float(one) for one in rest.split()]
        found.append((numbers[0], found[-1][1]) if letter == "H" else (numbers[-2], numbers[-1]))
    return found


def test_boxes_do_not_overlap_and_lie_inside() -> None:
    drawing = pipeline(9)
    for box in drawing.boxes:
        assert 0 <= box.x <= drawing.width - BOX_WIDTH
        assert 0 <= box.y <= drawing.height - BOX_HEIGHT
    spots = [(box.x, box.y) for box in drawing.boxes]
    for x, y in spots:
        assert not [other for other in spots if other[0] == x and 0 < abs(other[1] - y) < BOX_HEIGHT]
    assert len(set(spots)) == len(spots)


def test_arrows_run_from_what_is_built_on_to_what_builds_on_it() -> None:
    drawing = draw([Node(1, 0), Node(2, 1)], [(1, 2)], COLUMNS)
    first, second = drawing.boxes
    start, *_, end = points(drawing.arrows[0])
    assert start == (first.x + BOX_WIDTH, first.y + BOX_HEIGHT // 2)
    assert second.x - 10 <= end[0] < second.x
    assert second.y < end[1] < second.y + BOX_HEIGHT


def test_an_arrow_over_columns_passes_between_the_boxes() -> None:
    drawing = pipeline(4)
    crossing = [path for path in drawing.arrows if "H" in path]
    assert len(crossing) == 4  # from the cases past teacher and student
    for path in crossing:
        straight = points(path)
        assert [x for x, _ in straight] == sorted(x for x, _ in straight)
        lanes = [
            (x, y)
            for (x, y), letter in zip(straight, re.findall("[MCH]", path), strict=True)
            if letter == "H"
        ]
        assert len(lanes) == 2
        for end, height in lanes:
            boxes = [box for box in drawing.boxes if box.x + BOX_WIDTH == end]
            assert boxes
            assert not [box for box in boxes if box.y <= height <= box.y + BOX_HEIGHT]


def test_a_stage_without_runs_takes_no_room() -> None:
    drawing = draw([Node(1, 0), Node(2, 4)], [(1, 2)], COLUMNS)
    assert [heading.label for heading in drawing.headings] == ["Log", "Explanations"]
    assert drawing.width < 3 * BOX_WIDTH


def test_nothing_is_drawn_of_nothing() -> None:
    assert draw([], [], COLUMNS).boxes == ()
