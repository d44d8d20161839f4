"""What a user table of millions costs: mapped from its shard, and loaded whole into an nn.Embedding.

    python -m benchmarks.user_table
    python -m benchmarks.user_table --users 2000000 --whole 200000

Writes a table of random vectors into a temporary folder, adds a second shard of new users, and serves both from a
process of its own, so that its resident memory is the table's alone. The peer, safetensors into an nn.Embedding,
loads `--whole` users: a table of two million would fill the memory of many machines. A line of JSON a measurement;
the folder is deleted at the end. Linux only: memory is read from /proc.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

WIDTH, N_NEW, BATCHES, LOOKUPS = 768, 1000, 200, 2000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--users", type=int, default=2_000_000)
    parser.add_argument("--whole", type=int, default=200_000, help="users of the table that is loaded whole")
    parser.add_argument("--dtype", choices=["F32", "F16"], default="F32")
    parser.add_argument("--part", choices=["mapped", "whole"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        {"mapped": serve_mapped, "whole": load_whole}[arguments.part](arguments.folder)
        return
    needed = 1.1 * 4 * WIDTH * (arguments.users + arguments.whole)
    with tempfile.TemporaryDirectory(prefix="user-table-") as place:
        if (free := shutil.disk_usage(place).free) < needed:
            sys.exit(f"{place} has {free / 1e9:.1f} GB free and {needed / 1e9:.1f} are needed: set TMPDIR")
        folder = Path(place)
        (folder / "large").mkdir()
        write(folder / "large", 0, arguments.users, arguments.dtype)
        before = stamps(folder / "large")
        write(folder / "large", arguments.users, N_NEW, arguments.dtype)
        after = stamps(folder / "large")
        report("earlier shard untouched", same=all(after[name] == stamp for name, stamp in before.items()))
        in_own_process("mapped", folder / "large")
        (folder / "whole").mkdir()
        write(folder / "whole", 0, arguments.whole, "F32")
        in_own_process("whole", folder / "whole")


def write(folder: Path, first: int, n: int, dtype: str) -> None:
    """A shard of n users; the vectors are blocks of one random block, so that writing measures writing."""
    from generation.pipeline.student.user_table import write_shard

    block = np.random.default_rng(first).normal(0, 0.02, (10_000, WIDTH)).astype(np.float32)
    source = folder / "source.npy"
    vectors = np.lib.format.open_memmap(source, mode="w+", dtype=np.float32, shape=(n, WIDTH))
    for start in range(0, n, len(block)):
        vectors[start : start + len(block)] = block[: n - start]
    names = [name(i) for i in range(first, first + n)]
    started = time.perf_counter()
    path = write_shard(folder, names, vectors, dtype=dtype)  # type: ignore[arg-type]  argparse holds it to these
    seconds = time.perf_counter() - started
    del vectors
    source.unlink()
    report(f"write {n:,} users", seconds=round(seconds, 2), gigabytes=round(path.stat().st_size / 1e9, 2))


def serve_mapped(folder: Path) -> None:
    """Open the table, find users by name, gather batches; memory before and after."""
    from generation.pipeline.student.user_table import UserTable

    before = resident()
    started = time.perf_counter()
    table = UserTable.open(folder)
    opened = time.perf_counter() - started
    rng = np.random.default_rng(1)
    n = len(table)
    asked = [name(int(i)) for i in rng.integers(0, n, LOOKUPS)]
    lookups = timed(lambda i: table.row(asked[i]), LOOKUPS)
    report(
        f"open {n:,} users",
        milliseconds=round(1e3 * opened, 2),
        lookup_microseconds=round(1e6 * float(np.median(lookups)), 1),
        shards=len(table.shards),
    )
    for size in (1, 32, 256):
        rows = rng.integers(1, n + 1, (BATCHES, size))
        gathers = timed(lambda i, rows=rows: table.vectors(rows[i]), BATCHES)
        report(
            f"gather {size}",
            median_microseconds=round(1e6 * float(np.median(gathers)), 1),
            p99_microseconds=round(1e6 * float(np.quantile(gathers, 0.99)), 1),
        )
    memory = resident()
    report(
        "memory of the mapped table",
        own_mib=round((memory["RssAnon"] - before["RssAnon"]) / 1024, 1),
        page_cache_mib=round((memory["RssFile"] - before["RssFile"]) / 1024, 1),
    )


def load_whole(folder: Path) -> None:
    """The peer: every vector into an nn.Embedding, every name into a dict."""
    from safetensors.torch import load_file
    from torch import nn

    from generation.pipeline.student.user_table import UserTable

    names = list(UserTable.open(folder))
    before = resident()
    started = time.perf_counter()
    weight = load_file(str(folder / "users-00000.safetensors"))["weight"]
    table = nn.Embedding(len(weight) + 1, WIDTH)
    table.weight.data[1:] = weight
    rows = {name: row for row, name in enumerate(names, start=1)}
    seconds = time.perf_counter() - started
    memory = resident()
    growth = sum(memory[kind] - before[kind] for kind in ("RssAnon", "RssFile"))
    report(
        f"nn.Embedding of {len(rows):,} users, loaded whole",
        milliseconds=round(1e3 * seconds, 1),
        memory_mib=round(growth / 1024, 1),
    )


def timed(call, n: int) -> list[float]:  # type: ignore[no-untyped-def]
    seconds = []
    for i in range(n):
        started = time.perf_counter()
        call(i)
        seconds.append(time.perf_counter() - started)
    return seconds


def in_own_process(part: str, folder: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.user_table", "--part", part, "--folder", str(folder)]
    subprocess.run(command, check=True)


def name(number: int) -> str:
    return f"user-{number:08d}"


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    return {path.name: (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.glob("users-*")}


def resident() -> dict[str, int]:
    """KiB by kind: RssAnon is the process's own, RssFile are pages of files that the kernel may take back."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return {line.split(":")[0]: int(line.split()[1]) for line in lines if line.startswith("Rss")}


def report(what: str, **figures: object) -> None:
    print(json.dumps({"what": what, **figures}), flush=True)


if __name__ == "__main__":
    main()
