"""Builds a draft: copies cases and texts, deals the seats, seals who wrote what."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from django.db import transaction

from annotation.design.assignment import ImpossiblePlan, assign
from annotation.design.blinding import normalise
from annotation.design.criteria import as_columns
from annotation.design.detectability import detectability
from annotation.design.hypotheses import as_json
from annotation.design.latin import deal, sequence
from annotation.design.ordering import feasible_gap, sibling_orders
from annotation.design.plan import (
    PRACTICE,
    StudySettings,
    calibration_writer,
    choose_cases,
    faults,
    fitted,
    naming,
    notes_on,
    planned,
    system_names,
    with_practice,
)
from annotation.design.shipped import wording
from annotation.design.side_by_side import boards
from annotation.design.sources import Parsed, Source, SourceCase, SourceSystem, SourceText, without_blanks
from annotation.design.streams import STREAM_ASSIGNMENT, STREAM_SIBLINGS
from annotation.models.card import Block, Card, Kind, Seat, Slot
from annotation.models.provenance import Provenance, SourceReport, seal_hash
from annotation.models.study import Criterion, Guidelines, Study, new_token
from annotation.services.refusals import BadSource
from generation.queries import explained_cases


@dataclass(frozen=True, slots=True)
class CalibrationCard:
    """A calibration card as its builder alone sees it, so that known ground truth can be turned into gold."""

    token: str
    case_key: str
    system: str
    text: str


@dataclass(frozen=True, slots=True)
class BuiltStudy:
    study_id: int
    n_cases: int
    n_cards: int
    n_dropped: int
    """Cases left out because a system had no usable text."""
    notes: tuple[str, ...]
    calibration: tuple[CalibrationCard, ...]


@transaction.atomic
def build_study(
    *,
    owner_id: int,
    settings: StudySettings,
    explain_run_ids: Sequence[int] = (),
    upload: Parsed | None = None,
    calibration_texts: Mapping[str, str] | None = None,
) -> BuiltStudy:
    """Build a draft from explain runs or from an uploaded file.

    Args:
        owner_id: who will own it.
        settings: the plan.
        explain_run_ids: explain_cases runs over one select_cases run, one a system.
        upload: a file read by design.sources.parse; a faulty file is refused whole.
        calibration_texts: case key -> a text written for practice, in the order of the calibration set. A
            set that spans the scale often needs texts that no system wrote. Replaces the draw of
            `settings.n_calibration` cases.

    Raises:
        BadSource: no usable source, too few cases, a plan that cannot be met, a practice text for a case
            that is not there, or a title that names a system; all reasons at once where they can be known
            together.
    """
    source = _source(explain_run_ids, upload)
    if calibration_texts is not None:
        settings = replace(settings, n_calibration=len(calibration_texts))
    settings = fitted(settings, source)
    errors = faults(settings, source, calibration_texts)
    if errors:
        raise BadSource(errors)
    seed = secrets.randbits(62) if settings.seed is None else settings.seed
    if calibration_texts is not None:
        source = with_practice(source, calibration_texts)
    calibration, main = choose_cases(source.cases, settings, seed, practice=list(calibration_texts or ()))
    try:
        seats = _seats(settings, len(main), len(source.systems), seed)
    except ImpossiblePlan as error:
        raise BadSource([str(error)]) from None
    if settings.design == Study.Design.SIDE_BY_SIDE:
        gap, gap_note = 1, ""
    else:
        cards_a_case = len(source.systems) if settings.design == Study.Design.PAIRED else 1
        gap, gap_note = feasible_gap(settings.gap, min(map(len, seats)), cards_a_case)
    notes = notes_on(source, main, gap_note, settings=settings)
    study = _study(owner_id, settings, source, seed, gap, notes)
    cards = _cards(study, source, calibration, main, seed)
    _deal(study, seats, cards)
    _tell_apart(study, cards)
    by_token = [row for row in cards if row.kind == Kind.CALIBRATION]
    return BuiltStudy(
        study_id=study.pk,
        n_cases=len(main),
        n_cards=len(cards) - len(by_token),
        n_dropped=source.n_dropped,
        notes=tuple(notes),
        calibration=tuple(
            CalibrationCard(row.card.token, row.case.key, row.system, row.card.explanation)
            for row in by_token
        ),
    )


@dataclass(frozen=True, slots=True)
class _Share:
    """One case of one seat: its systems in the order they are met, and its place where that is fixed."""

    case: int
    systems: tuple[int, ...]
    place: int | None = None


def _seats(settings: StudySettings, n_cases: int, n_systems: int, seed: int) -> list[list[_Share]]:
    """What each seat rates, by the study's design."""
    if settings.design == Study.Design.SIDE_BY_SIDE:
        return [
            [_Share(board.case, board.columns, place) for place, board in enumerate(seat)]
            for seat in boards(n_cases, n_systems, settings.k, settings.n_annotators, seed)
        ]
    rng = np.random.default_rng([seed, STREAM_ASSIGNMENT])
    seats: list[list[_Share]] = []
    if settings.design == Study.Design.LATIN:
        for index, systems in enumerate(deal(n_cases, n_systems, settings.k, settings.n_annotators, rng)):
            own = np.random.default_rng([seed, STREAM_SIBLINGS, index])
            order = sequence(systems, n_systems, index, own)
            seats.append([_Share(case, (systems[case],), place) for place, case in enumerate(order)])
        return seats
    dealt = 0
    for index, cases in enumerate(assign(n_cases, settings.k, settings.n_annotators, rng)):
        own = np.random.default_rng([seed, STREAM_SIBLINGS, index])
        orders = sibling_orders(len(cases), n_systems, dealt, own)
        dealt += len(cases)
        seats.append([_Share(case, tuple(order)) for case, order in zip(cases, orders, strict=True)])
    return seats


