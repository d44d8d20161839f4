"""A student that trains in a second."""

from typing import Any

from generation.pipeline import prompts
from generation.pipeline.student.config import StudentConfig
from generation.pipeline.student.pairs import DistilledPair
from generation.pipeline.teacher.scripted import ScriptedTeacher
from tests.generation.pipeline.films import FILMS, cases

FEW: dict[str, Any] = {
    "d_model": 32,
    "layers": 1,
    "heads": 2,
    "ffn_dim": 64,
    "max_positions": 128,
    "max_prompt_tokens": 100,
    "vocab_size": 400,
    "title_tokens": True,
    "copy_init": True,
    "learning_rate": 5e-3,
    "user_learning_rate": 2e-2,
    "batch_size": 16,
    "max_epochs": 2,
}


def config(**changes: Any) -> StudentConfig:
    return StudentConfig(**{**FEW, **changes})


def pairs(n: int, *, seed: int = 0, n_users: int = 4) -> list[DistilledPair]:
    """Cases with the offline teacher's texts, aspects planted."""
    some = cases(n, seed=seed, n_users=n_users)
    shown = [prompts.render(one) for one in some]
    drafts = ScriptedTeacher(FILMS, aspects="planted").write(some, shown)
    return [DistilledPair(one, draft.text) for one, draft in zip(some, drafts, strict=True)]
