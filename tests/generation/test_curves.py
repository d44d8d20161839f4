"""The drawing of a training's losses: where its points lie, what is marked, what it says in words."""

import pytest

from generation.curves import loss_curve


def points(line: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in line.split())]


def test_nothing_is_drawn_before_the_first_loss() -> None:
    assert loss_curve([]) is None


def test_both_lines_run_from_left_to_right_and_a_lower_loss_lies_lower() -> None:
    curve = loss_curve([[10, 3.0, 2.0], [20, 1.0, 1.5]], [[5, 4.0], [10, 2.0], [20, 1.0]])
    assert curve is not None
    train, valid = points(curve.train), points(curve.valid)
    assert len(train) == 3  # the finer trace, not the two looks
    assert [x for x, _ in train] == sorted(x for x, _ in train)
    assert train[0][1] < train[1][1] < train[2][1]  # SVG counts downwards
    assert train[1][0] == valid[0][0]  # the same step stands at the same place
    assert all(curve.left <= x <= curve.right and curve.top <= y <= curve.bottom for x, y in train + valid)


def test_the_look_whose_weights_were_kept_is_marked_in_drawing_and_table() -> None:
    losses = [[10, 3.0, 2.0], [20, 1.0, 1.5], [30, 0.5, 1.8]]
    for best_step, marked in ((None, 20), (10, 10)):
        curve = loss_curve(losses, best_step=best_step)
        assert curve is not None
        assert curve.best is not None
        assert curve.best.step == marked
        assert [look.step for look in curve.looks if look.best] == [marked]
        assert f"is that of step {marked}." in curve.words


def test_ticks_are_round_numbers_around_the_losses() -> None:
    curve = loss_curve([[100, 7.31, 6.2], [1200, 0.94, 1.1]])
    assert curve is not None
    labels = [float(tick.label) for tick in curve.y_ticks]
    assert labels[0] <= 0.94
    assert labels[-1] >= 7.31
    assert 4 <= len(labels) <= 9
    assert [tick.label for tick in curve.x_ticks] == ["0", "200", "400", "600", "800", "1,000", "1,200"]


@pytest.mark.parametrize("loss", [0.0, 1e-9, 2.5, 1e6])
def test_a_loss_that_stands_still_is_drawn_too(loss: float) -> None:
    curve = loss_curve([[1, loss, loss], [2, loss, loss]])
    assert curve is not None
    assert len(points(curve.valid)) == 2


def test_a_loss_that_is_no_number_leaves_a_gap_and_no_error() -> None:
    curve = loss_curve([[10, 3.0, 2.0], [20, None, None]])
    assert curve is not None
    assert curve.valid == ""  # one point is a dot, not a line
    assert [dot.step for dot in curve.dots] == [10]
    assert curve.looks[1].valid is None
