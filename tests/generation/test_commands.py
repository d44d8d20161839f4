"""The stages without a browser: the same words, and exit codes a script can trust."""

import pytest
from django.core.management import CommandError, call_command

from generation import tasks
from generation.models import Corpus, Run
from tests import builders

pytestmark = pytest.mark.django_db


def test_a_log_is_read_and_its_cases_selected_from_the_shell(capsys):
    call_command("import_log", "Small", "--n-users", "20", "--world-seed", "2")
    call_command(
        "select_cases", "Small", "--n-cases", "5", "--n-train", "20", "--n-valid", "5", "--seed", "3"
    )
    said = capsys.readouterr().out
    assert "done: Log. users 20" in said
    assert "done: Cases. train 20, valid 5, cases 5" in said
    run = Run.objects.get(stage="select_cases")
    assert (run.seed, run.parameters["n_cases"], run.cases.count()) == (3, 5, 5)


def test_an_unknown_corpus_is_answered_with_the_known_ones():
    builders.corpus(name="Films")
    with pytest.raises(CommandError, match=r"no corpus 'Flims'. Known: Films"):
        call_command("select_cases", "Flims")


def test_a_stage_without_what_it_builds_on_fails():
    builders.corpus(name="Films")
    with pytest.raises(CommandError, match="builds on a run of import_log"):
        call_command("select_cases", "Films")


def test_a_run_that_fails_fails_the_command_with_its_words(tmp_path):
    with pytest.raises(CommandError, match=r"Run \d+ failed\. .*jsonl"):
        call_command("import_log", "Nothing", "--format", "jsonl", "--folder", str(tmp_path))


def test_a_folder_that_is_not_there_is_said():
    with pytest.raises(CommandError, match="there is no folder /nowhere"):
        call_command("import_log", "Nothing", "--format", "jsonl", "--folder", "/nowhere")
    assert not Corpus.objects.exists()


def test_queue_hands_the_run_to_a_worker(monkeypatch, capsys):
    sent = []
    monkeypatch.setattr(tasks, "send", lambda run: sent.append(run.stage))
    call_command("import_log", "Small", "--queue")
    assert sent == ["import_log"]
    assert "queued" in capsys.readouterr().out
    assert Run.objects.get().status == "queued"


def test_a_run_that_would_wait_is_not_begun_here():
    builders.run(stage="import_log", status="queued")
    with pytest.raises(CommandError, match=r"waits for run \d+ \(queued\)"):
        call_command("select_cases", "Films")


def test_runs_are_listed_cancelled_and_requeued(monkeypatch, capsys):
    monkeypatch.setattr(tasks, "send", lambda run: None)
    run = builders.run()
    call_command("runs", "--cancel", str(run.pk))
    call_command("runs", "--requeue", str(run.pk))
    with pytest.raises(CommandError, match="has neither failed nor been cancelled"):
        call_command("runs", "--requeue", str(run.pk))
    with pytest.raises(CommandError, match="There is no run 0"):
        call_command("runs", "--cancel", "0")
    capsys.readouterr()
    call_command("runs", "--open")
    said = capsys.readouterr().out
    assert "Cases" in said
    assert "queued" in said
