"""How a study goes, for its owner: people, their marks, and what becomes of both. Pooled over systems, always."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from annotation import card_queries, journey_queries, queries
from annotation.design.blinding import BlindedCriterion
from annotation.design.checks import CheckPlan
from annotation.design.quality import Candidate, Checked, candidates
from annotation.design.scales import POINTS
from annotation.journey_queries import Stage
from annotation.judging import Judging, judging_of
from annotation.models.card import Block, Kind, Placement, Seat
from annotation.models.rating import Rating
from annotation.models.study import Enrolment
from annotation.queries import StudySummary


@dataclass(frozen=True, slots=True)
class AnnotatorRow:
    enrolment_id: int
    pseudonym: str
    username: str
    stage: Stage
    gate: str
    attempt: int
    gate_share: float | None
    """Share of marks near the gold in the last finished attempt."""
    done: int
    total: int
    seconds_median: float | None
    """A card; side by side, a board's divided by its cards."""
    cards_an_hour: float | None
    """Pace by the server's clock, from first to last finished card; None below two cards."""
    judging: Judging
    """How the marks look, as they stand."""
    candidates: tuple[Candidate, ...]
    """Rules of the plan by which this annotator may be excluded; empty once that was done."""
    last_seen_at: datetime
    simulated: bool
    excluded: bool
    """By the owner, as the ledger tells."""
    erasure_due: bool
    """Withdrew, asked for erasure, and is not erased yet."""

    @property
    def cannot_judge(self) -> int:
        return self.judging.cannot_judge

    @property
    def same_mark_share(self) -> float | None:
        return self.judging.same_mark_share

    @property
    def n_marks(self) -> int:
        return len(self.judging.marks)

    @property
    def top_mark(self) -> int | None:
        """The mark given most often; None before the first."""
        return Counter(self.judging.marks).most_common(1)[0][0] if self.judging.marks else None

    @property
    def top_mark_share(self) -> float | None:
        """Its share of all marks."""
        return self.judging.marks.count(self.top_mark or 0) / self.n_marks if self.n_marks else None

    @property
    def attention_failed(self) -> int:
        return self.judging.attention.count(False)

    @property
    def attention_passed(self) -> int:
        return self.judging.attention.count(True)


