"""The command that serves a student: what it refuses before it loads anything."""

import pytest
from django.core.management import CommandError, call_command

from tests import builders

pytestmark = pytest.mark.django_db


def test_without_a_trained_student_it_says_what_to_do():
    builders.run(stage="train_student", status="failed")
    with pytest.raises(CommandError, match="no student has been trained yet"):
        call_command("serve_student")


def test_a_run_that_is_no_finished_training_is_named():
    cases = builders.run(stage="select_cases", status="done")
    with pytest.raises(CommandError, match=f"run {cases.pk} is no finished train_student run"):
        call_command("serve_student", run=cases.pk)


@pytest.mark.parametrize("name", ["batch", "queue", "threads", "processes"])
def test_numbers_that_serve_nobody_are_refused(name):
    with pytest.raises(CommandError, match=f"--{name} is 1 or more"):
        call_command("serve_student", **{name: 0})


def test_an_unknown_engine_is_refused_with_the_known_ones():
    with pytest.raises(CommandError, match="onnx-int8"):
        call_command("serve_student", "--engine", "steam")
