"""The paper's system: a student that reads the prompt and adds the user's vector to each of its tokens."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from generation.pipeline.records import Case, Decoding, Explanation, Prompt
from generation.pipeline.sampling import check
from generation.pipeline.student.batches import render
from generation.pipeline.student.checkpoint import TrainedStudent
from generation.pipeline.student.checkpoint import load as load_student
from generation.pipeline.student.decoding import write
from generation.pipeline.systems.answering import answer, as_decoding, signed
from generation.pipeline.teacher.interface import Draft

NAME = "prism"
VERSION = "1"


class WrongStudent(ValueError):
    """A checkpoint with a user table where one without is wanted, or the other way round."""


class StudentSystem:
    """A trained student as a contestant, with users or without."""

    def __init__(
        self, name: str, student: TrainedStudent, *, decoding: Decoding, seed: int = 0, batch_size: int = 32
    ) -> None:
        check(decoding, title_tokens=bool(student.tokenizer.title_ids))
        self.student, self.decoding, self.seed, self.batch_size = student, decoding, seed, batch_size
        self.signature = signed(
            name,
            VERSION,
            prompt=student.config.prompt_version,
            decoding=decoding,
            seed=seed,
            artefact=student.sha256[:24],
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
        written = write(
            self.student.model,
            self.student.tokenizer,
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
) -> StudentSystem:
    """Prism from the artefact folder of a training.

    Raises:
        WrongStudent: that student was trained without users.
    """
    student = load_student(Path(checkpoint), device=device)
    if not student.config.with_user:
        raise WrongStudent(f"{checkpoint} was trained without users: load it as prism-nouser")
    return StudentSystem(
        NAME, student, decoding=as_decoding(decoding, usual(student)), seed=seed, batch_size=batch_size
    )


def usual(student: TrainedStudent) -> Decoding:
    """Greedy, as long as its training texts may be, no film twice where that can be promised."""
    return Decoding(
        max_new_tokens=student.config.max_target_tokens, no_repeat_titles=bool(student.tokenizer.title_ids)
    )
