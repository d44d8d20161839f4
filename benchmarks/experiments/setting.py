"""What one cell of an experiment is: a world, a teacher, a student. The same setting is the same cell everywhere."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from generation.pipeline.student.config import StudentConfig
from generation.pipeline.student.recipe import CAPACITIES

Size = Literal["tiny", "small", "medium", "base"]
Start = Literal["copying", "ordinary"]
Histories = Literal["recent", "any"]

LIMIT: dict[Histories, int] = {"recent": 8, "any": 50}
"""Titles a student is shown at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Everything a cell depends on. The defaults are the demo's student on the demo's world."""

    seed: int = 0
    """Draws the world, the teacher's lies, the student's weights and the order of its training."""
    rate: float = 0.15
    """Share of the teacher's texts in which one of the two films named was never watched."""
    size: Size = "small"
    start: Start = "copying"
    """`copying`: copy and say-once start; `ordinary`: BART's own random start."""
    with_user: bool = True
    user_dropout: float = 0.1
    histories: Histories = "recent"
    """`recent`: each user's last choice, the newest eight titles; `any`: users of 1 to 50 titles, unknown ones too."""
    n_users: int = 300
    steps: int = 800

    @property
    def id(self) -> str:
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def but(self, **changes: Any) -> "Setting":
        return replace(self, **changes)

    def student(self) -> StudentConfig:
        """The demo's recipe with this setting's differences, in fp32: the same sums on a processor with bf16 and on one
        without, so that cells of several machines may stand in one table."""
        copying = self.start == "copying"
        return StudentConfig.demo(
            **CAPACITIES[self.size],
            copy_init=copying,
            say_once_init=copying,
            with_user=self.with_user,
            user_dropout=self.user_dropout if self.with_user else 0.0,
            max_titles=LIMIT[self.histories],
            max_steps=self.steps,
            precision="fp32",
            checkpoint_every=self.steps,  # a cell that is killed is run again: no state need be kept
            valid_every=max(1, min(200, self.steps // 4)),
        )

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Setting":
        return cls(**values)


SMOKE: dict[str, Any] = {"n_users": 8, "steps": 3, "size": "tiny"}
"""What a setting becomes with --smoke: the same way, nothing to be read from it."""
