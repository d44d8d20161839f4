from collections import Counter

from django.db import transaction
from django.utils import timezone

from annotation.design.blinding import visible
from annotation.design.checks import CheckPlan
from annotation.design.gate import GateRule
from annotation.design.guessing import GuessPlan, faults_of, texts_of
from annotation.design.plan import criterion_texts, too_long
from annotation.design.scales import check_labels
from annotation.models.card import CalibrationGold, Card, Kind, Slot
from annotation.models.ledger import LedgerLine
from annotation.models.study import Criterion, Guidelines, Study
from annotation.services.build_study import named_systems
from annotation.services.fingerprint import fingerprint
from annotation.services.plan_checks import faults_of_study
from annotation.services.refusals import NotReady
from annotation.services.write_ledger import write_ledger


@transaction.atomic
def open_study(*, study_id: int, by_id: int) -> str:
    """Open a draft: freeze it, store its fingerprint, let people in.

    Returns:
        The fingerprint that unblinding will check again.

    Raises:
        NotReady: the study is not a draft, or something is missing; all reasons at once.
    """
    study = Study.objects.select_for_update().filter(pk=study_id).first()
    if study is None:
        raise NotReady(["The draft was discarded meanwhile."])
    if study.status != Study.Status.DRAFT:
        raise NotReady([f"“{study.title}” was opened before."])
    reasons = [*_questions(study), *_texts(study), *_gold(study), *_plan(study)]
    if reasons:
        raise NotReady(reasons)
    frozen_hash = fingerprint(study_id)
    now = timezone.now()
    Study.objects.filter(pk=study_id, status=Study.Status.DRAFT).update(
        status=Study.Status.OPEN, frozen_hash=frozen_hash, opened_at=now
    )
    write_ledger(
        study_id=study_id, act=LedgerLine.Act.OPENED, by_id=by_id, facts={"fingerprint": frozen_hash}
    )
    return frozen_hash


def _questions(study: Study) -> list[str]:
    criteria = list(Criterion.objects.filter(study=study))
    if not criteria:
        return ["There is no criterion to judge by."]
    faults = [fault for row in criteria if (fault := check_labels(row.name, row.labels))]
    faults += [
        f"{row.name}: definition or question is empty."
        for row in criteria
        if not (row.definition and row.question)
    ]
    for row in criteria:
        shown = [str(example.get("explanation", "")).strip() for example in row.examples]
        if len(shown) != len(row.labels) or not all(shown):
            faults.append(f"{row.name}: the guidelines need an example for every point.")
    return faults


def _texts(study: Study) -> list[str]:
    faults = []
    if not visible(study.consent).strip():
        faults.append("The consent text is empty.")
    text = (
        Guidelines.objects.filter(study=study, version=study.guidelines_version)
        .values_list("text", flat=True)
        .first()
    )
    if not visible(text or "").strip():
        faults.append("The guidelines are empty.")
    shown = {"title": study.title, "description": study.description, "consent text": study.consent}
    shown["guidelines"] = text or ""
    for row in Criterion.objects.filter(study=study):
        shown |= criterion_texts(vars(row))
    for card, key, rationale in CalibrationGold.objects.filter(card__study=study).values_list(
        "card__block__number", "criterion__key", "rationale"
    ):
        shown[f"reason for the reference mark of {key} on calibration card {card + 1}"] = rationale
    guess = GuessPlan.of(study.plan)
    if guess is not None:
        faults += faults_of(guess)
        shown |= texts_of(guess)
    faults += [*too_long(shown), *named_systems(study.pk, shown)]
    try:
        GateRule.from_json(study.gate_rule)
    except (TypeError, ValueError) as error:
        faults.append(f"The gate rule cannot be used: {error}.")
    return faults


def _gold(study: Study) -> list[str]:
    n_cards = Card.objects.filter(study=study, block__kind=Kind.CALIBRATION).count()
    n_criteria = Criterion.objects.filter(study=study).count()
    missing = n_cards * n_criteria - CalibrationGold.objects.filter(card__study=study).count()
    if missing:
        return [f"{missing} of {n_cards * n_criteria} reference marks of the calibration set are missing."]
    gold: dict[str, set[int]] = {}
    for name, value in CalibrationGold.objects.filter(card__study=study).values_list(
        "criterion__name", "value"
    ):
        gold.setdefault(name, set()).add(value)
    return [
        f"{name}: every reference mark is {next(iter(values))}; a calibration set must show more than one point."
        for name, values in gold.items()
        if len(values) == 1 and n_cards > 1
    ]


def _plan(study: Study) -> list[str]:
    blocks = study.blocks.filter(kind=Kind.MAIN)
    n_blocks = blocks.count()
    if not n_blocks:
        return ["There is no case to rate."]
    slots = Counter(Slot.objects.filter(seat__study=study).values_list("block_id", flat=True))
    cards = Counter(
        Card.objects.filter(study=study, block__kind=Kind.MAIN).values_list("block_id", flat=True)
    )
    faults = []
    wanted = study.slots_a_block
    if any(slots[block] != wanted for block in blocks.values_list("pk", flat=True)):
        faults.append(f"Not every case is dealt to exactly {wanted} seats: build the study again.")
    if any(cards[block] != study.n_systems for block in blocks.values_list("pk", flat=True)):
        faults.append(f"Not every case has {study.n_systems} cards: build the study again.")
    hidden = CheckPlan.of(study.plan)
    return faults if hidden is None else [*faults, *faults_of_study(study, hidden)]
