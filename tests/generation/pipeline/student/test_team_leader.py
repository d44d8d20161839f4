"""How the ends of a team are told apart; the members here are threads that say what a member would."""

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from generation.pipeline.student import team_leader
from generation.pipeline.student.plan import TrainingPlan
from generation.pipeline.student.team import TeamLost
from generation.pipeline.student.team_leader import TrainingFailed, TrainingRefused, train_side_by_side
from generation.pipeline.student.team_line import Line
from generation.pipeline.student.team_member import in_words
from generation.pipeline.student.training_data import NothingToLearn
from tests.generation.pipeline.student.small import config

Said = list[tuple[str, dict[str, Any]]]
DONE: tuple[str, dict[str, Any]] = ("done", {"summary": None})


@pytest.fixture
def plan(tmp_path: Path) -> TrainingPlan:
    places = dict.fromkeys(("corpus", "cases", "distilled", "folder"), tmp_path)
    return TrainingPlan(**places, config=config(), seed=1, about={"data": "films"})


def team(monkeypatch: pytest.MonkeyPatch, *members: Said) -> None:
    """Instead of processes: one that ends after a second, and a thread a member that says its lines and leaves."""

    def speak(folder: Path, rank: int, lines: Said) -> None:
        line = Line.to(folder)
        line.say("member", rank=rank, pid=0)
        for kind, words in lines:
            line.say(kind, **words)
        line.close()

    def launch(folder: Path, n: int, device: str) -> "subprocess.Popen[bytes]":
        for rank, lines in enumerate(members):
            threading.Timer(0.1 * (len(members) - rank), speak, (folder, rank, lines)).start()
        return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1)"], start_new_session=True)

    monkeypatch.setattr(team_leader, "_launch", launch)


def failed(error: Exception, *, lost: bool = False) -> tuple[str, dict[str, Any]]:
    return "failed", {"lost": lost, **in_words(error)}


def test_a_plan_says_the_same_in_another_process(plan: TrainingPlan) -> None:
    assert TrainingPlan.from_json(plan.to_json()) == plan


def test_what_makes_a_training_impossible_comes_out_in_its_own_words(
    plan: TrainingPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    team(monkeypatch, [failed(NothingToLearn("both need at least one"))], [DONE])
    with pytest.raises(TrainingRefused, match="both need at least one"):
        train_side_by_side(plan, 2)


def test_a_surprise_is_no_reason_to_try_again(plan: TrainingPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    team(monkeypatch, [], [failed(RuntimeError("nan"))])
    with pytest.raises(TrainingFailed, match="RuntimeError: nan"):
        train_side_by_side(plan, 2)


def test_out_of_memory_is_said_as_such(plan: TrainingPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    team(monkeypatch, [failed(MemoryError())], [failed(TeamLost("no answer"), lost=True)])
    with pytest.raises(MemoryError):
        train_side_by_side(plan, 2)


@pytest.mark.parametrize(
    "survivor", [[], [failed(TeamLost("no answer"), lost=True)], [failed(RuntimeError("gone"))]]
)
def test_a_member_that_only_vanishes_is_lost_whatever_the_others_say_then(
    plan: TrainingPlan, monkeypatch: pytest.MonkeyPatch, survivor: Said
) -> None:
    team(monkeypatch, survivor, [("progress", {"done": 1, "total": 2, "words": ""})])
    told: list[int] = []
    with pytest.raises(TeamLost, match="process 2 of those"):
        train_side_by_side(plan, 2, progress=lambda done, total, words: told.append(done))
    assert told == [1]


def test_a_launcher_that_starts_nobody_is_a_loss(plan: TrainingPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    team(monkeypatch)
    with pytest.raises(TeamLost, match="a process of those"):
        train_side_by_side(plan, 2)
