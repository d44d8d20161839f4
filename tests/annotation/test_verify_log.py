import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from annotation.models.ledger import LedgerLine
from annotation.models.study import Enrolment
from annotation.services.amend_guidelines import amend_guidelines
from annotation.services.close_study import close_study
from annotation.services.exclude_annotator import exclude_annotator, readmit_annotator
from annotation.services.refusals import Refused
from annotation.services.unblind_study import unblind_study
from annotation.services.withdraw_consent import erase_marks, withdraw_consent
from tests import builders
from tests.annotation import studies

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(olga):
    study = studies.opened(owner=olga)
    amend_guidelines(study_id=study.pk, by_id=olga.pk, clarification="Judge what stands there.")
    close_study(study_id=study.pk, by_id=olga.pk, reason="enough")
    return study


def test_whole_ledgers_are_told_with_their_last_hash(study, olga, capsys):
    studies.draft(owner=olga, title="Another")
    call_command("verify_log")
    said = capsys.readouterr().out.splitlines()
    last = LedgerLine.objects.get(study=study, number=3).hash
    assert said[0] == f"Study {study.pk}: 3 lines, whole. {last}"
    assert "no line yet" in said[1]


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("UPDATE annotation_ledgerline SET reason = 'other' WHERE number = 3", 3),
        ("UPDATE annotation_ledgerline SET by_id = NULL WHERE number = 1", 1),
        ("DELETE FROM annotation_ledgerline WHERE number = 2", 3),
        ("UPDATE annotation_ledgerline SET number = 9 - number WHERE number > 1", 6),
    ],
)
def test_a_line_that_was_touched_is_named(study, statement, line):
    with connection.cursor() as cursor:
        cursor.execute(statement)
    with pytest.raises(CommandError, match=f"Study {study.pk}: line {line} "):
        call_command("verify_log", study.pk)


def test_lines_taken_out_and_a_changed_text_are_found(study):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM annotation_ledgerline")
        cursor.execute("UPDATE annotation_card SET explanation = explanation || '!'")
    with pytest.raises(CommandError) as caught:
        call_command("verify_log")
    assert "has no ledger" in str(caught.value)
    assert "is not what was opened" in str(caught.value)


@pytest.fixture
def rated(olga):
    """A closed study of two annotators who judged everything."""
    study = studies.opened(owner=olga)
    for name in ("ada", "ben"):
        person = builders.user(name, role="annotator")
        studies.rate_all(enrolment=studies.enrol(study=study, person=person), value=2)
    close_study(study_id=study.pk, by_id=olga.pk)
    return study.pk


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE annotation_rating SET value = 5 WHERE id = (SELECT min(id) FROM annotation_rating)",
        "UPDATE annotation_rating SET value = NULL, reason = 'x' WHERE id = (SELECT min(id) FROM annotation_rating)",
        "DELETE FROM annotation_rating WHERE id = (SELECT min(id) FROM annotation_rating)",
    ],
)
def test_marks_changed_after_closing_are_found_and_keep_the_study_blind(rated, olga, statement):
    call_command("verify_log", rated)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM annotation_ratingrevision")
        cursor.execute(statement)
    with pytest.raises(CommandError, match=r"marks of \S+ are not what they were when it was closed"):
        call_command("verify_log", rated)
    with pytest.raises(Refused, match="are not what they were when the study closed"):
        unblind_study(study_id=rated, by_id=olga.pk, reason="enough")


def test_marks_erased_on_request_are_no_fault(rated, olga):
    enrolment = Enrolment.objects.filter(study=rated).first()
    withdraw_consent(enrolment_id=enrolment.pk, erase=True)
    erase_marks(study_id=rated, enrolment_id=enrolment.pk, by_id=olga.pk)
    call_command("verify_log", rated)
    unblind_study(study_id=rated, by_id=olga.pk, reason="enough")
    call_command("verify_log", rated)


def test_an_exclusion_made_past_the_ledger_is_found(rated, olga):
    first, second = Enrolment.objects.filter(study=rated)
    for _ in range(2):
        exclude_annotator(
            study_id=rated, enrolment_id=first.pk, by_id=olga.pk, rule="speed", reason="2 s a card"
        )
        call_command("verify_log", rated)
        readmit_annotator(study_id=rated, enrolment_id=first.pk, by_id=olga.pk, reason="the clock was wrong")
    call_command("verify_log", rated)
    Enrolment.objects.filter(pk=second.pk).update(excluded_at="2026-01-01T00:00Z")
    with pytest.raises(
        CommandError, match=f"{second.pseudonym} is excluded in the tables and not so in the ledger"
    ):
        call_command("verify_log", rated)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DELETE FROM annotation_ledgerline WHERE number = 2", "is closed, and by its ledger it is open"),
        ("UPDATE annotation_study SET status = 'open'", "is open, and by its ledger it is closed"),
        ("UPDATE annotation_study SET frozen_hash = 'f'", "its fingerprint differs"),
    ],
)
def test_a_study_that_is_not_where_its_ledger_says_is_found(rated, statement, told):
    with connection.cursor() as cursor:
        cursor.execute(statement)
    with pytest.raises(CommandError, match=told):
        call_command("verify_log", rated)


def test_a_study_that_is_not_there_is_said(db):
    with pytest.raises(CommandError, match="There is no study 7"):
        call_command("verify_log", 7)
