"""How soon an explanation of BART-base's size could be at best on this machine, by one thread.

    OMP_NUM_THREADS=1 python -m benchmarks.engine_floors
    OMP_NUM_THREADS=1 python -m benchmarks.engine_floors --batches 1 8 32 --prompt 198

The work is counted (see `work`), the machine's rates are measured on the best libraries here: products of large
matrices in fp32 by torch or ONNX Runtime and of bytes by ONNX Runtime, and reading memory. A step of the decoder takes
as long as its products or as reading its weights, keys and values, whichever is longer. The output layer is read as
int8 in both, since the exact engine needs few of its rows in fp32; attention's own products stay fp32 in int8.
No engine reaches a floor: activations, norms and softmax are not in it.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnxruntime as ort
import torch
from onnx import TensorProto, helper, numpy_helper

from benchmarks.engine import BASE
from generation.pipeline.student import onnx_graph as graphs


@dataclass(frozen=True, slots=True)
class Rates:
    """Of one thread."""

    fp32: float
    """Additions and multiplications a second."""
    int8: float
    memory: float
    """Bytes read a second."""


@dataclass(frozen=True, slots=True)
class Work:
    """Additions and multiplications of one explanation, and bytes that one step must read."""

    prompt_linear: float
    prompt_attention: float
    step_linear: float
    step_attention: float
    layer_weights: float
    """How many numbers."""
    head_weights: float
    step_cache: float
    """Bytes of keys and values a text, fp32."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--prompt", type=int, default=300, help="tokens of the prompt")
    parser.add_argument("--new", type=int, default=40, help="tokens written")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rates = measured_rates()
    print(
        f"fp32 {rates.fp32 / 1e9:.0f} and int8 {rates.int8 / 1e9:.0f} thousand million operations a second, "
        f"memory {rates.memory / 1e9:.1f} GB/s"
    )
    counted = work(arguments.prompt, arguments.new)
    prompt, step = (
        counted.prompt_linear + counted.prompt_attention,
        counted.step_linear + counted.step_attention,
    )
    print(
        f"an explanation: {(prompt + arguments.new * step) / 1e9:.1f} thousand million operations; "
        f"a step reads {(counted.layer_weights + counted.head_weights) / 1e6:.1f} M weights"
    )
    for batch in arguments.batches:
        exact, rough = (floor(counted, rates, batch, arguments.new, int8=int8) for int8 in (False, True))
        print(f"batch {batch:<3} at best {exact * 1000:6.0f} ms in fp32, {rough * 1000:6.0f} ms in int8")


def work(n_prompt: int, n_new: int) -> Work:
    """Counted from the shape: a product of (n, a) with (a, b) is 2 n a b operations."""
    d, ffn, vocab = BASE.d_model, BASE.encoder_ffn_dim, BASE.vocab_size
    encoder_layer, decoder_layer = 4 * d * d + 2 * d * ffn, 6 * d * d + 2 * d * ffn
    layers, head = BASE.decoder_layers * decoder_layer, d * vocab
    cross = BASE.decoder_layers * 2 * d * d
    seen = n_prompt + (n_new + 1) / 2  # the prompt, and on average half of what is written
    return Work(
        prompt_linear=2.0 * n_prompt * (BASE.encoder_layers * encoder_layer + cross),
        prompt_attention=2.0 * 2 * n_prompt * n_prompt * d * BASE.encoder_layers,
        step_linear=2.0 * (layers + head),
        step_attention=2.0 * 2 * seen * d * BASE.decoder_layers,
        layer_weights=layers,
        head_weights=head,
        step_cache=4.0 * 2 * seen * d * BASE.decoder_layers,
    )


def floor(counted: Work, rates: Rates, batch: int, n_new: int, *, int8: bool) -> float:
    """Seconds an explanation."""
    rate, size = (rates.int8, 1) if int8 else (rates.fp32, 4)
    prompt = counted.prompt_linear / rate + counted.prompt_attention / rates.fp32
    products = counted.step_linear / rate + counted.step_attention / rates.fp32
    weights = counted.layer_weights * size + counted.head_weights
    reading = (weights / batch + counted.step_cache) / rates.memory
    return prompt + n_new * max(products, reading)


def measured_rates() -> Rates:
    one, other = torch.rand(1536, 1536), torch.rand(1536, 1536)
    large = torch.full((2**28,), 3, dtype=torch.uint8).view(torch.int64)
    rows = np.random.default_rng(0).random((1200, 768), np.float32)
    n, fp32, int8 = 2 * 1200 * 768 * 3072, product(768, 3072, int8=False), product(768, 3072, int8=True)
    return Rates(
        fp32=max(2 * 1536**3 / best(lambda: one @ other), n / best(lambda: fp32.run(None, {"x": rows}))),
        int8=n / best(lambda: int8.run(None, {"x": rows})),
        memory=2**28 / best(lambda: large.sum()),
    )


def product(n_in: int, n_out: int, *, int8: bool) -> ort.InferenceSession:
    """(B, n_in) -> (B, n_out) by constant weights."""
    whole = np.random.default_rng(0).integers(-127, 128, (n_in, n_out)).astype(np.int8)
    weights: dict[str, np.ndarray] = {"w": whole if int8 else whole.astype(np.float32)}
    if int8:
        weights |= {"s": np.ones(n_out, np.float32), "z": np.zeros(n_out, np.int8)}
    kind, domain = ("DynamicQuantizeMatMul", graphs.CONTRIB) if int8 else ("MatMul", "")
    graph = helper.make_graph(
        [helper.make_node(kind, ["x", *weights], ["y"], domain=domain)],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["B", n_in])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["B", n_out])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    model = helper.make_model(graph, opset_imports=graphs.OPSETS, ir_version=graphs.IR_VERSION)
    return ort.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])


def best(run: Callable[[], object], n: int = 15) -> float:
    """The median of the quicker half: a rate is what the machine can do, not what it does beside others."""
    run()
    seconds = []
    for _ in range(n):
        started = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - started)
    return statistics.median(sorted(seconds)[: n // 2])


if __name__ == "__main__":
    main()
