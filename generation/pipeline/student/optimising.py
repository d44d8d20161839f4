"""How a student's weights are moved: the optimiser, its rates over time, and the precision the hardware is good at."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from generation.pipeline.student.config import StudentConfig
from generation.pipeline.student.model import Student


def make_optimiser(model: Student, config: StudentConfig) -> torch.optim.AdamW:
    """AdamW over backbone and user table jointly; biases, norms and the table are not decayed."""
    named = list(model.bart.named_parameters())
    groups: list[dict[str, Any]] = [
        {
            "params": [p for _, p in named if p.dim() > 1],
            "peak": config.learning_rate,
            "weight_decay": config.weight_decay,
        },
        {"params": [p for _, p in named if p.dim() <= 1], "peak": config.learning_rate, "weight_decay": 0.0},
    ]
    if isinstance(model.users, nn.Embedding):
        groups.append(
            {"params": [model.users.weight], "peak": config.user_learning_rate, "weight_decay": 0.0}
        )
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.98), eps=1e-8)


def schedule(share_done: float, warmup: float) -> float:
    """Factor of the peak rate: up in a line over the warm-up, then down in a line to a twentieth."""
    if share_done < warmup:
        return max(share_done / warmup, 0.01)
    return 1.0 - 0.95 * (share_done - warmup) / (1 - warmup)


def multiplies_in_bf16(device: torch.device) -> bool:
    """Whether the hardware has instructions for products of bfloat16; software has them everywhere."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    try:
        flags = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    except OSError:  # no Linux: nothing is known, and fp32 is never slow
        return False
    return bool(flags & {"avx512_bf16", "amx_bf16", "bf16"})
