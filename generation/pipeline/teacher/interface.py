"""What every teacher is: a writer of golden explanations."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from generation.pipeline.records import Case, Decoding, Prompt, Signature

UNASKED = "not asked"
"""The error of a draft that was never asked for, since a budget ended first: no row is kept of it."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A text as the teacher left it, before screening."""

    text: str
    finished: bool = True
    """False where the limit of new tokens cut the text."""
    error: str = ""
    """Why there is no text at all, in words; such a row is asked again by whoever resumes."""
    attempts: int = 1
    latency: float = 0.0
    """Seconds, pauses between the attempts included."""
    finish_reason: str = ""
    usage: dict[str, int] = field(default_factory=dict)
    """prompt_tokens and completion_tokens, where they are counted."""


class Teacher(Protocol):
    """Writes one draft a case. What it writes for a case depends on nothing but the case, the prompt and
    the seed:
    neighbours, order and sharding change no text."""

    signature: Signature
    """Of the model or the rules alone; decoding and seed stand beside it wherever a text is kept."""
    prompt_version: str
    """The prompt it reads unless told otherwise."""
    budget: int | None
    """Tokens a prompt may take; None where there is no limit."""
    reads_user: bool
    """True where the text depends on the user beyond the prompt, so that equal prompts are not the same
    work."""

    def count_tokens(self, text: str) -> int:
        """Tokens of a prompt, special tokens included."""
        ...

    def write(
        self, cases: Sequence[Case], prompts: Sequence[Prompt], *, decoding: Decoding, seed: int
    ) -> list[Draft]:
        """One draft a case, in the order of the cases."""
        ...
