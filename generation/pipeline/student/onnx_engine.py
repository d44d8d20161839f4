"""A student on ONNX Runtime: the same greedy texts as torch, sooner, from graphs beside the checkpoint.

One thread a session unless told otherwise: more cores are better spent on more processes. An engine may be
used from several threads at a time; it keeps nothing between two calls.
"""

import json
from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import onnxruntime as ort

from generation.pipeline.records import Decoding
from generation.pipeline.sampling import UnsupportedDecoding
from generation.pipeline.student import onnx_graph as graphs
from generation.pipeline.student.onnx_export import Precision, read_shape
from generation.pipeline.student.onnx_sessions import (
    FEW_ROWS,
    open_few_rows,
    open_graphs,
    open_head,
    ort_value,
)

AT_ONCE = 512
"""Tokens that are encoded together: what a layer makes of them stays in the processor's cache, and short prompts
are not padded to the length of the longest."""


class NoExport(ValueError):
    """A student that ONNX Runtime cannot run, with what to do."""


class OnnxEngine:
    """Greedy decoding with the graphs of one precision."""

    def __init__(self, folder: Path, *, precision: Precision = "fp32", threads: int = 1) -> None:
        """Open the graphs in a checkpoint's folder; weights are mapped from their files, not copied, but for those of
        `few_rows`, which are another order of the same numbers.

        A checkpoint that was never exported is exported in memory: fp32 at once, int8 in a second or so.

        Raises:
            NoExport: the checkpoint's BART is of a shape the graphs do not speak.
        """
        self.precision, self.threads, self._folder = precision, threads, folder
        try:
            self.shape = read_shape(folder)
        except graphs.UnsupportedBart as difference:
            raise NoExport(
                f"{folder} is not for ONNX Runtime: {difference}; explain with the engine torch"
            ) from None
        self.encoder, self.decoder = open_graphs(folder, self.shape, precision, threads)
        self.start = int(json.loads((folder / "bart.json").read_text("utf-8"))["decoder_start_token_id"])
        """The decoder's first token."""
        self.names = [output.name for output in self.decoder.get_outputs()]
        self.head = open_head(folder, self.shape, threads=threads) if self.names[0] == "hidden" else None
        self.encoded = [output.name for output in self.encoder.get_outputs()]

    @cached_property
    def few_rows(self) -> ort.InferenceSession:
        """The decoder for a few rows, opened when it is first wanted: in int8 one of its own, where this student and
        machine have one."""
        if self.precision == "fp32":
            return self.decoder
        return open_few_rows(self._folder, self.shape, self.threads) or self.decoder

    def generate(
        self,
        input_ids: np.ndarray,
        attention_mask: np.ndarray,
        vectors: np.ndarray,
        *,
        decoding: Decoding,
        start: int,
        eos: int,
        pad: int,
        once: np.ndarray | None = None,
    ) -> np.ndarray:
        """Token ids (B, <= max_new_tokens), the start token left out, `pad` behind each text's end.

        Args:
            input_ids: (B, S) int64, padded on the right.
            attention_mask: (B, S) int64, 0 on padding.
            vectors: (B, D) float32, a user's vector a row; zeros for the unknown user.
            once: tokens that may stand in a text once, (n,) int64: a title each.

        Raises:
            UnsupportedDecoding: beams or sampling, which torch alone does here.
        """
        check_greedy(decoding)
        n = len(input_ids)
        state = self._encode(input_ids, attention_mask, vectors)
        written = np.full((n, decoding.max_new_tokens), pad, dtype=np.int64)
        open_rows = np.ones(n, dtype=bool)
        token = np.full(n, start, dtype=np.int64)
        bans = _Bans(n, decoding, once, eos, start)
        for step in range(decoding.max_new_tokens):
            made, state = self._step(token, step, state)
            ban = partial(bans.apply, written=written[:, :step])
            token = self.head.likeliest(made, ban) if self.head else ban(made).argmax(axis=1)
            token[~open_rows] = pad
            written[:, step] = token
            open_rows &= token != eos
            if not open_rows.any():
                return written[:, : step + 1]
        return written

    def log_probabilities(
        self, input_ids: np.ndarray, attention_mask: np.ndarray, vectors: np.ndarray, targets: np.ndarray
    ) -> np.ndarray:
        """log P of each next token after the ones given, (B, T, V) float32: teacher forcing, step by step.

        Args:
            targets: (B, T) int64, what the decoder is given, its start token first.
        """
        state = self._encode(input_ids, attention_mask, vectors)
        steps = []
        for step in range(targets.shape[1]):
            made, state = self._step(np.ascontiguousarray(targets[:, step]), step, state)
            logits = self.head.logits(made) if self.head else made
            peak = logits.max(axis=1, keepdims=True)
            steps.append(logits - peak - np.log(np.exp(logits - peak).sum(axis=1, keepdims=True)))
        return np.stack(steps, axis=1)

    def _encode(
        self, input_ids: np.ndarray, attention_mask: np.ndarray, vectors: np.ndarray
    ) -> dict[str, ort.OrtValue]:
        n, shape = len(input_ids), self.shape
        bias = np.where(attention_mask != 0, np.float32(0), np.float32(graphs.MASKED))[:, None, None]
        state = {"bias": ort_value(bias), **self._cross(input_ids, attention_mask, bias, vectors)}
        empty = ort_value(np.zeros((n, shape.heads, 0, shape.d_head), dtype=np.float32))
        for layer in range(shape.decoder_layers):
            state |= {f"past_key_{layer}": empty, f"past_value_{layer}": empty}
        return state

    def _cross(
        self, ids: np.ndarray, mask: np.ndarray, bias: np.ndarray, vectors: np.ndarray
    ) -> dict[str, ort.OrtValue]:
        """Keys and values of the cross-attention, a part of the batch at a time."""
        ids, vectors = ids.astype(np.int64, copy=False), vectors.astype(np.float32, copy=False)
        parts = together(mask.sum(axis=1).tolist(), AT_ONCE)
        whole: dict[str, np.ndarray] = {}
        for rows, length in parts:
            given = {"ids": ids[rows, :length], "bias": bias[rows, ..., :length], "user": vectors[rows]}
            made = self.encoder.run_with_ort_values(
                self.encoded, {name: ort_value(value) for name, value in given.items()}
            )
            if len(parts) == 1 and length == ids.shape[1]:
                return dict(zip(self.encoded, made, strict=True))
            for name, value in zip(self.encoded, made, strict=True):
                if name not in whole:
                    size = (len(ids), self.shape.heads, ids.shape[1], self.shape.d_head)
                    whole[name] = np.zeros(size, dtype=np.float32)
                whole[name][rows, :, :length] = value.numpy()
        return {name: ort_value(value) for name, value in whole.items()}

    def _step(
        self, token: np.ndarray, step: int, state: dict[str, ort.OrtValue]
    ) -> tuple[np.ndarray, dict[str, ort.OrtValue]]:
        """Logits, or the last state where the head is apart, and the state for the next step."""
        given = {**state, "token": ort_value(token), "position": ort_value(np.array([step], dtype=np.int64))}
        decoder = self.few_rows if len(token) <= FEW_ROWS else self.decoder
        made, *own = decoder.run_with_ort_values(self.names, given)
        kept = {f"past_{name}": value for name, value in zip(self.names[1:], own, strict=True)}
        return made.numpy(), {**state, **kept}


