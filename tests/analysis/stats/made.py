"""Small rating tables written out as card -> ratings by annotators 1, 2, 3, ..."""

from collections.abc import Mapping, Sequence

import pandas as pd

from analysis.stats.ratings import RatingTable

Cards = Mapping[tuple[object, str], Sequence[int | None]]


def long_frame(cards: Cards, criterion: str = "clear") -> pd.DataFrame:
    """Long format; None is "cannot judge"."""
    rows = [
        (f"annotator {index}", case, system, criterion, value)
        for (case, system), values in cards.items()
        for index, value in enumerate(values, start=1)
    ]
    return pd.DataFrame(rows, columns=["annotator", "case", "system", "criterion", "value"])


def table(cards: Cards, criterion: str = "clear") -> RatingTable:
    return RatingTable.from_frame(long_frame(cards, criterion))
