"""How many distilled pairs a second a student of BART-base's size learns from, and in how much memory.

    python -m benchmarks.training_throughput

Random weights and random tokens, on the GPU where there is one: whole training steps (forward, backward, clipping,
AdamW over backbone and user table), prompts of 450 tokens as fifty titles make them, explanations of 40. A line of
JSON a configuration; docs/scale.md computes with them.
"""

import argparse
import json
import time

import numpy as np
import torch
from transformers import BartConfig, BartForConditionalGeneration

from benchmarks.engine import BASE, SMALL
from generation.pipeline.student.batches import Batch
from generation.pipeline.student.config import StudentConfig
from generation.pipeline.student.model import Student
from generation.pipeline.student.optimising import make_optimiser

N_PROMPT, N_TARGET, N_USERS = 450, 40, 6040


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batches", type=int, nargs="+", default=[32, 64, 128])
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--tiny", action="store_true")
    arguments = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    for precision in ("fp32", "bf16"):
        for batch_size in arguments.batches:
            found = measure(device, precision, batch_size, arguments.steps, tiny=arguments.tiny)
            print(json.dumps(found), flush=True)


def measure(
    device: torch.device, precision: str, batch_size: int, n_steps: int, *, tiny: bool
) -> dict[str, object]:
    torch.manual_seed(0)
    config = BartConfig(**{**BASE.to_dict(), **(SMALL if tiny else {})})
    bart = BartForConditionalGeneration._from_config(config, attn_implementation="sdpa")
    student = Student(bart, N_USERS).to(device).train()
    optimiser = make_optimiser(student, StudentConfig())
    rng = np.random.default_rng(0)
    batch = Batch(
        input_ids=torch.from_numpy(rng.integers(5, 50_000, (batch_size, N_PROMPT))),
        attention_mask=torch.ones(batch_size, N_PROMPT, dtype=torch.int64),
        user_rows=torch.from_numpy(rng.integers(1, N_USERS, batch_size)),
        labels=torch.from_numpy(rng.integers(5, 50_000, (batch_size, N_TARGET))),
    ).to(device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    for step in range(n_steps + 2):
        if step == 2:  # the first two allocate and choose kernels
            _wait(device)
            started = time.perf_counter()
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16"):
            loss = student(
                input_ids=batch.input_ids,
                attention_mask=batch.attention_mask,
                user_rows=batch.user_rows,
                labels=batch.labels,
            ).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
    _wait(device)
    seconds = time.perf_counter() - started
    return {
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        "precision": precision,
        "batch": batch_size,
        "pairs_per_second": round(batch_size * n_steps / seconds, 1),
        "peak_gib": round(torch.cuda.max_memory_allocated() / 2**30, 2) if device.type == "cuda" else None,
        "finite": bool(torch.isfinite(loss)),
    }


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
