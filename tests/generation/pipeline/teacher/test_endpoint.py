import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from generation.pipeline.records import Decoding
from generation.pipeline.teacher.address import checked_url
from generation.pipeline.teacher.budget import Limits
from generation.pipeline.teacher.distilling import BudgetReached, TooManyErrors, distil
from generation.pipeline.teacher.endpoint import EndpointRefused, EndpointTeacher, retry_after
from generation.pipeline.teacher.rows import ERROR, read_rows, tokens_spent
from tests.fakes.chat_server import chat_server
from tests.generation.pipeline.films import cases

KEY = "sk-secret-of-the-operator"


def teacher(url: str, **options: Any) -> EndpointTeacher:
    return EndpointTeacher(url, "tiny", **{"api_key": KEY, "first_pause": 0.001, "timeout": 4.0, **options})


def run(store: Path, writer: EndpointTeacher, n: int = 30, **options: Any) -> Any:
    return distil(writer, cases(n), decoding=Decoding(), seed=0, store=store, **options)


def test_what_passes_by_itself_is_asked_again_and_each_row_is_written_once(tmp_path: Path) -> None:
    faults = ["429", "500", "hang", "garbage", "hollow", "503"]
    turn: dict[str, str] = {}

    def fault(prompt: str, before: int) -> str:
        kind = turn.setdefault(prompt, faults[len(turn) % len(faults)])
        return kind if before == 0 else ""

    with chat_server(fault=fault) as server:
        summary = run(tmp_path, teacher(server.url, concurrency=8))
        assert set(server.asked.values()) == {2}
        assert server.most_at_once <= 16  # eight requests, and those that hang after their writer left
    rows = list(read_rows(tmp_path))
    assert (summary.n_ok, summary.n_errors) == (30, 0)
    assert len({row.key for row in rows}) == len(rows) == 30
    assert {row.attempts for row in rows} == {2}
    assert rows[0].usage == {"prompt_tokens": 100, "completion_tokens": 10}
    assert rows[0].finish_reason == "stop"


@pytest.mark.parametrize("kind", ["nested", "half", "flood", "packed", "drip"])
def test_an_answer_that_is_a_trap_costs_its_row_an_attempt_and_nobody_else(tmp_path: Path, kind: str) -> None:
    trapped = []

    def fault(prompt: str, before: int) -> str:
        trapped.append(prompt)
        return kind if prompt == trapped[0] and before == 0 else ""

    began = time.monotonic()
    with chat_server(fault=fault) as server:
        summary = run(tmp_path, teacher(server.url, timeout=1.0), 6)
    assert (summary.n_ok, summary.n_errors) == (6, 0)
    assert sorted(row.attempts for row in read_rows(tmp_path)) == [1, 1, 1, 1, 1, 2]
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("n", [10**30, -7, 0])
def test_a_server_that_cannot_count_is_counted_for(tmp_path: Path, n: int) -> None:
    with chat_server(usage={"prompt_tokens": n, "completion_tokens": n, "total_tokens": n}) as server:
        writer = teacher(server.url, limits=Limits(max_tokens=200_000))
        summary = run(tmp_path, writer, 6)
    assert (summary.n_ok, writer.exhausted) == (6, "")
    assert writer.n_in > 100
    assert writer.n_out > 20


def test_no_more_requests_are_under_way_than_allowed() -> None:
    with chat_server() as server:
        some = cases(40)
        writer = teacher(server.url, concurrency=3)
        from generation.pipeline.teacher.distilling import render

        writer.write(some, [render(one, writer) for one in some], decoding=Decoding(), seed=0)
        assert server.most_at_once == 3


def test_it_writes_where_a_loop_is_running_already(tmp_path: Path) -> None:
    async def inside(url: str) -> Any:
        return run(tmp_path, teacher(url), 3)

    # A thread of its own: the browser tests leave a loop running on the one pytest runs in.
    with chat_server() as server, ThreadPoolExecutor(1) as thread:
        assert thread.submit(asyncio.run, inside(server.url)).result().n_ok == 3


def test_the_pause_a_server_asks_for_is_kept(tmp_path: Path) -> None:
    with chat_server(fault=lambda prompt, before: "429 0.3" if before == 0 else "") as server:
        began = time.monotonic()
        run(tmp_path, teacher(server.url), n=1)
        assert time.monotonic() - began >= 0.3
    assert (retry_after("7"), retry_after("soon"), retry_after("-1"), retry_after("inf")) == (
        7,
        None,
        None,
        None,
    )


