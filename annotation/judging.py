"""How each annotator of a study judges, by their marks as they stand: one reading of the tables for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from django.db.models import Q

from annotation.check_queries import calibration_marks, wanted_marks
from annotation.design.checks import passed
from annotation.design.gate import GateRule
from annotation.design.quality import (
    Change,
    Drift,
    Near,
    change,
    distance_change,
    drift,
    entropy,
    nearness,
)
from annotation.models.card import Placement
from annotation.models.rating import Rating
from annotation.models.study import Study

Pairs = dict[int, list[tuple[int, int]]]
"""Card -> own mark and the mark it is held against, one a criterion that could be judged."""


@dataclass(frozen=True, slots=True)
class Judging:
    """One annotator. Main cards alone, where nothing else is said; None where there is nothing to say."""

    marks: tuple[int, ...] = ()
    cannot_judge: int = 0
    same_mark_share: float | None = None
    """Share of cards marked alike on every criterion: high in somebody who does not read."""
    entropy: float | None = None
    """Of the marks, in bits."""
    severity: Change | None = None
    """Own mark less the mean of others on the same card, excluded ones left out; above 0 is mild.

    None where nobody shares a card.
    """
    drift: Drift | None = None
    """Of the same from first card to last."""
    repeats: Near | None = None
    """Marks on repeats against the first marks of the same cards: within one."""
    gold: Near | None = None
    """Marks on hidden cards with reference marks, by the gate's tolerance."""
    attention: tuple[bool, ...] = ()
    """Passed or not, each attention check that was answered."""
    recheck: Change | None = None
    """How much further from the reference marks are than in calibration, on the same cards."""
    all_answered: bool = True
    """No hidden card waits for its answer."""


@dataclass(slots=True)
class _Marks:
    """Marks of one annotator while they are gathered: card -> criterion -> value, by kind."""

    by_kind: dict[str, dict[int, dict[int, int | None]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(dict))
    )
    waits: bool = False
    excluded: bool = False
    """Others are not held against these marks."""


def judging_of(study_id: int) -> dict[int, Judging]:
    """Every annotator who was given a card, by enrolment."""
    study = Study.objects.get(pk=study_id)
    placed = Placement.objects.filter(enrolment__study=study, withdrawn_at__isnull=True)
    people = placed.order_by().values_list("enrolment_id", flat=True).distinct()
    gathered = {person: _Marks() for person in people}
    for person in people.exclude(kind=Placement.Kind.MAIN).filter(done_at__isnull=True):
        gathered[person].waits = True
    for person in people.filter(enrolment__excluded_at__isnull=False):
        gathered[person].excluded = True
    rows = Rating.objects.filter(placement__enrolment__study=study, placement__withdrawn_at__isnull=True)
    begun = Q(placement__kind=Placement.Kind.ATTENTION, placement__done_at__isnull=True)
    for person, kind, card, criterion, value in (
        rows.exclude(begun)
        .order_by("placement__position")
        .values_list(
            "placement__enrolment_id", "placement__kind", "placement__card_id", "criterion_id", "value"
        )
    ):
        gathered[person].by_kind[kind][card][criterion] = value
    means = _Means(gathered.values())
    wanted = wanted_marks(study_id)
    before: dict[int, Pairs] = defaultdict(lambda: defaultdict(list))
    for (person, card, criterion), value in calibration_marks(study_id).items():
        before[person][card].append((value, wanted[card, criterion]))
    tolerance = GateRule.from_json(study.gate_rule).tolerance
    return {
        person: _judging(marks, means, wanted, before[person], tolerance)
        for person, marks in gathered.items()
    }


class _Means:
    """What annotators who are not excluded gave each card and criterion, so that one can be set against the others."""

    def __init__(self, everybody: Iterable[_Marks]) -> None:
        self.total: dict[tuple[int, int], int] = defaultdict(int)
        self.n: dict[tuple[int, int], int] = defaultdict(int)
        for marks in everybody:
            if marks.excluded:
                continue
            for card, given in marks.by_kind[Placement.Kind.MAIN].items():
                for criterion, value in given.items():
                    if value is not None:
                        self.total[card, criterion] += value
                        self.n[card, criterion] += 1

    def apart(self, card: int, marks: _Marks) -> float | None:
        """Mean over criteria of the own mark less that of the others; None where there is no other."""
        found = []
        for criterion, value in marks.by_kind[Placement.Kind.MAIN][card].items():
            if value is None:
                continue
            own = 0 if marks.excluded else 1
            others = self.n[card, criterion] - own
            if others > 0:
                found.append(value - (self.total[card, criterion] - own * value) / others)
        return float(np.mean(found)) if found else None


def _judging(
    marks: _Marks, means: _Means, wanted: Mapping[tuple[int, int], int], before: Pairs, tolerance: int
) -> Judging:
    main = marks.by_kind[Placement.Kind.MAIN]
    given = [value for card in main.values() for value in card.values()]
    several = [set(card.values()) for card in main.values() if len(card) > 1]
    own = tuple(value for value in given if value is not None)
    apart = [one for card in main if (one := means.apart(card, marks)) is not None]
    again: Pairs = {}
    for card, values in marks.by_kind[Placement.Kind.REPEAT].items():
        first = {criterion: value for criterion, value in main[card].items() if value is not None}
        again[card] = [
            (value, first[criterion])
            for criterion, value in values.items()
            if value is not None and criterion in first
        ]
    gold: Pairs = {}
    for kind in (Placement.Kind.GOLD, Placement.Kind.RECHECK):
        for card, values in marks.by_kind[kind].items():
            gold[card] = [
                (value, wanted[card, criterion]) for criterion, value in values.items() if value is not None
            ]
    checks = marks.by_kind[Placement.Kind.ATTENTION]
    return Judging(
        marks=own,
        cannot_judge=len(given) - len(own),
        same_mark_share=sum(len(one) == 1 for one in several) / len(several) if several else None,
        entropy=entropy(own),
        severity=change(apart),
        drift=drift(apart),
        repeats=nearness(again, 1),
        gold=nearness(gold, tolerance),
        attention=tuple(
            passed(list(values.values()), wanted[card, next(iter(values))]) for card, values in checks.items()
        ),
        recheck=distance_change(before, gold),
        all_answered=not marks.waits,
    )
