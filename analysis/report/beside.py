"""Data that findings need beside ratings and scores."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, eq=False)
class Beside:
    """Guesses of writers, ratings that do not count, and marks of hidden cards; None where there are none."""

    guesses: pd.DataFrame | None = None
    """The columns of report.guessing.COLUMNS."""
    excluded: pd.DataFrame | None = None
    """Ratings of annotators whom the owner excluded, columns as the ratings that count."""
    checks: pd.DataFrame | None = None
    """The columns of report.checking.COLUMNS."""
