"""The linear layers of a student's graphs: in fp32, and in int8 by the kernel that is sooner for many rows or for few.

The two kernels of int8 multiply the same whole numbers. They differ in how a layer's input becomes whole numbers: all
of it by one step, or a block of each row by a step of its own.
"""

from collections.abc import Mapping

import numpy as np

from generation.pipeline.student.onnx_graph import CONTRIB, Graph, Linear, Shape, decoder_step, encoder

MIDDLE = 128
"""What an int8 weight is moved by where a kernel wants unsigned bytes."""


def unsigned(int8: np.ndarray) -> np.ndarray:
    """int8 + 128 as uint8: the same bits but for the first of each byte."""
    moved: np.ndarray = np.ascontiguousarray(int8).view(np.uint8) ^ np.uint8(MIDDLE)
    return moved


def fp32_linear() -> Linear:
    """Products with the weights as torch keeps them, (out, in): Gemm takes them transposed."""

    def apply(g: Graph, x: str, names: list[str]) -> list[str]:
        return [g.op("Gemm", x, *map(g.weight, fp32_weights(name)), transB=1) for name in names]

    return apply


def fp32_weights(linear: str) -> tuple[str, str]:
    """Weight and bias of a linear layer, as the checkpoint calls them."""
    if linear == "lm_head":
        return "model.shared.weight", "final_logits_bias"
    return f"{linear}.weight", f"{linear}.bias"


def int8_linear() -> Linear:
    """Products whose input is quantised as it comes, in one piece, and whose weights are int8 by column."""

    def apply(g: Graph, x: str, names: list[str]) -> list[str]:
        group = group_name(names)
        parts = [g.weight(f"{group}.{part}") for part in ("int8", "scale", "zero", "bias")]
        made = g.op("DynamicQuantizeMatMul", x, *parts, domain=CONTRIB)
        return _apart(g, made, len(names))

    return apply


def few_rows_linear(sizes: Mapping[str, tuple[int, int]]) -> Linear:
    """The same weights for a few rows, where reading them is all the work: blocks of a column, read straight through.

    Args:
        sizes: (in, out) of each group of layers.
    """

    def apply(g: Graph, x: str, names: list[str]) -> list[str]:
        group = group_name(names)
        n_in, n_out = sizes[group]
        blocks, scales, bias = (g.weight(f"{group}.{part}") for part in ("blocks", "scales", "bias"))
        made = g.op(
            "MatMulNBits",
            *(x, blocks, scales, "", "", bias),
            domain=CONTRIB,
            K=n_in,
            N=n_out,
            bits=8,
            block_size=block_of(n_in),
            accuracy_level=4,  # products of bytes
        )
        return _apart(g, made, len(names))

    return apply


def block_of(n_in: int) -> int:
    """How many weights of a column are read together; 0 where their number is not a multiple of 16."""
    return next((size for size in (256, 128, 64, 32, 16) if n_in % size == 0), 0)


def in_blocks(int8: np.ndarray, scale: np.ndarray) -> dict[str, np.ndarray]:
    """Weights (in, out) with a scale a column, as `few_rows_linear` reads them: uint8 (out, blocks, block)."""
    n_in, n_out = int8.shape
    size = block_of(n_in)
    scale = np.where(
        int8.any(axis=0), scale, 0
    )  # or the sums of such a column's 128s would leave their rounding
    moved = (int8.T.astype(np.int16) + MIDDLE).astype(np.uint8)
    n_blocks = n_in // size
    return {
        "blocks": moved.reshape(n_out, n_blocks, size),
        "scales": np.repeat(scale.astype(np.float32), n_blocks),
    }


def _apart(g: Graph, made: str, n: int) -> list[str]:
    return [made] if n == 1 else g.ops("Split", made, n_outputs=n, axis=-1, num_outputs=n)


def group_name(names: list[str]) -> str:
    """How the int8 weights of layers that are multiplied together are called."""
    return names[0] if len(names) == 1 else f"{names[0]}+{len(names) - 1}"


def int8_groups(shape: Shape) -> list[list[str]]:
    """The linear layers of both graphs as `int8_linear` is asked for them."""
    groups: list[list[str]] = []

    def record(g: Graph, x: str, names: list[str]) -> list[str]:
        groups.append(names)
        return [x for _ in names]

    encoder(shape, record)
    decoder_step(shape, record)
    return groups
