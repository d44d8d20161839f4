"""A teacher behind an address from the run's side: asked over HTTP or by batch files, and paid for once."""

import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from generation.forms import RunForm
from generation.models import Corpus, Run
from generation.services.create_corpus import create_corpus
from generation.services.distil_teacher import distil_teacher
from generation.services.estimate_teacher import estimate_teacher
from generation.services.export_batch import NotForBatches, export_batch
from generation.services.import_batch import import_batch
from generation.services.import_log import import_log
from generation.services.queue_run import queue_run
from generation.services.requeue_run import requeue_run
from generation.services.select_cases import select_cases
from tests.fakes.chat_server import ChatServer, chat_server

pytestmark = pytest.mark.django_db


@pytest.fixture
def corpus():
    made, run = create_corpus(name="Small", log_format="builtin", options={"n_users": 30, "seed": 1})
    import_log(run_id=run.pk)
    return Corpus.objects.get(pk=made.pk)


@pytest.fixture
def cases(corpus):
    return selected(corpus)


def selected(corpus, **parameters):
    wanted = {"n_cases": 10, "n_train": 30, "n_valid": 5, **parameters}
    run = queue_run(corpus=corpus, stage="select_cases", parameters=wanted)
    select_cases(run_id=run.pk)
    return Run.objects.get(pk=run.pk)


def queued(corpus, cases, url="http://127.0.0.1:9/v1", **parameters):
    wanted = {"teacher": "endpoint", "endpoint": url, "endpoint_model": "tiny", **parameters}
    return queue_run(corpus=corpus, stage="distil_teacher", parameters=wanted, prefer=[cases])


def worked(run):
    distil_teacher(run_id=run.pk)
    return Run.objects.get(pk=run.pk)


def answer(line, **changes):
    """What a batch service would write for a question."""
    asked = json.loads(line)
    body = ChatServer().answer(asked["body"]["messages"][0]["content"])
    response = {"status_code": 200, "request_id": "x", "body": body}
    reply = {"id": "b", "custom_id": asked["custom_id"], "response": response, "error": None, **changes}
    return json.dumps(reply).encode() + b"\n"


def test_a_run_over_http_counts_its_tokens_and_another_run_takes_its_work_over(corpus, cases):
    with chat_server() as server:
        first = worked(queued(corpus, cases, server.url))
        n_asked = sum(server.asked.values())
        again = worked(queued(corpus, cases, server.url, shards=2, concurrency=2))
        assert sum(server.asked.values()) == n_asked == first.counts["n_asked"]
    assert (first.status, again.status, again.counts["n_asked"]) == ("done", "done", 0)
    assert first.counts["n_prompt_tokens"] == 100 * n_asked
    assert again.sha256 == first.sha256


def test_a_spent_budget_fails_the_run_in_words_and_a_larger_one_goes_on(corpus, cases):
    with chat_server() as server:
        small = worked(queued(corpus, cases, server.url, max_tokens=3000, concurrency=1))
        assert small.status == "failed"
        assert "3,000 tokens" in small.error
        n_asked = sum(server.asked.values())
        assert 0 < n_asked < 35
        larger = worked(queued(corpus, cases, server.url, max_tokens=100_000))
        assert larger.status == "done"
        assert larger.counts["n_asked"] == larger.counts["n_cases"] - n_asked
        assert set(server.asked.values()) == {1}


def test_answers_of_a_batch_come_in_parts_and_what_is_wrong_with_a_line_is_named(corpus, cases):
    run = worked(queued(corpus, cases, by_file=True, shards=2))
    assert "batch files" in run.error
    lines = list(export_batch(run_id=run.pk))
    assert json.loads(lines[0])["body"]["model"] == "tiny"
    assert len({json.loads(line)["custom_id"] for line in lines}) == len(lines) == 35
    damaged = [
        *map(answer, lines[:20]),
        answer(lines[3]),
        b'{"custom_id": "cut he\n',
        answer(lines[20], custom_id="nobody asked"),
        answer(lines[21], response={"status_code": 200, "body": {"choices": []}}),
        answer(lines[22], response=None, error={"code": "batch_expired"}),
    ]
    done = import_batch(run_id=run.pk, files=[("out.jsonl", damaged)])
    assert (done.n_ok, done.n_rejected, done.n_errors) == (20, 0, 1)
    reasons = {bad.line: bad.reason for bad in done.bad}
    assert sorted(reasons) == [21, 22, 23, 24]
    for line, words in {
        21: "line 4 already",
        22: "not JSON",
        23: "no question",
        24: "not a chat completion",
    }.items():
        assert words in reasons[line]
    rest = list(export_batch(run_id=run.pk))
    assert len(rest) == 15
    assert set(rest) == set(lines[20:])
    requeue_run(run_id=run.pk)
    assert worked(run).status == "failed"
    assert import_batch(run_id=run.pk, files=[("a", map(answer, rest)), ("b", io.BytesIO())]).n_ok == 15
    requeue_run(run_id=run.pk)
    finished = worked(run)
    assert (finished.status, finished.counts["n_ok"]) == ("done", 35)
    assert list(export_batch(run_id=run.pk)) == []
    with pytest.raises(NotForBatches, match="done"):
        import_batch(run_id=run.pk, files=[])