def together(lengths: Sequence[int], most: int) -> list[tuple[list[int], int]]:
    """Rows to be encoded at once and the longest one's length: the shortest first, padded up to `most` tokens in
    all, at least one row; rows of a part keep their order."""
    parts: list[tuple[list[int], int]] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        length = max(lengths[row], 1)
        if parts and length * (len(parts[-1][0]) + 1) <= most:
            parts[-1] = ([*parts[-1][0], row], length)
        else:
            parts.append(([row], length))
    return [(sorted(rows), length) for rows, length in parts]


class _Bans:
    """What greedy decoding may not choose next; the same rules as transformers' processors."""

    def __init__(self, n: int, decoding: Decoding, once: np.ndarray | None, eos: int, start: int) -> None:
        self.decoding, self.eos, self.start = decoding, eos, start
        self.once = once if decoding.no_repeat_titles else None
        self.n = n

    def apply(self, logits: np.ndarray, written: np.ndarray) -> np.ndarray:
        """The logits (B, V), -inf where banned after what is written so far (B, P)."""
        step, size = written.shape[1], self.decoding.no_repeat_ngram_size
        if step < self.decoding.min_new_tokens:
            logits[:, self.eos] = -np.inf
        if self.once is not None and step:
            said = np.isin(written, self.once)
            rows, places = np.nonzero(said)
            logits[rows, written[rows, places]] = -np.inf
        if size and step + 2 >= size:
            for row in range(self.n):
                begun = [self.start, *written[row].tolist()]  # as transformers has it: the start token counts
                logits[row, _completing(begun, size)] = -np.inf
        return logits


def _completing(written: list[int], size: int) -> list[int]:
    """Tokens that would complete an n-gram of this size that stands in `written` already."""
    tail = written[len(written) - size + 1 :]
    return [
        written[i + size - 1] for i in range(len(written) - size + 1) if written[i : i + size - 1] == tail
    ]


def check_greedy(decoding: Decoding) -> None:
    """Refuse what the graphs' loop does not do."""
    if decoding.num_beams > 1 or decoding.do_sample:
        raise UnsupportedDecoding(
            f"ONNX Runtime decodes greedily here; {decoding.num_beams} beams or sampling want the engine torch"
        )
