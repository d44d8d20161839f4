"""A language model on this machine as a contestant: the paper's zero-shot baseline, or the teacher itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from generation.pipeline.records import Case, Decoding, Explanation
from generation.pipeline.sampling import check
from generation.pipeline.systems.answering import answer, as_decoding, signed
from generation.pipeline.teacher import local
from generation.pipeline.teacher.distilling import render

NAME = "local-teacher"


class LocalTeacherSystem:
    """Zero-shot texts of a local model."""

    def __init__(
        self, teacher: local.TransformersTeacher, *, decoding: Decoding, seed: int, name: str = NAME
    ) -> None:
        check(decoding, title_tokens=False)
        self.teacher, self.decoding, self.seed = teacher, decoding, seed
        self.signature = signed(
            name,
            local.VERSION,
            prompt=teacher.prompt_version,
            decoding=decoding,
            seed=seed,
            **teacher.signature.parameters,
        )

    def explain(self, cases: Sequence[Case]) -> list[Explanation]:
        return answer(
            cases,
            render=lambda case: render(case, self.teacher),
            write=lambda some, prompts: self.teacher.write(
                some, prompts, decoding=self.decoding, seed=self.seed
            ),
            signature=self.signature,
        )


def load(
    *, path: str, decoding: Decoding | Mapping[str, Any] | None = None, seed: int = 0, **options: Any
) -> LocalTeacherSystem:
    """`path` and the options of `generation.pipeline.teacher.local.load`; greedy unless `decoding` says
    otherwise."""
    return LocalTeacherSystem(
        local.load(path=path, **options), decoding=as_decoding(decoding, Decoding()), seed=seed
    )
