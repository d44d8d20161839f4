"""Trainings in real processes: killed with -9, and several side by side under torch's launcher."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ALONE = "tests.generation.pipeline.student.train_alone"
NOISY = {"valid_every": 5, "batch_size": 15, "dropout": 0.1, "user_dropout": 0.2, "shuffle_history": True}

pytestmark = pytest.mark.worker


def start(folder: Path, changes: dict[str, Any], *launcher: str) -> subprocess.Popen[bytes]:
    folder.mkdir(exist_ok=True)
    command = [sys.executable, *launcher, "-m", ALONE, str(folder), json.dumps(changes)]
    return subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"})


def finished(folder: Path, process: subprocess.Popen[bytes]) -> Any:
    assert process.wait(timeout=300) == 0
    return json.loads((folder / "losses.json").read_text())


def test_a_training_killed_outright_goes_on_to_the_same_losses_and_bytes(tmp_path: Path) -> None:
    changes = {**NOISY, "max_steps": 60, "max_epochs": 50, "checkpoint_every": 10, "accumulate": 2}
    whole = finished(tmp_path / "whole", start(tmp_path / "whole", changes))
    process = start(tmp_path / "broken", changes)
    progress = tmp_path / "broken" / "progress.txt"
    for _ in range(6000):
        if progress.exists() and int(progress.read_text() or 0) >= 24:
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait(timeout=60) == -signal.SIGKILL
    assert not (tmp_path / "broken" / "losses.json").exists()
    assert finished(tmp_path / "broken", start(tmp_path / "broken", changes)) == whole


@pytest.mark.parametrize("user_optimiser", ["dense", "rows"])
def test_two_processes_learn_what_one_learns_from_the_same_batches(
    tmp_path: Path, user_optimiser: str
) -> None:
    changes = {**NOISY, "max_steps": 10, "user_optimiser": user_optimiser}
    one = start(tmp_path / "one", {**changes, "accumulate": 2})
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    two = start(
        tmp_path / "two",
        changes,
        *("-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", port),
    )
    (_, alone, one_process), (_, together, two_processes) = (
        finished(tmp_path / "one", one),
        finished(tmp_path / "two", two),
    )
    assert [look[0] for look in together] == [5, 10]
    assert (one_process, two_processes) == (1, 2)
    assert np.allclose(alone, together, rtol=1e-4)
