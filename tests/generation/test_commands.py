"""The stages without a browser: the same words, and exit codes a script can trust."""

from functools import partial
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from generation import tasks
from generation.management.stage_command import work_here
from generation.models import Corpus, Explanation, Run
from generation.pipeline.records import Explanation as ExplanationRecord
from generation.pipeline.records import Signature
from generation.services.measure_explanations import measure_explanations
from generation.services.queue_run import queue_run
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


def test_each_stage_says_the_next_command(capsys):
    call_command("import_log", "My films", "--n-users", "20")
    assert "Next: manage.py select_cases 'My films'" in capsys.readouterr().out
    call_command("select_cases", "My films", "--n-cases", "4", "--n-train", "20", "--n-valid", "5")
    cases = Run.objects.get(stage="select_cases").pk
    assert f"Next: manage.py distil_teacher 'My films' --after {cases}" in capsys.readouterr().out
    call_command("distil_teacher", "My films")
    taught = Run.objects.get(stage="distil_teacher").pk
    assert f"Next: manage.py train_student 'My films' --after {taught}" in capsys.readouterr().out
    tiny = '{"d_model": 16, "layers": 1, "heads": 2, "ffn_dim": 16, "precision": "fp32"}'
    call_command("train_student", "My films", "--no-with-user", "--max-steps", "2", "--config", tiny)
    student = Run.objects.get(stage="train_student").pk
    said = capsys.readouterr().out
    assert f"Next: manage.py explain_cases 'My films' --system prism-nouser --after {cases} {student}" in said
    for system in ("template-knn", "scripted-teacher", "template-knn"):
        call_command("explain_cases", "My films", "--system", system)
    _, second, third = Run.objects.filter(stage="explain_cases").order_by("pk").values_list("pk", flat=True)
    assert f"measure {second} {third}, or manage.py build_study TITLE" in capsys.readouterr().out


def test_texts_that_were_left_out_are_counted_and_their_run_is_not_proposed(monkeypatch, capsys):
    mute = Signature("mute", "1")
    system = SimpleNamespace(
        signature=mute,
        explain=lambda cases: [
            ExplanationRecord(case.id, "", "empty", mute, "the system wrote nothing") for case in cases
        ],
    )
    builders.case_run(n_cases=3)
    monkeypatch.setattr("generation.services.explain_cases.load_system", lambda run: system)
    call_command("explain_cases", "Films", "--system", "scripted-teacher")
    said = capsys.readouterr().out
    assert "Left out: 3 the system wrote nothing." in said
    assert "Next: another system or model" in said


@pytest.mark.parametrize(("given", "said"), [("{a", "is no JSON"), ("[1]", "is JSON, but no object")])
def test_settings_that_are_no_object_are_answered_with_an_example(given, said):
    with pytest.raises(CommandError, match=said + r".*'\{\"vocab_size\": 4000\}'"):
        call_command("train_student", "Films", "--config", given)


def test_help_states_a_default_only_where_there_is_one(capsys):
    with pytest.raises(SystemExit):
        call_command("train_student", "--help")
    said = capsys.readouterr().out
    assert "Default: demo." in said
    assert "Default: ." not in said
    assert "Default: None" not in said
    assert "PARAMETER_" not in said


@pytest.mark.parametrize("log_format", ["builtin", "movielens"])
def test_the_user_vector_is_measured_only_where_aspects_are_planted(log_format):
    """On a real log the teacher reads its aspect from the history; a hash of the user's name says nothing there."""
    corpus = Corpus.objects.create(name="Any", log_format="builtin", options={"n_users": 20})
    queue = partial(queue_run, corpus=corpus)
    runs = {}
    for stage, parameters in (
        ("import_log", {}),
        ("select_cases", {"n_cases": 8, "n_train": 200, "n_valid": 5}),
        ("distil_teacher", {}),
        ("train_student", {"max_steps": 1, "config": {"d_model": 16, "heads": 2, "ffn_dim": 16}}),
        ("explain_cases", {"system": "prism"}),
    ):
        runs[stage] = queue(stage=stage, parameters=parameters)
        work_here(runs[stage])
        assert Run.objects.get(pk=runs[stage].pk).status == "done"
    Explanation.objects.update(status="ok", text="A text.", reason="")
    Corpus.objects.update(log_format=log_format)
    measured = measure_explanations(explain_run_ids=[runs["explain_cases"].pk])
    assert (measured.user_effect is not None) == (log_format == "builtin")
