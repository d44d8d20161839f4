"""BART with a user vector as two ONNX graphs, node by node: an encoder that ends in the cross-attention's keys
and values, and one step of the decoder. How linear layers are drawn is `onnx_linear.py`.

Written by hand rather than traced: both graphs read their fp32 weights where they already lie, in the
checkpoint's safetensors file, by offset; making them takes milliseconds; and no trace bakes in a length.
Shapes: B texts, S prompt tokens, P tokens written so far, D wide, H heads of d, V tokens in the vocabulary.
Between the attentions all texts' tokens stand in one matrix (rows, D), since linear layers know no texts.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CONTRIB = "com.microsoft"
OPSETS = [helper.make_opsetid("", 20), helper.make_opsetid(CONTRIB, 1)]
IR_VERSION = 10
VERSION = 2
"""Of what the graphs take and give; graphs stored with another one are drawn anew."""
MASKED = -1e9
"""The bias of padding, added to attention. Large enough that its softmax is exactly 0 in fp32."""
POSITION_OFFSET = 2
"""BART's learned positions start at row 2."""


class UnsupportedBart(ValueError):
    """A BART whose shape these graphs do not speak, with what is different."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a BART that the graphs depend on."""

    d_model: int
    heads: int
    encoder_layers: int
    decoder_layers: int
    vocab_size: int
    embed_scale: float

    @classmethod
    def of(cls, bart: Any) -> "Shape":
        """Read from a BartConfig.

        Raises:
            UnsupportedBart: another activation, or norms before the blocks (mBART), or unequal heads.
        """
        if bart.activation_function != "gelu":
            raise UnsupportedBart(f"these graphs know the activation gelu, not {bart.activation_function!r}")
        if bart.encoder_attention_heads != bart.decoder_attention_heads:
            raise UnsupportedBart("encoder and decoder have different numbers of attention heads")
        if getattr(bart, "normalize_before", False) or bart.model_type != "bart":
            raise UnsupportedBart(f"a {bart.model_type} norms its blocks elsewhere than BART does")
        return cls(
            d_model=bart.d_model,
            heads=bart.encoder_attention_heads,
            encoder_layers=bart.encoder_layers,
            decoder_layers=bart.decoder_layers,
            vocab_size=bart.vocab_size,
            embed_scale=bart.d_model**0.5 if bart.scale_embedding else 1.0,
        )

    @property
    def d_head(self) -> int:
        return self.d_model // self.heads


Linear = Callable[["Graph", str, list[str]], list[str]]
"""Applies the linear layers of the names given to one input (rows, D), and returns an output a name: where the
weights are int8, names given together are one product."""


