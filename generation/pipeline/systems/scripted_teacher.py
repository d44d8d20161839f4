"""The offline teacher as a contestant: rules, with a known rate of falsehood. Label it wherever it is
shown."""

from collections.abc import Iterable, Sequence

from generation.pipeline import prompts
from generation.pipeline.records import Case, Explanation, Item
from generation.pipeline.systems.answering import answer, signed
from generation.pipeline.teacher import scripted

NAME = "scripted-teacher"


class ScriptedTeacherSystem:
    """Writes what the offline teacher writes for the same case, catalogue and seed."""

    def __init__(self, teacher: scripted.ScriptedTeacher, *, max_titles: int | None = None) -> None:
        self.teacher, self.max_titles = teacher, max_titles
        own = {name: value for name, value in teacher.signature.parameters.items() if name != "seed"}
        self.signature = signed(
            NAME,
            scripted.VERSION,
            prompt=teacher.prompt_version,
            decoding=None,
            seed=teacher.seed,
            max_titles=max_titles,
            **own,
        )

    def explain(self, cases: Sequence[Case]) -> list[Explanation]:
        return answer(
            cases,
            render=lambda case: prompts.render(
                case, version=self.teacher.prompt_version, max_titles=self.max_titles
            ),
            write=self.teacher.write,
            signature=self.signature,
        )


def load(
    *,
    catalogue: Iterable[Item] = (),
    hallucination_rate: float = 0.0,
    misclaim_rate: float = 0.0,
    aspects: scripted.Aspects = "history",
    max_titles: int | None = None,
    seed: int = 0,
) -> ScriptedTeacherSystem:
    """See `generation.pipeline.teacher.scripted.load`; `max_titles` limits the history it reads to the
    newest."""
    teacher = scripted.load(
        catalogue=catalogue,
        hallucination_rate=hallucination_rate,
        misclaim_rate=misclaim_rate,
        aspects=aspects,
        seed=seed,
    )
    return ScriptedTeacherSystem(teacher, max_titles=max_titles)
