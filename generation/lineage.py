"""What runs build on, and what builds on them, with who works on each: read from their Need rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.utils import timezone

from generation.graph import BOX_WIDTH, Drawing, draw
from generation.models import Corpus, Need, Run, Shard, Stage, Status
from generation.overview import RunLine, listed_runs, run_line
from generation.services.parameters import queue_of

MOST_DRAWN = 40
"""Runs in one drawing; more are told by number."""

LETTERS = 22
"""What a box holds of a title."""


@dataclass(frozen=True)
class RunNode:
    """A run in the drawing and in its list."""

    line: RunLine
    queue: str
    """Whose workers can do it: cpu, gpu or http."""
    n_workers: int
    """Workers that hold a live lease on one of its shards."""
    needs: tuple[int, ...]
    current: bool

    @property
    def key(self) -> int:
        return self.line.run.pk

    @property
    def column(self) -> int:
        return list(Stage).index(Stage(self.line.run.stage))

    @property
    def short(self) -> str:
        title = self.line.run.title.split(": ")[-1]
        return title if len(title) <= LETTERS else f"{title[: LETTERS - 1]}…"

    @property
    def filled(self) -> int:
        """Width of its bar in the drawing."""
        share = 100 if self.line.run.status == Status.DONE else self.line.progress.percent
        return share * (BOX_WIDTH - 24) // 100

    @property
    def whole(self) -> int:
        return BOX_WIDTH - 24

    @property
    def work(self) -> str:
        """What there is to say of the work, in few words."""
        if self.line.run.status == Status.RUNNING:
            workers = f"{self.n_workers} worker{'' if self.n_workers == 1 else 's'}"
            done = f"{self.line.progress.percent} % · " if self.line.progress.n_total else ""
            return f"{done}{workers}"
        return self.line.took


@dataclass(frozen=True)
class Lineage:
    nodes: tuple[RunNode, ...]
    """In the order in which they can start."""
    drawing: Drawing[RunNode]
    n_more: int
    """Runs that belong here and are not drawn."""


def lineage_of(run: Run) -> Lineage:
    """All that the run builds on and all that builds on it, the nearest first where there is too much."""
    edges = _edges(run.corpus_id)
    above, below = _reached(run.pk, edges, up=True), _reached(run.pk, edges, up=False)
    return _lineage([run.pk, *above, *below], edges, current=run.pk)


def lineage_of_corpus(corpus: Corpus) -> Lineage:
    """All runs of a corpus, the newest first where there are too many."""
    keys = list(corpus.runs.order_by("-pk").values_list("pk", flat=True))
    return _lineage(keys, _edges(corpus.pk), current=None)


def _lineage(keys: list[int], edges: Iterable[tuple[int, int]], current: int | None) -> Lineage:
    drawn = set(keys[:MOST_DRAWN])
    inside = [(first, second) for first, second in edges if first in drawn and second in drawn]
    needs = defaultdict(list)
    for first, second in inside:
        needs[second].append(first)
    workers = workers_at(drawn)
    nodes = tuple(
        RunNode(
            run_line(run),
            queue_of(run.stage, run.parameters),
            len(workers.get(run.pk, ())),
            tuple(needs[run.pk]),
            run.pk == current,
        )
        for run in listed_runs().filter(pk__in=drawn).order_by("pk")
    )
    columns = {index: stage.label for index, stage in enumerate(Stage)}
    return Lineage(nodes, draw(nodes, inside, columns), n_more=len(keys) - len(drawn))


def workers_at(run_ids: Collection[int]) -> dict[int, set[str]]:
    """Run -> the workers that hold one of its shards and have said so lately."""
    held = Shard.objects.filter(run__in=run_ids, status=Status.RUNNING, lease_until__gt=timezone.now())
    found: dict[int, set[str]] = defaultdict(set)
    for run_id, token in held.values_list("run_id", "claimed_by"):
        found[run_id].add(token.rpartition(":")[0])
    return found


def _edges(corpus_id: int) -> list[tuple[int, int]]:
    """(what is built on, what builds on it)"""
    return list(Need.objects.filter(run__corpus=corpus_id).order_by("pk").values_list("on_id", "run_id"))


def _reached(start: int, edges: Iterable[tuple[int, int]], *, up: bool) -> list[int]:
    following = defaultdict(list)
    for first, second in edges:
        following[second if up else first].append(first if up else second)
    found: dict[int, None] = {}
    newest = [start]
    while newest:
        newest = [one for key in newest for one in following[key] if one not in found]
        found.update(dict.fromkeys(newest))
    return list(found)
