"""Messages: sent for what may start, once it is done for what waited, and again for what was lost."""

from datetime import timedelta
from typing import get_args

import pytest
from django.conf import settings
from django.utils import timezone

from generation import tasks
from generation.models import Run, Stage
from generation.pipeline.rankers import RANKERS
from generation.pipeline.registry import Entry, Queue
from generation.pipeline.teacher import TEACHERS
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def queues():
    """The queue of every message."""
    return []


@pytest.fixture
def delivered(monkeypatch, queues):
    """(task, run id) of every message, as sent after the transaction."""
    found = []
    for stage, task in tasks.TASKS.items():
        monkeypatch.setattr(
            task,
            "apply_async_on_commit",
            lambda args, queue, stage=stage: (found.append((stage.value, *args)), queues.append(queue)),
        )
    return found


def test_a_run_that_waits_gets_no_message(delivered):
    earlier = builders.run(stage="import_log", status="running")
    tasks.enqueue(builders.run(needs=(earlier,)))
    assert delivered == []


def test_each_free_shard_gets_a_message_but_not_without_bound(delivered):
    tasks.enqueue(builders.run(n_shards=3))
    assert len(delivered) == 3
    delivered.clear()
    tasks.enqueue(builders.run(n_shards=tasks.MOST_MESSAGES + 5))
    assert len(delivered) == tasks.MOST_MESSAGES


def test_a_run_that_is_done_wakes_those_that_waited_for_it_and_for_nothing_else(delivered):
    cases = builders.run(status="done")
    student = builders.run(stage="train_student", status="running")
    ready = builders.run(stage="explain_cases", needs=(cases,), parameters={"system": "template-knn"})
    builders.run(stage="explain_cases", needs=(cases, student), parameters={"system": "prism"})
    tasks.enqueue_dependents(cases.pk)
    assert delivered == [("explain_cases", ready.pk)]


def test_a_dependent_hears_once_however_many_messages_its_need_had(delivered):
    cases = builders.run(stage="select_cases", status="done")
    ready = builders.run(stage="explain_cases", needs=(cases,), parameters={"system": "template-knn"})
    for _ in range(3):
        tasks.enqueue_dependents(cases.pk)
    assert delivered == [("explain_cases", ready.pk)]


def test_a_failed_run_wakes_nobody(delivered):
    failed = builders.run(status="failed")
    builders.run(stage="distil_teacher", needs=(failed,))
    tasks.enqueue_dependents(failed.pk)
    assert delivered == []


def test_the_sweep_sends_what_was_lost(delivered):
    run = builders.run()
    Run.objects.filter(pk=run.pk).update(enqueued_at=timezone.now() - timedelta(hours=1))
    tasks.sweep_shards()
    assert delivered == [("select_cases", run.pk)]
    tasks.sweep_shards()
    assert len(delivered) == 1


def test_there_is_a_task_and_a_service_of_the_same_name_for_every_stage():
    from importlib import import_module

    for stage in Stage:
        assert tasks.TASKS[stage].name == f"generation.tasks.{stage.value}"
        assert callable(getattr(import_module(f"generation.services.{stage.value}"), stage.value))


def test_the_schedule_names_a_task_that_exists(settings):
    names = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert {tasks.sweep_shards.name, tasks.sweep_store.name} <= names


@pytest.mark.parametrize(
    ("stage", "parameters", "queue"),
    [
        ("import_log", {}, "cpu"),
        ("select_cases", {"ranker": "popularity"}, "cpu"),
        ("distil_teacher", {"teacher": "scripted"}, "cpu"),
        ("distil_teacher", {"teacher": "transformers", "path": "flan-t5-base"}, "gpu"),
        ("train_student", {}, "gpu"),
        ("explain_cases", {"system": "template-knn"}, "cpu"),
        ("explain_cases", {"system": "scripted-teacher"}, "cpu"),
        ("explain_cases", {"system": "prism"}, "gpu"),
        ("explain_cases", {"system": "a system that was taken out"}, "cpu"),
    ],
)
def test_a_message_goes_to_those_who_can_do_the_work(delivered, queues, stage, parameters, queue):
    tasks.send(builders.run(stage=stage, parameters=parameters))
    assert queues == [queue]


def test_what_talks_to_somebody_else_s_server_waits_in_its_own_queue(delivered, queues, monkeypatch):
    remote = Entry("Endpoint", "nowhere:load", queue="http")
    monkeypatch.setitem(TEACHERS, "remote", remote)
    monkeypatch.setitem(RANKERS, "remote", remote)
    tasks.send(builders.run(stage="distil_teacher", parameters={"teacher": "remote"}))
    tasks.send(builders.run(stage="select_cases", parameters={"ranker": "remote"}))
    assert queues == ["http", "http"]


def test_make_worker_and_the_demo_serve_every_queue():
    queues = ",".join(get_args(Queue))
    assert f"--queues {queues} " in (settings.BASE_DIR / "Makefile").read_text(encoding="utf-8")
    assert f'"{queues}"' in (settings.BASE_DIR / "prism_site" / "processes.py").read_text(encoding="utf-8")
