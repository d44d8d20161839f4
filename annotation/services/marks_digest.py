import hashlib
import json

from annotation.models.ledger import LedgerLine
from annotation.models.rating import Rating
from annotation.models.study import Enrolment


def marks_digests(study_id: int) -> dict[str, str]:
    """sha256 of all marks of each annotator who has one, by pseudonym; withdrawn and hidden cards are among them."""
    told: dict[int, list[tuple[object, ...]]] = {}
    marks = Rating.objects.filter(placement__enrolment__study_id=study_id)
    for enrolment, *mark in marks.order_by("placement__token", "criterion__key").values_list(
        "placement__enrolment_id", "placement__token", "criterion__key", "value", "reason"
    ):
        told.setdefault(enrolment, []).append(tuple(mark))
    people = Enrolment.objects.filter(study_id=study_id, pk__in=told).order_by("index")
    return {
        person.pseudonym: hashlib.sha256(json.dumps(told[person.pk], ensure_ascii=False).encode()).hexdigest()
        for person in people
    }


def changed_since_closing(study_id: int) -> list[str]:
    """The pseudonyms of those whose marks are not what the ledger says they were when the study closed.

    Whoever had marks erased since is left out. Empty as well where the study is not closed.
    """
    line = LedgerLine.objects.filter(study_id=study_id, act=LedgerLine.Act.CLOSED).order_by("number").last()
    if line is None or "marks" not in line.facts:
        return []
    then, now = line.facts["marks"], marks_digests(study_id)
    people = Enrolment.objects.filter(study_id=study_id, erased_at__isnull=False)
    erased = {person.pseudonym for person in people}
    return sorted(name for name in {*then, *now} - erased if then.get(name) != now.get(name))
