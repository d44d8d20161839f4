"""TEACHERS: who can write the distilled set."""

from typing import Any

from generation.pipeline.registry import Entry, load_from
from generation.pipeline.teacher.interface import Draft, Teacher

TEACHERS: dict[str, Entry] = {
    "scripted": Entry("Offline teacher (rules, no network)", "generation.pipeline.teacher.scripted:load"),
    "transformers": Entry("Local language model", "generation.pipeline.teacher.local:load", queue="gpu"),
    "endpoint": Entry(
        "Language model behind an OpenAI-compatible address",
        "generation.pipeline.teacher.endpoint:load",
        queue="http",
    ),
}

__all__ = ["TEACHERS", "Draft", "Teacher", "load"]


def load(name: str, **options: Any) -> Teacher:
    teacher: Teacher = load_from(TEACHERS, name, **options)
    return teacher
