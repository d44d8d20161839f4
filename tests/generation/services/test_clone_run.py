"""A run again with changes: what it builds on, what built on it, and what may not be cloned."""

import pytest

from generation.models import Run, Stage
from generation.services.clone_run import clone_run
from generation.services.parameters import BadParameters, read_parameters
from generation.services.queue_run import queue_run
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def pipeline():
    """Log, cases, teacher, student and two systems, all queued."""
    corpus = builders.corpus()

    def queue(stage, *needs, **parameters):
        return queue_run(corpus=corpus, stage=stage, parameters=parameters, needs=needs, seed=3)

    log = queue(Stage.IMPORT_LOG)
    cases = queue(Stage.SELECT_CASES, log, n_cases=20)
    teacher = queue(Stage.DISTIL_TEACHER, cases)
    student = queue(Stage.TRAIN_STUDENT, teacher, max_steps=50)
    prism = queue(Stage.EXPLAIN_CASES, cases, student, system="prism")
    template = queue(Stage.EXPLAIN_CASES, cases, system="template-knn")
    return {
        "log": log,
        "cases": cases,
        "teacher": teacher,
        "student": student,
        "prism": prism,
        "template": template,
    }


def needs_of(run):
    return set(run.needs.values_list("pk", flat=True))


def test_a_clone_differs_in_what_was_changed_and_in_nothing_else(pipeline, olga):
    (new,) = clone_run(run_id=pipeline["student"].pk, parameters={"max_steps": 80}, seed=9, created_by=olga)
    old = Run.objects.get(pk=pipeline["student"].pk)
    assert new.pk != old.pk
    assert (old.parameters["max_steps"], old.seed) == (50, 3)
    assert new.parameters == {**old.parameters, "max_steps": 80}
    assert (new.seed, new.created_by, new.status) == (9, olga, "queued")
    assert needs_of(new) == {pipeline["teacher"].pk}
    assert f"A clone of run {old.pk}." in new.events.values_list("text", flat=True)


def test_what_built_on_it_is_repeated_over_the_new_run_and_what_did_not_stays(pipeline):
    new = clone_run(
        run_id=pipeline["teacher"].pk, parameters={"hallucination_rate": 0.3}, seed=4, dependents=True
    )
    teacher, student, prism = new
    assert [run.stage for run in new] == ["distil_teacher", "train_student", "explain_cases"]
    assert needs_of(teacher) == {pipeline["cases"].pk}
    assert needs_of(student) == {teacher.pk}
    assert needs_of(prism) == {pipeline["cases"].pk, student.pk}
    assert {run.seed for run in new} == {4}
    assert student.parameters == pipeline["student"].parameters


def test_a_whole_pipeline_is_repeated_from_its_cases(pipeline):
    new = clone_run(run_id=pipeline["cases"].pk, seed=5, dependents=True)
    assert [run.title for run in new] == [
        pipeline[name].title for name in ("cases", "teacher", "student", "prism", "template")
    ]
    assert needs_of(new[3]) == {new[0].pk, new[2].pk}
    assert needs_of(new[4]) == {new[0].pk}


def test_a_change_that_cannot_be_followed_queues_nothing(pipeline):
    before = Run.objects.count()
    with pytest.raises(BadParameters) as refusal:
        clone_run(run_id=pipeline["cases"].pk, parameters={"n_casse": 1}, dependents=True)
    assert refusal.value.field == "n_casse"
    assert Run.objects.count() == before


def test_a_run_over_one_that_failed_is_not_cloned_onto_it(pipeline):
    Run.objects.filter(pk=pipeline["teacher"].pk).update(status="failed", error="x")
    with pytest.raises(BadParameters, match="requeue it or choose another"):
        clone_run(run_id=pipeline["student"].pk)


def test_settings_from_before_a_field_was_there_take_its_default(pipeline):
    old = pipeline["template"]
    del old.parameters["engine"]
    old.save()
    (new,) = clone_run(run_id=old.pk)
    assert new.parameters == read_parameters("explain_cases", old.parameters).as_json()
