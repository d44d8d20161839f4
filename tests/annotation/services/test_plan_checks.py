import dataclasses

import pytest

from annotation.check_queries import untold
from annotation.design.checks import (
    Amount,
    AttentionText,
    CheckPlan,
    ExclusionRules,
    Recheck,
    attention_texts,
)
from annotation.design.criteria_en import CONSENT
from annotation.design.shipped import checks_told
from annotation.models.card import Card
from annotation.models.frozen import StudyFrozen
from annotation.models.study import Study
from annotation.services.fingerprint import fingerprint
from annotation.services.import_calibration import import_calibration
from annotation.services.open_study import open_study
from annotation.services.plan_checks import plan_checks
from annotation.services.refusals import NotReady, Refused
from tests.annotation import studies

pytestmark = pytest.mark.django_db

PLAN = CheckPlan(
    repeats=Amount(2),
    repeat_gap=4,
    attention=3,
    texts=attention_texts("en"),
    gold=Amount(1),
    recheck=Recheck(after=5, n=1),
    rules=ExclusionRules(attention_failed=1),
)


def test_a_draft_keeps_what_is_hidden_and_gets_the_cards_of_its_attention_checks(olga):
    study = studies.draft(owner=olga)
    plan_checks(study_id=study.pk, plan=PLAN)
    study.refresh_from_db()
    assert CheckPlan.of(study.plan) == PLAN
    cards = Card.objects.filter(study=study, block__kind="attention").order_by("block__number")
    assert [card.explanation for card in cards] == [one.text for one in PLAN.cards()]
    calibration = list(study.blocks.filter(kind="calibration").values_list("item", flat=True))
    assert all(card.block.item in calibration for card in cards)


def test_planning_again_replaces_and_none_takes_everything_back(olga):
    study = studies.draft(owner=olga)
    plan_checks(study_id=study.pk, plan=PLAN)
    plan_checks(study_id=study.pk, plan=dataclasses.replace(PLAN, attention=2))
    assert Card.objects.filter(study=study, block__kind="attention").count() == 2
    before = Study.objects.get(pk=study.pk).plan
    plan_checks(study_id=study.pk, plan=None)
    assert Card.objects.filter(study=study, block__kind="attention").count() == 0
    study.refresh_from_db()
    assert "checks" not in study.plan
    assert {**study.plan, "checks": before["checks"]} == before
    plan_checks(study_id=study.pk, plan=CheckPlan())  # hides nothing, and is none
    study.refresh_from_db()
    assert "checks" not in study.plan


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"repeats": Amount(30)}, "can be repeated and not 30"),
        ({"gold": Amount(2)}, "3 are planned, and the set has 2"),
        ({"texts": (AttentionText("Foghorn asks you to choose 2.", 2),)}, "names the system “Foghorn”"),
    ],
)
def test_what_cannot_be_hidden_is_refused_and_nothing_changes(olga, change, said):
    study = studies.draft(owner=olga)
    plan_checks(study_id=study.pk, plan=PLAN)
    before = fingerprint(study.pk)
    with pytest.raises(Refused, match=said):
        plan_checks(study_id=study.pk, plan=dataclasses.replace(PLAN, **change))
    assert fingerprint(study.pk) == before


def test_it_is_frozen_with_the_rest(olga):
    study = studies.draft(owner=olga)
    bare = fingerprint(study.pk)
    plan_checks(study_id=study.pk, plan=PLAN)
    assert fingerprint(study.pk) != bare
    open_study(study_id=study.pk, by_id=olga.pk)
    with pytest.raises(StudyFrozen, match="part of its plan"):
        plan_checks(study_id=study.pk, plan=None)


def test_a_study_whose_calibration_set_has_become_too_small_does_not_open(olga):
    study = studies.draft(owner=olga)
    plan_checks(study_id=study.pk, plan=PLAN)
    keys = list(study.criteria.values_list("key", flat=True))
    file = f"text,{','.join(keys)}\nA text of its own.,{','.join('3' for _ in keys)}\n"
    import_calibration(study_id=study.pk, content=file, form="csv")
    with pytest.raises(NotReady, match="2 are planned, and the set has 1"):
        open_study(study_id=study.pk, by_id=olga.pk)


def test_side_by_side_takes_repeats_alone(olga):
    study = studies.draft(owner=olga, design="side_by_side")
    with pytest.raises(Refused, match="told from the others at a glance"):
        plan_checks(study_id=study.pk, plan=PLAN)
    plan_checks(study_id=study.pk, plan=CheckPlan(repeats=Amount(2), repeat_gap=3))


def test_the_shipped_consent_says_that_cards_are_hidden_while_they_are(olga):
    study = studies.draft(owner=olga)
    for plan, told in ((PLAN, True), (dataclasses.replace(PLAN, attention=2), True), (None, False)):
        plan_checks(study_id=study.pk, plan=plan)
        study.refresh_from_db()
        assert (study.consent.count(checks_told("en")) == 1) == told
    assert study.consent == CONSENT.strip()


def test_a_consent_in_an_owners_own_words_is_left_as_it_is(olga):
    study = studies.draft(owner=olga, consent="我同意。", language="zh")
    plan_checks(study_id=study.pk, plan=PLAN)
    study.refresh_from_db()
    assert study.consent == "我同意。"
    assert untold(study.pk)
    Study.objects.filter(pk=study.pk).update(consent=f"我同意。{checks_told('zh-Hans')}")
    assert not untold(study.pk)
