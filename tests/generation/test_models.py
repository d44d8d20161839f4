"""What the database itself refuses."""

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from generation.models import Case, Corpus, Explanation, Need, Run, Shard
from tests import builders

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def refuses(action):
    with pytest.raises(IntegrityError), transaction.atomic():
        action()


def test_a_status_or_stage_that_nobody_knows():
    run = builders.run()
    refuses(lambda: Run.objects.filter(pk=run.pk).update(status="sleeping"))
    refuses(lambda: Run.objects.filter(pk=run.pk).update(stage="guess"))
    refuses(lambda: run.shards.update(status="sleeping"))


def test_a_failure_without_words_and_an_end_without_a_time():
    run = builders.run()
    refuses(lambda: Run.objects.filter(pk=run.pk).update(status="failed", error=""))
    refuses(lambda: Run.objects.filter(pk=run.pk).update(status="done", finished_at=None))


def test_a_running_shard_without_a_lease_and_a_queued_one_with_one():
    shard = builders.run().shards.get()
    later = timezone.now()
    refuses(lambda: Shard.objects.filter(pk=shard.pk).update(status="running"))
    refuses(lambda: Shard.objects.filter(pk=shard.pk).update(lease_until=later))
    refuses(lambda: Shard.objects.filter(pk=shard.pk).update(status="running", lease_until=later))
    Shard.objects.filter(pk=shard.pk).update(status="running", lease_until=later, claimed_by="a worker")


def test_two_shards_of_one_index_and_two_cases_at_one_position():
    run = builders.case_run(n_cases=2)
    refuses(lambda: Shard.objects.create(run=run, index=0))
    first, second = run.cases.all()
    refuses(lambda: Case.objects.filter(pk=second.pk).update(position=first.position))
    refuses(lambda: Case.objects.filter(pk=second.pk).update(case_id=first.case_id))


def test_a_second_explanation_of_a_case_in_one_run():
    over = builders.case_run(n_cases=1)
    run = builders.explain_run(over=over)
    refuses(
        lambda: Explanation.objects.create(
            run=run, case=over.cases.get(), text="Again.", status="ok", signature={}
        )
    )


def test_an_ok_explanation_without_text_and_a_failed_one_without_a_reason():
    run = builders.explain_run(over=builders.case_run(n_cases=1))
    refuses(lambda: run.explanations.update(text=""))
    refuses(lambda: run.explanations.update(status="empty", text="", reason=""))


def test_a_run_that_needs_itself_or_the_same_run_twice():
    earlier, later = builders.run(), builders.run()
    refuses(lambda: Need.objects.create(run=later, on=later))
    Need.objects.create(run=later, on=earlier)
    refuses(lambda: Need.objects.create(run=later, on=earlier))


def test_what_others_build_on_cannot_be_deleted():
    over = builders.case_run(n_cases=1)
    builders.explain_run(over=over)
    for row in (over, over.corpus, over.cases.get()):
        with pytest.raises(ProtectedError):
            row.delete()
    assert Run.objects.count() == 2


def test_two_corpora_of_one_name():
    builders.corpus(name="Films")
    refuses(lambda: Corpus.objects.create(name="Films", log_format="builtin"))
