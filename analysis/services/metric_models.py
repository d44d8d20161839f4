"""The models that metrics need, as the operator configured them; each is loaded once, when it is first asked for."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from django.conf import settings

from analysis.metrics import Need
from analysis.metrics.asking import Answer, Judge
from analysis.metrics.weights import bundled_encoder
from analysis.models import JudgeAnswer
from generation import queries as generation

if TYPE_CHECKING:
    from analysis.metrics.bertscore import Matcher
    from analysis.metrics.likelihood import LanguageModel
    from analysis.metrics.statements import Verifier

OFF = "none"
ASKED_AT_ONCE = 256
"""Questions between two writes of answers."""
LONGEST_KEPT = 400

Loaded = TypeVar("Loaded")


class MetricModels:
    """What `needs` of metrics stands for on this machine; None for what nobody configured."""

    def get(self, need: Need) -> object | None:
        return getattr(self, need, None)

    @cached_property
    def encoder(self) -> "Matcher | None":
        path = settings.PRISM_BERTSCORE_MODEL or bundled_encoder()
        if not path or path == OFF:
            return None

        def load() -> "Matcher":
            from analysis.metrics.bertscore import Matcher
            from analysis.metrics.encoder import Encoder

            layer = settings.PRISM_BERTSCORE_LAYER or None
            encoder = Encoder(
                path,
                layer=layer,
                device=settings.PRISM_METRIC_DEVICE,
                prefix_space=settings.PRISM_BERTSCORE_PREFIX_SPACE,
            )
            return Matcher(encoder, idf=settings.PRISM_BERTSCORE_IDF)

        return _loaded("PRISM_BERTSCORE_MODEL", load)

    @cached_property
    def language_model(self) -> "LanguageModel | None":
        path = settings.PRISM_GPTSCORE_MODEL
        if not path:
            return None

        def load() -> "LanguageModel":
            from analysis.metrics.likelihood import LanguageModel

            return LanguageModel(path, device=settings.PRISM_METRIC_DEVICE)

        return _loaded("PRISM_GPTSCORE_MODEL", load)

    @cached_property
    def judge(self) -> Judge | None:
        endpoint, model = settings.PRISM_JUDGE_ENDPOINT, settings.PRISM_JUDGE_MODEL
        if not endpoint or not model:
            return None
        revision = settings.PRISM_JUDGE_REVISION
        return Judge(lambda prompts: _answers(prompts, endpoint, model, revision), model, revision)

    @cached_property
    def verifier(self) -> "Verifier | None":
        path, judge = settings.PRISM_NLI_MODEL, self.judge
        if path:

            def load() -> "Verifier":
                from analysis.metrics.statements import by_inference

                return by_inference(path, device=settings.PRISM_METRIC_DEVICE)

            return _loaded("PRISM_NLI_MODEL", load)
        if judge is None:
            return None
        from analysis.metrics.statements import by_judge

        return by_judge(judge)


def _loaded(setting: str, load: Callable[[], Loaded]) -> Loaded:
    try:
        return load()
    except (OSError, ValueError, ImportError) as error:
        words = " ".join(str(error).split())[:300]
        raise ValueError(f"the model that {setting} names cannot be loaded: {words}") from error


def _answers(prompts: Sequence[str], endpoint: str, model: str, revision: str) -> list[Answer]:
    """From what is kept where the same was asked before; what failed is asked again the next time."""
    keys = [_key(endpoint, model, revision, prompt) for prompt in prompts]
    kept: dict[str, Answer] = {}
    for some in _chunks(list(dict.fromkeys(keys))):
        found = JudgeAnswer.objects.filter(key__in=some).values_list("key", "text")
        kept |= {key: Answer(text) for key, text in found}
    new = {key: prompt for key, prompt in zip(keys, prompts, strict=True) if key not in kept}
    for some in _chunks(list(new)):
        replies = generation.ask(
            [new[key] for key in some], endpoint=endpoint, model=model, revision=revision
        )
        if all(reply.error for reply in replies):
            raise ValueError(f"the judge {model} answers nothing: {replies[0].error}")
        JudgeAnswer.objects.bulk_create(
            [
                JudgeAnswer(key=key, model=model[:200], text=reply.text[:LONGEST_KEPT])
                for key, reply in zip(some, replies, strict=True)
                if not reply.error
            ],
            ignore_conflicts=True,
        )
        kept |= {
            key: Answer(reply.text[:LONGEST_KEPT], reply.error)
            for key, reply in zip(some, replies, strict=True)
        }
    return [kept[key] for key in keys]


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), ASKED_AT_ONCE):
        yield keys[start : start + ASKED_AT_ONCE]


def _key(*parts: Any) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
