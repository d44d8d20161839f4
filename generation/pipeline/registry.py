"""Name things, and build by name: the one mechanism behind every list of what can be plugged in."""

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

Queue = Literal["cpu", "gpu", "http"]
"""Which workers a run's messages go to."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a registry: what people read, and where the thing is made."""

    label: str
    target: str
    """`module:callable`; the module is imported only when the name is asked for."""
    queue: Queue = "cpu"
    """What its work waits for: a processor, a network's accelerator, or somebody else's server."""


class UnknownName(LookupError):
    """A name that stands in no registry, with the names that do."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        self.known = tuple(known)
        near = get_close_matches(name.lower(), self.known, n=1, cutoff=0.5)
        self.suggestion: str | None = near[0] if near else None
        hint = f" Did you mean {self.suggestion!r}?" if self.suggestion else ""
        super().__init__(f"unknown name {name!r}.{hint} Known names: {', '.join(self.known) or 'none'}.")


def load_from(registry: Mapping[str, Entry], name: str, /, **options: Any) -> Any:
    """Call the target of `name` with `options`, importing only its module.

    Raises:
        UnknownName: the registry has no such name.
    """
    if name not in registry:
        raise UnknownName(name, registry)
    module, _, attribute = registry[name].target.partition(":")
    return getattr(importlib.import_module(module), attribute)(**options)
