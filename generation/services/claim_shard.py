"""Claim one shard of a run by one conditional update, and hold it by a lease renewed while work goes on."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from generation.models import Run, Shard, Status, note
from generation.pace import Mark, marked

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
"""How often a shard may be begun, without getting any further, before its run fails: what kills one worker kills
the next one too. A shard that got further starts counting anew, so machines may come and go under a long run."""

REPORT_EVERY_SECONDS = 1.0
"""Progress is written at most this often, whatever the stage reports."""


class LeaseLost(Exception):
    """Somebody else holds the shard now, or the run was cancelled: drop the work, write nothing more."""


def lease_length() -> timedelta:
    return timedelta(seconds=getattr(settings, "PRISM_SHARD_LEASE_SECONDS", 90))


def claimable() -> Q:
    """Queued, or running under a lease that ran out."""
    free = Q(status=Status.QUEUED) | Q(status=Status.RUNNING, lease_until__lt=timezone.now())
    return free & Q(attempts__lt=MAX_ATTEMPTS)


def claim_shard(*, run_id: int, worker: str = "") -> Claim | None:
    """Take a shard that nobody holds; None when there is none or the run may not be worked on.

    1. Look for a candidate. Others may look at the same one.
    2. Update it on condition that it is still free: one statement, so the database lets one of us win.
    3. The number of changed rows says whether it was us. If not, look again.
    """
    token = f"{worker or socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    ready = Run.objects.ready().filter(pk=run_id).values("pk")
    while True:
        free = Shard.objects.filter(claimable(), run_id__in=ready)
        candidate = free.order_by("index").first()
        if candidate is None:
            return None
        with transaction.atomic():
            won = free.filter(pk=candidate.pk).update(
                status=Status.RUNNING,
                claimed_by=token,
                lease_until=timezone.now() + lease_length(),
                attempts=F("attempts") + 1,
                marks=[],
                error="",
            )
            if won:
                begun = Run.objects.filter(pk=run_id, status=Status.QUEUED)
                begun.update(status=Status.RUNNING, started_at=timezone.now())
        if won:
            _note_claim(candidate)
            n_shards = Shard.objects.filter(run_id=run_id).count()
            attempt, before = candidate.attempts + 1, candidate.n_done
            return Claim(candidate.pk, run_id, candidate.index, n_shards, token, attempt, before=before)


@dataclass
class Claim:
    """A shard that is ours until the lease runs out; everything it writes asks first whether it still is."""

    shard_id: int
    run_id: int
    index: int
    n_shards: int
    token: str
    attempt: int = 1
    n_done: int = 0
    n_total: int = 0
    before: int = 0
    """How far the shard had come when it was claimed."""
    marks: tuple[Mark, ...] = ()
    """How fast it went over the last minute."""
    _lost: threading.Event = field(default_factory=threading.Event)
    _reported_at: float = 0.0
    _moved_to: int = -1

    def progress(self, n_done: int, n_total: int) -> None:
        """Tell the page how far the shard is, which also renews the lease; called as often as one likes."""
        self.n_done, self.n_total = n_done, n_total
        now = time.monotonic()
        if now - self._reported_at >= REPORT_EVERY_SECONDS:
            self._reported_at = now
            self.renew()

    def should_stop(self) -> bool:
        """True once the lease is lost or the run cancelled, as far as the last renewal knew."""
        return self._lost.is_set()

    def renew(self) -> bool:
        """Move the lease on and write the progress; False, for good, when the shard is no longer ours."""
        if not self._lost.is_set():
            changes: dict[str, Any] = {"lease_until": timezone.now() + lease_length()}
            if self.n_done > self.before:
                changes["attempts"] = 1
            changes |= self.movement()
            if not self.held().update(n_done=self.n_done, n_total=self.n_total, **changes):
                self._lost.set()
        return not self._lost.is_set()

    def movement(self) -> dict[str, Any]:
        """Columns that say how far and how fast, where there is anything new to say."""
        if not self.n_done and not self.n_total:
            return {}  # nothing was reported yet, so this is not the beginning of the work
        marks = marked(self.marks, at=time.time(), n_done=self.n_done)
        moved = self.n_done != self._moved_to
        self.marks, self._moved_to = marks, self.n_done
        return {"marks": [list(mark) for mark in marks], "moved_at": timezone.now()} if moved else {}

    def hold(self) -> None:
        """Renew inside the caller's transaction, so that what it writes next is written by the holder alone.

        Raises:
            LeaseLost: the shard is no longer ours.
        """
        if not self.renew():
            raise LeaseLost(f"shard {self.index} of run {self.run_id} is no longer held by {self.token}")

    @property
    def number(self) -> int:
        """Another one for every claim: what a claim writes for itself alone is named by it."""
        return int(self.token.rpartition(":")[2], 16)

    def held(self) -> QuerySet[Shard]:
        """The row, on condition that it is still ours: update this and look at the count."""
        return Shard.objects.filter(pk=self.shard_id, status=Status.RUNNING, claimed_by=self.token)


@contextmanager
def heartbeat(claim: Claim) -> Iterator[None]:
    """Renew the lease from a thread of its own three times a lease, for work that reports seldom."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(lease_length().total_seconds() / 3):
            try:
                if not claim.renew():
                    return
            except DatabaseError:
                logger.warning("could not renew the lease of %s; trying again", claim.token, exc_info=True)
            finally:
                connection.close()

    thread = threading.Thread(target=beat, name=f"lease-{claim.shard_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=5)


def _note_claim(shard: Shard) -> None:
    again = f", attempt {shard.attempts + 1} of {MAX_ATTEMPTS}" if shard.attempts else ""
    lost = " after its worker was lost" if shard.status == Status.RUNNING else ""
    note(shard.run_id, f"Shard {shard.index + 1} begun{lost}{again}.")
