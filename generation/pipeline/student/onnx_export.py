"""A checkpoint made ready for ONNX Runtime: two graphs a precision, and the int8 weights beside the fp32 ones.

The fp32 graphs hold no weights of their own: each names its place in `backbone.safetensors`. The user table is
in none of them: a user's vector is an input.
"""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from safetensors import safe_open
from safetensors.numpy import save_file
from transformers import BartConfig

from generation.pipeline.student import onnx_graph as graphs
from generation.pipeline.student import onnx_linear as layers

Precision = Literal["fp32", "int8"]
PRECISIONS: tuple[Precision, ...] = ("fp32", "int8")
BACKBONE, QUANTISED = "backbone.safetensors", "int8.safetensors"
ENCODER, DECODER = "encoder-{}.onnx", "decoder-{}.onnx"
_DTYPES = {"float32": "F32", "int8": "I8"}
_TYPES = {"F32": TensorProto.FLOAT, "I8": TensorProto.INT8}


def export(folder: Path) -> None:
    """Write the graphs of both precisions into a checkpoint's folder; the same checkpoint gives the same files.

    Raises:
        UnsupportedBart: the checkpoint's BART is not shaped as these graphs are.
    """
    shape = read_shape(folder)
    save_file(int8_weights(folder, shape), str(folder / QUANTISED))
    for precision in PRECISIONS:
        for name, model in build(folder, shape, precision).items():
            (folder / name).write_bytes(model.SerializeToString(deterministic=True))


def read_shape(folder: Path) -> graphs.Shape:
    """The sizes of the checkpoint's BART."""
    return graphs.Shape.of(BartConfig.from_dict(json.loads((folder / "bart.json").read_text("utf-8"))))


def build(
    folder: Path, shape: graphs.Shape, precision: Precision, *, int8: Mapping[str, np.ndarray] | None = None
) -> dict[str, onnx.ModelProto]:
    """File name -> graph, its weights named by file and offset.

    Args:
        int8: the int8 weights where they are in memory; the graph then knows their shapes alone.
    """
    linear, weights = _linear(precision), _weights(folder, precision, int8)
    made = {}
    # In fp32 the output layer is apart: most steps need little of it (onnx_head.py).
    step = partial(graphs.decoder_step, with_head=precision == "int8")
    for name, draw in ((ENCODER, graphs.encoder), (DECODER, step)):
        graph, inputs, outputs = draw(shape, linear)
        file = name.format(precision)
        made[file] = graph.model(file.removesuffix(".onnx"), inputs, outputs, weights)
    return made


def build_few_rows(
    folder: Path, shape: graphs.Shape, int8: Mapping[str, np.ndarray], *, head_only: bool = False
) -> onnx.ModelProto:
    """The decoder's step, or its output layer alone, for a few rows in int8; the graph holds its linear layers.

    Args:
        int8: as `int8_weights` makes them, of the layers that are drawn at least.
    """
    groups = [name.removesuffix(".int8") for name in int8 if name.endswith(".int8")]
    sizes = {group: int8[f"{group}.int8"].shape for group in groups}
    draw = graphs.head if head_only else graphs.decoder_step
    graph, inputs, outputs = draw(shape, layers.few_rows_linear(sizes))
    weights = dict(located(folder, BACKBONE))
    for group in groups:
        if f"{group}.blocks" not in graph.weights:
            continue
        made = layers.in_blocks(int8[f"{group}.int8"], int8[f"{group}.scale"])
        for part, value in {**made, "bias": int8[f"{group}.bias"]}.items():
            weights[f"{group}.{part}"] = numpy_helper.from_array(value, f"{group}.{part}")
    return graph.model("few-rows", inputs, outputs, weights)


def build_head(
    folder: Path, shape: graphs.Shape, precision: Precision, *, int8: Mapping[str, np.ndarray] | None = None
) -> onnx.ModelProto:
    """The output layer alone, of either precision."""
    graph, inputs, outputs = graphs.head(shape, _linear(precision))
    return graph.model(f"head-{precision}", inputs, outputs, _weights(folder, precision, int8))


