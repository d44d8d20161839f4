"""What a training comes to, and how it tells of itself meanwhile."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from generation.pipeline.artefacts import Artefact

Progress = Callable[[int, int, str], None]
"""Called with (steps done, steps in all as far as one can tell, words about rate and loss)."""

Drawn = Callable[[Sequence[tuple[int, float, float]], Sequence[tuple[int, float]]], object]
"""Called with the `losses` and the `trace` of a TrainingSummary, as far as they go."""


@dataclass(frozen=True, slots=True)
class TrainingSummary:
    """What a training came to."""

    artefact: Artefact
    n_steps: int
    n_pairs: int
    n_valid: int
    n_too_long: int
    """Pairs left out because their explanation exceeds `max_target_tokens`."""
    n_users: int
    best_step: int
    best_valid_loss: float
    """Mean over explanation tokens, in nats."""
    stopped: str
    """Why it ended: steps, patience, max_seconds or asked."""
    cpu_seconds: float
    n_processes: int = 1
    """That trained side by side."""
    losses: list[tuple[int, float, float]] = field(default_factory=list)
    """(step, training loss since the last look, validation loss) at each look."""
    trace: list[tuple[int, float]] = field(default_factory=list)
    """(step, training loss since the point before), in steps of one length."""

    def metrics(self) -> dict[str, Any]:
        """JSON values for a Checkpoint row."""
        names = (
            "n_steps",
            "n_pairs",
            "n_valid",
            "n_too_long",
            "n_users",
            "best_step",
            "best_valid_loss",
            "stopped",
            "n_processes",
        )
        return {**{name: getattr(self, name) for name in names}, "cpu_seconds": round(self.cpu_seconds, 1)}
