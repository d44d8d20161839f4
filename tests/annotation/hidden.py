"""A study with cards of every kind hidden among the others, and somebody who judges all of them."""

from django.contrib.auth.models import User

from annotation.design.checks import Amount, CheckPlan, ExclusionRules, Recheck, attention_texts
from annotation.models.card import CalibrationGold, Placement
from annotation.models.study import Enrolment, Study
from annotation.services.claim_placement import claim_placement
from annotation.services.open_study import open_study
from annotation.services.plan_checks import plan_checks
from annotation.services.submit_rating import submit_rating
from tests.annotation import studies

PLAN = CheckPlan(
    repeats=Amount(2),
    repeat_gap=3,
    attention=2,
    texts=attention_texts("en"),
    gold=Amount(1),
    recheck=Recheck(after=3, n=1),
    rules=ExclusionRules(attention_failed=0, gold_near=0.6, repeats_near=0.6),
)


def hidden_study(*, owner: User, plan: CheckPlan = PLAN, **settings: object) -> Study:
    """Six cases of three systems, k=2 of three annotators, open."""
    study = studies.draft(owner=owner, **{"n_cases": 6, **settings})
    plan_checks(study_id=study.pk, plan=plan)
    open_study(study_id=study.pk, by_id=owner.pk)
    study.refresh_from_db()
    return study


def judge_all(enrolment: Enrolment, *, fails: bool = False, drifts: bool = False) -> int:
    """Judge everything: 4 everywhere, attention checks and references as they should be, or (fails) all of it wrong.

    With `drifts` main marks go from 2 to 5 as the study goes on.
    """
    n = 0
    while token := claim_placement(enrolment_id=enrolment.pk):
        row = Placement.objects.select_related("card__block").get(token=token)
        submit_rating(
            placement_token=token,
            annotator_id=enrolment.annotator_id,
            marks={key: _value(row, key, fails, drifts) for key in enrolment.criteria_order},
            seconds=12.5,
            key=token,
        )
        n += 1
    return n


def _value(row: Placement, key: str, fails: bool, drifts: bool) -> int:
    if row.kind == "attention":
        return 3 if fails else PLAN.cards()[row.card.block.number].mark
    if row.kind in ("gold", "recheck"):
        gold = CalibrationGold.objects.get(card=row.card, criterion__key=key).value
        return (1 if gold > 3 else 5) if fails else gold
    if row.kind == "repeat":
        return 1 if fails else 4
    return min(5, 2 + row.position // 6) if drifts else 4
