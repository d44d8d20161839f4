"""What the owners' pages show of runs: how far, how fast, how long still; and a corpus as a row of stages."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import models as database
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet, Value, When, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from generation import queries
from generation.curves import LossCurve, loss_curve
from generation.models import OPEN, Corpus, Explanation, Run, Shard, Stage, Status, TextStatus
from generation.pace import WINDOW_SECONDS, Pace, pace
from generation.reports import Block, blocks
from generation.services.queue_run import NEEDED

UNITS = {
    Stage.IMPORT_LOG: "interactions",
    Stage.SELECT_CASES: "cases",
    Stage.DISTIL_TEACHER: "explanations",
    Stage.TRAIN_STUDENT: "steps",
    Stage.EXPLAIN_CASES: "explanations",
}

NEXT_STAGE_TEXT = {
    Stage.IMPORT_LOG: "Read the log, so that cases can be chosen from it.",
    Stage.SELECT_CASES: "Choose the cases: who is recommended what, and from which history.",
    Stage.DISTIL_TEACHER: "Let the teacher write the explanations a student learns from.",
    Stage.TRAIN_STUDENT: "Train a student on what the teacher wrote.",
    Stage.EXPLAIN_CASES: "Let a system explain the cases.",
}

COUNT_WORDS = {
    "n_users": "users",
    "n_items": "items",
    "n_interactions": "interactions",
    "n_rejected": "rejected rows",
    "n_train": "training cases",
    "n_valid": "validation cases",
    "n_cases": "cases to judge",
    "n_without_pick": "users without a pick",
}
STAGE_COUNT_WORDS: dict[str, dict[str, str]] = {
    Stage.DISTIL_TEACHER: {
        "n_cases": "cases given to the teacher",
        "n_ok": "texts to learn from",
        "n_rejected": "texts left out",
        "n_asked": "texts written anew",
    },
    Stage.TRAIN_STUDENT: {
        "n_steps": "steps trained",
        "n_pairs": "texts learnt from",
        "n_valid": "texts to validate on",
        "n_too_long": "texts too long to learn",
        "n_users": "users with a vector",
        "best_step": "best step",
    },
    Stage.EXPLAIN_CASES: {
        "n_cases": "cases explained",
        "n_ok": "usable texts",
        "n_empty": "empty texts",
        "n_filtered": "texts filtered out",
        "n_error": "failures",
        "n_unknown_user": "users never trained on",
    },
}
"""What people read for a count; where a stage means another thing by a name, its own words."""

SOON_SECONDS, SOON_SHARE = 10, 0.05
"""Before so long, or so large a share, chance weighs more than the rate: no time left is told yet."""


@dataclass(frozen=True)
class Progress:
    """How far an open run is; `n_total` is 0 while nobody knows how much there is."""

    n_done: int
    n_total: int
    unit: str
    per_second: float | None
    """Over the window, not since the beginning; None while nothing moves."""
    remaining: timedelta | None
    window: timedelta | None = None
    """How long the rate was measured."""

    @property
    def percent(self) -> int:
        return min(100, 100 * self.n_done // self.n_total) if self.n_total else 0

    @property
    def rate_words(self) -> str:
        """A rate a person can picture: never "0.0 a second"."""
        if self.per_second is None or self.window is None:
            return ""
        return f"{self._rate} over the last {duration_words(self.window)}"

    @property
    def rate_alone(self) -> str:
        """For lists, where the window is not said."""
        return self._rate if self.per_second is not None else ""

    @property
    def _rate(self) -> str:
        assert self.per_second is not None
        if self.per_second >= 10:
            return f"{self.per_second:,.0f} {self.unit} a second"
        if self.per_second >= 0.2:
            return f"{self.per_second:.1f} {self.unit} a second"
        return f"{self.per_second * 60:.1f} {self.unit} a minute"

    @property
    def remaining_words(self) -> str:
        if self.remaining is None:
            return ""
        if self.remaining < timedelta(seconds=1):
            return "less than a second left"
        return f"about {duration_words(self.remaining)} left"


def progress_of(run: Run) -> Progress:
    """From the annotations of `with_progress` and the shards of `listed_runs` that move."""
    n_done, n_total = run.n_done or 0, run.n_total or 0  # type: ignore[attr-defined]
    found = pace_of(run) if run.status == Status.RUNNING else None
    remaining = None
    if found is not None and n_total > n_done:
        told = found.seconds >= SOON_SECONDS or found.n_done >= SOON_SHARE * n_total
        remaining = timedelta(seconds=(n_total - n_done) / found.per_second) if told else None
    return Progress(
        n_done,
        n_total,
        UNITS[Stage(run.stage)],
        found.per_second if found else None,
        remaining,
        timedelta(seconds=found.seconds) if found else None,
    )


def pace_of(run: Run) -> Pace | None:
    """How fast its shards go now, those that finished a moment ago included."""
    shards = [
        [*map(tuple, shard.marks), (shard.moved_at.timestamp(), shard.n_done)]
        for shard in run.moving  # type: ignore[attr-defined]
        if shard.marks and shard.moved_at is not None
    ]
    return pace(shards, now=timezone.now().timestamp())


def duration_words(length: timedelta) -> str:
    seconds = max(0, round(length.total_seconds()))
    if seconds < 1:
        return "under 1 s"
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"


@dataclass(frozen=True)
class RunLine:
    """A run as lists and the run page show it."""

    run: Run
    progress: Progress
    waits_for: tuple[Run, ...]
    """What it needs that is not done; empty once it may start."""
    offline: bool

    @property
    def state(self) -> str:
        return "waiting" if self.run.status == Status.QUEUED and self.waits_for else self.run.status

    @property
    def badge(self) -> str:
        """The class of its badge."""
        return {"running": "accent", "done": "good", "failed": "bad", "cancelled": "warn"}.get(self.state, "")

    @property
    def took(self) -> str:
        run = self.run
        if run.started_at is None:
            return ""
        return duration_words((run.finished_at or timezone.now()) - run.started_at)

    @property
    def counts(self) -> list[tuple[str, int]]:
        """What the stage counted, under words."""
        words = {**COUNT_WORDS, **STAGE_COUNT_WORDS.get(Stage(self.run.stage), {})}
        plain = ((name, name.removeprefix("n_").replace("_", " ")) for name in self.run.counts)
        return [(words.get(name, otherwise), self.run.counts[name]) for name, otherwise in plain]

    @property
    def ranking(self) -> list[tuple[int, float, float]]:
        """(k, HR@k, NDCG@k) of the ranker on held-out targets; empty where none was measured."""
        found = self.run.report.get("ranking") or {}
        if not found.get("n"):
            return []
        return [(k, found[f"HR@{k}"], found[f"NDCG@{k}"]) for k in (5, 10, 20) if f"HR@{k}" in found]

    @property
    def left_out(self) -> list[tuple[str, int]]:
        """Why texts were not kept, and how many each time."""
        reasons = self.run.report.get("rejected_reasons") or self.run.report.get("reasons") or {}
        return list(reasons.items())

    @property
    def blocked_by(self) -> tuple[Run, ...]:
        """Runs it waits for that will not be done unless somebody requeues them."""
        return tuple(run for run in self.waits_for if _in_vain(run))


def _in_vain(need: Run) -> bool:
    """Whether waiting for it is: it is over without being done, or cannot begin itself."""
    return not need.is_open or need.is_held_up  # type: ignore[attr-defined]


def _needed() -> QuerySet[Run]:
    """What runs build on, and of each what only its own needs tell: one query, however deep they lie.

    What is done builds on what is done, so that only a run in the queue can be held up.
    """
    itself, given_up = Run.objects.filter(pk=OuterRef("pk")), Q()
    for depth in range(1, len(Stage)):
        given_up |= Q(**{"__".join([*["needs"] * depth, "status", "in"]): (Status.FAILED, Status.CANCELLED)})
    scripted = itself.filter(needs__stage=Stage.DISTIL_TEACHER, needs__parameters__teacher="scripted")
    return Run.objects.annotate(
        is_held_up=Exists(itself.filter(given_up)), is_taught_offline=Exists(scripted)
    )


def listed_runs() -> QuerySet[Run]:
    """Runs with all that run_line reads, in a fixed number of queries."""
    lately = timezone.now() - timedelta(seconds=WINDOW_SECONDS)
    moving = Shard.objects.filter(Q(status=Status.RUNNING) | Q(moved_at__gte=lately)).defer("result")
    return (
        Run.objects.with_progress()
        .select_related("corpus", "created_by")
        .prefetch_related(Prefetch("needs", _needed()), Prefetch("shards", moving, to_attr="moving"))
    )


def run_line(run: Run) -> RunLine:
    waits_for = tuple(need for need in run.needs.all() if need.status != Status.DONE)
    return RunLine(run, progress_of(run), waits_for, offline=is_offline(run))


def is_offline(run: Run) -> bool:
    """Does the offline teacher stand behind the run? Known before it is done, from what it builds on."""
    if run.parameters.get("system") == "scripted-teacher":
        return True
    taught_by = [
        need for need in run.needs.all() if need.stage in (Stage.DISTIL_TEACHER, Stage.TRAIN_STUDENT)
    ]
    return any(
        queries.is_offline(one) or one.parameters.get("teacher") == "scripted" for one in (run, *taught_by)
    ) or any(need.is_taught_offline for need in taught_by)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class StageCell:
    """One stage in the row of a corpus: the run that works, else the next, else the newest; and how many."""

    stage: str
    label: str
    line: RunLine | None
    n_runs: int
    n_done: int
    can_start: bool
    """What it builds on exists, done or under way."""

    @property
    def state(self) -> str:
        return self.line.state if self.line else "none"


@dataclass(frozen=True)
class CorpusRow:
    corpus: Corpus
    cells: tuple[StageCell, ...]
    n_explained: int
    """Runs that are done and wrote a usable text: what a study can be built from."""

    @property
    def next_stage(self) -> StageCell | None:
        """The first stage nobody has started: what to do next."""
        return next((cell for cell in self.cells if cell.line is None), None)

    @property
    def any_open(self) -> bool:
        return any(cell.line and cell.line.run.is_open for cell in self.cells)


def corpus_rows(corpora: Iterable[Corpus], *, current: Run | None = None) -> list[CorpusRow]:
    """The row of stages of each corpus; three queries however many there are.

    Args:
        current: stands for its stage, whatever other run works there.
    """
    chosen = list(corpora)
    found: dict[int, dict[str, list[Run]]] = defaultdict(lambda: defaultdict(list))
    counted: dict[tuple[int, str], list[str]] = defaultdict(list)
    n_explained: Counter[int] = Counter()
    usable = Explanation.objects.filter(run=OuterRef("pk"), status=TextStatus.OK)
    for corpus_id, stage, status, has_texts in (
        Run.objects.filter(corpus__in=chosen)
        .annotate(has_texts=Exists(usable))
        .values_list("corpus_id", "stage", "status", "has_texts")
    ):
        counted[corpus_id, stage].append(status)
        n_explained[corpus_id] += stage == Stage.EXPLAIN_CASES and status == Status.DONE and has_texts
    numbered = listed_runs().filter(corpus__in=chosen)
    working = When(status=Status.RUNNING, then=Value(0)), When(status=Status.QUEUED, then=Value(1))
    first = [database.Case(*working, default=Value(2)), F("id").desc()]
    place = Window(RowNumber(), partition_by=[F("corpus_id"), F("stage")], order_by=first)
    for run in numbered.annotate(place=place).filter(place=1):
        found[run.corpus_id][run.stage].append(run)
    if current is not None:
        found[current.corpus_id][current.stage] = [current]
    return [_row(corpus, found[corpus.pk], counted, n_explained[corpus.pk]) for corpus in chosen]


def _row(
    corpus: Corpus,
    newest: dict[str, list[Run]],
    counted: dict[tuple[int, str], list[str]],
    n_explained: int,
) -> CorpusRow:
    cells: list[StageCell] = []
    for stage in Stage:
        statuses = counted.get((corpus.pk, stage), [])
        runs = newest.get(stage, [])
        cells.append(
            StageCell(
                stage=stage,
                label=stage.label,
                line=run_line(runs[0]) if runs else None,
                n_runs=len(statuses),
                n_done=statuses.count(Status.DONE),
                can_start=all(
                    any(status in (*OPEN, Status.DONE) for status in counted.get((corpus.pk, needed), []))
                    for needed in NEEDED[stage]
                ),
            )
        )
    return CorpusRow(corpus, tuple(cells), n_explained=n_explained)


SHOWN_ELSEWHERE = (
    "rejected", "ranking", "rejected_reasons", "reasons", "losses", "trace", "signature"
)  # fmt: skip
"""Parts of a report that the run's page shows in a form of their own."""


