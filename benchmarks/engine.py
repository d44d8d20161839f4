"""How fast each engine explains at BART-base's size, beside transformers' generate in fp32, in one process.

    OMP_NUM_THREADS=1 python -m benchmarks.engine
    OMP_NUM_THREADS=1 python -m benchmarks.engine --batches 1 8 32 --rounds 7

Random weights (speed does not read them), 300 prompt tokens, 40 new tokens, greedy, one thread, a user's vector
added to every prompt token. Rounds are interleaved and a ratio is taken within its round, so that a machine that
slows down slows both. `compact` is the same cases with the prompt's constant instruction left out; what it is
compared with still reads the whole prompt.
"""

import argparse
import json
import multiprocessing
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime
import torch
import transformers
from safetensors.numpy import load_file
from transformers import BartConfig, BartForConditionalGeneration, LogitsProcessorList

from generation.pipeline import prompts
from generation.pipeline.logs.builtin.catalogue import catalogue
from generation.pipeline.records import Case, Decoding
from generation.pipeline.sampling import generation_config
from generation.pipeline.student import checkpoint, onnx_export
from generation.pipeline.student.model import Student
from generation.pipeline.student.onnx_engine import OnnxEngine
from generation.pipeline.student.onnx_head import Head
from generation.pipeline.student.onnx_sessions import int8_saturates
from generation.pipeline.student.tokenizer import train_tokenizer

BASE = BartConfig(
    vocab_size=50265,
    d_model=768,
    encoder_layers=6,
    decoder_layers=6,
    encoder_attention_heads=12,
    decoder_attention_heads=12,
    encoder_ffn_dim=3072,
    decoder_ffn_dim=3072,
    max_position_embeddings=1024,
    forced_eos_token_id=None,
)
N_USERS = 100


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--prompt", type=int, default=300, help="tokens of the whole prompt")
    parser.add_argument("--new", type=int, default=40, help="tokens written, no more and no fewer")
    parser.add_argument("--only", nargs="+", help="names of the ways to be timed, beside the first")
    parser.add_argument("--tiny", action="store_true", help="a network of no size, to see that all runs")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    compact = compact_length(arguments.prompt)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder, tiny=arguments.tiny)
        print_setting(folder, arguments.prompt, compact, arguments.new)
        print_memory(folder, arguments.batches[-1], arguments.prompt, arguments.new)
        for batch in arguments.batches:
            ways = writers(folder, batch, arguments.prompt, compact, arguments.new)
            wanted = {"transformers fp32", "onnx fp32", *(arguments.only or ways)}
            ways = {name: way for name, way in ways.items() if name in wanted}
            print_ratios(batch, measure(ways, arguments.rounds))


def print_memory(folder: Path, batch: int, n_prompt: int, n_new: int) -> None:
    """What opening a student and explaining one batch adds to a process of its own, at its worst moment."""
    for name in ("transformers fp32", "onnx fp32", "onnx int8"):
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
            added = alone.submit(added_memory, name, folder, batch, n_prompt, n_new).result()
        print(f"  {name:<28} adds {added / 2**20:8.0f} MiB to a process at batch {batch}", flush=True)


def added_memory(name: str, folder: Path, batch: int, n_prompt: int, n_new: int) -> int:
    """Bytes; mapped files count as far as they were read."""
    torch.set_num_threads(1)
    before = peak()
    writers(folder, batch, n_prompt, n_prompt, n_new)[name]()
    return peak() - before


