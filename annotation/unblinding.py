"""The door to analysis: ratings joined to their writers. Opens for an unblinded study and for no other."""

import pandas as pd

from annotation.guess_queries import guess_count
from annotation.models.guess import Guess
from annotation.models.ledger import LedgerLine, broken_at
from annotation.models.provenance import Provenance, SourceReport, seal_hash
from annotation.models.rating import Rating
from annotation.models.study import Criterion, Study

RATING_COLUMNS = (
    "case",
    "system",
    "annotator",
    "criterion",
    "value",
    "position",
    "repeat",
    "seconds",
    "simulated",
    "reason",
    "guidelines_version",
)
GUESS_COLUMNS = ("case", "system", "annotator", "kind", "guess", "simulated")
TEXT_COLUMNS = (
    "case",
    "system",
    "label",
    "explanation",
    "history",
    "item",
    "history_genres",
    "item_genres",
    "history_items",
    "item_record",
    "reference",
    "offline",
    "signature",
    "user",
    "explain_run",
)


class NotUnblinded(Exception):
    """Who wrote what was asked of a study whose seal is whole."""


class SealBroken(Exception):
    """What is written about a card's writer is not what was sealed when the study was built."""


def ratings(study_id: int, *, excluded: bool = False) -> pd.DataFrame:
    """Every mark as it stands, one row a case, system, annotator and criterion, and one more where a card was repeated.

    Columns: case, system, annotator (pseudonym), criterion (key), value (NaN: could not judge), position
    (from 1, in the annotator's sequence), repeat (True where the annotator met the card a second time), seconds (NaN:
    not measured; side by side, the time of the board divided by its texts), simulated, reason (why it could not be
    judged), guidelines_version. Marks on attention checks and on cards with reference marks judge no system and are not
    in it (`queries.check_marks`). Marks of cards withdrawn from annotators who left are not in it, so no card has more
    than k; nor are those of annotators whom the owner excluded, which the ledger tells; with `excluded` it is those
    alone.

    Raises:
        NotUnblinded: the study is not unblinded.
        SealBroken: somebody changed who wrote what.
    """
    study = _unblinded(study_id)
    writers = {row.card_id: row for row in Provenance.objects.filter(card__study=study)}
    found = (
        Rating.objects.filter(
            placement__enrolment__study=study,
            placement__kind__in=["main", "repeat"],
            placement__withdrawn_at__isnull=True,
            placement__enrolment__excluded_at__isnull=not excluded,
        )
        .select_related("placement__enrolment", "criterion")
        .order_by("placement__enrolment__index", "placement__position", "criterion__position")
    )
    rows = []
    for rating in found:
        placement = rating.placement
        writer = writers[placement.card_id]
        rows.append(
            (
                writer.case_key,
                writer.system,
                placement.enrolment.pseudonym,
                rating.criterion.key,
                rating.value,
                placement.position + 1,
                placement.kind == "repeat",
                rating.seconds,
                placement.enrolment.simulated or study.simulated,
                rating.reason,
                rating.guidelines_version,
            )
        )
    frame = pd.DataFrame(rows, columns=list(RATING_COLUMNS)).astype(
        {"value": "float64", "seconds": "float64", "position": "int64", "repeat": "bool", "simulated": "bool"}
    )
    if study.side_by_side:
        boards = frame.groupby(["annotator", "case", "repeat"])
        frame["seconds"] = boards["seconds"].transform("max") / study.n_systems
    return frame


def guesses(study_id: int) -> pd.DataFrame:
    """What annotators guessed of their cards' writers, one row a card and annotator; none of who left or was excluded.

    Columns: case, system, annotator (pseudonym), kind (key of the kind its owner says the system is; empty where it is
    none of those offered, or nobody said so far), guess (key of a kind, or cannot-say), simulated.

    Raises:
        NotUnblinded: the study is not unblinded.
        SealBroken: somebody changed who wrote what.
    """
    study = _unblinded(study_id)
    writers = {row.card_id: row for row in Provenance.objects.filter(card__study=study)}
    last = LedgerLine.objects.filter(study=study, act=LedgerLine.Act.KINDS).order_by("-number").first()
    kinds = last.facts["kinds"] if last else {}
    found = Guess.objects.filter(
        sheet__enrolment__study=study,
        placement__withdrawn_at__isnull=True,
        sheet__enrolment__excluded_at__isnull=True,
    )
    rows = []
    for guess in found.select_related("placement__enrolment").order_by("sheet__enrolment__index", "pk"):
        writer, person = writers[guess.placement.card_id], guess.placement.enrolment
        simulated = person.simulated or study.simulated
        rows.append(
            (
                writer.case_key,
                writer.system,
                person.pseudonym,
                kinds.get(writer.system, ""),
                guess.kind,
                simulated,
            )
        )
    return pd.DataFrame(rows, columns=list(GUESS_COLUMNS)).astype({"simulated": "bool"})