def report_blocks(run: Run) -> list[Block]:
    """All else that the stage reported, whatever it is."""
    return blocks(run.report, without=SHOWN_ELSEWHERE)


def shard_tally(run: Run) -> list[tuple[str, int]]:
    """(status, shards), of the statuses that there are."""
    counted = dict(run.shards.order_by().values_list("status").annotate(n=Count("pk")))
    return [(status, counted[status]) for status in Status.values if status in counted]


def log_lines(run: Run) -> Iterator[str]:
    """The log as text, the oldest line first: when, in the server's time with its offset, and what."""
    for event in run.events.order_by("id").iterator(chunk_size=1000):
        yield f"{timezone.localtime(event.at).isoformat(timespec='seconds')}  {event.text}\n"


def losses_of(run: Run) -> tuple[list[list[Any]], list[list[Any]]]:
    """The losses of a training, over or not, and what lies between them; those of a run that is not over come
    from its shard, which keeps them while it trains."""
    kept = run.report
    if run.stage == Stage.TRAIN_STUDENT and "losses" not in kept:
        shard = run.shards.first()
        kept = shard.result if shard is not None else {}
    return kept.get("losses", []), kept.get("trace", [])


def curve_of(run: Run) -> LossCurve | None:
    """The drawing of the losses; None for a run that trains nothing or has not begun to."""
    losses, trace = losses_of(run)
    return loss_curve(losses, trace, run.counts.get("best_step"))
