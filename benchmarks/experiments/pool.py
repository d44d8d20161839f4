"""Runs trials in processes of one thread each, until all are done or the time is over.

Each worker is fresh (spawned), takes the next setting when it is free, and gives the finished cell to the parent,
which alone writes the ledger. At the deadline trainings stop at their next step and are thrown away.
"""

import json
import multiprocessing
import os
import queue
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks.experiments.ledger import Ledger
from benchmarks.experiments.setting import Setting

GRACE = 12.0
"""Seconds before the deadline at which trainings are given up: what is trained by then can still be measured."""
MEASURED = 20
"""Steps by which devices are compared, after five to warm up."""


def run(
    settings: Iterable[Setting],
    ledger: Ledger,
    *,
    jobs: int,
    gpu_jobs: int = 0,
    deadline: float = float("inf"),
) -> bool:
    """Run what the ledger lacks, in the order given; True when nothing is left.

    Args:
        jobs: processes in all.
        gpu_jobs: how many of them train on CUDA.
        deadline: in seconds of `time.monotonic`.
    """
    todo = [setting for setting in dict.fromkeys(settings) if setting.id not in ledger]
    if not todo:
        return True
    devices = ["cuda"] * min(gpu_jobs, jobs) + ["cpu"] * (jobs - gpu_jobs)
    context = multiprocessing.get_context("spawn")
    done = context.Queue()
    inboxes = [context.Queue() for _ in devices]
    left = deadline - time.monotonic()
    workers = [
        context.Process(target=_work, args=(number, inboxes[number], done, device, left), daemon=True)
        for number, device in enumerate(devices)
    ]
    with _one_thread():
        for worker in workers:
            worker.start()
    n_done = _serve(todo, devices, inboxes, done, workers, ledger, deadline)
    for worker in workers:
        worker.join(timeout=1)
        if worker.is_alive():
            worker.terminate()
    return n_done == len(todo)


def _serve(
    todo: list[Setting],
    devices: list[str],
    inboxes: list[Any],
    done: Any,
    workers: list[Any],
    ledger: Ledger,
    deadline: float,
) -> int:
    """Give each free worker the first setting that suits its device, and keep what comes back."""
    waiting, n_open, n_done, started = list(todo), len(todo), 0, time.monotonic()
    while n_open and time.monotonic() < deadline:
        try:
            number, cell = done.get(timeout=1)
        except queue.Empty:
            if not any(worker.is_alive() for worker in workers):
                break
            continue
        if cell is not None:
            n_open -= 1
            if "error" in cell:
                print(f"failed: {cell['setting']}\n{cell['error']}", file=sys.stderr, flush=True)
            else:
                n_done += 1
                ledger.append(cell)
                print(_words(cell, n_done, len(todo), time.monotonic() - started), flush=True)
        suits = (s for s in waiting if devices[number] == "cuda" or s.size != "base" or "cuda" not in devices)
        if (setting := next(suits, None)) is not None:
            waiting.remove(setting)
        inboxes[number].put(setting)
    return n_done


def _words(cell: dict[str, Any], n_done: int, n_todo: int, seconds: float) -> str:
    took, device = cell["seconds"]["all"], cell["machine"]["device"]
    return f"{seconds:6.0f} s  {n_done} of {n_todo}  {took:5.1f} s on {device}  {json.dumps(cell['setting'])}"


def _work(number: int, inbox: Any, done: Any, device: str, left: float) -> None:
    """Take settings until there are none. The clock is taken anew: `monotonic` of two processes need not agree."""
    deadline = time.monotonic() + left - GRACE
    import torch

    from benchmarks.experiments import trial

    torch.set_num_threads(1)
    done.put((number, None))
    while (setting := inbox.get()) is not None:
        try:
            cell = trial.run(setting, device=device, should_stop=lambda: time.monotonic() > deadline)
        except trial.Interrupted:
            return
        except Exception:  # one broken cell must not take the others along; it is reported and not written
            cell = {"error": traceback.format_exc(), "setting": asdict(setting)}
        done.put((number, cell))


class _one_thread:
    """Spawned processes read the number of threads from the environment, before torch is loaded."""

    names = (
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "RAYON_NUM_THREADS",
        "TOKENIZERS_PARALLELISM",
    )

    def __enter__(self) -> None:
        self.before = {name: os.environ.get(name) for name in self.names}
        os.environ.update(dict.fromkeys(self.names[:-1], "1"), TOKENIZERS_PARALLELISM="false")

    def __exit__(self, *_: object) -> None:
        for name, value in self.before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def seconds_a_step(setting: Setting, device: str) -> float:
    """Wall time of one training step alone on this device: what decides where the students are trained."""
    from benchmarks.experiments import trial, worlds
    from generation.pipeline.logs.builtin.catalogue import catalogue
    from generation.pipeline.student.training import train
    from generation.pipeline.teacher.scripted import ScriptedTeacher

    world = worlds.make(setting.histories, min(setting.n_users, 60), setting.seed)
    teacher = ScriptedTeacher(catalogue(), aspects="planted", seed=setting.seed)
    marks: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        train(
            trial.taught(teacher, world.train),
            trial.taught(teacher, world.valid),
            replace(setting.student(), max_steps=MEASURED + 5, valid_every=10_000),
            Path(folder),
            setting.seed,
            catalogue=catalogue(),
            device=device,
            progress=lambda done, total, words: marks.append(time.perf_counter()),
        )
    return (marks[-1] - marks[4]) / (len(marks) - 5)
