"""The command line every experiment shares."""

import argparse
import os
from pathlib import Path

SMOKE = {"n_users": 16, "steps": 3, "size": "tiny"}
"""What a setting becomes with --smoke: the same way, nothing to be read from it."""


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
    return made


def seeds(arguments: argparse.Namespace) -> range:
    return range(arguments.seed, arguments.seed + arguments.seeds)
