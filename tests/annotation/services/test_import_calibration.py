import pytest
from django.contrib.auth.models import User

from annotation import overview
from annotation.models.frozen import StudyFrozen
from annotation.services.import_calibration import import_calibration
from annotation.services.open_study import open_study
from annotation.services.refusals import BadSource
from tests.annotation import studies

FILE = """text,history,item,persuasiveness,personalization,faithfulness,faithfulness_why
You saw Heat.,Heat (1995)|Alien (1979),Moon (2009),2,3,5,It is in the history.
You saw Cats.,Heat (1995),Moon (2009),1,1,1,Cats is not.
Explanation: fine film.,Heat (1995),Moon (2009),3,2,4,
"""


def test_a_file_replaces_the_calibration_set_with_its_gold(olga: User) -> None:
    study = studies.draft(owner=olga)
    assert import_calibration(study_id=study.pk, content=FILE, form="csv") == 3
    cards = overview.gold_cards(study.pk)
    assert [card.explanation for card in cards] == ["You saw Heat.", "You saw Cats.", "Fine film."]
    assert [item.label for item in cards[0].case_history] == ["Alien (1979)", "Heat (1995)"]
    faithfulness = [mark for card in cards for mark in card.marks if mark.criterion == "faithfulness"]
    assert [(mark.value, mark.rationale) for mark in faithfulness] == [
        (5, "It is in the history."),
        (1, "Cats is not."),
        (4, ""),
    ]
    open_study(study_id=study.pk, by_id=olga.pk)
    with pytest.raises(StudyFrozen):
        import_calibration(study_id=study.pk, content=FILE, form="csv")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Text,,,6,1,1,", "Line 2, persuasiveness: 6 is not on the scale"),
        ("Text,,,1,,1,", "Line 2, personalization: '' is not on the scale"),
        (",,,1,1,1,", "Line 2, text: is empty"),
    ],
)
def test_a_faulty_file_leaves_the_old_set(olga: User, line: str, words: str) -> None:
    study = studies.draft(owner=olga)
    before = overview.gold_cards(study.pk)
    with pytest.raises(BadSource, match=words):
        import_calibration(study_id=study.pk, content=FILE.splitlines()[0] + "\n" + line + "\n", form="csv")
    assert overview.gold_cards(study.pk) == before
