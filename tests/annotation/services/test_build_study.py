from collections import Counter

import pytest
from django.contrib.auth.models import User

from annotation.design.plan import StudySettings
from annotation.design.sources import parse
from annotation.models.card import Block, Card, Seat, Slot
from annotation.models.provenance import Provenance, SourceReport
from annotation.models.study import Study
from annotation.services.build_study import build_study
from annotation.services.refusals import BadSource
from tests import builders
from tests.annotation import studies


def test_an_upload_becomes_cards_seats_and_slots(olga: User) -> None:
    built = studies.build(owner=olga)
    study = Study.objects.get(pk=built.study_id)
    assert (built.n_cases, built.n_cards, len(built.calibration), study.n_systems) == (12, 36, 2, 3)
    assert Seat.objects.filter(study=study).count() == 3
    assert Counter(Slot.objects.values_list("block", flat=True)) == dict.fromkeys(
        Block.objects.filter(kind="main").values_list("pk", flat=True), 2
    )
    assert set(Counter(Slot.objects.values_list("seat", flat=True)).values()) == {8}
    for slot in Slot.objects.all():
        assert set(slot.order) == set(Card.objects.filter(block=slot.block).values_list("pk", flat=True))


def test_every_system_comes_first_equally_often(olga: User) -> None:
    studies.build(owner=olga, n_cases=13, n_annotators=5)
    writer = dict(Provenance.objects.values_list("card", "system"))
    firsts = Counter(writer[slot.order[0]] for slot in Slot.objects.all())
    assert max(firsts.values()) - min(firsts.values()) <= 1


def test_names_are_taken_off_the_texts_and_the_originals_kept_sealed(olga: User) -> None:
    studies.build(owner=olga)
    for line in Provenance.objects.select_related("card"):
        assert line.original.startswith(f"{line.system}: Because")
        assert line.card.explanation.startswith("Because")


def test_one_seed_builds_one_plan(olga: User) -> None:
    plans = []
    for seed in (5, 5, 6):
        built = studies.build(owner=olga, seed=seed)
        lines = Provenance.objects.filter(card__study=built.study_id)
        writer = {line.card_id: (line.case_key, line.system) for line in lines}
        slots = Slot.objects.filter(seat__study=built.study_id).order_by("seat__index", "block__number")
        plans.append([(slot.seat.index, [writer[card] for card in slot.order]) for slot in slots])
    assert plans[0] == plans[1]
    assert plans[0] != plans[2]


def test_calibration_cases_are_not_in_the_main_study_and_systems_take_turns(olga: User) -> None:
    built = studies.build(owner=olga, n_calibration=6)
    apart = {card.case_key for card in built.calibration}
    main = Provenance.objects.filter(card__block__kind="main").values_list("case_key", flat=True)
    assert len(apart) == 6
    assert not apart & set(main)
    assert Counter(card.system for card in built.calibration) == dict.fromkeys(studies.LOUD_SYSTEMS, 2)


def test_runs_become_a_study_with_the_teacher_as_reference(olga: User) -> None:
    cases = builders.case_run(n_cases=6)
    runs = [
        builders.explain_run(over=cases, system="scripted-teacher", offline=True),
        builders.explain_run(over=cases, system="prism", failing=(2,)),
    ]
    settings = StudySettings(title="Films", k=1, n_annotators=1, n_calibration=1, seed=3)
    built = build_study(owner_id=olga.pk, settings=settings, explain_run_ids=[run.pk for run in runs])
    assert (built.n_cases, built.n_dropped) == (4, 1)
    assert "1 cases were left out" in built.notes[0]
    line = Provenance.objects.filter(system="prism").first()
    assert line is not None
    assert line.explanation_id is not None
    assert line.reference.startswith("scripted-teacher on")
    assert (
        Provenance.objects.filter(offline=True).count() + Provenance.objects.filter(system="prism").count()
        == 9
    )
    assert SourceReport.objects.get().report["dropped_by_system"]["prism"] == 1


def test_a_gap_too_wide_is_lowered_with_a_word(olga: User) -> None:
    built = studies.build(owner=olga, gap=50)
    assert Study.objects.get(pk=built.study_id).gap == 8
    assert any("largest feasible gap is 8" in note for note in built.notes)


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ({"title": " "}, "needs a title"),
        ({"title": "Is the foghorn louder?"}, "title names the system “Foghorn”"),
        ({"description": "We built Megaphone."}, "description names the system"),
        ({"k": 4}, "lower the annotators a card to 3"),
        ({"gap": 0}, "gap must be at least 1"),
        ({"seed": -1}, "seed must lie"),
        ({"n_cases": 0}, "2 complete cases"),
    ],
)
def test_a_plan_that_cannot_be_met_is_refused_with_the_number_to_change(
    olga: User, plan: dict, words: str
) -> None:
    with pytest.raises(BadSource, match=words):
        studies.build(owner=olga, **plan)
    assert not Study.objects.exists()


def test_a_faulty_file_is_refused_whole_with_every_line(olga: User) -> None:
    upload = parse("case,system,text\nc1,a,\n,b,x\n", "csv")
    with pytest.raises(BadSource) as caught:
        build_study(owner_id=olga.pk, settings=StudySettings(title="x"), upload=upload)
    assert len(caught.value.errors) == 2


def test_runs_over_different_cases_are_refused_in_the_doors_own_words(olga: User) -> None:
    runs = [
        builders.explain_run(over=builders.case_run(), system=system).pk
        for system in ("prism", "template-knn")
    ]
    with pytest.raises(BadSource, match="not over the same cases"):
        build_study(owner_id=olga.pk, settings=StudySettings(title="x"), explain_run_ids=runs)
