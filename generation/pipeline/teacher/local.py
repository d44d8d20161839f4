"""A language model on this machine as teacher: seq2seq (FLAN-T5, the paper's) or causal, by path or hub
name."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    LogitsProcessorList,
)

from generation.pipeline.artefacts import hash_file
from generation.pipeline.records import Case, Decoding, Prompt, Signature
from generation.pipeline.sampling import check, generation_config, only, processors, without_bars
from generation.pipeline.teacher.interface import Draft

VERSION = "1"
CUSTOMARY_BUDGET = 512
"""T5's positions are relative and have no end; this is what it was trained on."""

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


class TransformersTeacher:
    """Reads prompts of like length together; pads on the left for a causal model."""

    reads_user = False
    by_length = True
    """The whole shard is asked for in the order of its prompts' length, so that little is padded."""

    def __init__(
        self,
        path: str,
        *,
        dtype: Literal["fp32", "bf16"] = "fp32",
        device: str = "cpu",
        batch_size: int = 8,
        batch_tokens: int = 0,
        device_map: str | None = None,
        budget: int | None = None,
        prompt_version: str = "faithful-v1",
        revision: str | None = None,
    ) -> None:
        """Load the model.

        Args:
            dtype: bf16 halves the memory. fp16 is refused: T5's feed-forward overflows in it and writes
            nothing.
            batch_size: rows a batch; where `batch_tokens` is given it sets the size alone.
            batch_tokens: a batch's rows times its longest prompt, padding included.
            device_map: "auto" spreads the model over what this machine has; then `device` means nothing.
            budget: tokens a prompt may take; by default what the model reaches, at most 512 for T5.
            revision: of a hub name; of no meaning for a path.
        """
        if dtype not in _DTYPES:
            raise ValueError(
                f"dtype is fp32 or bf16, not {dtype!r}: T5 overflows in fp16 and writes empty texts"
            )
        config = AutoConfig.from_pretrained(path, revision=revision)
        self.seq2seq = bool(config.is_encoder_decoder)
        kind = AutoModelForSeq2SeqLM if self.seq2seq else AutoModelForCausalLM
        with without_bars():
            model = kind.from_pretrained(path, revision=revision, dtype=_DTYPES[dtype], device_map=device_map)
        self.model = (model if device_map else model.to(device)).eval()
        self.tokenizer = AutoTokenizer.from_pretrained(path, revision=revision)
        self.tokenizer.padding_side = "right" if self.seq2seq else "left"
        if self.tokenizer.pad_token_id is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token  # masked anyway; GPT-2 has none of its own
        self.batch_size, self.batch_tokens, self.prompt_version = batch_size, batch_tokens, prompt_version
        self.chunk = max(64, batch_tokens // 64)
        self.device = str(self.model.device) if device_map else device
        self.reach = _reach(config)
        self.budget: int | None = budget if budget is not None else self._default_budget()
        self.signature = Signature(
            system="transformers",
            version=VERSION,
            parameters={
                "model": Path(path).name,
                "weights": _weights_id(path, config),
                "dtype": dtype,
                "chat": self._chats(),
                "budget": self.budget,
            },
        )

    def _default_budget(self) -> int:
        if self.reach is None:
            return CUSTOMARY_BUDGET
        return (
            self.reach if self.seq2seq else max(self.reach * 3 // 4, 1)
        )  # a causal model writes in the same positions

    def _chats(self) -> bool:
        return getattr(self.tokenizer, "chat_template", None) is not None

    def _encode(self, text: str) -> list[int]:
        if not self._chats():
            return list(self.tokenizer(text)["input_ids"])
        turn = [{"role": "user", "content": text}]
        rendered = self.tokenizer.apply_chat_template(turn, add_generation_prompt=True, tokenize=False)
        return list(self.tokenizer(rendered, add_special_tokens=False)["input_ids"])

    def count_tokens(self, text: str) -> int:
        return len(self._encode(text))

    def write(
        self, cases: Sequence[Case], prompts: Sequence[Prompt], *, decoding: Decoding, seed: int
    ) -> list[Draft]:
        """One draft a case; batches are made by length, and drawing is seeded by the prompt, not by the
        batch."""
        check(decoding, title_tokens=False)
        rows = [self._encode(prompt.text) for prompt in prompts]
        if self.reach is not None:
            room = self.reach - (0 if self.seq2seq else decoding.max_new_tokens)
            for prompt, row in zip(prompts, rows, strict=True):
                if len(row) > room:
                    raise ValueError(
                        f"a prompt of {len(row)} tokens ({prompt.sha256[:12]}) does not fit into {room} "
                        "positions: render it with this teacher's budget, or ask for fewer new tokens"
                    )
        order = sorted(range(len(rows)), key=lambda i: (-len(rows[i]), i))
        drafts: dict[int, Draft] = {}
        for batch in self._batches(order, [len(row) for row in rows]):
            keys = [prompts[i].text for i in batch]
            written = self._batch([rows[i] for i in batch], keys, decoding, seed)
            drafts.update(zip(batch, written, strict=True))
        return [drafts[i] for i in range(len(rows))]

    def _batches(self, order: list[int], lengths: list[int]) -> Iterator[list[int]]:
        """Neighbours in `order`, the longest first: each as many rows as fit, at least one."""
        start = 0
        while start < len(order):
            longest = max(lengths[order[start]], 1)
            size = max(self.batch_tokens // longest, 1) if self.batch_tokens else self.batch_size
            yield order[start : start + size]
            start += size

    @torch.no_grad()
    def _batch(
        self, rows: Sequence[list[int]], keys: Sequence[str], decoding: Decoding, seed: int
    ) -> list[Draft]:
        inputs: dict[str, Any] = self.tokenizer.pad({"input_ids": list(rows)}, return_tensors="pt")
        ends = _ends(self.model, self.tokenizer)
        config = generation_config(
            decoding,
            bos=self.tokenizer.bos_token_id,
            pad=self.tokenizer.pad_token_id,
            eos=ends,
            start=_decoder_start(self.model) if self.seq2seq else None,
        )
        with only(self.model, config):
            out = self.model.generate(
                input_ids=inputs["input_ids"].to(self.device),
                attention_mask=inputs["attention_mask"].to(self.device),
                generation_config=config,
                logits_processor=LogitsProcessorList(processors(decoding, keys, seed=seed)),
            )
        written = out[:, 1:] if self.seq2seq else out[:, inputs["input_ids"].shape[1] :]
        texts = self.tokenizer.batch_decode(written, skip_special_tokens=True)
        finished = [bool(set(row) & set(ends)) for row in written.tolist()]
        return [Draft(text.strip(), done) for text, done in zip(texts, finished, strict=True)]


def load(
    *,
    path: str,
    dtype: Literal["fp32", "bf16"] = "fp32",
    device: str = "cpu",
    batch_size: int = 8,
    batch_tokens: int = 0,
    device_map: str | None = None,
    budget: int | None = None,
    prompt_version: str = "faithful-v1",
    revision: str | None = None,
) -> TransformersTeacher:
    return TransformersTeacher(
        path,
        dtype=dtype,
        device=device,
        batch_size=batch_size,
        batch_tokens=batch_tokens,
        device_map=device_map,
        budget=budget,
        prompt_version=prompt_version,
        revision=revision,
    )


def _reach(config: Any) -> int | None:
    """Positions of the model; None where they are relative and have no end."""
    if config.model_type in ("t5", "mt5", "umt5", "longt5"):
        return None
    for name in ("max_position_embeddings", "n_positions"):
        if isinstance(value := getattr(config, name, None), int):
            return value
    return None


def _decoder_start(model: Any) -> int:
    for source in (model.config, model.generation_config):
        if (start := getattr(source, "decoder_start_token_id", None)) is not None:
            return int(start)
    raise ValueError("this seq2seq model names no decoder_start_token_id; set it in its config.json")


def _ends(model: Any, tokenizer: Any) -> list[int]:
    """All tokens that end a text: chat models have an end of turn beside the end of text."""
    found: list[int] = []
    for value in (tokenizer.eos_token_id, getattr(model.generation_config, "eos_token_id", None)):
        found += value if isinstance(value, list) else [] if value is None else [value]
    if not found:
        raise ValueError(
            "neither tokenizer nor model names an end token; set eos_token_id in its generation_config.json"
        )
    return sorted(set(found))


def _weights_id(path: str, config: Any) -> str:
    """Hash of the weight files of a local folder; the commit of a hub name."""
    folder = Path(path)
    if not folder.is_dir():
        return str(getattr(config, "_commit_hash", None) or "unknown")
    names = sorted(file for pattern in ("*.safetensors", "*.bin") for file in folder.glob(pattern))
    return hashlib.sha256("".join(hash_file(file) for file in names).encode()).hexdigest()[:16]
