"""All experiments within a budget of time: efficiency first and alone, then the students in the order of their worth.

    python -m benchmarks.experiments --out DIR --budget 460 --jobs 15

What is finished is in DIR/cells.jsonl; the same command again goes on from there, and the
commands of the single experiments read the same folder and write the tables and figures.
"""

import time
from collections.abc import Sequence

import torch

from benchmarks.experiments import (
    capacity,
    cold_start,
    command,
    contestants,
    efficiency,
    noise_filter,
    pool,
    user_ablation,
)
from benchmarks.experiments.ledger import Ledger
from benchmarks.experiments.setting import SMOKE, Setting

EFFICIENCY_SHARE = 150.0
"""Seconds of the budget that efficiency may take at most, before the students begin."""
MOST_ON_GPU = 8
"""More processes than this only wait for one another on one GPU: the students are a few kernels a step."""
WORTH = 1.3
"""How much faster a step alone must be on CUDA to train there: a CUDA worker also keeps a core busy."""


def main(argv: Sequence[str] | None = None) -> None:
    parser = command.parser(__doc__)
    parser.add_argument("--budget", type=float, default=float("inf"), help="seconds for everything")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    arguments = parser.parse_args(argv)
    started = time.monotonic()
    deadline = started + arguments.budget
    device = arguments.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_num_threads(1)
    ledger = Ledger(arguments.out)
    wanted = contestants.contestants(
        device, smoke=arguments.smoke, runs=100, seconds=8.0, seed=arguments.seed
    )
    efficiency.run(
        wanted,
        ledger,
        device=device,
        deadline=min(deadline, started + min(EFFICIENCY_SHARE, arguments.budget / 3)),
    )
    print(f"efficiency took {time.monotonic() - started:.0f} s", flush=True)
    gpu_jobs = arguments.gpu_jobs or (_gpu_jobs(arguments.jobs) if device == "cuda" else 0)
    finished = pool.run(
        _shrunk(plan(command.seeds(arguments)), smoke=arguments.smoke),
        ledger,
        jobs=arguments.jobs,
        gpu_jobs=gpu_jobs,
        deadline=deadline,
    )
    print(
        f"{'everything is done' if finished else 'the budget is spent'} after {time.monotonic() - started:.0f} s"
    )


def plan(seeds: range) -> list[Setting]:
    """Every setting once, the ones most is concluded from first."""
    noise = noise_filter.settings(seeds)
    half = len(noise) // 2
    sizes = capacity.settings(seeds)
    per_condition = len(sizes) // 4
    return [
        *noise[:half],
        *user_ablation.settings(seeds),
        *noise[half:],
        *sizes[: 2 * per_condition],
        *cold_start.settings(seeds),
        *noise_filter.longer(seeds),
        *sizes[2 * per_condition :],
    ]


def _shrunk(settings: list[Setting], *, smoke: bool) -> list[Setting]:
    return [setting.but(**SMOKE) for setting in settings] if smoke else settings


def _gpu_jobs(jobs: int) -> int:
    """Where is a small student trained faster? Both are asked, alone."""
    seconds = {device: pool.seconds_a_step(Setting(), device) for device in ("cpu", "cuda")}
    print(f"a step of the small student alone: {seconds}", flush=True)
    torch.cuda.empty_cache()
    return min(jobs, MOST_ON_GPU) if seconds["cpu"] > WORTH * seconds["cuda"] else 0


if __name__ == "__main__":
    main()