def peak() -> int:
    """Of this process alone: what getrusage tells after a spawn is its parent's too. Linux."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def open_student(folder: Path) -> Student:
    config = BartConfig.from_dict(json.loads((folder / "bart.json").read_text()))
    bart = BartForConditionalGeneration._from_config(config, attn_implementation="sdpa")
    student = Student(bart, N_USERS).eval()
    checkpoint.load_weights(student, folder)
    return student


def build(folder: Path, *, tiny: bool) -> None:
    """A student of random weights, saved and exported."""
    config = BartConfig(**{**BASE.to_dict(), **(SMALL if tiny else {})})
    with torch.random.fork_rng():
        torch.manual_seed(0)
        bart = BartForConditionalGeneration._from_config(config, attn_implementation="sdpa")
        student = Student(bart, N_USERS).eval()
    checkpoint.save_weights(student, folder)
    (folder / "bart.json").write_text(json.dumps(config.to_dict()))
    started = time.perf_counter()
    onnx_export.export(folder)
    print(f"exported in {time.perf_counter() - started:.1f} s")


SMALL = {
    "d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64,
}  # fmt: skip


def compact_length(n_tokens: int) -> int:
    """Tokens left of a prompt of about `n_tokens` when its instruction goes, on cases over the built-in films."""
    films = list(catalogue())
    rng = np.random.default_rng(0)
    some = []
    for index in range(200):
        chosen = [films[i] for i in rng.permutation(len(films))[: 2 + index % 60]]
        some.append(Case(str(index), "u", tuple(chosen[1:]), chosen[0], "test"))
    whole = [prompts.render(case, version="faithful-v1").text for case in some]
    tokenizer = train_tokenizer(whole, vocab_size=4000)
    nearest = sorted(range(len(some)), key=lambda i: abs(tokenizer.count(whole[i]) - n_tokens))[:20]
    lengths = [tokenizer.count(prompts.render(some[i], version="compact-v1").text) for i in nearest]
    return round(statistics.median(lengths))


def writers(
    folder: Path, batch: int, n_prompt: int, n_compact: int, n_new: int
) -> dict[str, Callable[[], np.ndarray]]:
    """Name -> a call that explains one batch, and opens what it needs the first time; the first is what the others
    are compared with."""
    rng = np.random.default_rng(0)
    ids = rng.integers(5, BASE.vocab_size, (batch, n_prompt))
    rows = rng.integers(1, N_USERS, batch)
    vectors = load_file(str(folder / checkpoint.TABLE))["weight"][rows]
    decoding = Decoding(max_new_tokens=n_new, min_new_tokens=n_new)
    config = generation_config(decoding, bos=0, pad=1, eos=2, start=2)
    network = cache(lambda: open_student(folder))
    opened = cache(lambda precision: OnnxEngine(folder, precision=precision))
    plain = cache(lambda: without_sketch(OnnxEngine(folder)))

    def reference() -> np.ndarray:
        found = network().generate(
            input_ids=torch.from_numpy(ids),
            attention_mask=torch.ones(ids.shape, dtype=torch.int64),
            user_rows=torch.from_numpy(rows),
            generation_config=config,
            logits_processor=LogitsProcessorList(),
        )
        return found[:, 1:].numpy()

    def engine(open_one: Callable[[], OnnxEngine], length: int) -> Callable[[], np.ndarray]:
        shown = np.ascontiguousarray(ids[:, :length])
        return lambda: open_one().generate(
            shown, np.ones_like(shown), vectors, decoding=decoding, start=2, eos=2, pad=1
        )

    def fp32() -> OnnxEngine:
        return opened("fp32")

    def int8() -> OnnxEngine:
        return opened("int8")

    return {
        "transformers fp32": reference,
        "onnx fp32": engine(fp32, n_prompt),
        "onnx fp32, all logits": engine(plain, n_prompt),
        "onnx int8": engine(int8, n_prompt),
        "onnx fp32, compact prompt": engine(fp32, n_compact),
        "onnx int8, compact prompt": engine(int8, n_compact),
    }


class AllLogits:
    """The output layer as it was before it was sketched: for what the sketch gains."""

    def __init__(self, head: Head) -> None:
        self.logits = head.logits

    def likeliest(self, hidden: np.ndarray, ban: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        found: np.ndarray = ban(self.logits(hidden)).argmax(axis=1)
        return found


def without_sketch(engine: OnnxEngine) -> OnnxEngine:
    assert engine.head is not None
    engine.head = AllLogits(engine.head)  # type: ignore[assignment]
    return engine


def measure(
    ways: dict[str, Callable[[], np.ndarray]], n_rounds: int
) -> dict[str, tuple[list[float], list[float]]]:
    """Name -> seconds of wall clock and of the processor, a round; the round that warms up is left out."""
    found: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in ways}
    texts = {name: write() for name, write in ways.items()}
    for _ in range(n_rounds):
        for name, write in ways.items():
            wall, processor = time.perf_counter(), time.process_time()
            texts[name] = write()
            found[name][0].append(time.perf_counter() - wall)
            found[name][1].append(time.process_time() - processor)
    reference, exact = texts["transformers fp32"], texts["onnx fp32"]
    print(f"onnx fp32 wrote the tokens transformers wrote: {np.array_equal(reference, exact)}")
    return found


def print_ratios(batch: int, found: dict[str, tuple[list[float], list[float]]]) -> None:
    base_wall, base_processor = found["transformers fp32"]
    print(f"\nbatch {batch:<24} ms an explanation   ratio by wall clock (range)   by processor time")
    for name, (wall, processor) in found.items():
        ratios = [one / other for one, other in zip(base_wall, wall, strict=True)]
        by_processor = [one / other for one, other in zip(base_processor, processor, strict=True)]
        print(
            f"  {name:<28} {statistics.median(wall) * 1000 / batch:10.1f}"
            f" {statistics.median(ratios):14.2f}x ({min(ratios):.2f}-{max(ratios):.2f})"
            f" {statistics.median(by_processor):14.2f}x",
            flush=True,
        )


def print_setting(folder: Path, n_prompt: int, n_compact: int, n_new: int) -> None:
    print(
        f"{platform.processor() or platform.machine()}, torch {torch.__version__}, transformers "
        f"{transformers.__version__}, onnxruntime {onnxruntime.__version__}; {n_prompt} prompt tokens "
        f"({n_compact} compact), {n_new} new ones; int8 products of signed bytes "
        f"{'saturate here, so shifted ones are used' if int8_saturates() else 'are exact here'}"
    )
    for path in sorted(folder.iterdir()):
        print(f"  {path.name:<24} {path.stat().st_size / 2**20:8.1f} MiB")


if __name__ == "__main__":
    main()
