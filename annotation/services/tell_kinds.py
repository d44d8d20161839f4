from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from annotation.design.guessing import GuessPlan
from annotation.models.ledger import LedgerLine
from annotation.models.provenance import SourceReport
from annotation.models.study import Study
from annotation.services.refusals import OutOfTurn, Refused
from annotation.services.write_ledger import write_ledger


@dataclass(frozen=True, slots=True)
class Writer:
    """A system of an unblinded study, and the kind its owner says it is."""

    name: str
    label: str
    kind: str
    """Key of a kind of the plan; empty where it is none of them, or nobody said so far."""
    told: bool


def writers(study_id: int) -> tuple[Writer, ...]:
    """The systems of an unblinded study, with what was told of them last.

    Raises:
        OutOfTurn: the study is not unblinded.
    """
    study = Study.objects.get(pk=study_id)
    if study.status != Study.Status.UNBLINDED:
        raise OutOfTurn("Unblind the study first: which system is of which kind is said when all is judged.")
    systems = SourceReport.objects.get(study=study).report["systems"]
    last = LedgerLine.objects.filter(study=study, act=LedgerLine.Act.KINDS).order_by("-number").first()
    told = last.facts["kinds"] if last else {}
    return tuple(
        Writer(name, system["label"], told.get(name, ""), name in told)
        for name, system in sorted(systems.items())
    )


@transaction.atomic
def tell_kinds(*, study_id: int, by_id: int, kinds: Mapping[str, str]) -> None:
    """Say of each system of an unblinded study which kind of writer it is; the last word counts, all are in the ledger.

    Args:
        kinds: system -> key of a kind of the plan, or empty where it is none of them.

    Raises:
        OutOfTurn: the study is not unblinded, or never asked.
        Refused: a system is missing or unknown, or a kind was not offered.
    """
    plan = GuessPlan.of(Study.objects.select_for_update().get(pk=study_id).plan)
    if plan is None:
        raise OutOfTurn("This study never asked who wrote the texts, so there is nothing to compare with.")
    names = {writer.name for writer in writers(study_id)}
    if set(kinds) != names:
        raise Refused(f"Say it of every system and of no other: {', '.join(sorted(names))}.")
    offered = [kind.key for kind in plan.kinds]
    for name, kind in kinds.items():
        if kind and kind not in offered:
            raise Refused(f"{name}: {kind!r} was not offered to annotators; {', '.join(offered)} were.")
    write_ledger(
        study_id=study_id,
        act=LedgerLine.Act.KINDS,
        by_id=by_id,
        reason="which kind of writer each system is",
        facts={"kinds": dict(sorted(kinds.items()))},
    )
