import pytest
from django.contrib.auth.models import User

from annotation.models.card import CalibrationGold, Slot
from annotation.models.ledger import LedgerLine
from annotation.models.study import Criterion, Guidelines, Study
from annotation.services.fingerprint import fingerprint
from annotation.services.open_study import open_study
from annotation.services.refusals import NotReady
from tests.annotation import studies


def test_opening_freezes_and_writes_the_first_line_of_the_ledger(olga: User) -> None:
    study = studies.opened(owner=olga)
    assert study.status == Study.Status.OPEN
    assert study.frozen_hash == fingerprint(study.pk)
    line = LedgerLine.objects.get()
    assert (line.number, line.act, line.by, line.previous_hash) == (1, "opened", olga, "")
    assert line.facts == {"fingerprint": study.frozen_hash}


def test_all_that_is_missing_is_said_at_once(olga: User) -> None:
    study = Study.objects.get(pk=studies.build(owner=olga).study_id)
    Criterion.objects.filter(study=study, key="faithfulness").update(
        labels=["a", "b", "", "d", "e"], examples=[]
    )
    Guidelines.objects.filter(study=study).update(text=" ")
    Study.objects.filter(pk=study.pk).update(consent="", gate_rule={"share": 3})
    Slot.objects.filter(seat__study=study).first().delete()
    with pytest.raises(NotReady) as caught:
        open_study(study_id=study.pk, by_id=olga.pk)
    said = " ".join(caught.value.reasons)
    for words in (
        "Faithfulness: point 3 has no label",
        "Faithfulness: the guidelines need an example for every point",
        "The consent text is empty",
        "The guidelines are empty",
        "The gate rule cannot be used",
        "6 of 6 reference marks",
        "exactly 2 seats",
    ):
        assert words in said
    study.refresh_from_db()
    assert study.status == Study.Status.DRAFT


def test_a_criterion_or_a_reason_that_names_a_system_is_not_opened(olga: User) -> None:
    study = studies.draft(owner=olga)
    Criterion.objects.filter(study=study, key="faithfulness").update(question="Truer than the Foghorn?")
    mark = CalibrationGold.objects.filter(card__study=study).first()
    CalibrationGold.objects.filter(pk=mark.pk).update(rationale="Megaphone invents.")
    with pytest.raises(NotReady) as refused:
        open_study(study_id=study.pk, by_id=olga.pk)
    assert len(refused.value.reasons) == 2
    assert "question of faithfulness names the system “Foghorn”" in refused.value.reasons[0]
    assert "names the system “Megaphone”" in refused.value.reasons[1]


def test_gold_that_never_varies_is_refused(olga: User) -> None:
    study = studies.draft(owner=olga)
    CalibrationGold.objects.filter(criterion__key="faithfulness").update(value=5)
    with pytest.raises(NotReady, match="Faithfulness: every reference mark is 5"):
        open_study(study_id=study.pk, by_id=olga.pk)


def test_a_study_opens_once(olga: User) -> None:
    study = studies.opened(owner=olga)
    with pytest.raises(NotReady, match="was opened before"):
        open_study(study_id=study.pk, by_id=olga.pk)


def test_guidelines_that_name_a_system_keep_the_study_shut(olga: User) -> None:
    study = studies.draft(owner=olga)
    Guidelines.objects.filter(study=study).update(text="Beware of the Foghorn.")
    with pytest.raises(NotReady, match="guidelines names the system “Foghorn”"):
        open_study(study_id=study.pk, by_id=olga.pk)
