"""Studies in every state, for tests of this room: a test names only what matters to it."""

import json

from django.contrib.auth.models import User
from django.utils import timezone

from annotation.design.plan import StudySettings
from annotation.design.sources import Parsed, parse
from annotation.models.study import Enrolment, Study
from annotation.services.build_study import BuiltStudy, build_study
from annotation.services.claim_placement import claim_placement
from annotation.services.enrol_annotator import enrol_annotator
from annotation.services.invite import invite
from annotation.services.open_study import open_study
from annotation.services.set_gold import set_gold
from annotation.services.submit_rating import SubmitResult, submit_rating

LOUD_SYSTEMS = ("Thunderclap", "Foghorn", "Megaphone")
"""Names that no annotator's page may ever contain."""


def explanations_file(*, n_cases: int = 14, systems: tuple[str, ...] = LOUD_SYSTEMS) -> Parsed:
    """A parsed upload: every system wrote something of its own about every case."""
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


def build(
    *, owner: User, n_cases: int = 12, systems: tuple[str, ...] = LOUD_SYSTEMS, **settings: object
) -> BuiltStudy:
    """A draft without gold: n_cases to study, two to calibrate with, k=2 of three annotators."""
    plan = {"title": "Evening films", "k": 2, "n_annotators": 3, "gap": 3, "n_calibration": 2, "seed": 7}
    plan |= settings
    n_file = n_cases + int(plan["n_calibration"])
    return build_study(
        owner_id=owner.pk,
        settings=StudySettings(**plan),
        upload=explanations_file(n_cases=n_file, systems=systems),
    )


def draft(*, owner: User, **settings: object) -> Study:
    """A draft with gold from 1 to 5 in turn, ready to open."""
    built = build(owner=owner, **settings)
    study = Study.objects.get(pk=built.study_id)
    keys = list(study.criteria.values_list("key", flat=True))
    for number, card in enumerate(built.calibration):
        set_gold(
            study_id=study.pk,
            card_token=card.token,
            marks={key: 1 + (4 * number + shift) % 5 for shift, key in enumerate(keys)},
            rationales=dict.fromkeys(keys, "That is what the page supports."),
        )
    return study


def opened(*, owner: User, **settings: object) -> Study:
    """The same, open for rating."""
    study = draft(owner=owner, **settings)
    open_study(study_id=study.pk, by_id=owner.pk)
    study.refresh_from_db()
    return study


def enrol(*, study: Study, person: User, passed: bool = True, **fields: object) -> Enrolment:
    """A person in a study: through the gate, or (passed=False) before the first calibration card."""
    key = enrol_annotator(token=invite(study_id=study.pk, by_id=study.owner_id), annotator_id=person.pk)
    now = timezone.now()
    journey = {
        "consented_at": now,
        "consent_version": 1,
        "guidelines_read_at": now,
        "guidelines_version": study.guidelines_version,
        "gate": "passed" if passed else "pending",
        "gate_at": now if passed else None,
    }
    Enrolment.objects.filter(pk=key).update(**{**journey, **fields})
    return Enrolment.objects.get(pk=key)


def rate(
    *, enrolment: Enrolment, token: str, value: int | None = 3, key: str = "", **more: object
) -> SubmitResult:
    """Give one mark to every criterion of a card."""
    return submit_rating(
        placement_token=token,
        annotator_id=enrolment.annotator_id,
        marks=dict.fromkeys(enrolment.criteria_order, value),
        seconds=12.5,
        key=key or f"key-{token}",
        **more,
    )


def rate_all(*, enrolment: Enrolment, value: int = 3, most: int = 10_000) -> int:
    """Rate the cards this annotator is given, at most so many; says how many."""
    n = 0
    while n < most and (token := claim_placement(enrolment_id=enrolment.pk)):
        rate(enrolment=enrolment, token=token, value=value)
        n += 1
    return n
