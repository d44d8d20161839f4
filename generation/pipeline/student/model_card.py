"""A model card beside each student: what it is, what it learned from, and what it must not be taken for."""

import json
from collections.abc import Mapping
from typing import Any

from generation.pipeline.student.config import StudentConfig

CARD = "README.md"

USE = "It reads the titles a user has met and the one recommended, and writes why that one may please."

OFFLINE = """\
**The teacher was the rule-based offline teacher, not a language model.** What this student writes shows that the
software works; it is no evidence about language models."""

LIMITS = """\
Made to explain a recommendation to the person it is made for, and to study such explanations with raters. It does not
recommend. It can name films nobody watched and give reasons that are not the recommender's: measure both
(`generation/pipeline/student/faithfulness.py`) before people rely on it. A user's vector is learned from that user's
choices: it is personal data, and goes where they go."""


def model_card(config: StudentConfig, facts: Mapping[str, Any], *, n_parameters: int, n_users: int) -> str:
    """The card in Markdown, from the facts of the manifest alone: the same student has the same card."""
    start = f"the weights of `{config.pretrained}`" if config.pretrained else "random weights"
    users = (
        f"{n_users:,} users have a vector of their own, {config.user_dropout:.0%} of the training pairs were "
        "shown without it. Anybody else is the unknown user, whose vector is zero."
        if config.with_user
        else "None: this is the ablation that never knew its users."
    )
    paragraphs = [
        "# A student that explains recommendations",
        f"A BART of {n_parameters:,} parameters (the user table not counted), trained by Prism from {start}. "
        + USE,
        "## What it learned from",
        _table(
            {
                "Teacher": facts.get("teacher") or None,
                "Distilled pairs": facts.get("n_pairs"),
                "Validation pairs": facts.get("n_valid"),
                "Pairs left out as too long": facts.get("n_too_long"),
                "Prompt": config.prompt_version,
                "Data": facts.get("data") or None,
            }
        ),
        OFFLINE if facts.get("offline") else "",
        "## Users",
        users,
        "## Training",
        _table(
            {
                "Steps": facts.get("n_steps"),
                "Stopped by": facts.get("stopped"),
                "Best step": facts.get("best_step"),
                "Best validation loss (nats a token)": facts.get("best_valid_loss"),
                "Precision": facts.get("precision"),
                "Seed": facts.get("seed"),
            }
        ),
        _losses(facts.get("losses", [])),
        "## Use and limits",
        LIMITS,
        "## Settings",
        "```json\n" + json.dumps(config.to_json(), indent=2, sort_keys=True) + "\n```",
    ]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph) + "\n"


def _table(rows: Mapping[str, object]) -> str:
    lines = [f"| {name} | {_words(value)} |" for name, value in rows.items()]
    return "\n".join(["| | |", "|---|---|", *lines])


def _losses(looks: Any) -> str:
    lines = [f"| {step:,} | {trained:.4f} | {valid:.4f} |" for step, trained, valid in looks]
    return "\n".join(["| Step | Training loss | Validation loss |", "|---|---|---|", *lines]) if lines else ""


def _words(value: object) -> str:
    if value is None:
        return "not recorded"
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else str(value).replace("|", "\\|").replace("\n", " ")
