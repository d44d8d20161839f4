"""The losses of a training as a drawing: coordinates, ticks and words; the template holds the shapes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 16, 30, 40
"""Margins around the plot, for the numbers beside it."""


@dataclass(frozen=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    step: int
    loss: float


@dataclass(frozen=True)
class Look:
    """One row of the table: what a look at the validation loss found."""

    step: int
    train: float | None
    valid: float | None
    best: bool


@dataclass(frozen=True)
class LossCurve:
    """What the figure and its table show."""

    train: str
    """Points of the line of the training loss, as SVG takes them; empty where there is no line yet."""
    valid: str
    dots: tuple[Dot, ...]
    """The looks at the validation loss."""
    best: Dot | None
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    looks: tuple[Look, ...]
    words: str
    """What the drawing shows, for those who do not see it."""

    width, height = WIDTH, HEIGHT
    left, right, top, bottom = LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM
    middle, foot = (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6


def loss_curve(
    losses: Sequence[Sequence[Any]], trace: Sequence[Sequence[Any]] = (), best_step: int | None = None
) -> LossCurve | None:
    """None while there is nothing to draw.

    Args:
        losses: (step, training loss, validation loss) at each look; a loss that is no number is None.
        trace: (step, training loss) between the looks; without any, the line goes through the looks.
        best_step: the look whose weights were kept; the smallest validation loss where it is not given.
    """
    valid = [(step, loss) for step, _, loss in losses if loss is not None]
    train = [(step, loss) for step, loss, *_ in (trace or losses) if loss is not None]
    if not valid and not train:
        return None
    if best_step is None and valid:
        best_step = min(valid, key=lambda one: one[1])[0]
    last = max(step for step, _ in [*valid, *train])
    low, high, step_y = _scale([loss for _, loss in [*valid, *train]])

    def x(step: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * step / last, 1)

    def y(loss: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (loss - low) / (high - low), 1)

    def line(points: Sequence[tuple[int, float]]) -> str:
        return " ".join(f"{x(step)},{y(loss)}" for step, loss in points) if len(points) > 1 else ""

    dots = tuple(Dot(x(step), y(loss), step, loss) for step, loss in valid)
    best = next((dot for dot in dots if dot.step == best_step), None)
    n_y = round((high - low) / step_y)
    return LossCurve(
        train=line(train),
        valid=line(valid),
        dots=dots,
        best=best,
        x_ticks=tuple(Tick(x(step), f"{step:,}") for step in _steps(last)),
        y_ticks=tuple(
            Tick(y(low + index * step_y), _plain(low + index * step_y, step_y)) for index in range(n_y + 1)
        ),
        looks=tuple(Look(step, first, second, step == best_step) for step, first, second in losses),
        words=_words(train, valid, best),
    )


def _scale(values: Sequence[float]) -> tuple[float, float, float]:
    """The lowest and highest loss of the axis, and the step between its ticks: four to eight of them."""
    low, high = min(values), max(values)
    step = _round_step(max(high - low, abs(high) / 100, 1e-6) / 5)
    first, last = math.floor(low / step), math.ceil(high / step)
    return first * step, max(last, first + 1) * step, step


def _round_step(wanted: float) -> float:
    """1, 2 or 5 times a power of ten: the smallest that is not below what is wanted."""
    power = 10.0 ** math.floor(math.log10(wanted))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= wanted * 0.999999)


def _steps(last: int) -> list[int]:
    step = max(1, round(_round_step(last / 6)))
    return list(range(0, last + 1, step))


def _plain(value: float, step: float) -> str:
    return f"{value:.{max(0, -math.floor(math.log10(step) + 1e-9))}f}"


def _words(train: Sequence[tuple[int, float]], valid: Sequence[tuple[int, float]], best: Dot | None) -> str:
    parts = []
    for name, points in (("The training loss", train), ("The validation loss", valid)):
        if len(points) == 1:
            parts.append(f"{name} is {points[0][1]:.3f} at step {points[0][0]:,}.")
        elif points:
            (first, start), (last, end) = points[0], points[-1]
            parts.append(f"{name} goes from {start:.3f} at step {first:,} to {end:.3f} at step {last:,}.")
    if best is not None:
        parts.append(f"The best validation loss, {best.loss:.3f}, is that of step {best.step:,}.")
    return " ".join(parts)