def _linear(precision: Precision) -> graphs.Linear:
    return layers.fp32_linear() if precision == "fp32" else layers.int8_linear()


def _weights(
    folder: Path, precision: Precision, int8: Mapping[str, np.ndarray] | None
) -> dict[str, TensorProto]:
    weights = dict(located(folder, BACKBONE))
    if int8 is not None:
        weights |= {name: _promised(name, value) for name, value in int8.items()}
    elif precision == "int8":
        weights |= located(folder, QUANTISED)
    return weights


def int8_weights(folder: Path, shape: graphs.Shape) -> dict[str, np.ndarray]:
    """Each linear layer's weights as int8 with a scale a column, columns of one product beside each other."""
    tensors: dict[str, np.ndarray] = {}
    with safe_open(str(folder / BACKBONE), framework="np") as stored:
        for names in layers.int8_groups(shape):
            pairs = [layers.fp32_weights(name) for name in names]
            weight = np.concatenate([stored.get_tensor(w) for w, _ in pairs]).T  # (in, out)
            group = layers.group_name(names)
            tensors |= {f"{group}.{part}": value for part, value in quantise(weight).items()}
            tensors[f"{group}.bias"] = np.concatenate([stored.get_tensor(b).reshape(-1) for _, b in pairs])
    return tensors


def quantise(weight: np.ndarray) -> dict[str, np.ndarray]:
    """Symmetric, a scale a column: `int8 * scale` is within half a scale of the weight.

    Args:
        weight: (in, out), float32.
    """
    scale = np.abs(weight).max(axis=0) / 127
    scale[scale == 0] = 1.0  # a column of zeros stays zeros
    return {
        "int8": np.ascontiguousarray(np.rint(weight / scale).astype(np.int8)),
        "scale": scale.astype(np.float32),
        "zero": np.zeros(weight.shape[1], dtype=np.int8),
    }


def mapped(folder: Path, name: str) -> np.ndarray:
    """A tensor of the backbone, read from its file where it is touched and nowhere else."""
    start, header = _header(folder / BACKBONE)
    entry = header[name]
    dtype = np.dtype("<f4")
    if _DTYPES[dtype.name] != entry["dtype"]:
        raise ValueError(f"{name} is {entry['dtype']} in {folder / BACKBONE}, not F32")
    offset = start + entry["data_offsets"][0]
    return np.memmap(folder / BACKBONE, dtype, "r", offset, tuple(entry["shape"]))


def located(folder: Path, file: str) -> Mapping[str, TensorProto]:
    """Initialisers that name their bytes in a safetensors file: 8 bytes of length, a JSON header, the tensors."""
    start, header = _header(folder / file)
    return {name: _external(name, entry, file, start) for name, entry in header.items()}


def _header(path: Path) -> tuple[int, dict[str, Any]]:
    """Where the tensors begin, and what the file says of each."""
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        header: dict[str, Any] = json.loads(stream.read(length))
    header.pop("__metadata__", None)
    return 8 + length, header


def _promised(name: str, value: np.ndarray) -> TensorProto:
    """An initialiser whose bytes its session is lent; it names a file that is there, since that is asked for."""
    entry = {"data_offsets": (0, value.nbytes), "shape": value.shape, "dtype": _DTYPES[value.dtype.name]}
    return _external(name, entry, BACKBONE, 0)


def _external(name: str, entry: Mapping[str, Any], file: str, start: int) -> TensorProto:
    first, last = entry["data_offsets"]
    tensor = TensorProto(name=name, dims=entry["shape"], data_type=_TYPES[entry["dtype"]])
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", file), ("offset", start + first), ("length", last - first)):
        tensor.external_data.add(key=key, value=str(value))
    return tensor
