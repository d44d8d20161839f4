"""What is asked of a chat model and what it answers, the same over HTTP and in a batch file."""

from typing import Any

from generation.pipeline.records import Decoding
from generation.pipeline.teacher.interface import Draft


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
        usage = {name: int(used.get(name) or 0) for name in ("prompt_tokens", "completion_tokens")}
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as lack:
        raise ValueError(f"not a chat completion ({type(lack).__name__}: {lack})") from None
    if text is not None and not isinstance(text, str):
        raise ValueError("not a chat completion (its content is no text)")
    return Draft(
        (text or "").strip(),
        ended != "length",
        attempts=attempts,
        latency=round(latency, 3),
        finish_reason=str(ended),
        usage=usage,
    )
