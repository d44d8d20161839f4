from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.db import transaction

from annotation.design.blinding import visible
from annotation.design.gate import GateRule
from annotation.design.hypotheses import as_json, read_hypotheses
from annotation.design.plan import criterion_texts, too_long
from annotation.design.scales import check_labels
from annotation.models.study import Criterion, Guidelines, Study
from annotation.services.build_study import named_systems, system_labels
from annotation.services.lock_draft import lock_draft
from annotation.services.refusals import Refused

FIXED = "amend its guidelines, or build a new study."
WORDS = ("title", "description", "consent", "language")


@transaction.atomic
def edit_draft(
    *,
    study_id: int,
    title: str | None = None,
    description: str | None = None,
    consent: str | None = None,
    guidelines: str | None = None,
    language: str | None = None,
    lease_hours: int | None = None,
    gate: Mapping[str, Any] | None = None,
    hypotheses: str | None = None,
) -> None:
    """Change a draft's words, gate, lease and hypotheses; what is None stays, and so do parts of the gate that are not
    named.

    Cases, k, seats and seed are dealt: build again to change those.

    Raises:
        StudyFrozen: the study was opened.
        Refused: a text names a system, is empty or too long, a number makes no sense, or a line is no hypothesis;
            nothing is changed then.
    """
    study = lock_draft(study_id, fixed=FIXED)
    given = {"title": title, "description": description, "consent": consent, "language": language}
    for name in WORDS:
        if given[name] is not None:
            setattr(study, name, given[name].strip())
    if not visible(study.title) or not study.language:
        raise Refused("A study needs a title and a language.")
    if lease_hours is not None:
        if not 1 <= lease_hours <= 8760:
            raise Refused(f"The lease is 1 to 8760 hours, not {lease_hours}.")
        study.lease_hours = lease_hours
    if gate is not None:
        study.gate_rule = asdict(GateRule.from_json({**study.gate_rule, **gate}))
    if hypotheses is not None:
        _plan_hypotheses(study, hypotheses)
    shown = {"title": study.title, "description": study.description, "consent text": study.consent}
    shown["guidelines"] = guidelines or ""
    if faults := [*too_long(shown), *named_systems(study_id, shown)]:
        raise Refused(" ".join(faults))
    study.save()
    if guidelines is not None:
        Guidelines.objects.filter(study=study, version=1).update(text=guidelines.strip())


@transaction.atomic
def edit_criterion(
    *,
    study_id: int,
    key: str,
    name: str,
    question: str,
    definition: str,
    labels: Sequence[str],
    examples: Sequence[Mapping[str, str]],
) -> None:
    """Change one criterion of a draft; labels and examples come lowest point first.

    Raises:
        Refused: a point has no label of its own, or a text names a system or is too long.
        StudyFrozen: the study was opened.
    """
    lock_draft(study_id, fixed=FIXED)
    if fault := check_labels(name, labels):
        raise Refused(fault)
    criterion = Criterion.objects.get(study_id=study_id, key=key)
    criterion.name, criterion.question, criterion.definition = (
        name.strip(),
        question.strip(),
        definition.strip(),
    )
    criterion.labels = [label.strip() for label in labels]
    criterion.examples = [
        {"explanation": example["explanation"].strip(), "why": example["why"].strip()} for example in examples
    ]
    texts = criterion_texts(vars(criterion))
    if faults := [*too_long(texts), *named_systems(study_id, texts)]:
        raise Refused(" ".join(faults))
    criterion.save()


def _plan_hypotheses(study: Study, text: str) -> None:
    found, faults = read_hypotheses(
        text,
        criteria=dict(Criterion.objects.filter(study=study).values_list("key", "name")),
        systems=system_labels(study.pk),
    )
    if faults:
        raise Refused(" ".join(faults))
    study.plan = {**study.plan, "analysis": {**study.plan.get("analysis", {}), "hypotheses": as_json(found)}}
