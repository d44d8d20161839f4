"""What it costs to import a log: time and memory, by size, beside pandas reading the same file into memory.

    python -m benchmarks.import_logs
    python -m benchmarks.import_logs --ratings 1000209 --reviews 700000 7000000

Writes a MovieLens-shaped log of `--ratings` rows and Yelp-shaped ones of `--reviews` rows into a temporary folder
(0.75 GB a million reviews; set TMPDIR where that is too much), then imports each in a process of its own. The peer of
each does what a notebook would: pandas reads the file, numbers users and items, drops repeats and sorts by user and
time; it checks no field and needs the whole file in memory, so `--peer-reviews` keeps it to a size that fits. A line
of JSON a measurement, then ratios. Memory is the most resident memory the process ever had.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

ML_USERS, ML_ITEMS = 6_040, 3_883
WORDS = "the food was good but slow and we liked it a lot came back with friends nice place outside"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ratings", type=int, default=1_000_209)
    parser.add_argument("--reviews", type=int, nargs="*", default=[700_000, 7_000_000])
    parser.add_argument("--peer-reviews", type=int, default=700_000, help="the largest log pandas is given")
    parser.add_argument("--part", nargs=3, metavar=("SIDE", "FORMAT", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        side, log_format, folder = arguments.part
        print(json.dumps(measure(side, log_format, Path(folder))))
        return
    with tempfile.TemporaryDirectory(prefix="import-logs-") as place:
        logs = [("movielens", arguments.ratings), *(("yelp", n) for n in arguments.reviews)]
        for log_format, n in logs:
            folder = Path(place, f"{log_format}-{n}")
            folder.mkdir()
            {"movielens": write_movielens, "yelp": write_yelp}[log_format](folder, n)
            size = sum(path.stat().st_size for path in folder.iterdir())
            prism = in_own_process("prism", log_format, folder)
            report(log_format, n, size, "prism", prism)
            if log_format == "movielens" or n <= arguments.peer_reviews:
                peer = in_own_process("pandas", log_format, folder)
                report(log_format, n, size, "pandas", peer)
                ratios = {name: round(prism[name] / peer[name], 2) for name in ("wall_s", "peak_mib")}
                report(log_format, n, size, "prism over pandas", ratios)
            shutil.rmtree(folder)


def in_own_process(side: str, log_format: str, folder: Path) -> dict[str, Any]:
    """Measure one side where nothing else has been loaded."""
    command = [sys.executable, "-m", "benchmarks.import_logs", "--part", side, log_format, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def measure(side: str, log_format: str, folder: Path) -> dict[str, Any]:
    """Import once; rows kept, seconds and the most memory."""
    began, processor = time.perf_counter(), time.process_time()
    n = {"prism": import_with_prism, "pandas": import_with_pandas}[side](log_format, folder)
    return {
        "rows": n,
        "wall_s": round(time.perf_counter() - began, 1),
        "cpu_s": round(time.process_time() - processor, 1),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def import_with_prism(log_format: str, folder: Path) -> int:
    """The import as its stage runs it, artefact included."""
    from generation.pipeline import logs
    from generation.pipeline.logs.corpus import write_corpus

    return write_corpus(logs.load(log_format, folder=folder), folder / "corpus").n_interactions


def import_with_pandas(log_format: str, folder: Path) -> int:
    """What a notebook does: all of it in memory, nothing checked."""
    import pandas as pd

    if log_format == "movielens":
        names = ["user", "item", "rating", "at"]
        rows = pd.read_csv(folder / "ratings.dat", sep="::", engine="python", names=names)
        rows["at"] = pd.to_datetime(rows["at"], unit="s", utc=True)
    else:
        rows = pd.read_json(folder / "yelp_academic_dataset_review.json", lines=True)
        rows = rows.rename(
            columns={"user_id": "user", "business_id": "item", "stars": "rating", "date": "at"}
        )
        rows = rows[["user", "item", "rating", "at", "text"]]
        rows["at"] = pd.to_datetime(rows["at"], utc=True)
    rows = rows.drop_duplicates(["user", "item", "at"])
    rows["user"], _ = pd.factorize(rows["user"])
    rows["item"], _ = pd.factorize(rows["item"])
    rows = rows.sort_values(["user", "at"])
    rows.to_parquet(folder / "pandas.parquet", compression="zstd")
    return len(rows)


def write_movielens(folder: Path, n: int) -> None:
    """Rows of the shape of MovieLens 1M: long-tailed users and films, times that often tie."""
    rng = np.random.default_rng(0)
    worth = rng.lognormal(0, 1.1, ML_USERS)
    users = 1 + rng.choice(ML_USERS, n, p=worth / worth.sum())
    items = np.minimum(ML_ITEMS, 1 + (60 * rng.pareto(1.1, n)).astype(int))
    times = 956_703_932 + rng.integers(0, 90_000_000, n) // 60 * 60
    rows = zip(users, items, rng.integers(1, 6, n), times, strict=True)
    with (folder / "ratings.dat").open("w") as target:
        target.writelines(f"{user}::{item}::{stars}::{at}\n" for user, item, stars, at in rows)
    with (folder / "movies.dat").open("w", encoding="latin-1") as target:
        films = (
            f"{item}::Film {item}, The ({1930 + item % 70})::Drama|War\n" for item in range(1, ML_ITEMS + 1)
        )
        target.writelines(films)


def write_yelp(folder: Path, n: int) -> None:
    """Rows of the shape of the Yelp open dataset: 3.5 reviews a user, 46 a business, texts of 20 to 200 words."""
    rng = np.random.default_rng(0)
    n_users, n_items = max(2, n * 2 // 7), max(2, n // 46)
    texts = [" ".join(rng.choice(WORDS.split(), rng.integers(20, 200))) for _ in range(500)]
    with (folder / "yelp_academic_dataset_business.json").open("w") as target:
        for item in range(n_items):
            row = {
                "business_id": f"b{item:021d}",
                "name": f"Place {item}",
                "city": "Reno",
                "categories": "Bars, Pubs",
            }
            target.write(json.dumps(row) + "\n")
    began = datetime(2010, 1, 1)
    with (folder / "yelp_academic_dataset_review.json").open("w") as target:
        for at in range(n):
            user, item = n_users * rng.random() ** 2, n_items * rng.random() ** 2
            when = began + timedelta(seconds=600 * int(rng.integers(0, 600_000)))
            row = {
                "review_id": f"r{at:021d}", "user_id": f"u{int(user):021d}", "business_id": f"b{int(item):021d}",
                "stars": float(rng.integers(1, 6)), "useful": 0, "funny": 0, "cool": 0,
                "text": texts[int(rng.integers(500))], "date": str(when),
            }  # fmt: skip
            target.write(json.dumps(row) + "\n")


def report(log_format: str, n: int, size: int, side: str, figures: dict[str, Any]) -> None:
    named = {"log": log_format, "rows_written": n, "file_mb": round(size / 1e6), "side": side, **figures}
    print(json.dumps(named), flush=True)


if __name__ == "__main__":
    main()
