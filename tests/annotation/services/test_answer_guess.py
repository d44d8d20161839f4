"""The blind guess: asked once, after the last card, apart from all marks."""

import json

import pytest
from django.db import IntegrityError, transaction

from annotation import journey_queries
from annotation.design.guessing import GuessPlan, WriterKind, drawn, faults_of, kinds_of
from annotation.design.scales import OutOfScale
from annotation.guess_queries import GuessCount, guess_cards, guess_count
from annotation.models.frozen import AppendOnly, StudyFrozen
from annotation.models.guess import Guess, GuessSheet
from annotation.models.rating import Rating
from annotation.models.study import Study
from annotation.services.answer_guess import answer_guess
from annotation.services.close_study import close_study
from annotation.services.exclude_annotator import exclude_annotator
from annotation.services.fingerprint import fingerprint
from annotation.services.plan_guess import plan_guess
from annotation.services.refusals import (
    BadSource,
    ForeignPlacement,
    NotBlind,
    OutOfTurn,
    Refused,
    StaleWrite,
    StudyClosed,
)
from annotation.services.withdraw_consent import erase_marks, withdraw_consent
from prism_site.roles import grant
from tests import builders
from tests.annotation import studies

pytestmark = pytest.mark.django_db

ASKED = GuessPlan(n_cards=4)


def finished(olga, name="ann", **settings):
    """A study that asks, and somebody of it who has just judged the last card."""
    study = studies.opened(owner=olga, n_cases=3, guess=ASKED, **settings)
    enrolment = studies.enrol(study=study, person=builders.user(name, role="annotator"))
    studies.rate_all(enrolment=enrolment)
    enrolment.refresh_from_db()
    return study, enrolment


def tokens(enrolment):
    return [card.token for card in guess_cards(enrolment.pk)]


def test_it_is_off_unless_the_plan_says_so(olga):
    study = studies.opened(owner=olga, n_cases=3)
    enrolment = studies.enrol(study=study, person=builders.user("ann", role="annotator"))
    studies.rate_all(enrolment=enrolment)
    assert journey_queries.journey(enrolment.pk).stage == "finished"
    with pytest.raises(OutOfTurn, match="does not ask"):
        answer_guess(enrolment_id=enrolment.pk, guesses={})
    assert not GuessSheet.objects.exists()


def test_it_comes_after_the_last_card_and_once(olga):
    study = studies.opened(owner=olga, n_cases=3, guess=ASKED)
    enrolment = studies.enrol(study=study, person=builders.user("ann", role="annotator"))
    studies.rate_all(enrolment=enrolment, most=1)
    assert journey_queries.journey(enrolment.pk).stage == "rating"
    with pytest.raises(OutOfTurn, match="Finish your cards"):
        answer_guess(enrolment_id=enrolment.pk, guesses={})
    studies.rate_all(enrolment=enrolment)
    n_marks = Rating.objects.count()
    assert journey_queries.journey(enrolment.pk).stage == "guess"
    assert journey_queries.journey(enrolment.pk).completion_code == ""
    asked = tokens(enrolment)
    assert len(set(asked)) == 4
    assert asked == tokens(enrolment), "the same cards on every device"
    said = {asked[0]: "person", asked[1]: "large-model", asked[2]: "cannot-say"}
    for _ in range(2):
        assert answer_guess(enrolment_id=enrolment.pk, guesses=said) == 3
    assert journey_queries.journey(enrolment.pk).stage == "finished"
    assert journey_queries.journey(enrolment.pk).completion_code
    assert dict(Guess.objects.values_list("placement__token", "kind")) == said
    assert guess_count(study.pk) == GuessCount(1, 0, 3)
    assert Rating.objects.count() == n_marks
    with pytest.raises(StaleWrite, match="first answer is kept"):
        answer_guess(enrolment_id=enrolment.pk, guesses={asked[0]: "large-model"})
    assert dict(Guess.objects.values_list("placement__token", "kind")) == said


def test_passing_it_over_is_an_answer(olga):
    study, enrolment = finished(olga)
    assert answer_guess(enrolment_id=enrolment.pk, guesses={}) == 0
    assert journey_queries.journey(enrolment.pk).stage == "finished"
    assert guess_count(study.pk) == GuessCount(0, 1, 0)


def test_what_was_not_asked_or_offered_is_refused(olga):
    study, enrolment = finished(olga, k=1, n_annotators=2)
    other = studies.enrol(study=study, person=builders.user("bob", role="annotator"))
    studies.rate_all(enrolment=other)
    foreign, own = tokens(other)[0], tokens(enrolment)[0]
    with pytest.raises(ForeignPlacement):
        answer_guess(enrolment_id=enrolment.pk, guesses={foreign: "person"})
    for kind in ("Thunderclap", "", "PERSON"):
        with pytest.raises(OutOfScale, match="is not offered"):
            answer_guess(enrolment_id=enrolment.pk, guesses={own: kind})
    assert not GuessSheet.objects.exists()


def test_a_closed_study_asks_nothing(olga):
    study, enrolment = finished(olga)
    token = tokens(enrolment)[0]
    close_study(study_id=study.pk, by_id=olga.pk)
    assert journey_queries.journey(enrolment.pk).stage == "finished"
    with pytest.raises(StudyClosed):
        answer_guess(enrolment_id=enrolment.pk, guesses={token: "person"})


