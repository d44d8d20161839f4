"""What a shard of the teacher's work takes in memory, however many cases it has.

    python -m benchmarks.distil_memory
    python -m benchmarks.distil_memory --sizes 20000 1000000

Cases of the paper's shape (histories of 50 out of the built-in films, 6,040 users), the offline teacher, one shard,
each size in a process of its own, then the same again over the rows that are there. A line of JSON each: MiB that were
resident before the first case, MiB at the worst moment, rows a second. Linux only: memory is read from /proc.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from generation.pipeline.case_files import read_cases, write_cases
from generation.pipeline.logs.builtin.catalogue import catalogue
from generation.pipeline.records import Case, Decoding, Item
from generation.pipeline.teacher.distilling import distil
from generation.pipeline.teacher.scripted import ScriptedTeacher

N_USERS, LONGEST = 6_040, 50


class CasesOfFile:
    """The cases of a file, read anew each time."""

    def __init__(self, path: Path, items: tuple[Item, ...], n: int) -> None:
        self.path, self.items, self.n = path, items, n

    def __len__(self) -> int:
        return self.n

    def __iter__(self) -> Iterator[Case]:
        return read_cases(self.path, self.items, "train")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[20_000, 200_000])
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.folder:
        print(json.dumps(measure(arguments.folder, arguments.sizes[0])))
        return
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory() as name:
            items = tuple(catalogue())
            for _ in write_cases(Path(name) / "train.parquet", made_up(size, items), items):
                continue
            for words in ("first", "again"):
                command = [sys.executable, "-m", "benchmarks.distil_memory", "--folder", name]
                done = subprocess.run(
                    [*command, "--sizes", str(size)], check=True, capture_output=True, text=True
                )
                print(json.dumps({"cases": size, "time": words, **json.loads(done.stdout)}), flush=True)


def made_up(n: int, items: tuple[Item, ...]) -> Iterator[Case]:
    rng = np.random.default_rng(0)
    for index in range(n):
        chosen = [items[code] for code in rng.integers(0, len(items), LONGEST + 1)]
        yield Case(f"case-{index}", f"user-{index % N_USERS}", tuple(chosen[1:]), chosen[0], "train")


def measure(folder: Path, n: int) -> dict[str, Any]:
    items = tuple(catalogue())
    teacher = ScriptedTeacher(items, hallucination_rate=0.1)
    before, began = resident("VmRSS"), time.perf_counter()
    summary = distil(
        teacher,
        CasesOfFile(folder / "train.parquet", items, n),
        decoding=Decoding(),
        seed=0,
        store=folder / "rows",
    )
    seconds = time.perf_counter() - began
    return {
        "asked": summary.n_asked,
        "MiB before": round(before),
        "MiB most": round(resident("VmHWM")),
        "rows a second": round(n / seconds),
    }


def resident(what: str) -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split(f"{what}:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
