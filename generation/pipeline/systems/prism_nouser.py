"""The paper's ablation: a student RETRAINED without a user table, not the full one with its table zeroed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from generation.pipeline.records import Decoding
from generation.pipeline.student.engines import open_engine
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
    engine: str = "torch",
    threads: int = 1,
) -> StudentSystem:
    """The ablation from the artefact folder of a training with `with_user=False`.

    Raises:
        WrongStudent: that student has a user table.
    """
    opened = open_engine(engine, Path(checkpoint), device=device, threads=threads)
    if opened.student.config.with_user:
        raise WrongStudent(
            f"{checkpoint} has a user table: train again with with_user=False, or load it as prism"
        )
    usually = as_decoding(decoding, usual(opened.student))
    return StudentSystem(NAME, opened, decoding=usually, seed=seed, batch_size=batch_size)