def test_whoever_may_know_the_systems_does_not_guess(olga):
    _, enrolment = finished(olga)
    grant(enrolment.annotator, "researcher")
    with pytest.raises(NotBlind):
        answer_guess(enrolment_id=enrolment.pk, guesses={})


def test_guesses_are_withdrawn_and_erased_with_the_marks(olga):
    study, enrolment = finished(olga)
    answer_guess(enrolment_id=enrolment.pk, guesses={tokens(enrolment)[0]: "person"})
    withdraw_consent(enrolment_id=enrolment.pk, erase=True)
    assert guess_count(study.pk) == GuessCount(0, 0, 0)
    assert Guess.objects.count() == 1
    with pytest.raises(OutOfTurn, match="You withdrew"):
        answer_guess(enrolment_id=enrolment.pk, guesses={})
    n_marks = Rating.objects.count()
    assert erase_marks(study_id=study.pk, enrolment_id=enrolment.pk, by_id=olga.pk) == n_marks
    assert not Guess.objects.exists()
    assert not GuessSheet.objects.exists()


def test_a_guess_is_written_once_and_never_changed(olga):
    _, enrolment = finished(olga)
    answer_guess(enrolment_id=enrolment.pk, guesses={tokens(enrolment)[0]: "person"})
    with pytest.raises(AppendOnly):
        Guess.objects.update(kind="large-model")
    with pytest.raises(AppendOnly):
        GuessSheet.objects.get().delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        GuessSheet.objects.create(enrolment=enrolment)


def test_what_is_asked_is_frozen_with_the_plan(olga):
    study = studies.draft(owner=olga, n_cases=3)
    before = fingerprint(study.pk)
    plan_guess(study_id=study.pk, plan=ASKED)
    assert fingerprint(study.pk) != before
    plan_guess(study_id=study.pk, plan=None)
    assert fingerprint(study.pk) == before
    assert json.loads(json.dumps(ASKED.as_json())) == ASKED.as_json()
    assert GuessPlan.of({"guess": ASKED.as_json()}) == ASKED
    with pytest.raises(StudyFrozen):
        plan_guess(study_id=studies.opened(owner=olga, n_cases=3).pk, plan=ASKED)


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (GuessPlan(n_cards=0), "1 to 10 cards"),
        (GuessPlan(kinds=(WriterKind("a", "A"),)), "2 to 8 kinds"),
        (GuessPlan(kinds=(WriterKind("a", "A"), WriterKind("b", " a"))), "same label"),
        (GuessPlan(kinds=(WriterKind("a", "A"), WriterKind("a", "B"))), "same key"),
        (GuessPlan(kinds=(WriterKind("a", "A"), WriterKind("b", "\u200b"))), "no label"),
        (GuessPlan(kinds=(WriterKind("a", "A"), WriterKind("cannot-say", "B"))), "offered anyway"),
        (GuessPlan(kinds=(WriterKind("a", "A"), WriterKind("b", "The Foghorn"))), "names the system"),
        (GuessPlan(kinds=(WriterKind("foghorn", "A"), WriterKind("b", "B"))), "names the system"),
    ],
)
def test_a_question_nobody_could_answer_or_that_unmasks_is_refused(olga, plan, words):
    study = studies.draft(owner=olga, n_cases=3)
    with pytest.raises(Refused, match=words):
        plan_guess(study_id=study.pk, plan=plan)
    with pytest.raises(BadSource, match=words):
        studies.build(owner=olga, n_cases=3, guess=plan)
    assert "guess" not in Study.objects.get().plan


def test_kinds_come_from_their_labels():
    assert [kind.key for kind in kinds_of(["a person", "A child", "A parrot"])] == [
        "person",
        "kind-2",
        "kind-3",
    ]
    assert faults_of(GuessPlan(kinds=kinds_of(["a person", "A child"]))) == []


def test_cards_are_drawn_by_seed_and_person():
    assert drawn(3, GuessPlan(n_cards=5), seed=1, index=0) != []
    assert sorted(drawn(3, GuessPlan(n_cards=5), seed=1, index=0)) == [0, 1, 2]
    lots = {tuple(drawn(30, GuessPlan(n_cards=3), seed=1, index=index)) for index in range(20)}
    assert len(lots) == 20
    often = [place for index in range(2000) for place in drawn(10, GuessPlan(n_cards=2), seed=3, index=index)]
    assert all(340 <= often.count(place) <= 460 for place in range(10))  # 400, give or take 3 deviations


def test_exclusion_leaves_the_sheet_where_it_is(olga):
    study, enrolment = finished(olga)
    answer_guess(enrolment_id=enrolment.pk, guesses={tokens(enrolment)[0]: "person"})
    exclude_annotator(
        study_id=study.pk, enrolment_id=enrolment.pk, by_id=olga.pk, rule="speed", reason="Too fast."
    )
    assert Guess.objects.count() == 1


def test_side_by_side_the_cards_of_boards_are_asked_about(olga):
    study = studies.opened(owner=olga, n_cases=3, guess=ASKED, design="side_by_side")
    enrolment = studies.enrol(study=study, person=builders.user("ann", role="annotator"))
    studies.rate_all(enrolment=enrolment)
    assert journey_queries.journey(enrolment.pk).stage == "guess"
    asked = tokens(enrolment)
    assert answer_guess(enrolment_id=enrolment.pk, guesses=dict.fromkeys(asked, "person")) == 4
