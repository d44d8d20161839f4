"""Work arrives twice, workers die, people cancel: every result is written once and none is lost."""

import errno
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from generation.models import Run, Shard
from generation.services import run_shards as engine
from generation.services.cancel_run import cancel_run
from generation.services.claim_shard import MAX_ATTEMPTS, LeaseLost, claim_shard, heartbeat
from generation.services.requeue_run import requeue_run
from generation.services.run_shards import Outcome, run_shards
from generation.services.sweep_shards import sweep_shards
from tests import builders

pytestmark = pytest.mark.django_db


def finish(run: Run) -> Outcome:
    return Outcome(counts={"n": sum(shard.result["n"] for shard in run.shards.all())})


def expire(run: Run) -> None:
    run.shards.filter(status="running").update(lease_until=timezone.now() - timedelta(seconds=1))


def test_every_shard_is_done_once_and_the_run_adds_them_up():
    run = builders.run(n_shards=3)
    seen = []

    def work(claim):
        seen.append(claim.index)
        return {"n": claim.index}

    run_shards(run_id=run.pk, work=work, finish=finish)
    run.refresh_from_db()
    assert (seen, run.status, run.counts) == ([0, 1, 2], "done", {"n": 3})
    assert run.started_at <= run.finished_at


def test_a_second_delivery_of_the_message_changes_nothing():
    run = builders.run()
    times = []
    for _ in range(2):
        run_shards(run_id=run.pk, work=lambda claim: times.append(1) or {"n": 1}, finish=finish)
    assert times == [1]


def test_a_shard_that_is_held_is_not_claimed_again():
    run = builders.run()
    assert claim_shard(run_id=run.pk) is not None
    assert claim_shard(run_id=run.pk) is None


def test_a_run_waits_for_the_run_it_needs():
    earlier = builders.run(stage="import_log", status="running")
    run = builders.run(needs=(earlier,))
    assert claim_shard(run_id=run.pk) is None
    Run.objects.filter(pk=earlier.pk).update(status="done", finished_at=timezone.now())
    assert claim_shard(run_id=run.pk) is not None


def test_an_expired_lease_lets_another_worker_take_the_shard_and_the_first_one_writes_nothing():
    run = builders.run()

    def slow(claim):
        expire(run)
        taken = claim_shard(run_id=run.pk, worker="second")
        assert taken is not None
        return {"n": 1}

    run_shards(run_id=run.pk, work=slow, finish=finish)
    shard = run.shards.get()
    assert shard.status == "running"
    assert shard.claimed_by.startswith("second")
    assert shard.result == {}
    assert Run.objects.get(pk=run.pk).status == "running"


def test_a_worker_that_lost_its_lease_hears_it_at_the_next_renewal():
    run = builders.run()
    first = claim_shard(run_id=run.pk)
    expire(run)
    second = claim_shard(run_id=run.pk)
    assert not first.renew()
    assert first.should_stop()
    assert second.renew()
    with pytest.raises(LeaseLost, match="no longer held"):
        first.hold()


def test_renewing_moves_the_lease_and_shows_how_far_it_is():
    run = builders.run()
    claim = claim_shard(run_id=run.pk)
    before = run.shards.get().lease_until
    claim.progress(3, 10)
    shard = run.shards.get()
    assert (shard.n_done, shard.n_total) == (3, 10)
    assert shard.lease_until > before


def test_a_cancelled_run_stops_its_worker_and_stays_cancelled():
    run = builders.run(n_shards=2)
    seen = []

    def work(claim):
        seen.append(claim.index)
        cancel_run(run_id=run.pk)
        claim.renew()
        assert claim.should_stop()
        claim.hold()

    run_shards(run_id=run.pk, work=work, finish=finish)
    assert seen == [0]
    assert Run.objects.get(pk=run.pk).status == "cancelled"
    assert set(run.shards.values_list("status", flat=True)) == {"cancelled"}


def test_a_requeued_run_keeps_its_finished_shards_and_does_only_the_others():
    run = builders.run(n_shards=3)

    def fails_at_one(claim):
        if claim.index == 1:
            raise ValueError("line 7 holds no title; add one")
        return {"n": 1}

    run_shards(run_id=run.pk, work=fails_at_one, finish=finish)
    run.refresh_from_db()
    assert (run.status, run.error) == ("failed", "line 7 holds no title; add one")
    assert requeue_run(run_id=run.pk)
    again = []
    run_shards(run_id=run.pk, work=lambda claim: again.append(claim.index) or {"n": 1}, finish=finish)
    run.refresh_from_db()
    assert (again, run.status, run.counts, run.error) == ([1, 2], "done", {"n": 3}, "")


