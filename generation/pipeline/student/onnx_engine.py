"""A student on ONNX Runtime: the same greedy texts as torch, sooner, from graphs beside the checkpoint.

One thread a session unless told otherwise: more cores are better spent on more processes. An engine may be
used from several threads at a time; it keeps nothing between two calls.
"""

import json
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper
from safetensors.numpy import load_file

from generation.pipeline.records import Decoding
from generation.pipeline.sampling import UnsupportedDecoding
from generation.pipeline.student import onnx_graph as graphs
from generation.pipeline.student.onnx_export import (
    DECODER,
    ENCODER,
    QUANTISED,
    Precision,
    build,
    build_head,
    int8_weights,
    mapped,
    read_shape,
)
from generation.pipeline.student.onnx_head import Head, Rough


class NoExport(ValueError):
    """A student that ONNX Runtime cannot run, with what to do."""


class OnnxEngine:
    """Greedy decoding with the two graphs of one precision."""

    def __init__(self, folder: Path, *, precision: Precision = "fp32", threads: int = 1) -> None:
        """Open the graphs in a checkpoint's folder; weights are mapped from their files, not copied.

        A checkpoint that was never exported is exported in memory: fp32 at once, int8 in a second or so.

        Raises:
            NoExport: the checkpoint's BART is of a shape the graphs do not speak.
        """
        self.precision = precision
        try:
            self.shape = read_shape(folder)
        except graphs.UnsupportedBart as difference:
            raise NoExport(
                f"{folder} is not for ONNX Runtime: {difference}; explain with the engine torch"
            ) from None
        self.encoder, self.decoder = _open(folder, self.shape, precision, threads)
        self.start = int(json.loads((folder / "bart.json").read_text("utf-8"))["decoder_start_token_id"])
        """The decoder's first token."""
        self.names = [output.name for output in self.decoder.get_outputs()]
        self.head = open_head(folder, self.shape, threads=threads) if self.names[0] == "hidden" else None
        self.encoded = [output.name for output in self.encoder.get_outputs()]

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
        bans = _Bans(n, decoding, once, eos)
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
        given = {
            "ids": _value(input_ids.astype(np.int64, copy=False)),
            "mask": _value(attention_mask.astype(np.int64, copy=False)),
            "user": _value(vectors.astype(np.float32, copy=False)),
        }
        made = self.encoder.run_with_ort_values(self.encoded, given)
        state = dict(zip(self.encoded, made, strict=True))
        n, shape = len(input_ids), self.shape
        for layer in range(shape.decoder_layers):
            empty = np.zeros((n, shape.heads, 0, shape.d_head), dtype=np.float32)
            state |= {f"past_key_{layer}": _value(empty), f"past_value_{layer}": _value(empty)}
        return state

    def _step(
        self, token: np.ndarray, step: int, state: dict[str, ort.OrtValue]
    ) -> tuple[np.ndarray, dict[str, ort.OrtValue]]:
        """Logits, or the last state where the head is apart, and the state for the next step."""
        given = {**state, "token": _value(token), "position": _value(np.array([step], dtype=np.int64))}
        made, *own = self.decoder.run_with_ort_values(self.names, given)
        kept = {f"past_{name}": value for name, value in zip(self.names[1:], own, strict=True)}
        return made.numpy(), {**state, **kept}


class _Bans:
    """What greedy decoding may not choose next; the same rules as transformers' processors."""

    def __init__(self, n: int, decoding: Decoding, once: np.ndarray | None, eos: int) -> None:
        self.decoding, self.eos = decoding, eos
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
        if size and step + 1 >= size:
            for row in range(self.n):
                logits[row, _completing(written[row].tolist(), size)] = -np.inf
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


