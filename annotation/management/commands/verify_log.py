"""Check the ledgers of studies: no line changed, taken out, put in or moved, and the studies are as they say."""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotation.models.ledger import LedgerLine, broken_at
from annotation.models.study import Enrolment, Study
from annotation.services.fingerprint import fingerprint
from annotation.services.marks_digest import changed_since_closing


class Command(BaseCommand):
    help = (
        f"{__doc__} Prints the last hash of each: noted elsewhere, it also shows that no line was cut off the end. "
        "Exit code 1 where one is broken, where an opened study is not what was opened, or where marks changed after "
        "it was closed. Whoever can write the database can write a whole chain anew: only a noted hash shows that."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", type=int, nargs="*", help="All studies when none is named.")

    def handle(self, *args: Any, study: list[int], **options: Any) -> None:
        rows = Study.objects.order_by("pk")
        if study:
            rows = rows.filter(pk__in=study)
            if missing := set(study).difference(rows.values_list("pk", flat=True)):
                raise CommandError(f"There is no study {', '.join(map(str, sorted(missing)))}.")
        faults = [fault for row in rows for fault in self._check(row)]
        if faults:
            raise CommandError("\n".join(faults))

    def _check(self, study: Study) -> list[str]:
        """What is wrong with the study, a sentence each; what is right is printed."""
        lines = list(LedgerLine.objects.filter(study=study).order_by("number"))
        faults = []
        if (bad := broken_at(lines)) is not None:
            faults.append(
                f"Study {study.pk}: line {bad.number} ({bad.act}, {bad.at:%Y-%m-%d %H:%M}) does not follow from those "
                "before it. It or an earlier line was changed, taken out or put in: compare with a backup."
            )
        if not lines and study.status != Study.Status.DRAFT:
            faults.append(f"Study {study.pk} was opened and has no ledger: its lines were taken out.")
        elif (told := _status(lines)) != study.status:
            faults.append(
                f"Study {study.pk} is {study.status}, and by its ledger it is {told}: lines were cut off, or the "
                "status was set by hand."
            )
        if study.status != Study.Status.DRAFT:
            opened = {line.facts.get("fingerprint", study.frozen_hash) for line in lines}
            if {*opened, fingerprint(study.pk)} != {study.frozen_hash}:
                faults.append(f"Study {study.pk} is not what was opened: its fingerprint differs.")
        faults += [
            f"Study {study.pk}: marks of {name} are not what they were when it was closed."
            for name in changed_since_closing(study.pk)
        ]
        faults += [
            f"Study {study.pk}: {name} is {'' if now else 'not '}{word} in the tables and {'not ' if now else ''}so in "
            "the ledger."
            for word, name, now in _people_who_differ(study, lines)
        ]
        if not faults:
            last = lines[-1].hash if lines else "no line yet"
            self.stdout.write(f"Study {study.pk}: {len(lines)} lines, whole. {last}")
        return faults


def _status(lines: Sequence[LedgerLine]) -> str:
    """The status of a study with such a ledger."""
    act, status = LedgerLine.Act, Study.Status
    became = {act.OPENED: status.OPEN, act.CLOSED: status.CLOSED, act.UNBLINDED: status.UNBLINDED}
    told = [became[act(line.act)] for line in lines if line.act in became]
    return told[-1] if told else status.DRAFT


def _people_who_differ(study: Study, lines: Sequence[LedgerLine]) -> list[tuple[str, str, bool]]:
    """State, pseudonym, and whether the tables have the annotator in it, where the ledger says otherwise."""
    act, states = (
        LedgerLine.Act,
        {"excluded": "excluded_at", "withdrawn": "withdrawn_at", "erased": "erased_at"},
    )
    becomes = {act.EXCLUDED: "excluded", act.WITHDREW: "withdrawn", act.ERASED: "erased"}
    told: dict[str, set[str]] = {word: set() for word in states}
    for line in lines:
        if line.act in becomes:
            told[becomes[act(line.act)]].add(line.facts["annotator"])
        elif line.act == act.READMITTED:
            told["excluded"].discard(line.facts["annotator"])
    found = []
    for word, column in states.items():
        people = Enrolment.objects.filter(study=study).exclude(**{column: None})
        now = {person.pseudonym for person in people}
        found += [(word, name, name in now) for name in sorted(now ^ told[word])]
    return found
