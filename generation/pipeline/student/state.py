"""Where a training stands, on disk: all that a resume needs to go on as if nothing had happened."""

import json
import math
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from generation.pipeline.student import checkpoint
from generation.pipeline.student.model import Student
from generation.pipeline.student.row_table import RowTable


@dataclass(slots=True)
class State:
    """All a resume needs beside weights and moments."""

    step: int = 0
    best_step: int = 0
    best_loss: float = math.inf
    looks_without_better: int = 0
    seconds: float = 0.0
    sum_loss: float = 0.0
    n_loss: int = 0
    losses: list[tuple[int, float, float]] = field(default_factory=list)
    sum_trace: float = 0.0
    n_trace: int = 0
    trace: list[tuple[int, float]] = field(default_factory=list)


def keep_state(place: Path, model: Student, optimiser: torch.optim.Optimizer, state: State) -> None:
    """Write weights, moments and state to the folder `place`, which is there whole or not at all."""

    def fill(folder: Path) -> None:
        checkpoint.save_weights(model, folder)
        moments: dict[str, torch.Tensor] = {}
        for index, parameter in enumerate(p for g in optimiser.param_groups for p in g["params"]):
            for name, value in optimiser.state.get(parameter, {}).items():
                moments[f"{index}.{name}"] = value.detach().cpu().contiguous()
        if isinstance(table := model.users, RowTable):
            moments |= {"rows.n_met": table.n_met, "rows.square": table.square}
        save_file(moments, str(folder / "optimiser.safetensors"))
        values = {name: getattr(state, name) for name in State.__slots__}
        (folder / "state.json").write_text(json.dumps(values), encoding="utf-8")

    write_aside(place, fill)


def read_state(
    place: Path, model: Student, optimiser: torch.optim.Optimizer, device: torch.device
) -> State | None:
    """Put weights and moments back and give the state; None where nothing was kept."""
    path = place / "state.json"
    if not path.exists():
        return None
    values = json.loads(path.read_text(encoding="utf-8"))
    for curve in ("losses", "trace"):  # a state of before there was a trace has none
        values[curve] = [tuple(row) for row in values.get(curve, ())]
    checkpoint.load_weights(model, place)
    moments = load_file(str(place / "optimiser.safetensors"))
    if isinstance(table := model.users, RowTable):
        table.n_met, table.square = moments["rows.n_met"], moments["rows.square"]
    for index, parameter in enumerate(p for g in optimiser.param_groups for p in g["params"]):
        own = {n.split(".", 1)[1]: v for n, v in moments.items() if n.split(".", 1)[0] == str(index)}
        if own:  # AdamW counts its steps on the processor, whatever the device
            optimiser.state[parameter] = {
                name: value if name == "step" else value.to(device) for name, value in own.items()
            }
    return State(**values)


def write_aside(place: Path, fill: Callable[[Path], None]) -> None:
    """A folder that is there whole or not at all; the old one goes only when the new one stands."""
    aside = place.with_name(f"{place.name}.aside-{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    fill(aside)
    old = place.with_name(f"{place.name}.old-{os.getpid()}")
    if place.exists():
        place.rename(old)
    aside.rename(place)
    shutil.rmtree(old, ignore_errors=True)