def test_batches_are_not_for_a_teacher_without_an_address(corpus, cases):
    run = queue_run(corpus=corpus, stage="distil_teacher", parameters={}, prefer=[cases])
    with pytest.raises(NotForBatches, match="address"):
        export_batch(run_id=run.pk)


def test_the_estimate_is_prompts_times_tokens_times_prices(corpus, cases):
    parameters = {
        "teacher": "endpoint", "endpoint": "http://h/v1", "endpoint_model": "m",
        "price_in": 2.0, "price_out": 8.0, "max_new_tokens": 50,
    }  # fmt: skip
    found = estimate_teacher(corpus=corpus, parameters=parameters, prefer=[cases])
    assert (found.n_prompts, found.n_tokens_out) == (35, 35 * 50)
    assert found.n_tokens_in == round(35 * found.mean_prompt_tokens)
    assert found.cost == pytest.approx((found.n_tokens_in * 2 + found.n_tokens_out * 8) / 1e6)
    assert Run.objects.filter(stage="distil_teacher").count() == 0


def test_owners_have_a_batch_answered_by_page_and_over_rest(corpus, cases, client, olga, settings):
    client.force_login(olga)
    run = worked(queued(corpus, cases, by_file=True))
    page = client.get(f"/generation/runs/{run.pk}/").content.decode()
    assert "Download the questions" in page
    got = client.get(f"/generation/runs/{run.pk}/questions/")
    lines = b"".join(got.streaming_content).splitlines()
    assert len(lines) == 35
    first = SimpleUploadedFile("first.jsonl", b"".join(map(answer, lines[:10])) + b"rubbish\n")
    said = client.post(f"/generation/runs/{run.pk}/answers/", {"uploads": [first]}, follow=True)
    assert "10 ok, 0 rejected" in said.content.decode()
    assert "first.jsonl, line 11" in said.content.decode()

    rest = APIClient()
    rest.force_authenticate(olga)
    url = f"/api/generation/runs/{run.pk}"
    left = b"".join(rest.get(f"{url}/questions/").streaming_content).splitlines()
    assert left == lines[10:]
    file = SimpleUploadedFile("rest.jsonl", b"".join(map(answer, left)))
    assert rest.post(f"{url}/answers/", {"uploads": [file]}).json()["n_ok"] == 25
    requeue_run(run_id=run.pk)
    assert worked(run).status == "done"
    assert rest.post(f"{url}/answers/", {"uploads": [SimpleUploadedFile("a", b"{}")]}).status_code == 409


def test_owners_read_the_estimate_before_they_queue(corpus, cases, client, olga):
    olgas = APIClient()
    olgas.force_authenticate(olga)
    parameters = {"teacher": "endpoint", "endpoint": "http://h/v1", "endpoint_model": "m", "price_in": 2.0}
    url = f"/api/generation/corpora/{corpus.pk}/estimate/"
    told = olgas.post(url, {"parameters": parameters}, format="json").json()
    assert told["n_prompts"] == 35
    assert told["cost"] == pytest.approx(told["n_tokens_in"] * 2 / 1e6)
    refused = olgas.post(url, {"parameters": {"teacher": "scripted"}}, format="json")
    assert (refused.status_code, list(refused.json())) == (422, ["teacher"])
    client.force_login(olga)
    form = RunForm(corpus=corpus, stage="distil_teacher")
    fields = {name: "" if one.initial is None else one.initial for name, one in form.fields.items()}
    fields = {**fields, **parameters, "options": "{}", "estimate": ""}
    fields = {name: value for name, value in fields.items() if value is not False}
    page = client.post(f"/generation/corpora/{corpus.pk}/new/distil_teacher/", fields).content.decode()
    assert "35 prompts of about" in page
    assert Run.objects.filter(stage="distil_teacher").count() == 0


def test_batch_files_go_out_and_come_in_by_command(corpus, cases, tmp_path, capsys):
    run = worked(queued(corpus, cases, by_file=True))
    call_command("export_batch", run.pk, tmp_path / "out", rows=20)
    assert "35 questions in 2 files" in capsys.readouterr().out
    files = sorted((tmp_path / "out").iterdir())
    assert [len(path.read_text().splitlines()) for path in files] == [20, 15]
    answers = tmp_path / "answers.jsonl"
    lines = [line for path in files for line in path.read_text().splitlines()]
    answers.write_bytes(b"".join(map(answer, lines)) + b"rubbish\n")
    call_command("import_batch", run.pk, answers)
    said = capsys.readouterr()
    assert "35 ok, 0 rejected, 0 failed." in said.out
    assert "answers.jsonl, line 36" in said.err
    requeue_run(run_id=run.pk)
    assert worked(run).counts["n_ok"] == 35


@pytest.mark.parametrize(
    ("command", "arguments", "words"),
    [
        ("export_batch", (10**6, "out"), "There is no run"),
        ("import_batch", (10**6, __file__), "There is no run"),
    ],
)
def test_batch_commands_refuse_in_words(command, arguments, words):
    with pytest.raises(CommandError, match=words):
        call_command(command, *map(str, arguments))
