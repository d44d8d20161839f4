"""A small study whose systems have names one cannot overlook, and people brought to any stage of it."""

import json

from django.contrib.auth.models import User

from annotation.design.plan import StudySettings
from annotation.design.sources import parse
from annotation.models.card import Card
from annotation.models.study import Study
from annotation.services.answer_calibration import answer_calibration
from annotation.services.build_study import build_study
from annotation.services.enrol_annotator import enrol_annotator
from annotation.services.give_consent import give_consent
from annotation.services.invite import invite
from annotation.services.open_study import open_study
from annotation.services.read_guidelines import read_guidelines
from annotation.services.set_gold import set_gold

LOUD_SYSTEMS = ("SYSTEM-LOUD-TEACHER", "SYSTEM-LOUD-STUDENT")
FILMS = (
    "Alien (1979)",
    "Blade Runner (1982)",
    "The Thing (1982)",
    "Gattaca (1997)",
    "Moon (2009)",
    "Heat (1995)",
)


def explanation_file(*, n_cases: int = 6, systems: tuple[str, ...] = LOUD_SYSTEMS) -> str:
    """A JSONL upload: every system's text of every case, none of which names its writer."""
    openings = (
        "Since {0} held your attention",
        "You finished {0} twice",
        "After {0}",
        "{0} was your favourite",
    )
    rows = []
    for number in range(n_cases):
        history = [FILMS[(number + i) % len(FILMS)] for i in range(4)]
        for which, system in enumerate(systems):
            opening = openings[which % len(openings)].format(history[which % len(history)])
            text = f"{opening}, Ex Machina {number} keeps the tension with three people and one house."
            row = {"case": f"case-{number:03d}", "system": system, "text": text, "history": history}
            rows.append({**row, "item": f"Ex Machina {number} (2014)", "reference": f"Golden text {number}."})
    return "\n".join(json.dumps(row) for row in rows)


def loud_study(
    owner: User,
    *,
    n_cases: int = 3,
    n_calibration: int = 2,
    k: int = 1,
    n_annotators: int = 1,
    opened: bool = True,
    title: str = "Why this film?",
    systems: tuple[str, ...] = LOUD_SYSTEMS,
    **settings: object,
) -> int:
    """A study whose systems have names one cannot overlook; gold marks are 5 and 1 in turns. Returns its key."""
    upload = parse(explanation_file(n_cases=n_cases + n_calibration, systems=systems), "jsonl")
    plan = StudySettings(
        title=title,
        k=k,
        n_annotators=n_annotators,
        n_cases=n_cases,
        n_calibration=n_calibration,
        gap=1,
        seed=7,
        **settings,  # type: ignore[arg-type]
    )
    built = build_study(owner_id=owner.pk, settings=plan, upload=upload)
    for number, card in enumerate(built.calibration):
        value = 1 if number % 2 else 5
        marks = dict.fromkeys(("persuasiveness", "personalization", "faithfulness"), value)
        set_gold(
            study_id=built.study_id,
            card_token=card.token,
            marks=marks,
            rationales=dict.fromkeys(marks, f"Because it is a {value}."),
        )
    if opened:
        open_study(study_id=built.study_id, by_id=owner.pk)
    return built.study_id


def enrolled(study_id: int, person: User, *, stage: str = "consent") -> int:
    """The person's enrolment in an open study, brought to consent, guidelines, calibration or rating."""
    token = invite(study_id=study_id, by_id=Study.objects.get(pk=study_id).owner_id)
    enrolment_id = enrol_annotator(token=token, annotator_id=person.pk)
    if stage != "consent":
        give_consent(enrolment_id=enrolment_id, version=1)
    if stage not in {"consent", "guidelines"}:
        read_guidelines(enrolment_id=enrolment_id, version=1)
    if stage == "rating":
        pass_calibration(enrolment_id)
    return enrolment_id


def pass_calibration(enrolment_id: int) -> None:
    """Answer every calibration card exactly as its gold."""
    for card in Card.objects.filter(study__enrolments=enrolment_id, block__kind="calibration"):
        gold = dict(card.gold.values_list("criterion__key", "value"))
        answer_calibration(enrolment_id=enrolment_id, card_token=card.token, marks=gold)


