"""What language models are asked by metrics: prompts as text files with a version, never edited once used."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from analysis.metrics.interface import Text

FOLDER = Path(__file__).parent / "prompts"
NO_HISTORY = "nothing yet"
_TAG = re.compile(
    r"<\s*/?\s*(reference|prediction|history|recommended|explanation|evidence|statement)\s*>", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Wording:
    """One version of a prompt."""

    version: str
    text: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    def signed(self) -> str:
        """Version and hash, for signatures."""
        return f"{self.version}:{self.sha256[:8]}"

    def fill(self, **given: str) -> str:
        """Write the texts in; braces inside them stay as they are."""
        return self.text.format(**given)


@cache
def wording(version: str) -> Wording:
    """Read one of the files of `prompts`."""
    return Wording(version, (FOLDER / f"{version}.txt").read_text(encoding="utf-8").removesuffix("\n"))


def history_of(text: Text, *, newest: int | None = None) -> str:
    """The titles shown, oldest first; of a long history the newest so many."""
    shown = text.history if newest is None else text.history[len(text.history) - newest :]
    return "; ".join(item.label for item in shown) or NO_HISTORY


def quoted(text: str) -> str:
    """A text as it stands between the tags of a prompt: it must not end its own quotation."""
    return _TAG.sub(" ", text.strip())


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said to one prompt; where it said nothing, why."""

    text: str
    error: str = ""


Ask = Callable[[Sequence[str]], Sequence[Answer]]
"""Puts prompts to a model, one answer each in their order; failures come back as answers with an error."""


@dataclass(frozen=True, slots=True)
class Judge:
    """A language model that answers prompts, and what signatures say of it."""

    ask: Ask
    model: str
    """Its name where it is served."""
    revision: str = ""
    """What its operator calls the weights behind the name; empty where nobody said."""

    @property
    def described(self) -> dict[str, str]:
        return {"model": self.model, "revision": self.revision or "unstated"}
