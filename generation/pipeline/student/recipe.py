"""The demo recipe: what a small fresh BART needs to learn the built-in corpus in about a minute of one core.

Each choice was measured; docs/lab-notebook.md has the figures, the failures too. They hold for cases with at
most MAX_TITLES films of history and some 6,000 training pairs; longer histories are shown whole, cost more, and
are explained the less faithfully the longer they are.
"""

from typing import Any

MAX_TITLES = 8

DEMO: dict[str, Any] = {
    "d_model": 128,
    "layers": 2,
    "heads": 4,
    "ffn_dim": 512,
    "max_positions": 128,
    "vocab_size": 700,
    "title_tokens": True,
    "copy_init": True,
    "say_once_init": True,
    "user_dropout": 0.1,
    "shuffle_history": True,
    "max_prompt_tokens": 128,  # fifty titles of a token each, so that longer histories are shown whole
    "max_target_tokens": 64,
    "learning_rate": 2.5e-3,
    "user_learning_rate": 5e-4,  # faster, and the table learns which films a user has seen, not how to speak
    "batch_size": 32,
    "max_epochs": 100,
    "max_steps": 800,
    "valid_every": 200,
    "patience": 0,
    "precision": "auto",
}

CAPACITIES: dict[str, dict[str, Any]] = {
    "tiny": {"d_model": 64, "layers": 1, "heads": 2, "ffn_dim": 256, "learning_rate": 4e-3},
    "small": {"d_model": 128, "layers": 2, "heads": 4, "ffn_dim": 512, "learning_rate": 2.5e-3},
    "medium": {"d_model": 256, "layers": 3, "heads": 4, "ffn_dim": 1024, "learning_rate": 1e-3},
    "base": {"d_model": 768, "layers": 6, "heads": 12, "ffn_dim": 3072, "learning_rate": 2e-4},
}
"""Shapes of a fresh BART; `small` is the demo's student and `base` has bart-base's shape. The rates fall with the width
and were not tuned: tuning each size on its own would need a search nobody has run."""

FRESH_BASE: dict[str, Any] = {
    **CAPACITIES["base"],
    "max_positions": 1024,
    "max_prompt_tokens": 1000,
    "vocab_size": 50_000,
    "attention": "sdpa",
    "dropout": 0.1,
    "precision": "auto",
}
"""Not tuned: nobody trained it to its end here."""