LOUD_SYSTEMS = ("Thunderclap", "Foghorn", "Megaphone")
"""Names that no annotator's page may ever contain."""


def explanations_file(*, n_cases: int = 14, systems: tuple[str, ...] = LOUD_SYSTEMS) -> object:
    """A parsed upload: every system wrote something of its own about every case."""
    import json

    from annotation.design.sources import parse

    lines = [
        json.dumps(
            {
                "case": f"case-{case:03d}",
                "system": system,
                "text": f"{system}: Because you saw Film {case}, number {index} of the reasons is this one.",
                "history": [f"Film {case} (1990)", {"title": "Heat", "year": 1995, "genres": ["Crime"]}],
                "item": {"title": f"Sequel {case}", "year": 2001, "genres": ["Drama"]},
                "reference": f"Golden words about case {case}.",
                "user": f"u{case}",
            }
        )
        for case in range(n_cases)
        for index, system in enumerate(systems)
    ]
    return parse("\n".join(lines), "jsonl")


def draft_study(*, owner: User, n_cases: int = 12, gold: bool = True, **settings: object) -> object:
    """A draft over the loud systems: n_cases to study and two to calibrate with, gold from 1 to 5 in turn."""
    from annotation.design.plan import StudySettings
    from annotation.models.study import Study
    from annotation.services.build_study import build_study
    from annotation.services.set_gold import set_gold

    plan = {"title": "Evening films", "k": 2, "n_annotators": 3, "gap": 3, "n_calibration": 2, "seed": 7}
    plan |= settings
    systems = plan.pop("systems", LOUD_SYSTEMS)
    built = build_study(
        owner_id=owner.pk,
        settings=StudySettings(**plan),
        upload=explanations_file(n_cases=n_cases + plan["n_calibration"], systems=systems),
    )
    study = Study.objects.get(pk=built.study_id)
    keys = list(study.criteria.values_list("key", flat=True)) if gold else []
    for number, card in enumerate(built.calibration if gold else ()):
        marks = {key: 1 + (4 * number + shift) % 5 for shift, key in enumerate(keys)}
        set_gold(
            study_id=study.pk,
            card_token=card.token,
            marks=marks,
            rationales=dict.fromkeys(keys, "That is what the page supports."),
        )
    return study


def opened_study(*, owner: User, **settings: object) -> object:
    """The same, open for rating."""
    from annotation.services.open_study import open_study

    study = draft_study(owner=owner, **settings)
    open_study(study_id=study.pk, by_id=owner.pk)
    study.refresh_from_db()
    return study


def enrolment(*, study: object, person: User, passed: bool = True, **fields: object) -> object:
    """A person in a study: through the gate, or (passed=False) at the calibration."""
    from django.utils import timezone

    from annotation.models.study import Enrolment
    from annotation.services.enrol_annotator import enrol_annotator
    from annotation.services.invite import invite

    key = enrol_annotator(token=invite(study_id=study.pk, by_id=study.owner_id), annotator_id=person.pk)
    now = timezone.now()
    defaults = {
        "consented_at": now,
        "consent_version": 1,
        "guidelines_read_at": now,
        "guidelines_version": study.guidelines_version,
        "gate": "passed" if passed else "pending",
        "gate_at": now if passed else None,
    }
    Enrolment.objects.filter(pk=key).update(**{**defaults, **fields})
    return Enrolment.objects.get(pk=key)


def rate_all(*, enrolment: object, value: int = 3) -> int:
    """Rate every card this annotator is given; says how many."""
    from annotation.services.claim_placement import claim_placement
    from annotation.services.submit_rating import submit_rating

    n = 0
    while token := claim_placement(enrolment_id=enrolment.pk):
        submit_rating(
            placement_token=token,
            annotator_id=enrolment.annotator_id,
            marks=dict.fromkeys(enrolment.criteria_order, value),
            seconds=12.5,
            key=f"key-{n}",
        )
        n += 1
    return n
