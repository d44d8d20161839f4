"""The student's backbone as it comes, untuned: the paper's zero-shot BART-base, a floor for what training brings.

Such a model was never taught to follow a task. It mostly copies the prompt, and what it copied is taken away before
anybody rates: a text that still holds the prompt would give away who wrote it.
"""

from collections.abc import Mapping
from typing import Any

from generation.pipeline.records import Decoding
from generation.pipeline.systems.answering import as_decoding
from generation.pipeline.systems.local_teacher import LocalTeacherSystem
from generation.pipeline.teacher import local

NAME = "student-zeroshot"
USUAL = Decoding(max_new_tokens=64, num_beams=4, no_repeat_ngram_size=3)
"""Those of BART's own summaries, as far as they suit one or two sentences."""


class NotSeq2Seq(ValueError):
    """The model has no encoder, so it is no student's backbone."""


def load(
    *, path: str, decoding: Decoding | Mapping[str, Any] | None = None, seed: int = 0, **options: Any
) -> LocalTeacherSystem:
    """`path` and the options of `generation.pipeline.teacher.local.load`.

    Raises:
        NotSeq2Seq: the model is causal.
    """
    model = local.load(path=path, **options)
    if not model.seq2seq:
        raise NotSeq2Seq(f"{path} has no encoder: name a model like BART-base, or load it as local-teacher")
    return LocalTeacherSystem(model, decoding=as_decoding(decoding, USUAL), seed=seed, name=NAME)
