"""The paper's system: a student that reads the prompt and adds the user's vector to each of its tokens."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from generation.pipeline.records import Case, Decoding, Explanation, Prompt
from generation.pipeline.student.batches import render
from generation.pipeline.student.checkpoint import StudentParts
from generation.pipeline.student.engines import Engine, open_engine
from generation.pipeline.systems.answering import answer, as_decoding, signed
from generation.pipeline.teacher.interface import Draft

NAME = "prism"
VERSION = "1"


class WrongStudent(ValueError):
    """A checkpoint with a user table where one without is wanted, or the other way round."""


class StudentSystem:
    """A trained student as a contestant, with users or without."""

    def __init__(
        self, name: str, engine: Engine, *, decoding: Decoding, seed: int = 0, batch_size: int = 32
    ) -> None:
        engine.check(decoding)
        student = engine.student
        self.engine, self.student, self.decoding = engine, student, decoding
        self.seed, self.batch_size = seed, batch_size
        self.signature = signed(
            name,
            VERSION,
            prompt=student.config.prompt_version,
            decoding=decoding,
            seed=seed,
            artefact=student.sha256[:24],
            engine=engine.name,
        )

    def explain(self, cases: Sequence[Case]) -> list[Explanation]:
        student = self.student
        return answer(
            cases,
            render=lambda case: render(case, student.config, student.tokenizer),
            write=self._write,
            signature=self.signature,
            unknown=lambda case: student.config.with_user and student.row(case.user) == 0,
        )

    def _write(self, cases: Sequence[Case], prompts: Sequence[Prompt]) -> list[Draft]:
        written = self.engine.write(
            [prompt.text for prompt in prompts],
            [self.student.row(case.user) for case in cases],
            self.decoding,
            seed=self.seed,
            batch_size=self.batch_size,
        )
        return [Draft(each.text, each.finished) for each in written]


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
    """Prism from the artefact folder of a training.

    Args:
        engine: a name in ENGINES; `threads` is for ONNX Runtime, `device` for torch.

    Raises:
        WrongStudent: that student was trained without users.
    """
    opened = open_engine(engine, Path(checkpoint), device=device, threads=threads)
    if not opened.student.config.with_user:
        raise WrongStudent(f"{checkpoint} was trained without users: load it as prism-nouser")
    usually = as_decoding(decoding, usual(opened.student))
    return StudentSystem(NAME, opened, decoding=usually, seed=seed, batch_size=batch_size)


def usual(student: StudentParts) -> Decoding:
    """Greedy, as long as its training texts may be, no film twice where that can be promised."""
    return Decoding(
        max_new_tokens=student.config.max_target_tokens, no_repeat_titles=bool(student.tokenizer.title_ids)
    )
