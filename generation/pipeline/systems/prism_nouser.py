"""The paper's ablation: a student RETRAINED without a user table, not the full one with its table zeroed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from generation.pipeline.records import Decoding
from generation.pipeline.student.checkpoint import load as load_student
from generation.pipeline.systems.answering import as_decoding
from generation.pipeline.systems.prism import StudentSystem, WrongStudent, usual

NAME = "prism-nouser"


def load(
    *,
    checkpoint: str | Path,
    decoding: Decoding | Mapping[str, Any] | None = None,
    seed: int = 0,
    batch_size: int = 32,
    device: str = "cpu",
) -> StudentSystem:
    """The ablation from the artefact folder of a training with `with_user=False`.

    Raises:
        WrongStudent: that student has a user table.
    """
    student = load_student(Path(checkpoint), device=device)
    if student.config.with_user:
        raise WrongStudent(
            f"{checkpoint} has a user table: train again with with_user=False, or load it as prism"
        )
    return StudentSystem(
        NAME, student, decoding=as_decoding(decoding, usual(student)), seed=seed, batch_size=batch_size
    )
