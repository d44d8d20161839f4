"""What a teacher that costs money may spend."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Limits:
    """What one writer may spend, and what tokens cost; 0 sets no limit."""

    max_tokens: int = 0
    """Tokens read and written together."""
    max_cost: float = 0.0
    price_in: float = 0.0
    """Of a million tokens read, in any currency."""
    price_out: float = 0.0
    """Of a million tokens written."""

    def cost(self, n_in: int, n_out: int) -> float:
        return (n_in * self.price_in + n_out * self.price_out) / 1e6


@runtime_checkable
class MeteredTeacher(Protocol):
    """A teacher that counts what it spends and stops asking at its limits."""

    def spent_before(self, n_in: int, n_out: int) -> None:
        """What earlier attempts at the same work used, so that resuming does not start a new budget."""
        ...