def _source(explain_run_ids: Sequence[int], upload: Parsed | None) -> Source:
    if bool(explain_run_ids) == (upload is not None):
        raise BadSource(["Choose explain runs or upload a file, one of the two."])
    if upload is not None:
        if upload.errors:
            raise BadSource(list(upload.errors))
        return upload.source
    try:
        found = explained_cases(explain_run_ids=explain_run_ids)
    except ValueError as error:
        raise BadSource([str(error)]) from None
    teacher = next((name for name in found.systems if name.endswith("-teacher")), None)
    cases = []
    for one in found.cases:
        texts = {
            name: SourceText(record.text, key, str(record.signature))
            for name, (key, record) in one.explanations.items()
        }
        cases.append(
            SourceCase(
                key=one.case.id,
                user=one.case.user,
                history=tuple(asdict(item) for item in one.case.history),
                item=asdict(one.case.item),
                texts=texts,
                reference=texts[teacher].text if teacher else "",
            )
        )
    systems = {name: SourceSystem(info.label, info.offline) for name, info in found.systems.items()}
    return without_blanks(Source(tuple(cases), systems, found.n_dropped, found.dropped_by_system))


def system_labels(study_id: int) -> dict[str, str]:
    """Name to label of the contestants of a study, for its owner alone."""
    report = SourceReport.objects.get(study_id=study_id).report
    return {name: system["label"] for name, system in report["systems"].items()}


def named_systems(study_id: int, shown: Mapping[str, str]) -> list[str]:
    """Say which of the texts (what they are to text) name a contestant of the study, a sentence each."""
    names = {word for names in system_labels(study_id).items() for word in names}
    return naming(shown, names)


def _study(
    owner_id: int, settings: StudySettings, source: Source, seed: int, gap: int, notes: list[str]
) -> Study:
    shipped = wording(settings.language)
    study = Study.objects.create(
        title=settings.title.strip(),
        description=settings.description.strip(),
        language=settings.language,
        k=settings.k,
        n_annotators=settings.n_annotators,
        n_systems=len(source.systems),
        design=settings.design,
        gap=gap,
        seed=seed,
        lease_hours=settings.lease_hours,
        gate_rule=asdict(settings.gate),
        consent=settings.consent.strip(),
        simulated=settings.simulated,
        plan={
            "notes": notes,
            "gap_wanted": settings.gap,
            "n_dropped": source.n_dropped,
            "criteria_version": shipped.version if tuple(settings.criteria) == shipped.criteria else "own",
            "analysis": {**settings.analysis, "hypotheses": as_json(planned(settings, source)[0])},
            **({} if settings.guess is None else {"guess": settings.guess.as_json()}),
        },
        owner_id=owner_id,
    )
    Guidelines.objects.create(
        study=study, version=1, text=settings.guidelines.strip(), created_by_id=owner_id
    )
    Criterion.objects.bulk_create(
        [Criterion(study=study, **columns) for columns in as_columns(settings.criteria)]
    )
    return study


