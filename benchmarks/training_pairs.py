"""What the pairs of a training take: as Python objects, and as the arrays a training keeps them in.

    python -m benchmarks.training_pairs
    python -m benchmarks.training_pairs --pairs 894752

Pairs of the paper's shape (histories of up to 50 out of 3,883 films, explanations of 30 words, 6,040 users), each side
in a process of its own. A line of JSON a side: seconds to hold them all, resident MiB they added, bytes a pair, and
seconds to read 10,000 of them in random order; then the ratio. Linux only: memory is read from /proc.
"""

import argparse
import gc
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from generation.pipeline.records import Case, Item
from generation.pipeline.student.pairs import DistilledPair, PairTable

N_ITEMS, N_USERS, LONGEST, N_READ = 3_883, 6_040, 50, 10_000
WORDS = "you who liked these films will enjoy this one for its calm and honest story".split()  # noqa: SIM905


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=200_000)
    parser.add_argument("--side", choices=["objects", "arrays"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        print(json.dumps(measure(arguments.side, arguments.pairs)))
        return
    found = {}
    for side in ("objects", "arrays"):
        command = [sys.executable, "-m", "benchmarks.training_pairs", "--side", side]
        done = subprocess.run(
            [*command, "--pairs", str(arguments.pairs)], check=True, capture_output=True, text=True
        )
        found[side] = json.loads(done.stdout)
        print(json.dumps({"side": side, **found[side]}), flush=True)
    ratio = found["arrays"]["bytes_a_pair"] / found["objects"]["bytes_a_pair"]
    print(json.dumps({"arrays over objects, bytes a pair": round(ratio, 2)}))


def measure(side: str, n: int) -> dict[str, Any]:
    items = tuple(Item(str(code), f"Film number {code}", 1950, ("Drama",)) for code in range(N_ITEMS))
    gc.collect()
    before, began = resident(), time.perf_counter()
    pairs = list(made_up(n, items)) if side == "objects" else PairTable(made_up(n, items))
    held = time.perf_counter() - began
    gc.collect()
    added, began = resident() - before, time.perf_counter()
    for index in np.random.default_rng(1).integers(0, n, N_READ):
        assert pairs[index].case.id == f"{index:024x}"
    return {
        "pairs": n,
        "seconds": round(held, 1),
        "added_mib": round(added / 2**20),
        "bytes_a_pair": round(added / n),
        "read_10000_s": round(time.perf_counter() - began, 3),
    }


def made_up(n: int, items: tuple[Item, ...]) -> Iterator[DistilledPair]:
    rng = np.random.default_rng(0)
    for index in range(n):
        shown = rng.integers(0, N_ITEMS, int(rng.integers(1, LONGEST + 1)))
        case = Case(
            id=f"{index:024x}",
            user=f"user-{int(rng.integers(N_USERS))}",
            history=tuple(items[code] for code in shown),
            item=items[int(rng.integers(N_ITEMS))],
            split="train",
        )
        yield DistilledPair(case, " ".join(rng.choice(WORDS, 30)))


def resident() -> int:
    """Bytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * 4096


if __name__ == "__main__":
    main()
