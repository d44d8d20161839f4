"""The door: frozen values out, nothing of the rows behind them."""

import dataclasses

import pytest

from generation import queries
from generation.models import Run
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def over():
    return builders.case_run(n_cases=3)


def test_a_case_that_one_system_failed_on_is_dropped_for_all_and_counted(over):
    first = builders.explain_run(over=over, system="prism", failing=(1,))
    second = builders.explain_run(over=over, system="template-knn", failing=(1, 2))
    found = queries.explained_cases(explain_run_ids=[first.pk, second.pk])
    assert [each.case.id for each in found.cases] == ["case0"]
    assert found.n_dropped == 2
    assert found.dropped_by_system == {"prism": 1, "template-knn": 2}


def test_each_explanation_comes_with_its_row_and_its_record(over):
    run = builders.explain_run(over=over, system="prism")
    found = queries.explained_cases(explain_run_ids=[run.pk])
    key, record = found.cases[0].explanations["prism"]
    assert run.explanations.get(pk=key).text == record.text == "prism on Film 3."
    assert record.case_id == found.cases[0].case.id
    assert record.signature.system == "prism"
    assert [item.title for item in found.cases[0].case.history] == ["Film 0", "Film 1", "Film 2"]


def test_the_values_that_leave_cannot_be_changed(over):
    run = builders.explain_run(over=over)
    found = queries.explained_cases(explain_run_ids=[run.pk])
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.cases[0].case.user = "somebody else"


def test_a_missing_explanation_counts_as_failed(over):
    run = builders.explain_run(over=over)
    run.explanations.filter(case__position=0).delete()
    found = queries.explained_cases(explain_run_ids=[run.pk])
    assert (len(found.cases), found.dropped_by_system) == (2, {"prism": 1})


@pytest.mark.parametrize("ids", [[], [0]])
def test_runs_that_are_not_there_are_refused_in_words(ids):
    with pytest.raises(ValueError, match=r"Name at least one|There is no explain_cases run 0"):
        queries.explained_cases(explain_run_ids=ids)


def test_runs_over_other_cases_are_refused_with_what_each_explains(over):
    first = builders.explain_run(over=over, system="prism")
    second = builders.explain_run(over=builders.case_run(), system="template-knn")
    with pytest.raises(ValueError, match=f"run {first.pk} explains the cases of run {over.pk}"):
        queries.explained_cases(explain_run_ids=[first.pk, second.pk])


def test_two_runs_of_one_system_are_refused(over):
    runs = [builders.explain_run(over=over, system="prism") for _ in range(2)]
    with pytest.raises(ValueError, match="Two runs are of the system prism"):
        queries.explained_cases(explain_run_ids=[run.pk for run in runs])


def test_an_unfinished_run_is_refused(over):
    run = builders.explain_run(over=over)
    Run.objects.filter(pk=run.pk).update(status="running")
    with pytest.raises(ValueError, match="is not done"):
        queries.explained_cases(explain_run_ids=[run.pk])


def test_the_list_counts_and_labels_finished_runs(over):
    builders.explain_run(over=over, system="prism", failing=(0,), offline=True)
    builders.run(stage="explain_cases", status="running", parameters={"system": "prism"})
    [listed] = queries.explain_runs()
    assert (listed.system, listed.label, listed.n_ok, listed.n_cases) == ("prism", "Prism", 2, 3)
    assert (listed.case_run_id, listed.corpus, listed.offline) == (over.pk, "Films", True)


def test_the_list_costs_as_many_queries_for_ten_runs_as_for_one(over, django_assert_num_queries):
    for _ in range(10):
        builders.explain_run(over=over)
    with django_assert_num_queries(2):
        assert len(queries.explain_runs()) == 10


def test_explained_cases_cost_as_many_queries_for_many_cases_as_for_few(django_assert_max_num_queries):
    over = builders.case_run(n_cases=30)
    runs = [builders.explain_run(over=over, system=name) for name in ("prism", "template-knn")]
    with django_assert_max_num_queries(6):
        assert len(queries.explained_cases(explain_run_ids=[run.pk for run in runs]).cases) == 30


def test_what_weighed_goes_by_the_ids_of_the_history_and_other_rankers_say_nothing(over):
    run = builders.explain_run(over=over)
    assert queries.influences(explain_run_id=run.pk) == {}
    case = over.cases.get(position=1)
    case.influence = [0.5] + [0.0] * (len(case.history) - 1)
    case.save()
    told = queries.influences(explain_run_id=run.pk)
    assert set(told) == {case.case_id}
    assert told[case.case_id][case.history[0]["id"]] == 0.5
    assert queries.influences(explain_run_id=0) == {}
