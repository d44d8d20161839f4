"""Networks of published shapes with random weights, built on the device they are measured on, and their cost."""

import gc
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import torch

from benchmarks.experiments.trial import machine
from generation.pipeline.records import Decoding
from generation.pipeline.sampling import generation_config, only
from generation.pipeline.student.config import StudentConfig
from generation.pipeline.student.model import Student, bart_config

Precision = Literal["fp32", "bf16"]
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}

FLAN_T5: dict[str, dict[str, int]] = {
    "base": {"d_model": 768, "d_ff": 2048, "layers": 12, "num_heads": 12, "d_kv": 64},
    "large": {"d_model": 1024, "d_ff": 2816, "layers": 24, "num_heads": 16, "d_kv": 64},
    "XL": {"d_model": 2048, "d_ff": 5120, "layers": 24, "num_heads": 32, "d_kv": 64},
    "XXL": {"d_model": 4096, "d_ff": 10240, "layers": 24, "num_heads": 64, "d_kv": 64},
}
"""T5 v1.1 as published: gated GELU, untied embeddings of 32,128 tokens."""
BART_BASE = {"d_model": 768, "layers": 6, "heads": 12, "ffn_dim": 3072}
BART_VOCABULARY, N_USERS = 50_265, 6_040
"""bart-base's tokens and MovieLens-1M's users."""
WARM_UP = 3
SLOWEST = "FLAN-T5-XXL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """A network of a published shape, in one precision, at one batch size."""

    name: str
    precision: Precision
    batch: int = 1
    layers: int = 0
    """A side, where it is not the published number: the footing of an extrapolation."""
    runs: int = 100
    seconds: float = 15.0
    """No further run is begun after this long: the table says how many there were."""
    prompt_tokens: int = 450
    new_tokens: int = 40
    seed: int = 0
    smoke: bool = False

    @property
    def id(self) -> str:
        depth = f"/{self.layers}+{self.layers}" if self.layers else ""
        return f"efficiency/{self.name}{depth}/{self.precision}/batch {self.batch}"


def contestants(device: str, *, smoke: bool, runs: int, seconds: float, seed: int) -> list[Contestant]:
    given: dict[str, Any] = {"runs": runs, "seconds": seconds, "seed": seed, "smoke": smoke}
    if smoke:
        given |= {"prompt_tokens": 12, "new_tokens": 3, "runs": 3}
    large = 32 if device == "cuda" else 8
    wanted: list[Contestant] = []
    names: list[tuple[str, tuple[Precision, ...]]] = [
        ("Prism", ("fp32", "bf16")),
        ("FLAN-T5-XXL", ("bf16",)),
        ("FLAN-T5-XL", ("bf16",)),
        ("FLAN-T5-large", ("bf16",)),
        ("FLAN-T5-base", ("bf16",)),
    ]
    for batch in (1, large):
        for name, precisions in names:
            too_large = device == "cpu" and name in ("FLAN-T5-XL", "FLAN-T5-XXL")
            for precision in precisions if device == "cuda" else ("fp32",):
                if too_large and batch == 1:
                    wanted += [
                        Contestant(name=name, precision=precision, batch=1, layers=n, **given) for n in (1, 2)
                    ]
                elif not too_large:
                    patience = seconds * (3 if name == SLOWEST and batch == 1 else 1)
                    made = Contestant(name=name, precision=precision, batch=batch, **given)
                    wanted.append(replace(made, seconds=patience))
    return wanted


def build(contestant: Contestant, device: str) -> tuple[Any, Callable[[torch.Tensor], torch.Tensor]]:
    """The network, made on the device with random weights, and the function that lets it write."""
    torch.manual_seed(contestant.seed)
    if contestant.name == "Prism":
        return _prism(contestant, device)
    return _flan_t5(contestant, device)


def _prism(contestant: Contestant, device: str) -> tuple[Any, Callable[[torch.Tensor], torch.Tensor]]:
    shape: dict[str, Any] = (
        {"d_model": 32, "layers": 1, "heads": 2, "ffn_dim": 64} if contestant.smoke else BART_BASE
    )
    config = StudentConfig(**shape, max_positions=1024, attention="sdpa")
    vocabulary = 300 if contestant.smoke else BART_VOCABULARY
    from transformers import BartForConditionalGeneration

    with torch.device(device):
        bart = BartForConditionalGeneration._from_config(
            bart_config(config, vocabulary), attn_implementation="sdpa", dtype=DTYPES[contestant.precision]
        )
        student = Student(bart, 10 if contestant.smoke else N_USERS).to(DTYPES[contestant.precision]).eval()
    decoding = generation_config(_decoding(contestant), bos=0, pad=1, eos=2, start=2)
    rows = torch.arange(contestant.batch, device=device) % 7 + 1
    from transformers import LogitsProcessorList

    def write(ids: torch.Tensor) -> torch.Tensor:
        return student.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            user_rows=rows,
            generation_config=decoding,
            logits_processor=LogitsProcessorList(),
        )

    return student, write


def _flan_t5(contestant: Contestant, device: str) -> tuple[Any, Callable[[torch.Tensor], torch.Tensor]]:
    from transformers import T5Config, T5ForConditionalGeneration

    shape = dict(FLAN_T5[contestant.name.rpartition("-")[2]])
    if contestant.smoke:
        shape = {"d_model": 32, "d_ff": 64, "layers": 2, "num_heads": 2, "d_kv": 16}
    layers = contestant.layers or shape.pop("layers")
    shape.pop("layers", None)
    config = T5Config(
        **shape,
        num_layers=layers,
        num_decoder_layers=layers,
        vocab_size=300 if contestant.smoke else 32_128,
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=False,
        dropout_rate=0.0,
        decoder_start_token_id=0,
        pad_token_id=0,
        eos_token_id=1,
    )
    with torch.device(device):
        teacher = T5ForConditionalGeneration._from_config(config, dtype=DTYPES[contestant.precision]).eval()
    decoding = generation_config(_decoding(contestant), bos=None, pad=0, eos=1, start=0)

    def write(ids: torch.Tensor) -> torch.Tensor:
        with only(teacher, decoding):
            out: torch.Tensor = teacher.generate(
                input_ids=ids, attention_mask=torch.ones_like(ids), generation_config=decoding
            )
        return out

    return teacher, write


def _decoding(contestant: Contestant) -> Decoding:
    return Decoding(max_new_tokens=contestant.new_tokens, min_new_tokens=contestant.new_tokens)


@torch.no_grad()
def measure(contestant: Contestant, device: str) -> dict[str, Any]:
    """Latencies of whole batches after warm-up, peak memory (weights included) and parameters."""
    if device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    network, write = build(contestant, device)
    rng = np.random.default_rng([contestant.seed, 31])
    high = 290 if contestant.smoke else 30_000
    size = (contestant.batch, contestant.prompt_tokens)
    latencies: list[float] = []
    began = time.perf_counter()
    for run in range(-WARM_UP, contestant.runs):
        if run >= 3 and time.perf_counter() - began > contestant.seconds:
            break
        ids = torch.from_numpy(rng.integers(5, high, size)).to(device)
        _wait(device)
        started = time.perf_counter()
        out = write(ids)
        _wait(device)
        if run >= 0:
            latencies.append(time.perf_counter() - started)
        if out.shape != (contestant.batch, contestant.new_tokens + 1):
            raise RuntimeError(
                f"{contestant.id} wrote {tuple(out.shape)}, not {contestant.new_tokens} tokens a text"
            )
    n_parameters = sum(parameter.numel() for parameter in network.parameters())
    users = N_USERS + 1 if contestant.name == "Prism" and not contestant.smoke else 0
    peak = torch.cuda.max_memory_allocated() if device == "cuda" else _peak_resident()
    del network, write
    gc.collect()
    return {
        "id": f"{contestant.id}/{device}",
        "contestant": asdict(contestant),
        "n_runs": len(latencies),
        "seconds": {
            "mean": statistics.fmean(latencies),
            "sd": statistics.stdev(latencies) if len(latencies) > 1 else None,
            "p50": float(np.percentile(latencies, 50)),
            "p95": float(np.percentile(latencies, 95)),
        },
        "parameters": n_parameters,
        "user_parameters": users * BART_BASE["d_model"],
        "peak_bytes": peak,
        "machine": {**machine(device), "torch_threads": torch.get_num_threads()},
    }


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def _peak_resident() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