def texts(study_id: int) -> pd.DataFrame:
    """What was rated, one row a case and system of the main study.

    Columns: case, system, label, explanation (as shown), history (titles, oldest first), item (title),
    history_genres (a list of genres an item), item_genres, history_items and item_record (the whole items:
    id, title, year, genres, directors), reference (golden text or empty), offline, signature, user,
    explain_run (None for uploaded texts).

    Raises:
        NotUnblinded: the study is not unblinded.
        SealBroken: somebody changed who wrote what.
    """
    study = _unblinded(study_id)
    lines = Provenance.objects.filter(card__study=study, card__block__kind="main")
    lines = lines.select_related("card__block").order_by("card__block__number", "system")
    runs = dict(lines.order_by().values_list("pk", "explanation__run_id"))
    rows = []
    for line in lines:
        block = line.card.block
        rows.append(
            (
                line.case_key,
                line.system,
                line.system_label,
                line.card.explanation,
                [_title(item) for item in block.history],
                _title(block.item),
                [list(item.get("genres", ())) for item in block.history],
                list(block.item.get("genres", ())),
                list(block.history),
                block.item,
                line.reference,
                line.offline,
                line.signature,
                line.user,
                runs[line.pk],
            )
        )
    return pd.DataFrame(rows, columns=list(TEXT_COLUMNS)).astype({"explain_run": "object"})


def facts(study_id: int) -> dict[str, object]:
    """What a report says of the study: plan, criteria, drops by system, ledger, simulated or not. JSON
    values only.

    Raises:
        NotUnblinded: the study is not unblinded.
        SealBroken: somebody changed who wrote what.
    """
    study = _unblinded(study_id)
    report = SourceReport.objects.filter(study=study).values_list("report", flat=True).first() or {}
    criteria = Criterion.objects.filter(study=study).values("key", "name", "definition", "question", "labels")
    lines = list(LedgerLine.objects.filter(study=study))
    return {
        "title": study.title,
        "language": study.language,
        "design": study.design,
        "k": study.k,
        "n_annotators": study.n_annotators,
        "gap": study.gap,
        "seed": study.seed,
        "gate_rule": study.gate_rule,
        "guidelines_version": study.guidelines_version,
        "simulated": study.simulated or study.enrolments.filter(simulated=True).exists(),
        "frozen_hash": study.frozen_hash,
        "plan": study.plan,
        "criteria": list(criteria),
        "sources": report,
        "ledger": [
            {
                "number": line.number,
                "act": line.act,
                "by": line.by_id,
                "at": line.at.isoformat(),
                "reason": line.reason,
                "facts": line.facts,
                "previous_hash": line.previous_hash,
                "hash": line.hash,
            }
            for line in lines
        ],
        "ledger_whole": broken_at(lines) is None,
        "n_passed_over": guess_count(study_id).n_passed_over,
    }


def _unblinded(study_id: int) -> Study:
    study = Study.objects.get(pk=study_id)
    if study.status != Study.Status.UNBLINDED:
        raise NotUnblinded(
            f"“{study.title}” is {study.get_status_display().lower()}: close it and unblind it before "
            f"reading who wrote what."
        )
    if seal_hash(study_id) != study.plan.get("sealed_hash"):
        raise SealBroken(
            f"“{study.title}”: who wrote which card differs from what was sealed at building. "
            "Restore the table annotation_provenance from a backup; these findings cannot be trusted."
        )
    return study


def _title(item: dict[str, object]) -> str:
    return str(item["title"])
