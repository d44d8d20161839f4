import pytest
from django.contrib.auth.models import User

from annotation.models.card import Block, CalibrationGold, Card, Slot
from annotation.models.frozen import AppendOnly, StudyFrozen
from annotation.models.ledger import LedgerLine
from annotation.models.provenance import Provenance, SourceReport
from annotation.models.rating import RatingRevision, Submission
from annotation.models.study import Criterion, Guidelines, Study
from tests.annotation import studies

FROZEN = {
    Card: {"explanation": "Other words."},
    Block: {"history": []},
    CalibrationGold: {"rationale": "For no reason."},
    Criterion: {"question": "Another one?"},
    Slot: {"order": []},
    Provenance: {"system": "Somebody else"},
    SourceReport: {"report": {}},
    Guidelines: {"text": "Be kind."},
    Study: {"seed": 8, "title": "Another"},
}


@pytest.mark.parametrize("model", FROZEN, ids=lambda model: model.__name__)
def test_an_opened_study_cannot_be_changed_by_any_way(olga: User, model: type) -> None:
    studies.opened(owner=olga)
    changes = FROZEN[model]
    with pytest.raises(StudyFrozen, match="was opened and is frozen"):
        model.objects.update(**changes)
    row = model.objects.first()
    for name, value in changes.items():
        setattr(row, name, value)
    with pytest.raises(StudyFrozen, match=", ".join(sorted(changes))):
        row.save()
    with pytest.raises(StudyFrozen):
        model.objects.all().delete()
    with pytest.raises(StudyFrozen):
        model.objects.first().delete()
    assert not model.objects.filter(**changes).exists()


@pytest.mark.parametrize("model", [model for model in FROZEN if model is not Study], ids=lambda m: m.__name__)
def test_a_draft_can(olga: User, model: type) -> None:
    studies.draft(owner=olga)
    assert model.objects.update(**FROZEN[model])


def test_no_card_is_added_to_an_opened_study(olga: User) -> None:
    study = studies.opened(owner=olga)
    card = Card(study=study, block=study.blocks.first(), explanation="Late.", text_hash="0" * 64)
    with pytest.raises(StudyFrozen, match="cannot add rows"):
        card.save()
    with pytest.raises(StudyFrozen, match="cannot add rows"):
        Card.objects.bulk_create([card])


def test_a_draft_is_deleted_with_all_its_rows_and_an_opened_study_is_not(olga: User) -> None:
    from annotation.services.discard_draft import discard_draft
    from annotation.services.open_study import open_study
    from annotation.services.refusals import NotReady

    kept, gone = studies.opened(owner=olga), studies.draft(owner=olga)
    discard_draft(study_id=gone.pk)
    with pytest.raises(NotReady, match="discarded meanwhile"):
        open_study(study_id=gone.pk, by_id=gone.owner_id)
    assert not Card.objects.filter(study_id=gone.pk).exists()
    assert not Provenance.objects.exclude(card__study=kept).exists()
    with pytest.raises(StudyFrozen):
        discard_draft(study_id=kept.pk)


def test_revisions_submissions_and_the_ledger_only_grow(olga: User, ada: User) -> None:
    study = studies.opened(owner=olga)
    studies.rate_all(enrolment=studies.enrol(study=study, person=ada), most=1)
    for model in (RatingRevision, Submission, LedgerLine):
        row = model.objects.first()
        assert row is not None
        for act in (row.save, row.delete, model.objects.all().delete, lambda m=model: m.objects.update(pk=0)):
            with pytest.raises(AppendOnly):
                act()
