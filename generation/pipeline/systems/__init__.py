"""SYSTEMS: the contestants. One file a system, one line here; docs/add-a-system.md says how to add one."""

from typing import Any

from generation.pipeline.registry import Entry, load_from
from generation.pipeline.systems.interface import System

SYSTEMS: dict[str, Entry] = {
    "scripted-teacher": Entry("Offline teacher", "generation.pipeline.systems.scripted_teacher:load"),
    "local-teacher": Entry("Teacher", "generation.pipeline.systems.local_teacher:load", queue="gpu"),
    "student-zeroshot": Entry(
        "Student before training", "generation.pipeline.systems.student_zeroshot:load", queue="gpu"
    ),
    "template-knn": Entry("Nearest films, by template", "generation.pipeline.systems.template_knn:load"),
    "prism": Entry("Prism", "generation.pipeline.systems.prism:load", queue="gpu"),
    "prism-nouser": Entry("Prism without user", "generation.pipeline.systems.prism_nouser:load", queue="gpu"),
}

__all__ = ["SYSTEMS", "System", "load"]


def load(name: str, **options: Any) -> System:
    """Build a system; the options are those of its own `load`.

    Raises:
        UnknownName: no such system.
    """
    system: System = load_from(SYSTEMS, name, **options)
    return system