def test_a_budget_ends_the_run_and_a_larger_one_goes_on_from_its_rows(tmp_path: Path) -> None:
    with chat_server() as server:
        small = teacher(server.url, concurrency=1, limits=Limits(max_tokens=3000))
        with pytest.raises(BudgetReached, match="3,000 tokens"):
            run(tmp_path, small)
        kept = len(list(read_rows(tmp_path)))
        assert 0 < kept < 30
        assert sum(tokens_spent(tmp_path)) == 110 * kept <= 3000
        again = teacher(server.url, concurrency=1, limits=Limits(max_tokens=3000))
        again.spent_before(*tokens_spent(tmp_path))
        with pytest.raises(BudgetReached):
            run(tmp_path, again)
        assert sum(tokens_spent(tmp_path)) <= 3000
        assert run(tmp_path, teacher(server.url)).n_done == 30
        assert set(server.asked.values()) == {1}


def test_money_is_counted_by_the_prices(tmp_path: Path) -> None:
    limits = Limits(max_cost=0.004, price_in=1.0, price_out=10.0)
    assert limits.cost(100, 10) == pytest.approx(0.0002)
    with chat_server() as server, pytest.raises(BudgetReached, match="budget of 0"):
        run(tmp_path, teacher(server.url, concurrency=1, limits=limits))
    assert limits.cost(*tokens_spent(tmp_path)) <= 0.004


def test_a_server_that_keeps_failing_ends_the_run_in_words_and_every_row_is_kept(tmp_path: Path) -> None:
    with chat_server(fault=lambda prompt, before: "500") as server:
        with pytest.raises(TooManyErrors, match="HTTP 500"):
            run(tmp_path, teacher(server.url, attempts=2), max_error_rate=0.5)
        assert [row.status for row in read_rows(tmp_path)] == [ERROR] * 30
        server.fault = lambda prompt, before: ""
        assert run(tmp_path, teacher(server.url)).n_ok == 30


def test_one_bad_row_stays_with_that_row(tmp_path: Path) -> None:
    bad = cases(30)[3].item.label
    with chat_server(fault=lambda prompt, before: "400" if f"movie: {bad}" in prompt else "") as server:
        summary = run(tmp_path, teacher(server.url))
    assert 0 < summary.n_errors == 30 - summary.n_ok
    assert {row.attempts for row in read_rows(tmp_path) if row.status == ERROR} == {1}


def test_a_refused_key_ends_the_run_at_once_and_is_told_to_nobody(tmp_path: Path) -> None:
    with chat_server(fault=lambda prompt, before: "401") as server:
        with pytest.raises(EndpointRefused, match="PRISM_ENDPOINT_KEY") as refusal:
            run(tmp_path, teacher(server.url, concurrency=1))
        assert server.keys == {f"Bearer {KEY}"}
        assert sum(server.asked.values()) == 1
    assert KEY not in str(refusal.value)


def test_the_key_is_in_no_row_and_no_signature(tmp_path: Path) -> None:
    with chat_server() as server:
        writer = teacher(server.url)
        run(tmp_path, writer)
    assert KEY not in str(writer.signature)
    assert all(KEY not in path.read_text() for path in tmp_path.iterdir())


def test_rows_of_another_store_are_taken_over_and_nothing_is_asked(tmp_path: Path) -> None:
    with chat_server() as server:
        run(tmp_path / "first", teacher(server.url))
        summary = run(tmp_path / "second", teacher(server.url), elsewhere=[tmp_path / "first"])
        assert set(server.asked.values()) == {1}
    assert (summary.n_asked, summary.n_ok) == (0, 30)
    assert tokens_spent(tmp_path / "second") == (0, 0)


def test_addresses_have_one_spelling_and_hold_no_secrets() -> None:
    assert checked_url("HTTP://Host:8000/v1/") == "http://host:8000/v1"
    for bad in ("file:///etc/passwd", "host/v1", "http://me:key@host/v1", "http://host/v1?key=1", "http://"):
        with pytest.raises(ValueError, match="endpoint"):
            checked_url(bad)


def test_what_servers_do_not_share_is_refused() -> None:
    with pytest.raises(ValueError, match="num_beams=4"):
        teacher("http://host/v1").write([], [], decoding=Decoding(num_beams=4), seed=0)
