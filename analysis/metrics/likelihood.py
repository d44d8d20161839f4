"""GPTScore-LL: how likely a language model finds an explanation after what it explains; equation 9 of the paper.

The mean natural logarithm of the probability of each token of the text given those before it and a context: an
instruction, the history and the item. The model is causal or an encoder-decoder and lies in a folder or at a hub. At or
below 0, higher is likelier; numbers of two models, or of two versions of the instruction, are not comparable. It is not
the number of 0 to 100 that papers print under the same name: that one is a judge's (`judge`).

Reference: Fu et al. (2023), GPTScore: Evaluate as You Desire.
"""

import math
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

from analysis.metrics.asking import Wording, history_of, wording
from analysis.metrics.encoder import DTYPES
from analysis.metrics.interface import MetricSignature, Text
from analysis.metrics.weights import shown_name, weights_id

PROMPT = "likelihood-v1"
CUSTOMARY = 512
"""Tokens of context for models whose positions have no end, as T5's."""


class LanguageModel:
    """Log-likelihoods of continuations; contexts of like length are read together."""

    def __init__(
        self,
        path: str,
        *,
        revision: str | None = None,
        dtype: Literal["fp32", "bf16"] = "fp32",
        device: str = "cpu",
        batch_tokens: int = 4096,
    ) -> None:
        """Load it, from a folder or by the name of a hub's model."""
        config = AutoConfig.from_pretrained(path, revision=revision)
        self.seq2seq = bool(config.is_encoder_decoder)
        kind = AutoModelForSeq2SeqLM if self.seq2seq else AutoModelForCausalLM
        self.model: Any = kind.from_pretrained(path, revision=revision, dtype=DTYPES[dtype]).to(device).eval()
        self.tokenizer: Any = AutoTokenizer.from_pretrained(path, revision=revision)
        self.device, self.batch_tokens = device, batch_tokens
        self.reach = _reach(config)
        self.description: dict[str, Any] = {
            "model": shown_name(path),
            "weights": weights_id(path, config),
            "dtype": dtype,
            "transformers": version("transformers"),
        }

    def context(self, text: str) -> list[int]:
        """Tokens of a context: with special tokens, but none that would end the text before the explanation."""
        found: list[int] = self.tokenizer(text)["input_ids"]
        while not self.seq2seq and found and found[-1] in self.tokenizer.all_special_ids:
            found = found[:-1]
        if not self.seq2seq and not found and self.tokenizer.bos_token_id is not None:
            return [self.tokenizer.bos_token_id]
        return found

    def written(self, text: str) -> list[int]:
        """Tokens of an explanation; an encoder-decoder's with the special tokens it writes around a text."""
        if self.seq2seq:
            return list(self.tokenizer(text_target=text)["input_ids"])
        return list(self.tokenizer(f" {text}", add_special_tokens=False)["input_ids"])

    def room(self, written: Sequence[int]) -> int:
        """Tokens a context before or beside this text may have; below 1 where the text itself is too long."""
        if self.seq2seq:
            return 0 if self.reach and len(written) > self.reach else self.reach or CUSTOMARY
        return (self.reach or CUSTOMARY + len(written)) - len(written)

    @torch.no_grad()
    def mean_logs(self, contexts: Sequence[list[int]], written: Sequence[list[int]]) -> list[float]:
        """Mean log-probability of the written tokens after each context, special tokens not counted."""
        lengths = [
            max(len(one), len(other)) if self.seq2seq else len(one) + len(other)
            for one, other in zip(contexts, written, strict=True)
        ]
        order = sorted(range(len(lengths)), key=lambda at: -lengths[at])
        found = [math.nan] * len(lengths)
        start = 0
        while start < len(order):
            batch = order[start : start + max(1, self.batch_tokens // max(lengths[order[start]], 1))]
            start += len(batch)
            scored = self._batch([contexts[at] for at in batch], [written[at] for at in batch])
            for at, value in zip(batch, scored, strict=True):
                found[at] = value
        return found

    def _batch(self, contexts: Sequence[list[int]], written: Sequence[list[int]]) -> list[float]:
        special = set(self.tokenizer.all_special_ids)
        if self.seq2seq:
            ids, mask = self._padded(contexts)  # (B, T)
            labels, _ = self._padded(written, with_pad=-100)  # (B, S)
            logits = self.model(input_ids=ids, attention_mask=mask, labels=labels).logits  # (B, S, V)
            logs = _log_probabilities(logits, labels)  # (B, S)
            counted = [[token not in special for token in row] for row in written]
            return [_mean(row[: len(keep)], keep) for row, keep in zip(logs, counted, strict=True)]
        ids, mask = self._padded([[*one, *other] for one, other in zip(contexts, written, strict=True)])
        logits = self.model(input_ids=ids, attention_mask=mask).logits[:, :-1]  # (B, T - 1, V)
        logs = _log_probabilities(logits, ids[:, 1:])  # (B, T - 1)
        return [
            _mean(row[len(one) - 1 : len(one) - 1 + len(other)], [True] * len(other))
            for row, one, other in zip(logs, contexts, written, strict=True)
        ]

    def _padded(
        self, rows: Sequence[list[int]], *, with_pad: int | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        longest = max(map(len, rows))
        pad = with_pad if with_pad is not None else (self.tokenizer.pad_token_id or 0)
        ids = torch.tensor([[*row, *[pad] * (longest - len(row))] for row in rows], device=self.device)
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows], device=self.device)
        return ids, mask


class GptScore:
    """The mean log-likelihood of an explanation after its context, at or below 0.

    Where the context does not fit, the oldest titles of the history go first. NaN for an empty text, and for one that
    leaves the model no room even for the item.
    """

    def __init__(self, *, language_model: LanguageModel, prompt: str = PROMPT) -> None:
        self._model, self._wording = language_model, wording(prompt)
        self.signature = MetricSignature(
            "gptscore-ll",
            "1",
            language_model.description | {"prompt": self._wording.signed(), "log": "natural"},
        )

    def score(self, texts: Sequence[Text]) -> NDArray[np.float64]:
        scores = np.full(len(texts), np.nan)
        rows, contexts, written = [], [], []
        for at, text in enumerate(texts):
            if not text.explanation.strip():
                continue
            tokens = self._model.written(text.explanation.strip())
            context = fitting(self._model, self._wording, text, self._model.room(tokens))
            if tokens and context:
                rows.append(at)
                contexts.append(context)
                written.append(tokens)
        if rows:
            scores[rows] = self._model.mean_logs(contexts, written)
        return scores


def fitting(model: LanguageModel, words: Wording, text: Text, room: int) -> list[int]:
    """The context with as many of the newest titles as fit; empty where not even the item does."""

    def cut(n: int) -> list[int]:
        return model.context(words.fill(history=history_of(text, newest=n), item=text.item.label))

    low, high = -1, len(text.history)
    if len(found := cut(high)) <= room:
        return found
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if len(cut(middle)) <= room else (low, middle)
    return cut(low) if low >= 0 else []


def _log_probabilities(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Of each target, 0 where it is padding; (B, T)."""
    flat = torch.nn.functional.cross_entropy(
        logits.float().transpose(1, 2), targets, ignore_index=-100, reduction="none"
    )
    return -flat


def _mean(logs: torch.Tensor, counted: Sequence[bool]) -> float:
    kept = logs[torch.tensor(list(counted), device=logs.device)]
    return float(kept.double().mean()) if len(kept) else math.nan


def _reach(config: Any) -> int | None:
    """Positions of the model; None where they are relative and have no end."""
    if config.model_type in ("t5", "mt5", "umt5", "longt5"):
        return None
    for name in ("max_position_embeddings", "n_positions"):
        if isinstance(value := getattr(config, name, None), int):
            return value
    return None
