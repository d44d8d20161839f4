import pytest
from django.contrib.auth.models import User
from django.db import connection

from annotation import overview
from annotation.models.card import Card
from annotation.models.ledger import LedgerLine, line_hash
from annotation.models.study import Study
from annotation.services.close_study import close_study
from annotation.services.refusals import Refused
from annotation.services.unblind_study import unblind_study
from tests.annotation import studies


def test_unblinding_needs_a_closed_study_and_a_reason(olga: User) -> None:
    study = studies.opened(owner=olga)
    with pytest.raises(Refused, match="Close the study first"):
        unblind_study(study_id=study.pk, by_id=olga.pk, reason="curious")
    close_study(study_id=study.pk, by_id=olga.pk)
    with pytest.raises(Refused, match="Only an open study"):
        close_study(study_id=study.pk, by_id=olga.pk)
    with pytest.raises(Refused, match="Say why"):
        unblind_study(study_id=study.pk, by_id=olga.pk, reason="  ")
    unblind_study(study_id=study.pk, by_id=olga.pk, reason="All cards are rated.")
    with pytest.raises(Refused, match="unblinded before"):
        unblind_study(study_id=study.pk, by_id=olga.pk, reason="again")
    assert Study.objects.get().status == Study.Status.UNBLINDED


def test_the_ledger_is_a_chain_that_shows_any_change(olga: User) -> None:
    study = studies.opened(owner=olga)
    close_study(study_id=study.pk, by_id=olga.pk, reason="done")
    unblind_study(study_id=study.pk, by_id=olga.pk, reason="All cards are rated.")
    lines = list(LedgerLine.objects.all())
    assert [line.act for line in lines] == ["opened", "closed", "unblinded"]
    assert [line.previous_hash for line in lines[1:]] == [line.hash for line in lines[:-1]]
    assert all(line.hash == line_hash(line) for line in lines)
    lines[2].reason = "Because I wanted to."
    assert lines[2].hash != line_hash(lines[2])
    assert [(row.act, row.by, row.reason) for row in overview.ledger(study.pk)][2] == (
        "Unblinded",
        "olga",
        "All cards are rated.",
    )


def test_a_text_changed_behind_our_back_keeps_the_seal_shut(olga: User) -> None:
    study = studies.opened(owner=olga)
    close_study(study_id=study.pk, by_id=olga.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE annotation_card SET explanation = 'Better words.' WHERE id = %s",
            [Card.objects.first().pk],
        )
    with pytest.raises(Refused, match="differs from what was opened"):
        unblind_study(study_id=study.pk, by_id=olga.pk, reason="All cards are rated.")