@cache
def int8_saturates() -> bool:
    """Whether this machine's product of unsigned and signed bytes overflows: x86 without VNNI adds pairs of
    products in 16 bits. Asked of the kernel itself: 255 * 127, twice."""
    weights = {"w": np.full((64, 1), 127, np.int8), "s": np.ones(1, np.float32), "z": np.zeros(1, np.int8)}
    node = helper.make_node("DynamicQuantizeMatMul", ["x", *weights], ["y"], domain=graphs.CONTRIB)
    initialisers = [onnx.numpy_helper.from_array(value, name) for name, value in weights.items()]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 64])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1])
    graph = helper.make_graph([node], "saturation", [x], [y], initialisers)
    model = helper.make_model(graph, opset_imports=graphs.OPSETS, ir_version=graphs.IR_VERSION)
    session = _session(model.SerializeToString(), _options(1))
    got = float(session.run(None, {"x": np.full((1, 64), 255.0, np.float32)})[0][0, 0])
    return abs(got - 255 * 127 * 64) > 1


def _open(
    folder: Path, shape: graphs.Shape, precision: Precision, threads: int
) -> tuple[ort.InferenceSession, ort.InferenceSession]:
    """Encoder and decoder, from their files where those serve as they are."""
    names = [name.format(precision) for name in (ENCODER, DECODER)]
    exported = all((folder / name).exists() for name in names)
    shifted = precision == "int8" and int8_saturates()
    if exported and not shifted:
        encoder, decoder = (_session(str(folder / name), _options(threads)) for name in names)
        if (
            precision == "fp32" and decoder.get_outputs()[0].name == "logits"
        ):  # exported before the head was apart
            decoder = open_drawn(build(folder, shape, precision)[names[1]], folder, {}, threads)
    elif precision == "fp32":
        models = build(folder, shape, precision)
        encoder, decoder = (open_drawn(models[name], folder, {}, threads) for name in names)
    else:
        stored = load_file(str(folder / QUANTISED)) if exported else int8_weights(folder, shape)
        models = build(folder, shape, precision, int8=stored)
        encoder, decoder = (
            open_drawn(models[name], folder, stored, threads, shifted=shifted) for name in names
        )
    return encoder, decoder


def open_head(folder: Path, shape: graphs.Shape, *, threads: int) -> Head:
    """The output layer of the exact engine."""
    weight = mapped(folder, "model.shared.weight")
    bias = np.array(mapped(folder, "final_logits_bias")).reshape(-1)
    rough = Rough.of(weight, most=63 if int8_saturates() else 127)
    int8 = {
        "lm_head.int8": rough.int8,
        "lm_head.scale": rough.scale,
        "lm_head.zero": np.zeros(len(weight), np.int8),
        "lm_head.bias": bias,
    }
    return Head(
        weight,
        bias,
        rough,
        sketch=open_drawn(build_head(folder, shape, "int8", int8=int8), folder, int8, threads),
        whole=lambda: open_drawn(build_head(folder, shape, "fp32"), folder, {}, threads),
    )


def open_drawn(
    model: onnx.ModelProto,
    folder: Path,
    given: Mapping[str, np.ndarray],
    threads: int,
    *,
    shifted: bool = False,
) -> ort.InferenceSession:
    """A graph in memory: weights in `given` are lent to it, the others stay in their files in `folder`.

    With `shifted`, int8 weights move from -127..127 to 1..255 and their zero point to 128: the same numbers, by
    a kernel that does not saturate.
    """
    options, kept = _options(threads), []
    for tensor in model.graph.initializer:
        if tensor.name in given:
            value = given[tensor.name]
            if shifted and value.dtype == np.int8:
                value = (value.astype(np.int16) + 128).astype(np.uint8)
                tensor.data_type = TensorProto.UINT8
            kept.append(_value(value))
            options.add_initializer(tensor.name, kept[-1])
    # A path tells ONNX Runtime where the other external weights lie.
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(folder))
    session = _session(model.SerializeToString(), options)
    session.kept_initialisers = kept  # the session reads them as long as it lives
    return session


def _session(model: str | bytes, options: ort.SessionOptions) -> ort.InferenceSession:
    return ort.InferenceSession(model, options, ["CPUExecutionProvider"])


def _options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options


def _value(array: np.ndarray) -> ort.OrtValue:
    return ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array))
