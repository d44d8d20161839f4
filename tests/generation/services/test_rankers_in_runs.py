"""Rankers as runs know them: measured, named within limits, and unknown to whoever explains."""

import dataclasses
import json

import pytest

from generation.models import Corpus, Explanation, Run
from generation.pipeline import prompts, rankers
from generation.pipeline.records import Case as CaseRecord
from generation.pipeline.records import Explanation as ExplanationRecord
from generation.queries import case_record
from generation.services.create_corpus import create_corpus
from generation.services.explain_cases import explain_cases
from generation.services.import_log import import_log
from generation.services.parameters import BadParameters
from generation.services.queue_run import queue_run
from generation.services.select_cases import select_cases

pytestmark = pytest.mark.django_db
SIZES = {"n_cases": 500, "n_train": 60, "n_valid": 10}


@pytest.fixture
def corpus():
    made, run = create_corpus(name="Small", log_format="builtin", options={"n_users": 30, "seed": 1})
    import_log(run_id=run.pk)
    return Corpus.objects.get(pk=made.pk)


def selected(corpus, **parameters):
    run = queue_run(corpus=corpus, stage="select_cases", parameters={**SIZES, **parameters})
    select_cases(run_id=run.pk)
    run.refresh_from_db()
    assert run.status == "done", run.error
    return run


@pytest.mark.parametrize("ranker", ["popularity", "item-knn", "als"])
def test_a_ranker_that_learns_is_measured_on_what_it_did_not_learn_from(corpus, ranker, olga, client):
    run = selected(corpus, ranker=ranker)
    found = run.report["ranking"]
    assert (found["split"], found["n"] + found["n_seen_before"], found["n_targets"]) == ("test", 30, 30)
    rates = [found[f"HR@{k}"] for k in (5, 10, 20)]
    assert 0 < rates[2] < 1
    assert rates == sorted(rates)
    assert all(0 <= found[f"NDCG@{k}"] <= found[f"HR@{k}"] for k in (5, 10, 20))
    client.force_login(olga)
    page = client.get(f"/generation/runs/{run.pk}/").content.decode()
    assert f"{found['NDCG@10']:.4f}" in page
    assert client.get(f"/api/generation/runs/{run.pk}/").json()["report"]["ranking"] == found


@pytest.mark.parametrize(("ranker", "tells"), [("popularity", False), ("item-knn", True), ("als", True)])
def test_what_weighed_is_kept_with_each_case_of_a_ranker_that_says(corpus, ranker, tells):
    cases = list(selected(corpus, ranker=ranker).cases.all())
    if not tells:
        assert all(case.influence is None for case in cases)
        return
    assert all(len(case.influence) == len(case.history) for case in cases)
    assert any(max(case.influence) > 0 for case in cases)


def test_the_log_itself_is_not_measured_and_the_page_says_why(corpus, olga, client):
    run = selected(corpus)
    assert run.report["ranking"] is None
    client.force_login(olga)
    assert b"takes the answer from the log" in client.get(f"/generation/runs/{run.pk}/").content


def test_whoever_explains_never_learns_which_ranker_it_was(corpus, tmp_path):
    """The same item for the same user, picked by two rankers: records, prompts and texts are the same."""
    popular = selected(corpus, ranker="popularity")
    lines = [f"{case.user},{case.item['id']}" for case in popular.cases.all()]
    picks = tmp_path / "picks.csv"
    picks.write_text("user,item\n" + "\n".join(lines) + "\n", encoding="utf-8")
    listed = selected(corpus, ranker="csv", picks=str(picks))
    at_one = [run.report["ranking"]["HR@5"] for run in (popular, listed)]
    assert at_one[1] <= at_one[0]  # the list of one is measured too, as far as it goes
    told = []
    for run in (popular, listed):
        needs = [run]
        explained = queue_run(
            corpus=corpus,
            stage="explain_cases",
            parameters={"system": "scripted-teacher", "hallucination_rate": 0.3},
            needs=needs,
        )
        explain_cases(run_id=explained.pk)
        assert Run.objects.get(pk=explained.pk).status == "done"
        rows = Explanation.objects.filter(run=explained).select_related("case").order_by("case__case_id")
        told.append(
            [
                (
                    dataclasses.asdict(record := case_record(row.case)),
                    prompts.render(record).text,
                    row.text,
                    row.status,
                    row.reason,
                    row.signature,
                )
                for row in rows
            ]
        )
    assert len(told[0]) == popular.cases.count() > 20
    assert told[0] == told[1]
    everything = json.dumps(told)
    fields = {one.name for kind in (CaseRecord, ExplanationRecord) for one in dataclasses.fields(kind)}
    assert "ranker" not in everything
    assert "ranker" not in fields
    assert not {name for name in rankers.RANKERS if f'"{name}"' in everything}


def test_a_recommender_is_named_through_the_web_only_where_the_server_allows_it(corpus, olga, settings):
    settings.PRISM_RANKER_URLS = ["https://recommender.example:443"]

    def queue(url, by=olga):
        return queue_run(
            corpus=corpus,
            stage="select_cases",
            parameters={"ranker": "http", "url": url},
            created_by=by,
        )

    assert queue("https://Recommender.example/v1/picks").parameters["url"].endswith("/v1/picks")
    for url in (
        "http://recommender.example/v1",
        "https://recommender.example:8443/",
        "https://recommender.example.evil.example/",
        "https://recommender.example@evil.example/",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
    ):
        with pytest.raises(BadParameters) as refused:
            queue(url)
        assert refused.value.field == "url"
    assert queue("http://127.0.0.1:9000/", by=None).parameters["url"] == "http://127.0.0.1:9000/"
    settings.PRISM_RANKER_URLS = []
    with pytest.raises(BadParameters, match="None is allowed yet"):
        queue("https://recommender.example/")
    with pytest.raises(BadParameters, match="needs the address"):
        queue("")