def test_only_a_failed_or_cancelled_run_can_be_requeued_and_only_an_open_one_cancelled():
    done = builders.run(status="done")
    assert not requeue_run(run_id=done.pk)
    assert not cancel_run(run_id=done.pk)
    assert Run.objects.get(pk=done.pk).status == "done"


def test_the_sweep_requeues_an_expired_shard_and_asks_for_a_message():
    run = builders.run()
    claim_shard(run_id=run.pk)
    Run.objects.filter(pk=run.pk).update(enqueued_at=timezone.now())
    assert sweep_shards() == []
    expire(run)
    assert sweep_shards() == [run.pk]
    assert run.shards.get().status == "queued"
    assert "stopped answering" in run.events.last().text


def test_the_sweep_sends_a_lost_message_again_but_not_at_every_turn():
    run = builders.run()
    assert sweep_shards() == [run.pk]
    assert sweep_shards() == []
    Run.objects.filter(pk=run.pk).update(enqueued_at=timezone.now() - timedelta(minutes=5))
    assert sweep_shards() == [run.pk]


def test_the_sweep_finishes_a_run_whose_worker_died_between_its_last_shard_and_the_end():
    run = builders.run(status="running")
    run.shards.update(status="done", result={"n": 4})
    assert sweep_shards() == [run.pk]
    run_shards(run_id=run.pk, work=lambda claim: pytest.fail("nothing is left to do"), finish=finish)
    run.refresh_from_db()
    assert (run.status, run.counts) == ("done", {"n": 4})


def test_a_shard_that_keeps_killing_its_worker_fails_the_run_with_what_to_do():
    run = builders.run()
    for _ in range(MAX_ATTEMPTS):
        assert claim_shard(run_id=run.pk) is not None
        expire(run)
    assert claim_shard(run_id=run.pk) is None
    sweep_shards()
    run.refresh_from_db()
    assert run.status == "failed"
    assert "3 times" in run.error
    assert "requeue" in run.error


def test_a_shard_that_gets_further_each_time_may_lose_any_number_of_workers():
    run = builders.run()
    for n_done in range(1, 2 * MAX_ATTEMPTS):
        claim = claim_shard(run_id=run.pk)
        assert claim is not None
        claim.progress(n_done, 100)
        expire(run)
    for _ in range(MAX_ATTEMPTS - 1):  # and then no further
        claim = claim_shard(run_id=run.pk)
        assert claim is not None
        claim.progress(n_done, 100)
        expire(run)
    assert claim_shard(run_id=run.pk) is None


def test_no_two_claims_write_into_files_of_the_same_number():
    run = builders.run()
    numbers = set()
    for _ in range(MAX_ATTEMPTS):
        numbers.add(claim_shard(run_id=run.pk).number)
        expire(run)
    assert len(numbers) == MAX_ATTEMPTS


def test_a_passing_trouble_is_tried_again_a_bounded_number_of_times(monkeypatch):
    monkeypatch.setattr(engine, "PAUSE_SECONDS", 0)
    run = builders.run()
    attempts = []

    def unlucky(claim):
        attempts.append(1)
        raise ConnectionError("the endpoint did not answer")

    run_shards(run_id=run.pk, work=unlucky, finish=finish)
    run.refresh_from_db()
    assert len(attempts) == MAX_ATTEMPTS
    assert run.error == "Tried 3 times. the endpoint did not answer"


def test_a_surprise_fails_the_run_at_once_and_names_itself():
    run = builders.run()

    def work(claim):
        return {}["missing"]

    run_shards(run_id=run.pk, work=work, finish=finish)
    run.refresh_from_db()
    assert run.status == "failed"
    assert run.error.startswith("Unexpected KeyError: 'missing'.")
    assert run.shards.get().attempts == 1


def test_a_worker_that_is_told_to_stop_gives_the_shard_back_without_counting_it():
    run = builders.run()

    def work(claim):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_shards(run_id=run.pk, work=work, finish=finish)
    shard = run.shards.get()
    assert (shard.status, shard.attempts) == ("queued", 0)