class Graph:
    """Collects nodes and constants; every method returns the name of what it made."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}
        self.weights: dict[str, None] = {}
        """Names of initialisers that lie in files, in the order they were first asked for."""
        self._n = 0

    def op(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        return self.ops(kind, *inputs, n_outputs=1, domain=domain, **attributes)[0]

    def ops(self, kind: str, *inputs: str, n_outputs: int, domain: str = "", **attributes: Any) -> list[str]:
        outputs = [f"{kind}_{self._n + i}" for i in range(n_outputs)]
        self._n += n_outputs
        self.nodes.append(helper.make_node(kind, list(inputs), outputs, domain=domain, **attributes))
        return outputs

    def constant(self, value: Any, dtype: type) -> str:
        array: np.ndarray = np.asarray(value, dtype=dtype)
        told = array.tolist() if array.size < 9 else f"{zlib.crc32(array.tobytes()):x}"
        name = f"constant_{array.dtype}_{array.shape}_{told}".replace(" ", "")
        self.constants.setdefault(name, numpy_helper.from_array(array, name))
        return name

    def weight(self, name: str) -> str:
        self.weights[name] = None
        return name

    def rename(self, made: str, name: str) -> str:
        """Call something made by the name of a graph output, wherever it is read."""
        for node in self.nodes:
            for names in (node.input, node.output):
                names[:] = [name if each == made else each for each in names]
        return name

    def model(
        self,
        name: str,
        inputs: list[onnx.ValueInfoProto],
        outputs: list[onnx.ValueInfoProto],
        weights: dict[str, onnx.TensorProto],
    ) -> onnx.ModelProto:
        stored = [weights[each] for each in self.weights]
        graph = helper.make_graph(self.nodes, name, inputs, outputs, [*self.constants.values(), *stored])
        return helper.make_model(
            graph,
            opset_imports=OPSETS,
            ir_version=IR_VERSION,
            producer_name="prism-explanations",
            model_version=VERSION,
        )


def encoder(
    shape: Shape, linear: Linear
) -> tuple[Graph, list[onnx.ValueInfoProto], list[onnx.ValueInfoProto]]:
    """ids (B, S), bias (B, 1, 1, S), user (B, D) -> for each decoder layer keys and values, (B, H, S, d)."""
    g, prefix = Graph(), "model.encoder"
    tokens = g.op("Gather", g.weight("model.shared.weight"), "ids", axis=0)  # (B, S, D)
    if shape.embed_scale != 1.0:
        tokens = g.op("Mul", tokens, g.constant(shape.embed_scale, np.float32))
    tokens = g.op("Add", tokens, g.op("Unsqueeze", "user", g.constant([1], np.int64)))  # equation 5
    length = g.op("Gather", g.op("Shape", "ids"), g.constant([1], np.int64), axis=0)
    last = g.op("Add", length, g.constant([POSITION_OFFSET], np.int64))
    positions = g.op(
        "Slice",
        g.weight(f"{prefix}.embed_positions.weight"),
        g.constant([POSITION_OFFSET], np.int64),
        last,
        g.constant([0], np.int64),
    )  # (S, D)
    rows = g.op("Reshape", g.op("Add", tokens, positions), g.constant([-1, shape.d_model], np.int64))
    x = _norm(g, rows, f"{prefix}.layernorm_embedding")  # (B * S, D)
    apart = g.op("Concat", g.op("Shape", "ids"), g.constant([shape.heads, shape.d_head], np.int64), axis=0)
    for layer in range(shape.encoder_layers):
        at = f"{prefix}.layers.{layer}"
        q, k, v = linear(g, x, [f"{at}.self_attn.{each}_proj" for each in "qkv"])
        looked = _attend(g, shape, *(_split(g, each, apart) for each in (q, k, v)))
        (attended,) = linear(g, looked, [f"{at}.self_attn.out_proj"])
        x = _add_and_norm(g, attended, x, f"{at}.self_attn_layer_norm")
        x = _feed_forward(g, x, at, linear)
    cross = [
        f"model.decoder.layers.{layer}.encoder_attn.{each}_proj"
        for layer in range(shape.decoder_layers)
        for each in "kv"
    ]
    made = linear(g, x, cross)
    for layer in range(shape.decoder_layers):
        g.rename(_split(g, made[2 * layer], apart), f"cross_key_{layer}")
        g.rename(_split(g, made[2 * layer + 1], apart), f"cross_value_{layer}")
    inputs = [_ints("ids", "B", "S"), _floats("bias", "B", 1, 1, "S"), _floats("user", "B", shape.d_model)]
    return g, inputs, _cross(shape)


def decoder_step(
    shape: Shape, linear: Linear, *, with_head: bool = True
) -> tuple[Graph, list[onnx.ValueInfoProto], list[onnx.ValueInfoProto]]:
    """token (B,), position (1,), bias, the cross-attention's and P steps' own keys and values -> the logits
    of the next token (B, V), and keys and values of P + 1 steps. Without the head, the last state "hidden" (B, D)
    stands in the place of the logits.

    A query is one row, so that a column of it can be multiplied from the right: that reads keys as they lie, in
    half the time of any other way once they are too many for the processor's cache."""
    g, prefix = Graph(), "model.decoder"
    tokens = g.op("Gather", g.weight("model.shared.weight"), "token", axis=0)  # (B, D)
    if shape.embed_scale != 1.0:
        tokens = g.op("Mul", tokens, g.constant(shape.embed_scale, np.float32))
    row = g.op("Add", "position", g.constant([POSITION_OFFSET], np.int64))
    position = g.op("Gather", g.weight(f"{prefix}.embed_positions.weight"), row, axis=0)  # (1, D)
    x = _norm(g, g.op("Add", tokens, position), f"{prefix}.layernorm_embedding")
    one = g.constant([-1, shape.heads, 1, shape.d_head], np.int64)
    for layer in range(shape.decoder_layers):
        at = f"{prefix}.layers.{layer}"
        q, k, v = linear(g, x, [f"{at}.self_attn.{each}_proj" for each in "qkv"])
        keys = g.op("Concat", f"past_key_{layer}", g.op("Reshape", k, one), axis=2)
        values = g.op("Concat", f"past_value_{layer}", g.op("Reshape", v, one), axis=2)
        keys, values = g.rename(keys, f"key_{layer}"), g.rename(values, f"value_{layer}")
        looked = _attend_once(g, shape, q, keys, values, "")
        (attended,) = linear(g, looked, [f"{at}.self_attn.out_proj"])
        x = _add_and_norm(g, attended, x, f"{at}.self_attn_layer_norm")
        (q,) = linear(g, x, [f"{at}.encoder_attn.q_proj"])
        crossed = f"cross_key_{layer}", f"cross_value_{layer}"
        looked = _attend_once(g, shape, q, *crossed, "bias")
        (attended,) = linear(g, looked, [f"{at}.encoder_attn.out_proj"])
        x = _add_and_norm(g, attended, x, f"{at}.encoder_attn_layer_norm")
        x = _feed_forward(g, x, at, linear)
    if with_head:
        (logits,) = linear(g, x, ["lm_head"])
        told = _floats(g.rename(logits, "logits"), "B", shape.vocab_size)
    else:
        told = _floats(g.rename(x, "hidden"), "B", shape.d_model)
    inputs = [_ints("token", "B"), _ints("position", 1), _floats("bias", "B", 1, 1, "S"), *_cross(shape)]
    return (
        g,
        [*inputs, *_own(shape, "past_", "P")],
        [told, *_own(shape, "", "P + 1")],
    )


