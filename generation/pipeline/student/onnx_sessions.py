"""A checkpoint's graphs opened for ONNX Runtime, and what this machine's kernels for bytes can be trusted with."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper
from safetensors.numpy import load_file

from generation.pipeline.student import onnx_graph as graphs
from generation.pipeline.student.onnx_export import (
    DECODER,
    ENCODER,
    QUANTISED,
    Precision,
    build,
    build_few_rows,
    build_head,
    int8_weights,
    mapped,
)
from generation.pipeline.student.onnx_head import Head, Rough, Sketch
from generation.pipeline.student.onnx_linear import MIDDLE, block_of, unsigned

FEW_ROWS = 4
"""Up to so many rows reading the weights is all the work, and the kernel that reads them soonest wins."""
SLOW_FUSIONS = ["MatMulScaleFusion", "MatmulTransposeFusion", "SkipLayerNormFusion"]
"""What ONNX Runtime would join to its loss: one query's product with its keys by the general kernel, and a norm of one
number at a time."""


def open_graphs(
    folder: Path, shape: graphs.Shape, precision: Precision, threads: int
) -> tuple[ort.InferenceSession, ort.InferenceSession]:
    """Encoder and decoder, from their files where those serve as they are."""
    names = [name.format(precision) for name in (ENCODER, DECODER)]
    exported = all(_serves(folder / name) for name in names)
    shifted = precision == "int8" and int8_saturates()
    if exported and not shifted:
        encoder, decoder = (_session(str(folder / name), _options(threads)) for name in names)
        return encoder, decoder
    stored = _int8(folder, shape) if precision == "int8" else {}
    models = build(folder, shape, precision, int8=stored or None)
    encoder, decoder = (open_drawn(models[name], folder, stored, threads, shifted=shifted) for name in names)
    return encoder, decoder


def open_few_rows(folder: Path, shape: graphs.Shape, threads: int) -> ort.InferenceSession | None:
    """The int8 decoder for a few rows; none where its kernel does not fit the student or the machine."""
    stored = _int8(folder, shape)
    blocks = [block_of(value.shape[0]) for name, value in stored.items() if name.endswith(".int8")]
    if not all(blocks) or not blocks_are_exact():
        return None
    return open_drawn(build_few_rows(folder, shape, stored), folder, {}, threads)


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
    many = Sketch(open_drawn(build_head(folder, shape, "int8", int8=int8), folder, int8, threads))

    @cache
    def few() -> Sketch:
        block = block_of(weight.shape[1])
        if not block or not blocks_are_exact():
            return many
        model = build_few_rows(folder, shape, int8, head_only=True)
        return Sketch(open_drawn(model, folder, {}, threads), block)

    return Head(
        weight,
        bias,
        rough,
        sketch=lambda n_rows: few() if n_rows <= FEW_ROWS else many,
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
                value = unsigned(value)
                tensor.data_type = TensorProto.UINT8
            kept.append(ort_value(value))
            options.add_initializer(tensor.name, kept[-1])
    # A path tells ONNX Runtime where the other external weights lie.
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(folder))
    session = _session(model.SerializeToString(), options)
    session.kept_initialisers = kept  # the session reads them as long as it lives
    return session


def ort_value(array: np.ndarray) -> ort.OrtValue:
    """An array as ONNX Runtime takes it, not copied where it lies in one piece."""
    return ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array))


@cache
def int8_saturates() -> bool:
    """Whether this machine's product of unsigned and signed bytes overflows: x86 without VNNI adds pairs of
    products in 16 bits. Asked of the kernel itself: 255 * 127, twice."""
    weights: dict[str, np.ndarray] = {
        "w": np.full((64, 1), 127, np.int8),
        "s": np.ones(1, np.float32),
        "z": np.zeros(1, np.int8),
    }
    node = helper.make_node("DynamicQuantizeMatMul", ["x", *weights], ["y"], domain=graphs.CONTRIB)
    got = _product(node, weights, np.full((1, 64), 255, np.float32))
    return abs(float(got[0, 0]) - 255 * 127 * 64) > 1


@cache
def blocks_are_exact() -> bool:
    """Whether the kernel for blocks of bytes gives what whole numbers give, at both ends of the scale, for one row
    and for several."""
    size = 256
    signs = np.where(np.arange(size * 16).reshape(16, size) % 2, 127, -127)
    signs[0], signs[1] = 127, -127
    weights: dict[str, np.ndarray] = {
        "w": (signs + MIDDLE).astype(np.uint8)[:, None],
        "s": np.ones(16, np.float32),
    }
    sizes = {"K": size, "N": 16, "bits": 8, "block_size": size, "accuracy_level": 4}
    node = helper.make_node("MatMulNBits", ["x", *weights], ["y"], domain=graphs.CONTRIB, **sizes)
    rows = np.where(np.arange(FEW_ROWS * size).reshape(FEW_ROWS, size) % 3, 127, -127).astype(np.float32)
    rows[0] = 127
    return all(
        np.allclose(_product(node, weights, rows[:n]), rows[:n] @ signs.T, atol=4)
        for n in range(1, FEW_ROWS + 1)
    )


def _product(node: onnx.NodeProto, weights: Mapping[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    """What one node makes of (B, n), its weights constants."""
    initialisers = [onnx.numpy_helper.from_array(value, name) for name, value in weights.items()]
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["B", x.shape[1]])
    made = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph([node], "product", [given], [made], initialisers)
    model = helper.make_model(graph, opset_imports=graphs.OPSETS, ir_version=graphs.IR_VERSION)
    found: np.ndarray = _session(model.SerializeToString(), _options(1)).run(None, {"x": x})[0]
    return found


def _int8(folder: Path, shape: graphs.Shape) -> dict[str, np.ndarray]:
    """The int8 weights, from their file where there is one."""
    path = folder / QUANTISED
    return load_file(str(path)) if path.exists() else int8_weights(folder, shape)


def _serves(path: Path) -> bool:
    """Whether a graph is there and takes and gives what it would if it were drawn today."""
    return path.exists() and onnx.load(str(path), load_external_data=False).model_version == graphs.VERSION


def _session(model: str | bytes, options: ort.SessionOptions) -> ort.InferenceSession:
    return ort.InferenceSession(model, options, ["CPUExecutionProvider"], disabled_optimizers=SLOW_FUSIONS)


def _options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options
