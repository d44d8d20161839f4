"""Starts several processes that train one student, listens to them, and lets none of them outlive the training.

The launcher is torch's, which is also what `accelerate launch` uses for several GPUs (for processors it starts one
process). Each member holds a line to us: the kernel cuts it when either end dies, by whatever death.
"""

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

import generation
from generation.pipeline.artefacts import read_manifest
from generation.pipeline.student.plan import TrainingPlan
from generation.pipeline.student.team import TeamLost
from generation.pipeline.student.team_line import DOOR, PLAN, Line
from generation.pipeline.student.training_summary import Drawn, Progress, TrainingSummary

MEMBER = "generation.pipeline.student.team_member"
LOOK_EVERY = 0.2
SECONDS_TO_STOP = 60.0
"""A team that was asked to stop writes its best weights within this time, or is killed."""
SECONDS_TO_END = 10.0


class TrainingFailed(RuntimeError):
    """A process of the team met an error that has no words for a person; its traceback is in the log."""


class TrainingRefused(ValueError):
    """The training cannot be done as asked; in the words of the process that found out."""


def train_side_by_side(
    plan: TrainingPlan,
    n_processes: int,
    *,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
    kept: Callable[[tuple[str, ...]], object] | None = None,
    drawn: Drawn | None = None,
) -> TrainingSummary:
    """Train by the plan with so many processes on this machine; the calls are those of `training.train`.

    Raises:
        TeamLost: a process died. Called again, the training goes on from its last state.
        TrainingRefused, MemoryError, TrainingFailed: a process found that it cannot be done.
    """
    # A socket's path may have 107 bytes, which the folder of temporary files leaves room for where TMPDIR is short.
    with tempfile.TemporaryDirectory(prefix="prism-team-") as name:
        folder = Path(name)
        (folder / PLAN).write_text(json.dumps(plan.to_json()), encoding="utf-8")
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(str(folder / DOOR))
            door.listen(n_processes)
            team = _Started(
                _launch(folder, n_processes, plan.device),
                door,
                {
                    "progress": lambda said: (
                        progress and progress(said["done"], said["total"], said["words"])
                    ),
                    "drawn": lambda said: drawn and drawn(_rows(said["losses"]), _rows(said["trace"])),
                    "kept": lambda said: kept and kept(tuple(said["folders"])),
                },
            )
            try:
                return team.listen(should_stop or (lambda: False))
            finally:
                team.end()


def _launch(folder: Path, n_processes: int, device: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--max-restarts", "0"]
    command += ["--nproc-per-node", str(n_processes), "--monitor-interval", "0.2"]
    command += ["--log-dir", str(folder / "log"), "-m", MEMBER, str(folder)]
    here = str(Path(generation.__file__).parents[1])
    path = os.pathsep.join(part for part in (here, os.environ.get("PYTHONPATH", "")) if part)
    threads = max(1, torch.get_num_threads() // n_processes) if device == "cpu" else 1
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": str(threads)}
    # In a session of its own: a Ctrl-C at the terminal is for us, and what follows from it is our decision.
    return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)


@dataclass
class _Member:
    line: Line
    rank: int = -1
    pid: int = 0


@dataclass
class _Started:
    """A team under way: its launcher, its members, and what they said."""

    launcher: subprocess.Popen[bytes]
    door: socket.socket
    calls: dict[str, Callable[[dict[str, Any]], object]]
    members: list[_Member] = field(default_factory=list)
    """Those whose line is not cut: alive, as far as the kernel knows."""
    summary: dict[str, Any] | None = None
    failures: list[dict[str, Any]] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    """Ranks whose line was cut before they were done."""
    ends_by: float = float("inf")
    stopping: bool = False

    def listen(self, should_stop: Callable[[], bool]) -> TrainingSummary:
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.door, selectors.EVENT_READ)
            while self.launcher.poll() is None and time.monotonic() < self.ends_by:
                self._hear(waiting, LOOK_EVERY)
                if not self.stopping and should_stop():
                    self._stop()
            while self._hear(waiting, 0.0):  # what was said before they ended
                continue
        return self._outcome()

    def _hear(self, waiting: selectors.BaseSelector, seconds: float) -> bool:
        ready = waiting.select(seconds)
        for key, _ in ready:
            if key.data is None:
                member = _Member(Line(self.door.accept()[0]))
                self.members.append(member)
                waiting.register(member.line.connection, selectors.EVENT_READ, member)
                if self.stopping:
                    _tell(member, "stop")
            elif (messages := key.data.line.heard()) is None:
                waiting.unregister(key.fileobj)
                self._left(key.data)
            else:
                for said in messages:
                    self._take(key.data, said)
        return bool(ready)

    def _take(self, member: _Member, said: dict[str, Any]) -> None:
        match said["kind"]:
            case "member":
                member.rank, member.pid = said["rank"], said["pid"]
            case "done":
                self.summary = said["summary"] or self.summary
                member.rank = -1
            case "failed":
                self.failures.append({**said, "lost": said["lost"] or bool(self.lost)})
                member.rank = -1
            case kind:
                self.calls[kind](said)
                if kind == "kept":
                    _tell(member, "carried")

    def _left(self, member: _Member) -> None:
        member.line.close()
        self.members.remove(member)
        if member.rank >= 0:
            self.lost.append(member.rank)
        if (
            self.summary is not None or self.lost or self.failures
        ):  # the launcher ends the others; not for ever
            self.ends_by = min(self.ends_by, time.monotonic() + SECONDS_TO_STOP)

    def _stop(self) -> None:
        self.stopping = True
        self.ends_by = time.monotonic() + SECONDS_TO_STOP
        for member in self.members:
            _tell(member, "stop")

    def _outcome(self) -> TrainingSummary:
        if self.summary is not None:
            return _summary(self.summary)
        own = [said for said in self.failures if not said["lost"]]
        if any(said["memory"] for said in own):
            raise MemoryError
        if own:
            kind = TrainingRefused if own[0]["plain"] else TrainingFailed
            raise kind(own[0]["words"] if own[0]["plain"] else f"{own[0]['error']}: {own[0]['words']}")
        who = f"process {self.lost[0] + 1}" if self.lost else "a process"
        raise TeamLost(
            f"{who} of those that train side by side ended before its time; the training goes on from its last state"
        )

    def end(self) -> None:
        """Nobody of the team is left when this returns."""
        for member in self.members:
            if member.pid:  # its line is whole, so the number is still its own
                with suppress(ProcessLookupError):
                    os.kill(member.pid, signal.SIGKILL)
            member.line.close()
        self.door.close()
        if self.launcher.poll() is None:
            self.launcher.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.launcher.wait(SECONDS_TO_END)
        with suppress(ProcessLookupError):
            os.killpg(self.launcher.pid, signal.SIGKILL)
        self.launcher.wait()


def _tell(member: _Member, order: str) -> None:
    with suppress(OSError):  # it is gone, which the next look sees
        member.line.say(order)


def _summary(values: dict[str, Any]) -> TrainingSummary:
    curves = {name: _rows(values[name]) for name in ("losses", "trace")}
    return TrainingSummary(**{**values, **curves, "artefact": read_manifest(Path(values["artefact"]))})


def _rows(values: list[list[Any]]) -> list[Any]:
    return [tuple(row) for row in values]
