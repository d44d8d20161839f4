"""What is asked of a chat model and what it answers, the same over HTTP and in a batch file."""

from typing import Any

from generation.pipeline.records import Decoding
from generation.pipeline.storable import has_half, storable
from generation.pipeline.teacher.interface import Draft

MOST_TOKENS = 10_000_000
"""No request takes so many; a server that says more, or less than none, has not counted."""


def request_body(model: str, decoding: Decoding, seed: int) -> dict[str, Any]:
    """What a request asks for beside its messages, the same over HTTP and in a batch file.

    Raises:
        ValueError: a setting that these servers do not share.
    """
    for name in ("num_beams", "no_repeat_ngram_size", "min_new_tokens", "no_repeat_titles"):
        if getattr(decoding, name) != getattr(Decoding(), name):
            raise ValueError(f"an endpoint cannot follow {name}={getattr(decoding, name)}: leave it out")
    return {
        "model": model,
        "max_tokens": decoding.max_new_tokens,
        "temperature": decoding.temperature if decoding.do_sample else 0.0,
        "top_p": decoding.top_p if decoding.do_sample else 1.0,
        "seed": seed,
    }


def read_completion(answer: Any, *, attempts: int = 1, latency: float = 0.0) -> Draft:
    """A draft out of a chat completion's JSON.

    Raises:
        ValueError: it is none.
    """
    try:
        choice = answer["choices"][0]
        text, ended = choice["message"]["content"], choice.get("finish_reason") or ""
        used = answer.get("usage") or {}
        usage = {name: _tokens(used.get(name)) for name in ("prompt_tokens", "completion_tokens")}
    except (AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError) as lack:
        raise ValueError(f"not a chat completion ({type(lack).__name__}: {lack})") from None
    if text is not None and not isinstance(text, str):
        raise ValueError("not a chat completion (its content is no text)")
    if has_half(text or ""):
        raise ValueError("its text holds half of a character")
    return Draft(
        (text or "").strip(),
        ended != "length",
        attempts=attempts,
        latency=round(latency, 3),
        finish_reason=storable(str(ended)[:40]),
        usage=usage,
    )


def _tokens(said: Any) -> int:
    found = int(said or 0)
    return found if 0 <= found <= MOST_TOKENS else 0
