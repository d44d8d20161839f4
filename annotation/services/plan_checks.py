import hashlib

import numpy as np
from django.db import transaction

from annotation.design.blinding import visible
from annotation.design.checks import CheckPlan, faults_of, texts_of
from annotation.design.plan import too_long
from annotation.design.shipped import consent_for
from annotation.design.streams import STREAM_CHECK_CASES
from annotation.models.card import Block, Card, Kind, Slot
from annotation.models.study import Study, new_token
from annotation.services.build_study import named_systems
from annotation.services.lock_draft import lock_draft
from annotation.services.refusals import Refused


@transaction.atomic
def plan_checks(*, study_id: int, plan: CheckPlan | None) -> None:
    """Say what is hidden among the cards of a draft, change it, or (None) hide nothing.

    The texts of attention checks become cards of their own. Each stands beside a case of the calibration set, or of
    the study where there is none, drawn by the seed. The shipped consent says in one sentence that there are such
    cards; an owner's own words are left as they are.

    Raises:
        StudyFrozen: the study was opened.
        Refused: it cannot be hidden in this design or in so few cards, a text asks for no mark, or names a system;
            all reasons at once.
    """
    study = lock_draft(study_id, fixed="what is hidden among the cards is part of its plan.")
    if plan is not None and not plan.hides_anything and not faults_of_study(study, plan):
        plan = None
    if plan is not None and (faults := faults_of_study(study, plan)):
        raise Refused(" ".join(faults))
    Block.objects.filter(study=study, kind=Kind.ATTENTION).delete()
    kept = {key: value for key, value in study.plan.items() if key != "checks"}
    study.plan = kept if plan is None else {**kept, "checks": plan.as_json()}
    study.consent = consent_for(study.consent, hides=plan is not None)
    study.save(update_fields=["plan", "consent"])
    if plan is not None:
        _make_cards(study, plan)


def faults_of_study(study: Study, plan: CheckPlan) -> list[str]:
    """Why this cannot be hidden in this study, a sentence each."""
    texts = texts_of(plan)
    return [
        *faults_of(plan, design=study.design, n_least=fewest_cards(study), n_reference=_n_reference(study)),
        *too_long(texts),
        *named_systems(study.pk, texts),
    ]


def fewest_cards(study: Study) -> int:
    """Main cards of the annotator who has fewest, as seats were dealt; side by side, boards."""
    loads: dict[int, int] = {}
    for seat, order in Slot.objects.filter(seat__study=study).values_list("seat_id", "order"):
        loads[seat] = loads.get(seat, 0) + (1 if study.side_by_side else len(order))
    return min(loads.values(), default=0)


def _n_reference(study: Study) -> int:
    return Card.objects.filter(study=study, block__kind=Kind.CALIBRATION).count()


def _make_cards(study: Study, plan: CheckPlan) -> None:
    texts = plan.cards()
    cases = Block.objects.filter(study=study, kind=Kind.CALIBRATION).order_by("number")
    if not cases.exists():
        cases = Block.objects.filter(study=study, kind=Kind.MAIN).order_by("number")
    beside = list(cases.values_list("history", "item"))
    drawn = np.random.default_rng([study.seed, STREAM_CHECK_CASES]).permutation(len(beside))
    for number in range(len(texts)):
        history, item = beside[int(drawn[number % len(drawn)])]
        Block.objects.create(study=study, kind=Kind.ATTENTION, number=number, history=history, item=item)
    blocks = {block.number: block for block in Block.objects.filter(study=study, kind=Kind.ATTENTION)}
    cards = []
    for number, one in enumerate(texts):
        text = " ".join(visible(one.text).split())
        hashed = hashlib.sha256(text.encode()).hexdigest()
        cards.append(
            Card(study=study, block=blocks[number], token=new_token(), explanation=text, text_hash=hashed)
        )
    Card.objects.bulk_create(sorted(cards, key=lambda card: card.token))
