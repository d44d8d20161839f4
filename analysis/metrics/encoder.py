"""A pretrained encoder as BERTScore uses it: a vector for every token of a text, from one of its layers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Literal

import torch
from transformers import AutoConfig, AutoModel, AutoTokenizer

from analysis.metrics.weights import shown_name, weights_id

LAYERS = {
    "bert-base-uncased": 9,
    "bert-large-uncased": 18,
    "bert-base-multilingual-cased": 9,
    "distilbert-base-uncased": 5,
    "roberta-base": 10,
    "roberta-large": 17,
}
"""The layer that followed people best on WMT16 (Zhang et al. 2020, appendix B); of other models the last."""
LONGEST = 100_000
"""Tokenizers without a limit say a number beyond this."""
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


class NoSuchLayer(ValueError):
    """A layer was asked for that the encoder does not have."""


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """One text: its tokens and their vectors of length 1."""

    ids: tuple[int, ...]
    """With the special tokens at both ends."""
    vectors: torch.Tensor
    """(n_tokens, d)."""


class Encoder:
    """Encodes distinct texts in batches of like length; only the layers that are needed are computed."""

    def __init__(
        self,
        path: str,
        *,
        layer: int | None = None,
        revision: str | None = None,
        dtype: Literal["fp32", "bf16"] = "fp32",
        device: str = "cpu",
        batch_tokens: int = 4096,
        prefix_space: bool = False,
    ) -> None:
        """Load it.

        Args:
            path: a folder, or the name of a hub's model.
            layer: 1 for the first; by default the one BERTScore recommends, or the last.
            revision: of a hub's name.
            batch_tokens: texts of a batch times its longest one.
            prefix_space: of models like RoBERTa, whether a text's first word is cut as all others are, behind a blank.
                The package bert-score did so until transformers 4.17, which no longer hears it, and its baselines
                were computed so; numbers of the two ways differ.

        Raises:
            NoSuchLayer: it has fewer layers.
        """
        config = AutoConfig.from_pretrained(path, revision=revision)
        model: Any = AutoModel.from_pretrained(path, revision=revision, dtype=DTYPES[dtype])
        if config.is_encoder_decoder:
            model = model.get_encoder()
        n_layers = int(config.num_hidden_layers)
        self.layer = layer if layer is not None else LAYERS.get(shown_name(path).split("/")[-1], n_layers)
        if not 1 <= self.layer <= n_layers:
            raise NoSuchLayer(f"{shown_name(path)} has layers 1 to {n_layers}, not {self.layer}")
        self._only_last = _without_layers_above(model, self.layer)
        self.model = model.to(device).eval()
        self.tokenizer: Any = AutoTokenizer.from_pretrained(path, revision=revision)
        self.device, self.batch_tokens = device, batch_tokens
        self.reach = _reach(self.tokenizer, config)
        self.prefix_space = prefix_space
        self.description: dict[str, Any] = {
            "model": shown_name(path),
            "weights": weights_id(path, config),
            "layer": self.layer,
            "dtype": dtype,
            "prefix_space": prefix_space,
            "transformers": version("transformers"),
        }
        """What changes the numbers, for signatures."""

    def tokens(self, text: str) -> tuple[int, ...]:
        """Cut at the encoder's reach, with its special tokens."""
        written = f" {text.strip()}" if self.prefix_space else text.strip()
        found = self.tokenizer(written, truncation=self.reach is not None, max_length=self.reach)
        return tuple(found["input_ids"])

    @property
    def ends(self) -> frozenset[int]:
        """The special tokens at both ends of a text; they weigh nothing."""
        return frozenset({self.tokenizer.cls_token_id, self.tokenizer.sep_token_id} - {None})

    @torch.no_grad()
    def encode(self, texts: Sequence[str]) -> dict[str, Encoded]:
        """Each distinct text once; the longest come first, so that what does not fit is known at once."""
        cut = {text: self.tokens(text) for text in dict.fromkeys(texts)}
        order = sorted(cut, key=lambda text: (-len(cut[text]), text))
        found: dict[str, Encoded] = {}
        start = 0
        while start < len(order):
            size = max(1, self.batch_tokens // max(len(cut[order[start]]), 1))
            batch = order[start : start + size]
            start += size
            for text, vectors in zip(batch, self._batch([cut[text] for text in batch]), strict=True):
                found[text] = Encoded(cut[text], vectors)
        return found

    def _batch(self, rows: Sequence[tuple[int, ...]]) -> list[torch.Tensor]:
        longest = max(map(len, rows))
        pad = self.tokenizer.pad_token_id or 0
        ids = torch.tensor(
            [[*row, *[pad] * (longest - len(row))] for row in rows], device=self.device
        )  # (B, T)
        mask = torch.tensor(
            [[1] * len(row) + [0] * (longest - len(row)) for row in rows], device=self.device
        )  # (B, T)
        out = self.model(input_ids=ids, attention_mask=mask, output_hidden_states=not self._only_last)
        states = out.last_hidden_state if self._only_last else out.hidden_states[self.layer]  # (B, T, d)
        states = torch.nn.functional.normalize(states.float(), dim=-1)
        return [one[: len(row)] for one, row in zip(states, rows, strict=True)]


def _without_layers_above(model: Any, layer: int) -> bool:
    """Take the layers away that nobody asked for, where the model keeps them as a plain list; whether it does."""
    for holder in (getattr(model, "encoder", None), getattr(model, "transformer", None), model):
        layers = getattr(holder, "layer", None)
        if isinstance(layers, torch.nn.ModuleList):
            holder.layer = layers[:layer]  # type: ignore[union-attr]
            return True
    return False


def _reach(tokenizer: Any, config: Any) -> int | None:
    """Tokens a text may have; None where there is no end."""
    told = getattr(tokenizer, "model_max_length", None) or math.inf
    if told < LONGEST:
        return int(told)
    positions = getattr(config, "max_position_embeddings", None)
    if not isinstance(positions, int) or positions <= 0:
        return None
    return positions - 2 if config.model_type == "roberta" else positions  # RoBERTa counts from 2
