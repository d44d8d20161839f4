"""One version of a prompt: its words, and how a history is written into them."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Template:
    """The words around a history and an item."""

    version: str
    text: str
    """Holds {history} and {item}, once each."""
    separator: str
    """Stands between two titles of the history."""
    no_history: str
    """Stands where the history would, when there is none to show."""

    def __post_init__(self) -> None:
        for place in ("{history}", "{item}"):
            if self.text.count(place) != 1:
                raise ValueError(f"prompt {self.version} must hold {place} exactly once")

    @property
    def sha256(self) -> str:
        """Changes when anything that reaches the prompt changes."""
        parts = [self.text, self.separator, self.no_history]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()

    def fill(self, history: Sequence[str], item: str) -> str:
        """Write the titles in; braces inside a title stay as they are."""
        return self.text.format(history=self.separator.join(history) or self.no_history, item=item)


@cache
def faithful_v1() -> Template:
    """The template of the Prism paper, section 4.2 (Faithfulness-Constrained Prompting), word for word."""
    return Template("faithful-v1", _read("faithful-v1.txt"), separator="; ", no_history="none yet")


@cache
def compact_v1() -> Template:
    """For students: the instruction never changes, so it is left out; the item comes first.

    A small student that reads the item last learns to name it far more slowly.
    """
    return Template("compact-v1", _read("compact-v1.txt"), separator="; ", no_history="none yet")


def _read(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8").removesuffix("\n")
