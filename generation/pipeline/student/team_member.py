"""One of several processes that train a student, `team_member FOLDER`, each started by torch's launcher.

`team_leader.train_side_by_side` starts it, and it ends with that: a thread only waits until its line is cut.
"""

import json
import os
import shutil
import sys
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from generation.pipeline.registry import UnknownName
from generation.pipeline.student.plan import TrainingPlan
from generation.pipeline.student.team import TeamLost
from generation.pipeline.student.team_line import PLAN, Line
from generation.pipeline.student.training_summary import TrainingSummary

ALONE = 3
"""Exit status of a member whose starter is gone."""
PLAIN = (ValueError, UnknownName, FileNotFoundError, PermissionError)
"""Errors with words for a person."""


def main() -> None:
    folder, rank = Path(sys.argv[1]), int(os.environ["RANK"])
    line = Line.to(folder)
    line.say("member", rank=rank, pid=os.getpid())
    orders = _Orders(line, folder)
    plan = TrainingPlan.from_json(json.loads((folder / PLAN).read_text(encoding="utf-8")))
    try:
        if rank == 0:
            summary = _lead(plan, line, orders)
            line.say("done", summary=as_json(summary))
        else:
            plan.train()
            line.say("done", summary=None)
    except Exception as error:
        line.say("failed", lost=isinstance(error, TeamLost), **in_words(error))
        traceback.print_exc()
        orders.over = True
        sys.exit(1)
    orders.over = True


def _lead(plan: TrainingPlan, line: Line, orders: "_Orders") -> TrainingSummary:
    def kept(folders: tuple[str, ...]) -> None:
        line.say("kept", folders=list(folders))
        orders.carried.wait()  # the state must not change while it is carried to other machines
        orders.carried.clear()

    def drawn(losses: Sequence[tuple[int, float, float]], trace: Sequence[tuple[int, float]]) -> None:
        line.say("drawn", losses=list(losses), trace=list(trace))

    return plan.train(
        progress=lambda done, total, words: line.say("progress", done=done, total=total, words=words),
        should_stop=orders.stop.is_set,
        kept=kept,
        drawn=drawn,
    )


class _Orders:
    """What the starter says, heard by a thread; when it is gone, so are we."""

    def __init__(self, line: Line, folder: Path) -> None:
        self.line, self.folder = line, folder
        self.stop, self.carried, self.over = threading.Event(), threading.Event(), False
        threading.Thread(target=self._hear, name="orders", daemon=True).start()

    def _hear(self) -> None:
        for order in self.line.hear():
            (self.stop if order["kind"] == "stop" else self.carried).set()
        if not self.over:
            shutil.rmtree(self.folder, ignore_errors=True)  # whoever made it cannot any more
            os._exit(ALONE)


def in_words(error: Exception) -> dict[str, Any]:
    """What of an error can be told to another process."""
    return {
        "error": type(error).__name__,
        "words": str(error),
        "plain": isinstance(error, PLAIN),
        "memory": isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError",
    }


def as_json(summary: TrainingSummary) -> dict[str, Any]:
    found = {name: getattr(summary, name) for name in TrainingSummary.__slots__}
    return {**found, "artefact": str(summary.artefact.path)}


if __name__ == "__main__":
    main()
