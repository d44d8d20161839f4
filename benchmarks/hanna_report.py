"""A whole report of HANNA: 1,056 stories by 11 systems, 6 criteria, 55 pairs of systems each, 72 metrics.

HANNA (Chhun et al., COLING 2022; MIT) is read from `../shared/data/ratings/hanna`; without it the script says so
and measures nothing. Ratings and scores are checked, grouped and analysed as `manage.py analyse` does; reading the
files is timed apart.

Run: python -m benchmarks.hanna_report
"""

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from analysis.report.analyse import Subject, analyse
from analysis.report.scores import ScoreTable
from analysis.stats.ratings import RatingTable
from tests.reference.hanna_long import long_ratings, long_scores

FOLDER = Path(__file__).parents[2] / "shared" / "data" / "ratings" / "hanna"


def main() -> None:
    if not FOLDER.is_dir():
        print(f"not measured: {FOLDER} is absent (HANNA is not part of Prism)")
        return
    started = now()
    ratings = long_ratings(pd.read_csv(FOLDER / "ratings_wide.csv"))
    scores = long_scores(pd.read_csv(FOLDER / "metrics_wide.csv"))
    steps = [("files read", now())]
    table = RatingTable.from_frame(ratings, annotators_identified=False)
    steps.append(("ratings checked", now()))
    checked = ScoreTable.from_frame(scores, systems=table.systems)
    steps.append(("scores checked", now()))
    names: list[str] = []

    def progress(step: str) -> None:
        if names:
            steps.append((names[-1], now()))
        names.append(step)

    found = analyse(table, checked, subject=Subject("HANNA"), seed=1, created="", progress=progress)
    steps.append((names[-1], now()))
    print(
        f"machine      {platform.processor() or platform.machine()}, {os.cpu_count()} cores, {platform.platform()}"
    )
    print(
        "versions     python",
        platform.python_version(),
        *(f"{p} {version(p)}" for p in ("numpy", "scipy", "pandas")),
    )
    print(f"threads      {os.environ.get('OMP_NUM_THREADS', 'as many as there are cores')}")
    print(f"data         {len(ratings):,} ratings, {len(scores):,} scores")
    print(f"report       {len(found.comparisons):,} comparisons, {len(found.correlations):,} correlations")
    drawn = sum(row.number.interval is not None for row in found.correlations)
    print(f"intervals    of {drawn:,} correlations")
    before = started
    print(f"{'':<17} clock  processor")
    for step, at in steps:
        _print(step, before, at)
        before = at
    _print("report in all", steps[0][1], steps[-1][1])


def _print(step: str, before: tuple[float, float], after: tuple[float, float]) -> None:
    print(f"{step:<16}{after[0] - before[0]:6.2f} s  {after[1] - before[1]:6.2f} s")


def now() -> tuple[float, float]:
    """On the clock, and of the processor: on a busy machine only the second says what the work costs."""
    return time.perf_counter(), time.process_time()


if __name__ == "__main__":
    main()
