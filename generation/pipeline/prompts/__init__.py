"""Prompt texts are data: versioned, listed here, and never edited once a run has used them."""

from generation.pipeline.prompts.rendering import PromptTooLong, render
from generation.pipeline.prompts.template import Template
from generation.pipeline.registry import Entry, load_from

PROMPTS: dict[str, Entry] = {
    "faithful-v1": Entry(
        "Faithfulness-constrained, for teachers and zero-shot systems",
        "generation.pipeline.prompts.template:faithful_v1",
    ),
    "compact-v1": Entry(
        "Item and history only, for students", "generation.pipeline.prompts.template:compact_v1"
    ),
}

__all__ = ["PROMPTS", "PromptTooLong", "Template", "load", "render"]


def load(name: str) -> Template:
    template: Template = load_from(PROMPTS, name)
    return template
