"""The command line every experiment shares, and what it leaves behind."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.experiments import pool
from benchmarks.experiments.ledger import Ledger
from benchmarks.experiments.setting import SMOKE, Setting

if TYPE_CHECKING:
    from benchmarks.experiments.findings import Findings
    from benchmarks.experiments.tables import Table


def parser(description: str | None) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument(
        "--out", type=Path, default=Path("experiments"), help="cells, tables and figures go here"
    )
    made.add_argument("--seed", type=int, default=0, help="the first seed")
    made.add_argument("--seeds", type=int, default=5, help="how many worlds, each with the next seed")
    made.add_argument(
        "--jobs", type=int, default=max(1, (os.cpu_count() or 2) - 1), help="processes, one thread each"
    )
    made.add_argument("--gpu-jobs", type=int, default=0, help="how many of them train on CUDA")
    made.add_argument("--smoke", action="store_true", help="seconds instead of hours, to see that it runs")
    made.add_argument(
        "--only-write", action="store_true", help="run nothing: write from the cells that are there"
    )
    return made


def seeds(arguments: argparse.Namespace) -> range:
    return range(arguments.seed, arguments.seed + arguments.seeds)


def run(settings: Sequence[Setting], arguments: argparse.Namespace) -> "Findings":
    """Run the cells that are missing, and read them all."""
    from benchmarks.experiments.findings import Findings

    ledger = Ledger(arguments.out)
    wanted = [setting.but(**SMOKE) for setting in settings] if arguments.smoke else settings
    if not arguments.only_write:
        pool.run(wanted, ledger, jobs=arguments.jobs, gpu_jobs=arguments.gpu_jobs)
    missing = sum(setting.id not in ledger for setting in wanted)
    if missing:
        print(f"{missing} of {len(wanted)} cells are missing: the table counts its worlds", file=sys.stderr)
    return Findings(ledger, seeds(arguments), smoke=arguments.smoke)


def write(folder: Path, name: str, tables: "Sequence[Table]", figure: str) -> None:
    """Tables as CSV and Markdown, the figure as SVG, and the tables once more for whoever sits there."""
    for table in tables:
        table.write(folder)
        print(table.markdown())
    (folder / f"{name}.svg").write_text(figure, encoding="utf-8")
    print(f"wrote {', '.join(f'{table.name}.csv and .md' for table in tables)} and {name}.svg to {folder}")
