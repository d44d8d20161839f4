import json

import pytest
from django.contrib.auth.models import User
from django.db import connection

from annotation import unblinding
from annotation.models.study import Study
from annotation.services.close_study import close_study
from annotation.services.unblind_study import unblind_study
from tests import builders
from tests.annotation import studies


@pytest.fixture
def unblinded(olga: User, ada: User, ben: User) -> Study:
    study = studies.opened(owner=olga)
    for person, value in ((ada, 4), (ben, 2), (builders.user("cleo", role="annotator"), 5)):
        studies.rate_all(enrolment=studies.enrol(study=study, person=person), value=value)
    close_study(study_id=study.pk, by_id=olga.pk)
    unblind_study(study_id=study.pk, by_id=olga.pk, reason="All cards are rated.")
    return study


def test_a_blind_study_keeps_its_writers(olga: User) -> None:
    study = studies.opened(owner=olga)
    for door in (unblinding.ratings, unblinding.texts, unblinding.facts):
        with pytest.raises(unblinding.NotUnblinded, match="is open: close it and unblind it"):
            door(study.pk)
    close_study(study_id=study.pk, by_id=olga.pk)
    with pytest.raises(unblinding.NotUnblinded, match="is closed"):
        unblinding.ratings(study.pk)


def test_ratings_come_with_their_writers(unblinded: Study) -> None:
    frame = unblinding.ratings(unblinded.pk)
    assert tuple(frame.columns) == unblinding.RATING_COLUMNS
    assert len(frame) == 12 * 3 * 2 * 3
    assert set(frame["system"]) == set(studies.LOUD_SYSTEMS)
    assert set(frame["annotator"]) == {"A01", "A02", "A03"}
    assert (frame.groupby("annotator")["value"].nunique() == 1).all()
    assert set(frame.groupby(["case", "system", "criterion"]).size()) == {2}
    assert frame["position"].min() == 1
    assert not frame["simulated"].any()
    assert frame["value"].dtype == "float64"


def test_texts_are_what_people_saw_with_the_case_behind(unblinded: Study) -> None:
    frame = unblinding.texts(unblinded.pk)
    assert tuple(frame.columns) == unblinding.TEXT_COLUMNS
    assert len(frame) == 36
    row = frame.iloc[0]
    number = int(row["case"].split("-")[1])
    assert row["history"] == [f"Film {number}", "Heat"]
    assert row["history_genres"] == [[], ["Crime"]]
    assert row["item"] == f"Sequel {number}"
    assert row["reference"] == f"Golden words about case {number}."
    assert row["explanation"].startswith(f"Because you saw Film {number}")
    assert row["user"] == f"u{number}"
    assert frame["explain_run"].isna().all()


def test_facts_are_json_and_say_that_the_ledger_is_whole(unblinded: Study) -> None:
    facts = unblinding.facts(unblinded.pk)
    json.dumps(facts)
    assert facts["ledger_whole"]
    assert not facts["simulated"]
    assert set(facts["sources"]["systems"]) == set(studies.LOUD_SYSTEMS)


def test_simulated_marks_say_so(olga: User, ada: User) -> None:
    study = studies.opened(owner=olga, simulated=True)
    studies.rate_all(enrolment=studies.enrol(study=study, person=ada), most=1)
    close_study(study_id=study.pk, by_id=olga.pk)
    unblind_study(study_id=study.pk, by_id=olga.pk, reason="A rehearsal.")
    assert unblinding.ratings(study.pk)["simulated"].all()
    assert unblinding.facts(study.pk)["simulated"]


def test_a_study_nobody_rated_gives_an_empty_frame_with_its_columns(olga: User) -> None:
    study = studies.opened(owner=olga)
    close_study(study_id=study.pk, by_id=olga.pk)
    unblind_study(study_id=study.pk, by_id=olga.pk, reason="Nobody came.")
    frame = unblinding.ratings(study.pk)
    assert frame.empty
    assert tuple(frame.columns) == unblinding.RATING_COLUMNS


def test_a_writer_changed_behind_our_back_is_noticed(unblinded: Study) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE annotation_provenance SET system = 'Foghorn' WHERE system = 'Megaphone'")
    for door in (unblinding.ratings, unblinding.texts, unblinding.facts):
        with pytest.raises(unblinding.SealBroken, match="differs from what was sealed"):
            door(unblinded.pk)