def head(shape: Shape, linear: Linear) -> tuple[Graph, list[onnx.ValueInfoProto], list[onnx.ValueInfoProto]]:
    """The decoder's last state "hidden" (B, D) -> the logits of the next token (B, V)."""
    g = Graph()
    (logits,) = linear(g, "hidden", ["lm_head"])
    g.rename(logits, "logits")
    return g, [_floats("hidden", "B", shape.d_model)], [_floats("logits", "B", shape.vocab_size)]


def _norm(g: Graph, x: str, name: str) -> str:
    return g.op(
        "LayerNormalization", x, g.weight(f"{name}.weight"), g.weight(f"{name}.bias"), axis=-1, epsilon=1e-5
    )


def _add_and_norm(g: Graph, x: str, residual: str, name: str) -> str:
    return _norm(g, g.op("Add", x, residual), name)


def _feed_forward(g: Graph, x: str, at: str, linear: Linear) -> str:
    (wide,) = linear(g, x, [f"{at}.fc1"])
    (narrow,) = linear(g, g.op("Gelu", wide), [f"{at}.fc2"])
    return _add_and_norm(g, narrow, x, f"{at}.final_layer_norm")


def _split(g: Graph, x: str, apart: str) -> str:
    """(B * S, D) -> (B, H, S, d); `apart` names the shape (B, S, H, d)."""
    return g.op("Transpose", g.op("Reshape", x, apart), perm=[0, 2, 1, 3])


def _attend(g: Graph, shape: Shape, q: str, keys: str, values: str) -> str:
    """Scaled dot-product attention over a whole prompt, heads put together again: (B * S, D)."""
    weights = g.op("FusedMatMul", q, keys, domain=CONTRIB, transB=1, alpha=shape.d_head**-0.5)
    weights = g.op("Softmax", g.op("Add", weights, "bias"), axis=-1)  # (B, H, S, S)
    together = g.op("Transpose", g.op("MatMul", weights, values), perm=[0, 2, 1, 3])
    return g.op("Reshape", together, g.constant([-1, shape.d_model], np.int64))


def _attend_once(g: Graph, shape: Shape, q: str, keys: str, values: str, bias: str) -> str:
    """The same for one query a text, (B, D). Keys are (B, H, S, d)."""
    # A number a column: ONNX Runtime would put a single one behind the Reshape, where it takes ten times as long.
    scaled = g.op("Mul", q, g.constant(np.full(shape.d_model, shape.d_head**-0.5), np.float32))
    column = g.op("Reshape", scaled, g.constant([-1, shape.heads, shape.d_head, 1], np.int64))
    weights = g.op("Reshape", g.op("MatMul", keys, column), g.constant([0, 0, 1, -1], np.int64))
    if bias:
        weights = g.op("Add", weights, bias)
    looked = g.op("MatMul", g.op("Softmax", weights, axis=-1), values)  # (B, H, 1, d)
    return g.op("Reshape", looked, g.constant([-1, shape.d_model], np.int64))


def _cross(shape: Shape) -> list[onnx.ValueInfoProto]:
    return [
        value
        for layer in range(shape.decoder_layers)
        for value in (
            _floats(f"cross_key_{layer}", "B", shape.heads, "S", shape.d_head),
            _floats(f"cross_value_{layer}", "B", shape.heads, "S", shape.d_head),
        )
    ]


def _own(shape: Shape, prefix: str, n: str) -> list[onnx.ValueInfoProto]:
    return [
        value
        for layer in range(shape.decoder_layers)
        for value in (
            _floats(f"{prefix}key_{layer}", "B", shape.heads, n, shape.d_head),
            _floats(f"{prefix}value_{layer}", "B", shape.heads, n, shape.d_head),
        )
    ]


def _floats(name: str, *dimensions: str | int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(dimensions))


def _ints(name: str, *dimensions: str | int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.INT64, list(dimensions))
