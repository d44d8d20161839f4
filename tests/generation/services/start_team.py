"""Starts a team of two in a process that can be killed: `python -m ... PLAN PROGRESS`."""

import json
import sys
from pathlib import Path

from generation.pipeline.student.plan import TrainingPlan
from generation.pipeline.student.team_leader import train_side_by_side


def main() -> None:
    plan, told = Path(sys.argv[1]), Path(sys.argv[2])
    train_side_by_side(
        TrainingPlan.from_json(json.loads(plan.read_text(encoding="utf-8"))),
        2,
        progress=lambda done, total, words: told.write_text(str(done)) and None,
    )


if __name__ == "__main__":
    main()
