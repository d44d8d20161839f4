"""The engines of a fresh machine are the real ones: these tests start a real redis-server."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from prism_site import embedded

pytestmark = pytest.mark.redis


@pytest.fixture
def folder(tmp_path: Path):
    yield tmp_path
    embedded.stop_redis(tmp_path)


def server_id(socket: Path) -> str:
    return redis.Redis(unix_socket_path=str(socket)).info("server")["run_id"]


def test_a_started_redis_takes_and_gives(folder: Path) -> None:
    client = redis.Redis(unix_socket_path=str(embedded.start_redis(folder)))
    client.lpush("cpu", "a message")
    assert client.rpop("cpu") == b"a message"


def test_processes_that_start_together_share_one_server(folder: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        sockets = list(pool.map(lambda _: embedded.start_redis(folder), range(8)))
    assert len({server_id(socket) for socket in sockets}) == 1


def test_the_server_outlives_the_process_that_started_it(folder: Path) -> None:
    program = "import pathlib, sys; from prism_site.embedded import start_redis; start_redis(pathlib.Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", program, folder], check=True)
    assert server_id(embedded.redis_socket(folder))


def test_a_server_killed_without_warning_is_started_again(folder: Path) -> None:
    first = server_id(embedded.start_redis(folder))
    pid = redis.Redis(unix_socket_path=str(embedded.redis_socket(folder))).info("server")["process_id"]
    os.kill(pid, signal.SIGKILL)
    assert server_id(embedded.start_redis(folder)) != first


def test_a_path_too_long_for_a_socket_is_answered_by_a_short_one(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 60) / ("b" * 60)
    assert len(str(embedded.redis_socket(deep))) <= embedded.LONGEST_SOCKET_PATH
    assert embedded.redis_socket(deep) != embedded.redis_socket(deep / "c")