@dataclass(frozen=True, slots=True)
class _Row:
    """A card on its way into the tables, still with its writer."""

    kind: str
    number: int
    case: SourceCase
    system: str
    card: Card


def _cards(
    study: Study, source: Source, calibration: list[SourceCase], main: list[SourceCase], seed: int
) -> list[_Row]:
    names = sorted(source.systems)
    # A calibration case shows one text; the systems take turns, so that people practise on all of them.
    wanted = [
        (Kind.CALIBRATION, i, case, [calibration_writer(case, names, i)])
        for i, case in enumerate(calibration)
    ]
    wanted += [(Kind.MAIN, i, case, names) for i, case in enumerate(main)]
    Block.objects.bulk_create(
        Block(study=study, kind=kind, number=i, history=list(map(dict, case.history)), item=dict(case.item))
        for kind, i, case, _ in wanted
    )
    blocks = {(block.kind, block.number): block for block in Block.objects.filter(study=study)}
    rows = []
    for kind, i, case, systems in wanted:
        for system in systems:
            text = normalise(case.texts[system].text, system_names(source))
            card = Card(
                study=study,
                block=blocks[kind, i],
                token=new_token(),
                explanation=text,
                text_hash=hashlib.sha256(text.encode()).hexdigest(),
            )
            rows.append(_Row(kind, i, case, system, card))
    # Primary keys follow the order of random tokens: creation order says nothing about the writer.
    Card.objects.bulk_create(sorted((row.card for row in rows), key=lambda card: card.token))
    stored = {card.token: card for card in Card.objects.filter(study=study)}
    rows = [replace(row, card=stored[row.card.token]) for row in rows]
    _seal(study, source, rows)
    return rows


def _seal(study: Study, source: Source, rows: list[_Row]) -> None:
    sealed = []
    systems = {**source.systems, PRACTICE: SourceSystem("Written for calibration")}
    for row in rows:
        text = row.case.texts[row.system]
        sealed.append(
            Provenance(
                card=row.card,
                system=row.system,
                system_label=systems[row.system].label,
                case_key=row.case.key,
                user=row.case.user,
                explanation_id=text.explanation_id,
                signature=text.signature,
                offline=systems[row.system].offline,
                original=text.text,
                reference=row.case.reference,
            )
        )
    Provenance.objects.bulk_create(sorted(sealed, key=lambda line: line.card.token))
    SourceReport.objects.create(
        study=study,
        report={
            "systems": {name: asdict(system) for name, system in source.systems.items()},
            "n_dropped": source.n_dropped,
            "dropped_by_system": dict(source.dropped_by_system),
        },
    )
    study.plan = {**study.plan, "sealed_hash": seal_hash(study.pk)}
    study.save(update_fields=["plan"])


def _tell_apart(study: Study, rows: list[_Row]) -> None:
    """Keep with the plan how well the systems' texts can be told apart by their surface; names none of them."""
    texts: dict[int, dict[str, str]] = {}
    for row in rows:
        if row.kind == Kind.MAIN:
            texts.setdefault(row.number, {})[row.system] = row.card.explanation
    found = detectability(list(texts.values()), seed=study.seed)
    if found is not None:
        study.plan = {**study.plan, "detectability": asdict(found)}
        study.save(update_fields=["plan"])


def _deal(study: Study, seats: list[list[_Share]], rows: list[_Row]) -> None:
    """Seats and their slots, with the order in which each seat meets the cards of a case."""
    names = sorted({row.system for row in rows if row.kind == Kind.MAIN})
    by_case: dict[int, dict[str, Card]] = {}
    for row in rows:
        if row.kind == Kind.MAIN:
            by_case.setdefault(row.number, {})[row.system] = row.card
    Seat.objects.bulk_create(Seat(study=study, index=index) for index in range(len(seats)))
    stored = {seat.index: seat for seat in Seat.objects.filter(study=study)}
    raters = dict.fromkeys(by_case, 0)
    slots = []
    for index, shares in enumerate(seats):
        for share in sorted(shares, key=lambda share: share.case):
            cards = by_case[share.case]
            slots.append(
                Slot(
                    seat=stored[index],
                    block_id=next(iter(cards.values())).block_id,
                    rater=raters[share.case],
                    order=[cards[names[i]].pk for i in share.systems],
                    place=share.place,
                )
            )
            raters[share.case] += 1
    Slot.objects.bulk_create(slots)
