import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from annotation.models.ledger import LedgerLine
from annotation.services.amend_guidelines import amend_guidelines
from annotation.services.close_study import close_study
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


def test_a_study_that_is_not_there_is_said(db):
    with pytest.raises(CommandError, match="There is no study 7"):
        call_command("verify_log", 7)
