"""The endpoint teacher against a server that people really run: `transformers serve`, a process of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from generation.pipeline.records import Decoding
from generation.pipeline.teacher.distilling import TooManyErrors, distil
from generation.pipeline.teacher.endpoint import EndpointTeacher
from generation.pipeline.teacher.rows import ERROR, read_rows
from tests.generation.pipeline import tiny
from tests.generation.pipeline.films import cases

pytestmark = pytest.mark.worker
N_CASES, SECONDS_TO_START = 24, 90


@contextmanager
def served(model: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The process, once it answers; killed at the end, if it still lives."""
    command = [str(Path(sys.executable).with_name("transformers")), "serve", str(model)]
    place = ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    log = model / "server.log"
    with log.open("ab") as stream:
        process = subprocess.Popen(
            [*command, *place], stdout=stream, stderr=stream, env=environment, start_new_session=True
        )
    try:
        deadline = time.monotonic() + SECONDS_TO_START
        while True:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
                break
            except OSError:
                time.sleep(0.2)
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_teacher_killed_in_the_middle_is_asked_only_for_what_is_missing(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    tiny.save_llama(model)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    writer = EndpointTeacher(
        f"http://127.0.0.1:{port}/v1",
        str(model),
        concurrency=2,
        attempts=2,
        first_pause=0.01,
        timeout=30,
        budget=400,
    )
    writer.chunk = 6
    some, store = cases(N_CASES), tmp_path / "store"

    with served(model, port) as process:

        def kill(n_done: int, n_total: int, words: str) -> None:
            if process.poll() is None and n_done >= 6:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

        with pytest.raises(TooManyErrors, match="18 of the 24 rows asked for failed"):
            distil(
                writer,
                some,
                decoding=Decoding(max_new_tokens=8),
                seed=0,
                store=store,
                progress=kill,
                max_error_rate=0.1,
            )
    answered = {row.key: row.text for row in read_rows(store) if row.status != ERROR}
    assert len(answered) == 6

    with served(model, port):
        summary = distil(writer, some, decoding=Decoding(max_new_tokens=8), seed=0, store=store)
    rows = [row for row in read_rows(store) if row.status != ERROR]
    assert len({row.key for row in rows}) == len(rows) == N_CASES
    assert (summary.n_asked, summary.n_errors) == (N_CASES - 6, 0)
    assert {row.key: row.text for row in rows}.items() >= answered.items()
    assert all(1 <= row.usage["completion_tokens"] <= 8 for row in rows)
    assert len({row.text for row in rows}) > N_CASES / 2  # random weights, but each prompt its own words