def test_an_error_while_putting_the_shards_together_fails_the_run():
    run = builders.run()

    def cannot(run):
        raise ValueError("no pair survived the screening; raise n_train")

    run_shards(run_id=run.pk, work=lambda claim: {}, finish=cannot)
    assert Run.objects.get(pk=run.pk).error == "no pair survived the screening; raise n_train"


def test_a_store_that_is_away_while_the_shards_are_put_together_is_asked_again(monkeypatch):
    monkeypatch.setattr(engine, "PAUSE_SECONDS", 0)
    run, calls = builders.run(), []

    def finish_at_the_second_try(run):
        calls.append(1)
        if len(calls) == 1:
            raise ConnectionError("the store did not answer")
        return Outcome(counts={"n": 1})

    run_shards(run_id=run.pk, work=lambda claim: {}, finish=finish_at_the_second_try)
    run.refresh_from_db()
    assert (run.status, run.counts, len(calls)) == ("done", {"n": 1}, 2)


def test_a_run_that_failed_while_it_was_put_together_is_put_together_when_it_is_requeued():
    run = builders.run()

    def full(run):
        raise OSError(errno.ENOSPC, "No space left on device", "/data/artefacts/x")

    run_shards(run_id=run.pk, work=lambda claim: {"n": 3}, finish=full)
    run.refresh_from_db()
    assert run.status == "failed"
    assert "is full at /data/artefacts/x. Make room" in run.error
    assert requeue_run(run_id=run.pk)
    run_shards(run_id=run.pk, work=lambda claim: pytest.fail("nothing is left to do"), finish=finish)
    run.refresh_from_db()
    assert (run.status, run.counts, run.error) == ("done", {"n": 3}, "")


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_two_workers_that_both_finish_a_run_finish_it_once():
    run = builders.run(status="running")
    run.shards.update(status="done", result={"n": 4})
    both = threading.Barrier(2)

    def together(run):
        both.wait(20)
        return finish(run)

    def work():
        try:
            run_shards(run_id=run.pk, work=lambda claim: {}, finish=together)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.refresh_from_db()
    assert (run.status, run.counts) == ("done", {"n": 4})
    assert [event.text for event in run.events.all()].count("Done.") == 1


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_of_two_claimers_that_race_exactly_one_wins_each_shard():
    run = builders.run(n_shards=8)
    start = threading.Barrier(4)
    won: list[int] = []
    errors: list[BaseException] = []

    def race():
        try:
            start.wait()
            while (claim := claim_shard(run_id=run.pk)) is not None:
                won.append(claim.index)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=race) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(won) == list(range(8))
    assert set(Shard.objects.values_list("attempts", flat=True)) == {1}


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_the_heartbeat_renews_the_lease_of_a_worker_that_reports_nothing(settings):
    settings.PRISM_SHARD_LEASE_SECONDS = 0.3
    run = builders.run()
    claim = claim_shard(run_id=run.pk)
    with heartbeat(claim):
        threading.Event().wait(1.0)
        assert sweep_shards() == []
        assert claim_shard(run_id=run.pk) is None
    assert not claim.should_stop()


def test_a_shard_marks_how_far_it_was_from_its_first_report_on(monkeypatch):
    run = builders.run()
    run.shards.update(marks=[[1.0, 900]])  # of a claim long gone
    claim = claim_shard(run_id=run.pk)
    assert run.shards.get().marks == []
    claim.renew()  # the heartbeat of a shard that still gets ready
    assert run.shards.get().marks == []
    claim.progress(500, 1000)  # what an earlier worker left behind
    claim.progress(510, 1000)
    claim.renew()
    shard = run.shards.get()
    assert [n for _, n in shard.marks] == [500, 510]
    assert abs(shard.moved_at - timezone.now()) < timedelta(seconds=5)
    before = shard.moved_at
    claim.renew()
    assert run.shards.get().moved_at == before  # alive, but it did not move


def test_a_finished_shard_keeps_its_marks_and_a_requeued_one_loses_them():
    run = builders.run()

    def work(claim):
        claim.progress(1, 40)
        claim.n_done = 40
        return {"n": 1}

    run_shards(run_id=run.pk, work=work, finish=finish)
    assert [n for _, n in run.shards.get().marks] == [1, 40]
    Run.objects.filter(pk=run.pk).update(status="failed", error="Broken.")
    run.shards.update(status="failed")
    requeue_run(run_id=run.pk)
    assert run.shards.get().marks == []
