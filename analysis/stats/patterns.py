"""Cards as distinct count patterns: five annotators on five points can leave only 126 of them.

Agreement depends on a card only through how many annotators chose each point, so a million cards are a short
list of patterns with multiplicities. Coefficients become functions of sums over patterns, resampling cards
becomes one multinomial draw over patterns, and both are exact.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_DENSE_CODES = 1 << 20


@dataclass(frozen=True, eq=False)
class Patterns:
    """Distinct rows of a count table."""

    counts: npt.NDArray[np.int64]
    """Shape (n_patterns, n_levels), in an order that does not depend on the order of the cards."""
    multiplicity: npt.NDArray[np.int64]
    """Shape (n_patterns,): how many cards show the pattern."""

    @property
    def n_cards(self) -> int:
        return int(self.multiplicity.sum())

    @property
    def n_ratings(self) -> int:
        return int(self.counts.sum(axis=1) @ self.multiplicity)

    @property
    def raters(self) -> npt.NDArray[np.int64]:
        """Shape (n_patterns,): ratings on a card of the pattern."""
        return np.asarray(self.counts.sum(axis=1), dtype=np.int64)

    def at_least(self, n_raters: int) -> "Patterns":
        """Only the cards with so many ratings."""
        keep = self.raters >= n_raters
        return Patterns(self.counts[keep], self.multiplicity[keep])


Counts = npt.ArrayLike | Patterns


def patterns(counts: Counts) -> Patterns:
    """Group equal rows of a count table; patterns that were already grouped come back as they are.

    Args:
        counts: shape (n_cards, n_levels), how many annotators chose each level; whole numbers, 0 or more.

    Raises:
        ValueError: not a table of whole non-negative numbers with two or more levels.
    """
    if isinstance(counts, Patterns):
        return counts
    table = np.asarray(counts)
    if table.ndim != 2 or table.shape[1] < 2:
        raise ValueError(
            f"counts must be (n_cards, n_levels) with two or more levels, got shape {table.shape}"
        )
    if not np.issubdtype(table.dtype, np.integer):
        if not np.isfinite(table).all() or (table != np.floor(table)).any():
            raise ValueError("counts must be whole numbers of annotators; got fractions, NaN or infinity")
        table = table.astype(np.int64)
    if table.size and table.min() < 0:
        raise ValueError("counts must not be negative")
    base = int(table.max(initial=0)) + 1
    if base ** table.shape[1] >= 2**62:
        distinct, multiplicity = np.unique(table, axis=0, return_counts=True)
        return Patterns(distinct.astype(np.int64), multiplicity.astype(np.int64))
    place = base ** np.arange(table.shape[1] - 1, -1, -1, dtype=np.int64)
    code = np.zeros(len(table), dtype=np.int64)
    for column, weight in zip(table.T, place, strict=True):
        code += column * weight
    if base ** table.shape[1] <= _DENSE_CODES:
        frequency = np.bincount(code)
        code, multiplicity = np.flatnonzero(frequency), frequency[frequency > 0]
    else:
        code, multiplicity = np.unique(code, return_counts=True)
    return Patterns(
        (code[:, None] // place % base).astype(np.int64),  # (n_patterns, n_levels)
        multiplicity.astype(np.int64),
    )
