"""Processes that train one student side by side, started by team_leader.py; alone, nothing is asked of it.

Each process draws the same batch, learns its own parts of it, and adds its gradients to those of the others. Nothing is
averaged: parts weigh by their tokens, so that a batch that does not divide gives the step of one process all the same.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch


class TeamLost(ConnectionError):
    """A process that trained with others is gone; called again, the training goes on from its last state."""


class Team:
    """Where this process stands among those that train, and what they tell each other."""

    def __init__(self, device: torch.device) -> None:
        self.device, self.rank, self.size = device, 0, 1
        self._accelerator: Any = None
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            from accelerate import Accelerator

            with _reaching_others():
                self._accelerator = Accelerator(cpu=device.type == "cpu")
            self.device = self._accelerator.device
            self.rank, self.size = self._accelerator.process_index, self._accelerator.num_processes

    @property
    def leads(self) -> bool:
        """Whether this process writes what all of them share."""
        return self.rank == 0

    def sum(self, tensors: Sequence[torch.Tensor]) -> None:
        """Each tensor becomes the sum over the processes, in place and in one message."""
        if self._accelerator is None or not tensors:
            return
        flat = torch.cat([tensor.reshape(-1).to(self.device) for tensor in tensors])
        with _reaching_others():
            summed = self._accelerator.reduce(flat, reduction="sum")
        start = 0
        for tensor in tensors:
            tensor.copy_(summed[start : start + tensor.numel()].view_as(tensor))
            start += tensor.numel()

    def total(self, *values: float) -> list[float]:
        """Each value summed over the processes."""
        if self._accelerator is None:
            return list(values)
        kind = torch.float32 if self.device.type == "mps" else torch.float64
        mine = torch.tensor(values, dtype=kind, device=self.device)
        with _reaching_others():
            summed: list[float] = self._accelerator.reduce(mine, reduction="sum").tolist()
        return summed

    def agree(self, word: str, number: float) -> tuple[str, float]:
        """What the leading process says, for all."""
        if self._accelerator is None:
            return word, number
        from accelerate.utils import broadcast_object_list

        said: list[Any] = [word, number]
        with _reaching_others():
            broadcast_object_list(said)
        return str(said[0]), float(said[1])

    def wait(self) -> None:
        """Until every process is here."""
        if self._accelerator is not None:
            with _reaching_others():
                self._accelerator.wait_for_everyone()


@contextmanager
def _reaching_others() -> Iterator[None]:
    """What gloo and nccl say of a peer that died is a RuntimeError of theirs, in many words."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as trouble:
        raise TeamLost(f"another process of the training did not answer: {trouble}") from trouble
