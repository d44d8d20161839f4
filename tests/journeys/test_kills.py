"""SIGKILL to the worker, the web server and the broker in the middle: nothing is lost, and nothing is done twice."""

import json
from collections import Counter

import pyarrow.parquet as pq
import pytest

from tests.journeys.cards import current_card, new_key, submit
from tests.journeys.installation import Installation, kill, sign_in

pytestmark = [pytest.mark.worker, pytest.mark.redis, pytest.mark.timeout(300)]
N_CASES = 4100
N_SHARDS = 4


def rows_written(installation):
    """(key, case) of every row in the teacher's stores; the torn end of a file is no row."""
    found = []
    for path in sorted((installation.home / "artefacts" / "distilling").glob("*/shard-*.jsonl")):
        for line in path.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):
                row = json.loads(line)
                found.append((row["key"], row["case_id"]))
    return found


def golden(installation, run):
    return pq.read_table(installation.home / "artefacts" / run["artefact"] / "golden.parquet").to_pydict()


def n_rows(installation):
    files = (installation.home / "artefacts" / "distilling").glob("*/shard-*.jsonl")
    return sum(path.read_bytes().count(b"\n") for path in files)


def test_a_worker_killed_while_the_teacher_writes_costs_no_row_and_doubles_none(with_cases):
    disturbed, calm = with_cases("disturbed"), with_cases("calm")
    [run_id] = disturbed.step("queue_distilling", seeds=[5], shards=N_SHARDS)
    first = disturbed.start_worker(concurrency=2)
    disturbed.wait_for(lambda: n_rows(disturbed) >= 500, what="the first rows")
    kill(first)
    left = n_rows(disturbed)
    assert 500 <= left < N_CASES, "the kill was to come in the middle"

    disturbed.start_worker(concurrency=2)
    run = disturbed.wait_for_runs(run_id)[run_id]
    assert (run["status"], run["error"]) == ("done", "")
    assert any("stopped answering" in text or "worker was lost" in text for text in run["events"])
    assert run["events"].count("Done.") == 1

    undisturbed = calm.step("distil_here", seed=5, shards=N_SHARDS)
    texts = golden(disturbed, run)
    assert len(texts["case_id"]) == len(set(texts["case_id"])) == N_CASES
    assert texts == golden(calm, undisturbed)
    assert run["sha256"] == undisturbed["sha256"]
    written = Counter(rows_written(disturbed))
    assert set(written.values()) == {1}
    assert set(written) == set(rows_written(calm))
    # What the first worker had written was not asked for again.
    assert run["counts"]["n_asked"] <= N_CASES
    assert len(written) == N_CASES


def test_a_broker_killed_with_its_messages_delays_work_and_loses_none(with_cases):
    installation = with_cases("home")
    waiting = installation.step("queue_distilling", seeds=[1], shards=N_SHARDS)
    first_server = installation.kill_redis()  # and with it every message of the run

    installation.start_worker()
    installation.wait_for(lambda: n_rows(installation) >= 300, what="the lost message sent again")
    second_server = installation.kill_redis()  # under a worker that is busy
    assert second_server != first_server
    more = installation.step("queue_distilling", seeds=[2], shards=2)

    found = installation.wait_for_runs(*waiting, *more)
    assert [(run["status"], run["error"]) for run in found.values()] == [("done", "")] * 2
    written = Counter(rows_written(installation))
    assert len(written) == 2 * N_CASES
    assert set(written.values()) == {1}


def keep_rating_through_kills(installation: Installation):
    """One annotator, and a web server that dies after each answer."""
    study_id = installation.step("open_loud_study", n_cases=2, k=1, annotators=["ada"])
    server = installation.start_web()
    port = int(server.url.rpartition(":")[2])
    ada = sign_in(server.url, "ada")

    def again(server):
        kill(server.process)
        return installation.start_web(port=port)

    card = current_card(ada, server.url, study_id)
    sent = card.marked(persuasiveness=4, personalization=2, faithfulness=5)
    answer = submit(ada, card, sent)
    server = again(server)
    assert answer.status_code == 302
    stored = installation.step("marks_of", study_id=study_id, person="ada")
    assert [row["value"] for row in stored] == [4, 2, 5]
    assert all(row["revisions"] == [[1, row["value"], card.fields["key"]]] for row in stored)
    assert {(row["token"], row["done"], row["submissions"]) for row in stored} == {(card.token, True, 1)}

    following = current_card(ada, server.url, study_id)
    assert following.token != card.token
    assert answer.headers["Location"].endswith(f"/{following.token}/")

    # The browser never saw the first answer and sends the same again.
    replayed = submit(ada, card, sent)
    assert (replayed.status_code, replayed.headers["Location"]) == (302, answer.headers["Location"])
    assert installation.step("marks_of", study_id=study_id, person="ada") == stored

    # A change of mind, a single mark as the page's script sends it, and the server dies again.
    changed = {"criterion": "personalization", "value": "3", "key": new_key(), "version": "1", "seconds": "2"}
    token = {"X-CSRFToken": ada.cookies["csrftoken"], "Referer": card.url}
    answer = ada.post(card.mark_url, data=changed, headers=token, timeout=60)
    server = again(server)
    assert (answer.status_code, answer.json()) == (200, {"version": 2})
    now = {row["criterion"]: row for row in installation.step("marks_of", study_id=study_id, person="ada")}
    assert now["personalization"]["revisions"] == [[1, 2, card.fields["key"]], [2, 3, changed["key"]]]
    assert [now[name]["revisions"] for name in ("persuasiveness", "faithfulness")] == [
        row["revisions"] for row in stored if row["criterion"] != "personalization"
    ]
    again_answer = ada.post(card.mark_url, data=changed, headers=token, timeout=60)
    assert (again_answer.status_code, again_answer.json()) == (200, {"version": 2})
    stale = ada.post(card.mark_url, data={**changed, "key": new_key()}, headers=token, timeout=60)
    assert stale.status_code == 409

    # The rest is rated, and the figures are those of a study nobody disturbed.
    while card := current_card(ada, server.url, study_id):
        assert (
            submit(ada, card, card.marked(persuasiveness=1, personalization=1, faithfulness=1)).status_code
            == 302
        )
    found = installation.step("count", study_id=study_id)
    assert (found["n_ratings"], found["n_expected"], found["n_revisions"]) == (18, 18, 19)
    assert (found["n_twice"], found["n_over_k"], found["n_under_k"], found["n_finished"]) == (0, 0, 0, 1)


def test_a_rating_that_was_answered_outlives_the_web_server(installation):
    keep_rating_through_kills(installation)


def test_a_rating_that_was_answered_outlives_the_web_server_on_postgres(on_postgres):
    keep_rating_through_kills(on_postgres)
