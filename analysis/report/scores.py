"""ScoreTable: the metrics' numbers in long form, checked once and laid beside the ratings."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.report.words import many
from analysis.stats.rating_columns import Problem

COLUMNS = ("case", "system", "metric", "value")
MAX_LISTED = 10_000
LARGEST = 1e60
"""Beyond it, sums of squares and their products leave what a float holds: finite, and yet no use."""


class BadScores(ValueError):
    """The scores cannot be used as they stand; every problem is listed with its line, field and remedy."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems[:MAX_LISTED])
        shown = [str(problem) for problem in self.problems[:20]]
        if len(problems) > 20:
            shown.append(f"... and {len(problems) - 20:,} more")
        super().__init__(f"{many(len(problems), 'problem')} in the scores:\n" + "\n".join(shown))


@dataclass(frozen=True, eq=False)
class ScoreTable:
    """Scores by case, system and metric; build it with `from_frame`."""

    frame: pd.DataFrame
    """Columns case (empty for a corpus-level score), system, metric, value (NaN where undefined)."""
    values: dict[tuple[str, str], npt.NDArray[np.float64]]
    """Of each metric and system, in the order of the rows."""
    wide: dict[str, pd.DataFrame]
    """Of each metric with a value a text, cases (index) by systems (columns)."""
    metrics: tuple[str, ...]
    """In the order of their first rows."""

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, *, systems: Sequence[str]) -> "ScoreTable":
        """Check a long table.

        Args:
            frame: columns case, system, metric, value. An empty value means "undefined for this text"; an
                empty case means one number for all texts of the system.
            systems: the systems that were rated.

        Raises:
            BadScores: a column is missing, a value is no finite number, a system was never rated, or two
                rows score the same text with the same metric.
        """
        missing = [name for name in COLUMNS if name not in frame.columns]
        if missing:
            remedy = f"Name the columns {', '.join(COLUMNS)}"
            raise BadScores([Problem(0, "header", f"no column {name}", remedy) for name in missing])
        frame = frame.loc[:, list(COLUMNS)].reset_index(drop=True)
        names = {name: _as_words(frame[name]) for name in COLUMNS}
        values = pd.to_numeric(names["value"].replace("", None), errors="coerce").astype(np.float64)
        problems = _problems(names, values, set(systems))
        if problems:
            raise BadScores(sorted(problems))
        clean = pd.DataFrame({name: names[name] for name in COLUMNS[:3]} | {"value": values})
        # Once for all metrics and systems: looking the names up again for each takes longer than all statistics.
        groups = clean.groupby(["metric", "system"], sort=False)["value"]
        texts = clean[clean["case"] != ""].groupby("metric", sort=False)
        return cls(
            clean,
            values={
                (str(metric), str(system)): group.to_numpy(dtype=np.float64)
                for (metric, system), group in groups
            },
            wide={
                str(name): rows.pivot(index="case", columns="system", values="value") for name, rows in texts
            },
            metrics=tuple(dict.fromkeys(clean["metric"])),
        )

    def is_corpus_level(self, metric: str) -> bool:
        """Whether the metric has one number a system and none a text."""
        return metric not in self.wide

    def of(self, metric: str, system: str) -> npt.NDArray[np.float64]:
        """The metric's values for a system's texts, in the order of the rows."""
        return self.values.get((metric, system), np.empty(0))

    def beside(self, cases: Sequence[str]) -> list[str]:
        """What a reader must know of scores and ratings that do not meet, in whole sentences; often nothing."""
        texts = self.frame.loc[self.frame["case"] != "", ["case", "system"]].drop_duplicates()
        unrated = ~texts["case"].isin(set(cases))
        if not unrated.any():
            return []
        n_cases = texts.loc[unrated, "case"].nunique()
        return [
            (
                f"{many(int(unrated.sum()), 'text')} with scores {'is' if unrated.sum() == 1 else 'are'} of "
                f"{many(n_cases, 'case')} nobody rated: they count in the means of the metrics and in no correlation."
            )
        ]

    def by_text(self, metric: str, cases: Sequence[str], systems: Sequence[str]) -> pd.DataFrame:
        """The metric as case (index) by system (columns), NaN where there is no score."""
        index, columns = pd.Index(cases, name="case"), pd.Index(systems, name="system")
        return self.wide.get(metric, pd.DataFrame()).reindex(index=index, columns=columns)


def _as_words(column: pd.Series) -> pd.Series:
    return column.astype(object).where(column.notna(), "").astype(str).str.strip()


def _problems(names: dict[str, pd.Series], values: pd.Series, systems: set[str]) -> list[Problem]:
    problems = []
    for field in ("system", "metric"):
        for row in np.flatnonzero(names[field] == ""):
            problems.append(Problem(int(row) + 1, field, "empty", "Give a name"))
    for row in np.flatnonzero(~names["system"].isin(systems | {""})):
        remedy = f"Rated systems are {', '.join(sorted(systems))}"
        problems.append(
            Problem(int(row) + 1, "system", f"{names['system'].iloc[row]!r} was never rated", remedy)
        )
    written = names["value"] != ""
    for row in np.flatnonzero(written & ~(np.abs(values) <= LARGEST)):
        remedy = "Write a finite number, or leave it empty where the metric is undefined"
        problems.append(Problem(int(row) + 1, "value", f"got {names['value'].iloc[row]!r}", remedy))
    keys = pd.DataFrame({name: names[name] for name in COLUMNS[:3]})
    for row in np.flatnonzero(keys.duplicated()):
        first = int(np.flatnonzero((keys == keys.iloc[row]).all(axis=1))[0]) + 2
        problems.append(
            Problem(int(row) + 1, "case, system, metric", f"also on line {first}", "Keep one of the two")
        )
        if len(problems) > MAX_LISTED:
            break
    return problems


def mean_of(values: npt.NDArray[np.float64]) -> float:
    """The mean of those that are defined; NaN where none is."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else math.nan