@dataclass(frozen=True, slots=True)
class CriterionDistribution:
    """Marks of one criterion pooled over systems."""

    key: str
    name: str
    labels: tuple[str, ...]
    counts: tuple[int, ...]
    """Shape (5,), lowest point first."""
    cannot_judge: int

    @property
    def n(self) -> int:
        return sum(self.counts)

    @property
    def mean(self) -> float | None:
        return sum(p * c for p, c in zip(POINTS, self.counts, strict=True)) / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many cases have been rated completely by this many annotators."""

    n_raters: int
    n_cases: int


@dataclass(frozen=True, slots=True)
class Monitor:
    study: StudySummary
    seats_taken: int
    annotators: tuple[AnnotatorRow, ...]
    criteria: tuple[CriterionDistribution, ...]
    coverage: tuple[Coverage, ...]
    gate_passed: int
    gate_failed: int
    gate_pending: int
    n_withdrawn: int
    """Finished cards of people who left halfway; kept, and not counted."""
    n_left_out: int
    """Finished cards of people whom the owner excluded; kept, and in no other figure but those of their own line."""


@dataclass(frozen=True, slots=True)
class MarkFlow:
    """What became of people, and of the marks they gave."""

    people: queries.Flow
    n_marks: int
    """All that are stored of main cards."""
    n_left: int
    """Of people who left halfway, withdrew, or whose row was issued again."""
    n_excluded: int
    n_hidden: int
    """Besides: on repeats, attention checks and cards with reference marks, which are in no result of a system."""

    @property
    def n_counted(self) -> int:
        return self.n_marks - self.n_left - self.n_excluded

    @property
    def n_passed(self) -> int:
        """People who did not fail the gate, left out or not."""
        return self.people.joined - self.people.failed


def monitor(study_id: int) -> Monitor:
    """How a study is going, pooled over systems.

    Raises:
        Study.DoesNotExist: no such study.
    """
    study = queries.study_summary(study_id)
    enrolments = list(Enrolment.objects.filter(study_id=study_id).select_related("study", "annotator"))
    judged = judging_of(study_id)
    gates = Counter(row.gate for row in enrolments)
    main = Placement.objects.filter(enrolment__study=study_id, kind=Placement.Kind.MAIN)
    counted = main.filter(enrolment__excluded_at__isnull=True)
    left_out = main.filter(enrolment__excluded_at__isnull=False, withdrawn_at__isnull=True)
    finished = Counter(
        counted.filter(withdrawn_at__isnull=True, done_at__isnull=False)
        .values("slot__block", "slot")
        .annotate(n=Count("pk"))
        .filter(n__gte=study.cards_a_slot)
        .values_list("slot__block", flat=True)
    )
    blocks = Block.objects.filter(study_id=study_id, kind=Kind.MAIN).values_list("pk", flat=True)
    coverage = Counter(finished[block] for block in blocks)
    return Monitor(
        study=study,
        seats_taken=Seat.objects.filter(study_id=study_id, enrolment__isnull=False).count(),
        annotators=tuple(_annotator(row, judged.get(row.pk, Judging())) for row in enrolments),
        criteria=_distributions(study_id, study.criteria),
        coverage=tuple(Coverage(n, coverage[n]) for n in range(study.slots_a_block + 1)),
        gate_passed=gates["passed"],
        gate_failed=gates["failed"],
        gate_pending=gates["pending"],
        n_withdrawn=main.filter(withdrawn_at__isnull=False, done_at__isnull=False).count(),
        n_left_out=left_out.filter(done_at__isnull=False).count(),
    )


def mark_flow(study_id: int) -> MarkFlow:
    """How many joined and judged, and whose marks are counted."""
    every = Rating.objects.filter(placement__enrolment__study_id=study_id)
    marks = every.filter(placement__kind=Placement.Kind.MAIN)
    kept = marks.filter(placement__withdrawn_at__isnull=True)
    return MarkFlow(
        people=queries.participant_flow(study_id),
        n_marks=marks.count(),
        n_left=marks.filter(placement__withdrawn_at__isnull=False).count(),
        n_excluded=kept.filter(placement__enrolment__excluded_at__isnull=False).count(),
        n_hidden=every.exclude(placement__kind=Placement.Kind.MAIN).count(),
    )


def _annotator(row: Enrolment, judging: Judging) -> AnnotatorRow:
    progress = card_queries.progress(row.pk)
    placements = Placement.objects.filter(enrolment=row, withdrawn_at__isnull=True, done_at__isnull=False)
    n_done, cards = placements.count(), row.study.n_systems if row.study.side_by_side else 1
    page = card_queries.PAGE_OF_BOARDS if row.study.side_by_side else ("pk",)
    ends = sorted(
        {tuple(key): at for at, *key in placements.order_by("done_at").values_list("done_at", *page)}.values()
    )
    hours = (ends[-1] - ends[0]).total_seconds() / 3600 if len(ends) > 1 else 0.0
    seconds = progress.seconds_median
    plan = CheckPlan.of(row.study.plan)
    checked = Checked(
        attention_failed=judging.attention.count(False),
        gold=judging.gold,
        repeats=judging.repeats,
        all_answered=judging.all_answered,
    )
    last = row.gate_results[-1] if row.gate_results else {}
    return AnnotatorRow(
        enrolment_id=row.pk,
        pseudonym=row.pseudonym,
        username="" if row.erased_at else row.annotator.get_username(),
        stage=journey_queries.stage_of(row),
        gate=row.gate,
        attempt=row.attempt,
        gate_share=last.get("share_within"),
        done=n_done,
        total=progress.total * cards,
        seconds_median=None if seconds is None else seconds / cards,
        cards_an_hour=(len(ends) - 1) * cards / hours if hours > 0 else None,
        judging=judging,
        candidates=candidates(checked, plan.rules) if plan and row.excluded_at is None else (),
        last_seen_at=row.last_seen_at,
        simulated=row.simulated,
        excluded=row.excluded_at is not None,
        erasure_due=row.erasure_asked_at is not None and row.erased_at is None,
    )


def _distributions(
    study_id: int, criteria: tuple[BlindedCriterion, ...]
) -> tuple[CriterionDistribution, ...]:
    counts: dict[str, Counter[int | None]] = {}
    rows = Rating.objects.filter(
        placement__enrolment__study=study_id,
        placement__kind=Placement.Kind.MAIN,
        placement__withdrawn_at__isnull=True,
        placement__enrolment__excluded_at__isnull=True,
    )
    for key, value, n in rows.order_by().values_list("criterion__key", "value").annotate(n=Count("pk")):
        counts.setdefault(key, Counter())[value] = n
    return tuple(
        CriterionDistribution(
            key=criterion.key,
            name=criterion.name,
            labels=tuple(level.label for level in criterion.levels),
            counts=tuple(counts.get(criterion.key, Counter())[point] for point in POINTS),
            cannot_judge=counts.get(criterion.key, Counter())[None],
        )
        for criterion in criteria
    )
