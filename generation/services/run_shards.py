"""Work through a run's shards: whatever arrives twice, dies or is cancelled, each result is written once."""

import errno
import logging
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import OperationalError, transaction
from django.db.models import F
from django.utils import timezone

from generation.models import OPEN, Run, Shard, Status, note
from generation.pipeline.registry import UnknownName
from generation.pipeline.stores.cache import in_use
from generation.services.claim_shard import MAX_ATTEMPTS, Claim, LeaseLost, claim_shard, heartbeat
from generation.services.sweep_shards import sweep_shards

logger = logging.getLogger(__name__)

PASSING = (ConnectionError, TimeoutError, InterruptedError, OperationalError)
"""Troubles that may be gone a moment later. Anything else would fail again, so it fails the run at once."""

PLAIN = (ValueError, UnknownName, FileNotFoundError, PermissionError)
"""Errors that the pipeline raises with words for a person; their text is shown as it stands."""

PAUSE_SECONDS = 2.0


@dataclass(frozen=True)
class Outcome:
    """What a stage left behind, for the run's row."""

    counts: dict[str, int] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    artefact: str = ""
    sha256: str = ""


Work = Callable[[Claim], dict[str, Any]]
"""Does one shard and returns what `finish` will need of it: JSON values. Must be safe to do again."""

Finish = Callable[[Run], Outcome]
"""Puts the shards together once all are done. Must be safe to do twice: two workers may both get here."""


def run_shards(*, run_id: int, work: Work, finish: Finish) -> None:
    """Claim and do shards of the run until none is free; whoever sees all of them done finishes the run.

    Errors do not leave: they become the run's status and text. Called for a run that is done, cancelled, held
    by others or still waiting for another run, this changes nothing.
    """
    sweep_shards()
    while (claim := claim_shard(run_id=run_id)) is not None:
        _do(claim, work)
    _finish(run_id, finish)


def _do(claim: Claim, work: Work) -> None:
    try:
        with heartbeat(claim), in_use():
            result = work(claim)
        _complete(claim, result)
    except LeaseLost:
        note(claim.run_id, f"Shard {claim.index + 1} left: it was cancelled or taken over.")
    except PASSING as trouble:
        logger.warning("shard %s of run %s will be tried again", claim.index, claim.run_id, exc_info=True)
        _release_or_fail(claim, trouble)
    except PLAIN as error:
        logger.warning("shard %s of run %s failed: %s", claim.index, claim.run_id, error)
        fail_run(run_id=claim.run_id, error=in_words(error), claim=claim)
    except Exception as error:
        logger.exception("shard %s of run %s failed", claim.index, claim.run_id)
        fail_run(run_id=claim.run_id, error=in_words(error), claim=claim)
    except BaseException:  # the worker is told to stop: give the shard back, it cost no attempt
        claim.held().update(status=Status.QUEUED, claimed_by="", lease_until=None, attempts=F("attempts") - 1)
        raise


def _complete(claim: Claim, result: dict[str, Any]) -> None:
    n_total = claim.n_done = max(claim.n_total, claim.n_done)
    changed = claim.held().update(
        status=Status.DONE,
        lease_until=None,
        claimed_by="",
        n_done=n_total,
        n_total=n_total,
        result=result,
        **claim.movement(),
    )
    if not changed:
        raise LeaseLost
    if claim.n_shards > 1:
        note(claim.run_id, f"Shard {claim.index + 1} of {claim.n_shards} done.")


def _release_or_fail(claim: Claim, trouble: Exception) -> None:
    attempts = Shard.objects.values_list("attempts", flat=True).get(pk=claim.shard_id)
    if attempts >= MAX_ATTEMPTS:
        fail_run(run_id=claim.run_id, error=f"Tried {attempts} times. {in_words(trouble)}", claim=claim)
        return
    claim.held().update(status=Status.QUEUED, claimed_by="", lease_until=None, error=in_words(trouble))
    note(claim.run_id, f"Shard {claim.index + 1} will be tried again: {in_words(trouble)}")
    time.sleep(PAUSE_SECONDS * attempts)


def _finish(run_id: int, finish: Finish) -> None:
    run = Run.objects.ready().select_related("corpus").filter(pk=run_id).first()
    if run is None or not run.shards.exists() or run.shards.exclude(status=Status.DONE).exists():
        return
    outcome = _put_together(run, finish)
    if outcome is None:
        return
    done = Run.objects.filter(pk=run_id, status__in=OPEN).update(
        status=Status.DONE,
        finished_at=timezone.now(),
        error="",
        counts=outcome.counts,
        report=outcome.report,
        artefact=outcome.artefact,
        sha256=outcome.sha256,
    )
    if done:
        note(run_id, "Done.")


def _put_together(run: Run, finish: Finish) -> Outcome | None:
    """What `finish` made of the shards; None when it failed for good and the run with it."""
    for attempt in range(1, MAX_ATTEMPTS + 1):
        try:
            with in_use():
                return finish(run)
        except PASSING as trouble:
            logger.warning("run %s could not be finished", run.pk, exc_info=True)
            if attempt == MAX_ATTEMPTS:
                fail_run(run_id=run.pk, error=f"Tried {attempt} times. {in_words(trouble)}")
                return None
            note(run.pk, f"Putting the shards together will be tried again: {in_words(trouble)}")
            time.sleep(PAUSE_SECONDS * attempt)
        except Exception as error:
            logger.exception("run %s could not be finished", run.pk)
            fail_run(run_id=run.pk, error=in_words(error))
            return None
    return None


def fail_run(*, run_id: int, error: str, claim: Claim | None = None) -> None:
    """Fail the run with words, and the shard if we still hold it; a lost lease fails nothing."""
    with transaction.atomic():
        if claim is not None:
            failed = claim.held().update(status=Status.FAILED, claimed_by="", lease_until=None, error=error)
            if not failed:
                return
        changed = Run.objects.filter(pk=run_id, status__in=OPEN).update(
            status=Status.FAILED, error=error, finished_at=timezone.now()
        )
    if changed:
        note(run_id, f"Failed: {error}")


def in_words(error: BaseException) -> str:
    """What a person reads: the pipeline's own words, or the kind of surprise and where its traceback is."""
    text = str(error).strip()
    if isinstance(error, (*PLAIN, *PASSING)) and text:
        return text
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"The disk of {socket.gethostname()} is full{f' at {error.filename}' if error.filename else ''}. Make "
            "room on it, or point PRISM_HOME and PRISM_ARTEFACTS at a larger one, then requeue the run."
        )
    if isinstance(error, MemoryError):
        return (
            "The worker ran out of memory. Lower the batch size or the number of cases, then requeue the run."
        )
    return (
        f"Unexpected {type(error).__name__}: {text or 'no message'}. "
        "The worker's log has the traceback; requeue the run to try again."
    )
