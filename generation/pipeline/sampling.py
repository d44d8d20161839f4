"""From a Decoding record to what transformers' `generate` takes, with nothing left to a checkpoint's own
defaults."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from transformers import (
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
    TemperatureLogitsWarper,
    TopPLogitsWarper,
)
from transformers.utils import logging

from generation.pipeline.records import Decoding


@contextmanager
def without_bars() -> Iterator[None]:
    """Load weights without the bars of transformers, which fill a worker's log; as it was afterwards."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


class UnsupportedDecoding(ValueError):
    """A decoding that this writer cannot follow to the letter, so it does not begin."""


def check(decoding: Decoding, *, title_tokens: bool) -> None:
    """Refuse, before any work, what a writer could not follow.

    Args:
        title_tokens: whether the writer's vocabulary has a token a title.
    """
    if decoding.no_repeat_titles and not title_tokens:
        raise UnsupportedDecoding(
            "no_repeat_titles needs a vocabulary with a token a title (StudentConfig.title_tokens); "
            "use no_repeat_ngram_size instead"
        )
    if decoding.do_sample and decoding.num_beams > 1:
        raise UnsupportedDecoding(
            f"sampling with {decoding.num_beams} beams is not reproducible row by row; use 1 beam"
        )


def generation_config(
    decoding: Decoding, *, bos: int | None, pad: int, eos: int | list[int], start: int | None
) -> GenerationConfig:
    """Every parameter set: hub checkpoints carry task defaults (BART: 4 beams, forced tokens; all: 20
    tokens).

    Args:
        start: the decoder's first token of an encoder-decoder; None for a causal model.
    """
    return GenerationConfig(
        max_new_tokens=decoding.max_new_tokens,
        min_new_tokens=decoding.min_new_tokens or None,
        num_beams=decoding.num_beams,
        do_sample=False,  # drawing is done by SeededDraw, row by row
        no_repeat_ngram_size=decoding.no_repeat_ngram_size,
        early_stopping=decoding.num_beams > 1,
        length_penalty=1.0,
        repetition_penalty=1.0,
        forced_bos_token_id=None,
        forced_eos_token_id=None,
        bos_token_id=bos,
        pad_token_id=pad,
        eos_token_id=eos,
        decoder_start_token_id=start,
        use_cache=True,
    )


@contextmanager
def only(model: Any, config: GenerationConfig) -> Iterator[None]:
    """While this holds, `config` is all the model knows: `generate` fills every value that is None or
    default from
    the checkpoint's own generation config, however complete the one it is given."""
    own = model.generation_config
    model.generation_config = config
    try:
        yield
    finally:
        model.generation_config = own


def processors(decoding: Decoding, keys: Sequence[str], *, seed: int) -> LogitsProcessorList:
    """What sampling adds to the logits: temperature, nucleus, then a draw that belongs to the row, not
    to the batch.

    Args:
        keys: what identifies each row of the batch, in its order; the same key and seed draw the same text.
    """
    if not decoding.do_sample:
        return LogitsProcessorList()
    if decoding.num_beams > 1:
        raise UnsupportedDecoding(
            f"sampling with {decoding.num_beams} beams is not reproducible row by row; use 1 beam"
        )
    steps: list[LogitsProcessor] = [TemperatureLogitsWarper(decoding.temperature)]
    if decoding.top_p < 1:
        steps.append(TopPLogitsWarper(decoding.top_p))
    return LogitsProcessorList([*steps, SeededDraw(keys, seed=seed)])


class SeededDraw(LogitsProcessor):  # type: ignore[misc]
    """Turns greedy search into sampling: argmax(logits + Gumbel noise) is one draw from softmax(logits).

    transformers draws a whole batch from one stream, so a row's text would depend on its neighbours.
    Here each row
    has its own stream, and sharding or resuming a run changes no text.
    """

    def __init__(self, keys: Sequence[str], *, seed: int) -> None:
        self.streams = [torch.Generator().manual_seed(_number(key, seed)) for key in keys]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """scores: (B, V); the same shape comes back."""
        if len(self.streams) != len(scores):
            raise ValueError(f"{len(self.streams)} keys for a batch of {len(scores)} rows")
        uniform = torch.stack([torch.rand(scores.shape[1], generator=stream) for stream in self.streams])
        gumbel = -torch.log(-torch.log(uniform.clamp(1e-20, 1 - 1e-7)))
        return scores.float() + gumbel.to(scores.device)


class NoRepeatedTitle(LogitsProcessor):  # type: ignore[misc]
    """A title token that was written is not written again in the same text."""

    def __init__(self, title_ids: Sequence[int], vocab_size: int) -> None:
        self.is_title = torch.zeros(vocab_size, dtype=torch.bool)
        self.is_title[list(title_ids)] = True

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """input_ids: (B, T so far); scores: (B, V)."""
        written = torch.zeros_like(scores, dtype=torch.bool).scatter_(1, input_ids, True)
        return scores.masked_fill(written & self.is_title.to(scores.device), -torch.inf)


def _number(key: str, seed: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}:{key}".encode()).digest()[:7], "big")
