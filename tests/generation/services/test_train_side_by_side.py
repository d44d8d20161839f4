"""Trainings of two processes that a run starts: the student of one, whoever is killed on the way, and nobody left."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from generation.models import Corpus, Run
from generation.pipeline.student.plan import TrainingPlan
from generation.services import run_shards
from generation.services.cancel_run import cancel_run
from generation.services.claim_shard import Claim
from generation.services.create_corpus import create_corpus
from generation.services.device import processes_for
from generation.services.distil_teacher import distil_teacher
from generation.services.folders import artefact_path, corpus_path
from generation.services.import_log import import_log
from generation.services.queue_run import queue_run
from generation.services.select_cases import select_cases
from generation.services.train_student import student_config, train_student

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.worker]

TINY = {
    "d_model": 16,
    "ffn_dim": 32,
    "layers": 1,
    "heads": 2,
    "vocab_size": 400,
    "batch_size": 15,
    "valid_every": 5,
    "checkpoint_every": 5,
    "precision": "fp32",
}
MEMBER = "generation.pipeline.student.team_member"


@pytest.fixture
def corpus(monkeypatch: pytest.MonkeyPatch) -> Corpus:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(run_shards, "PAUSE_SECONDS", 0.01)
    made, run = create_corpus(name="Small", log_format="builtin", options={"n_users": 30, "seed": 1})
    import_log(run_id=run.pk)
    for stage, work, asked in (
        ("select_cases", select_cases, {"n_cases": 10, "n_train": 60, "n_valid": 10, "max_history": 8}),
        ("distil_teacher", distil_teacher, {}),
    ):
        work(run_id=queue_run(corpus=Corpus.objects.get(pk=made.pk), stage=stage, parameters=asked).pk)
    return Corpus.objects.get(pk=made.pk)


def queued(corpus: Corpus, *, max_steps: int = 20, **parameters: object) -> Run:
    asked = {"max_steps": max_steps, "config": TINY, "export": False, **parameters}
    return queue_run(corpus=corpus, stage="train_student", parameters=asked, seed=1)


def members(of: int) -> list[psutil.Process]:
    """Processes below `of` that train, launcher included."""
    return [each for each in psutil.Process(of).children(recursive=True) if MEMBER in command(each)]


def command(of: psutil.Process) -> list[str]:
    """The words `of` was started with; none once it has ended, waited for or not."""
    try:
        return of.cmdline()
    except (psutil.ZombieProcess, psutil.NoSuchProcess):
        return []


def gone(some: list[psutil.Process], *, within: float = 20.0) -> bool:
    return not psutil.wait_procs(some, timeout=within)[1]


def on_step(monkeypatch: pytest.MonkeyPatch, step: int, act: object) -> None:
    """Have `act` called once, when the training reports that step."""
    report, met = Claim.progress, []

    def progress(claim: Claim, n_done: int, n_total: int) -> None:
        report(claim, n_done, n_total)
        if n_done >= step and not met:
            met.append(n_done)
            act(claim)  # type: ignore[operator]

    monkeypatch.setattr(Claim, "progress", progress)


def test_two_processes_one_killed_end_with_the_losses_of_one(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = queued(corpus, processes=1, accumulate=2)
    train_student(run_id=alone.pk)
    killed: list[psutil.Process] = []

    def kill_one(claim: Claim) -> None:
        killed.extend(each for each in members(os.getpid()) if "torch.distributed.run" not in command(each))
        killed[-1].kill()

    on_step(monkeypatch, 8, kill_one)
    together = queued(corpus, processes=2)
    train_student(run_id=together.pk)
    alone.refresh_from_db()
    together.refresh_from_db()
    assert (alone.status, together.status, together.error) == ("done", "done", "")
    assert len(killed) == 2
    assert gone(killed, within=0)
    assert members(os.getpid()) == []
    assert [row[0] for row in together.report["losses"]] == [5, 10, 15, 20]
    assert np.allclose(alone.report["losses"], together.report["losses"], rtol=1e-4)
    assert together.checkpoint.metrics["n_processes"] == 2
    told = [event.text for event in together.events.all()]
    assert any("2 processes train side by side, on the processor" in text for text in told)
    assert any("will be tried again" in text and "before its time" in text for text in told)


def test_a_cancelled_training_leaves_no_process(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[psutil.Process] = []

    def cancel(claim: Claim) -> None:
        seen.extend(members(os.getpid()))
        cancel_run(run_id=claim.run_id)
        assert not claim.renew()

    on_step(monkeypatch, 2, cancel)
    run = queued(corpus, processes=2, max_steps=100_000, max_epochs=10_000)
    train_student(run_id=run.pk)
    run.refresh_from_db()
    assert run.status == "cancelled"
    assert len(seen) == 3  # two members and their launcher
    assert gone(seen, within=0)


def test_members_end_when_their_starter_is_killed_outright(corpus: Corpus, tmp_path: Path) -> None:
    run = queued(corpus, max_steps=100_000, max_epochs=10_000)
    distilled = run.needs.get()
    plan = TrainingPlan(
        corpus=corpus_path(run),
        cases=artefact_path(distilled.needs.get().artefact),
        distilled=artefact_path(distilled.artefact),
        config=student_config(run.parameters),
        folder=tmp_path / "training",
        seed=1,
        about={},
    )
    path, progress = tmp_path / "plan.json", tmp_path / "progress"
    path.write_text(json.dumps(plan.to_json()), encoding="utf-8")
    starter = subprocess.Popen(
        [sys.executable, "-m", "tests.generation.services.start_team", str(path), str(progress)]
    )
    try:
        deadline = time.monotonic() + 120
        while not progress.exists():
            assert starter.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        some = members(starter.pid)
        assert len(some) == 3
    finally:
        starter.kill()
        starter.wait(10)
    assert gone(some)


def test_without_a_gpu_one_process_trains_unless_more_are_asked_for() -> None:
    assert (processes_for(0), processes_for(1), processes_for(3)) == (1, 1, 3)


def test_each_gpu_has_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 4)
    assert (processes_for(0), processes_for(2)) == (4, 2)
    with pytest.raises(ValueError, match="this worker sees 4"):
        processes_for(5)
