"""The same over REST: owners only, errors by field, pages of rows."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from generation import tasks
from generation.models import Corpus, Run
from generation.services.queue_run import queue_run
from tests import builders

pytestmark = pytest.mark.django_db
ROOT = "/api/generation"


@pytest.fixture
def sent(monkeypatch):
    found = []
    monkeypatch.setattr(tasks, "send", lambda run: found.append((run.stage, run.pk)))
    return found


@pytest.fixture
def api(olga, sent):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=olga).key}")
    return client


def every_endpoint():
    run = builders.run()
    detail = f"{ROOT}/runs/{run.pk}"
    return [
        ("get", f"{ROOT}/stages/"),
        ("get", f"{ROOT}/corpora/"),
        ("post", f"{ROOT}/corpora/"),
        ("get", f"{ROOT}/corpora/{run.corpus_id}/"),
        ("post", f"{ROOT}/corpora/{run.corpus_id}/pipeline/"),
        ("get", f"{ROOT}/runs/"),
        ("post", f"{ROOT}/runs/"),
        ("get", f"{detail}/"),
        ("post", f"{detail}/cancel/"),
        ("post", f"{detail}/requeue/"),
        ("post", f"{detail}/clone/"),
        ("get", f"{detail}/questions/"),
        ("post", f"{detail}/answers/"),
        ("post", f"{ROOT}/corpora/{run.corpus_id}/estimate/"),
        ("get", f"{ROOT}/corpora/{run.corpus_id}/rejected/"),
        ("get", f"{detail}/events/"),
        ("get", f"{detail}/cases/"),
        ("get", f"{detail}/cases/c1/"),
        ("get", f"{detail}/explanations/"),
        ("get", f"{detail}/samples/"),
        ("get", f"{detail}/rejected/"),
        ("get", f"{detail}/shards/"),
        ("get", f"{detail}/events/file/"),
        ("get", f"{detail}/explanations/file/"),
        ("get", f"{detail}/losses/"),
        ("get", f"{detail}/lineage/"),
        ("get", f"{detail}/texts/"),
    ]


@pytest.mark.parametrize("who", ["ada", "rosa"])
def test_only_owners_get_in_anywhere(who, request):
    client = APIClient()
    client.force_authenticate(request.getfixturevalue(who))
    assert {getattr(client, method)(url).status_code for method, url in every_endpoint()} == {403}


def test_strangers_get_in_nowhere():
    client = APIClient()
    assert {getattr(client, method)(url).status_code for method, url in every_endpoint()} <= {401, 403}
    assert Run.objects.get().status == "queued"


def test_a_corpus_is_made_and_its_import_sent(api, sent):
    answer = api.post(
        f"{ROOT}/corpora/",
        {"name": "Small", "log_format": "builtin", "options": {"n_users": 20}},
        format="json",
    )
    assert answer.status_code == 201, answer.content
    assert Corpus.objects.get(pk=answer.json()["id"]).options == {"n_users": 20}
    assert [stage for stage, _ in sent] == ["import_log"]


def test_a_corpus_tells_its_facts_and_its_rejected_rows(api, tmp_path):
    corpus = builders.read_corpus(tmp_path)
    told = api.get(f"{ROOT}/corpora/{corpus.pk}/").json()["facts"]
    assert told["longest"] == 199
    answer = api.get(f"{ROOT}/corpora/{corpus.pk}/rejected/")
    assert answer["Content-Type"] == "text/csv"
    header, row = b"".join(answer.streaming_content).decode().splitlines()
    assert header == "file,line,field,reason,remedy,text"
    assert row.startswith("interactions.jsonl,200,timestamp,is no time,")
    unread = builders.run(stage="import_log").corpus_id
    assert api.get(f"{ROOT}/corpora/{unread}/rejected/").status_code == 404


def test_a_corpus_can_be_uploaded(api):
    files = [SimpleUploadedFile("interactions.jsonl", b"{}"), SimpleUploadedFile("items.jsonl", b"{}")]
    answer = api.post(
        f"{ROOT}/corpora/", {"name": "Mine", "log_format": "jsonl", "uploads": files}, format="multipart"
    )
    assert answer.status_code == 201, answer.content
    assert "folder" in Corpus.objects.get().options


@pytest.mark.parametrize("form", ["json", "multipart"])
def test_a_table_comes_with_what_its_columns_mean(api, sent, settings, tmp_path, form):
    settings.PRISM_LOGS = tmp_path
    (tmp_path / "log.csv").write_text("who,itemId,time,title\nu,a,0,Alien\n")
    columns = {"user": "who"} if form == "json" else '{"user": "who"}'
    wanted = {"name": "Mine", "log_format": "table", "folder": ".", "columns": columns}
    answer = api.post(f"{ROOT}/corpora/", wanted, format=form)
    assert answer.status_code == 201, answer.content
    assert answer.json()["options"]["columns"]["item"] == "itemId"
    bad = api.post(f"{ROOT}/corpora/", {**wanted, "name": "B", "columns": "{"}, format="multipart")
    assert (bad.status_code, list(bad.json())) == (422, ["columns"])
    unsaid = api.post(f"{ROOT}/corpora/", {"name": "C", "log_format": "table", "folder": "."}, format="json")
    assert unsaid.status_code == 201  # the same header is remembered
    (tmp_path / "log.csv").write_text("who,itemId,when,title\nu,a,0,Alien\n")
    unsaid = api.post(f"{ROOT}/corpora/", {"name": "D", "log_format": "table", "folder": "."}, format="json")
    assert (unsaid.status_code, list(unsaid.json())) == (422, ["columns.user"])


@pytest.mark.parametrize(
    ("sent_data", "field"),
    [
        ({"name": "A", "log_format": "bulitin"}, "log_format"),
        ({"name": "A", "log_format": "builtin", "options": {"n_userz": 3}}, "n_userz"),
        ({"name": "A", "log_format": "builtin", "options": {"n_users": 0}}, "n_users"),
        ({"name": "A", "log_format": "builtin", "options": {"seed": 2**32}}, "seed"),
        ({"name": "A", "log_format": "builtin", "options": {"shortest": 0}}, "shortest"),
        ({"name": "A", "log_format": "builtin", "options": {"shortest": 9, "longest": 8}}, "shortest"),
        ({"name": "A", "log_format": "builtin", "options": {"shortest": 41}}, "shortest"),
        ({"name": "A", "log_format": "builtin", "options": {"longest": 11}}, "longest"),
        ({"name": "A", "log_format": "builtin", "options": {"longest": 10**18}}, "longest"),
        ({"name": "A", "log_format": "movielens"}, "uploads"),
        ({"log_format": "builtin"}, "name"),
    ],
)
def test_a_refusal_names_its_field(api, sent_data, field):
    answer = api.post(f"{ROOT}/corpora/", sent_data, format="json")
    assert answer.status_code == 422
    assert list(answer.json()) == [field]
    assert not Corpus.objects.exists()


def test_a_run_is_queued_over_the_newest_that_suits(api, sent):
    earlier = builders.run(stage="import_log", status="done")
    answer = api.post(
        f"{ROOT}/runs/",
        {"corpus": earlier.corpus_id, "stage": "select_cases", "parameters": {"n_cases": 5}, "seed": 7},
        format="json",
    )
    assert answer.status_code == 201, answer.content
    shown = answer.json()
    assert (shown["needs"], shown["parameters"]["n_cases"], shown["seed"]) == ([earlier.pk], 5, 7)
    assert sent == [("select_cases", shown["id"])]


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"n_case": 5}, "Did you mean 'n_cases'?"),
        ({"n_cases": "many"}, "must be a whole number"),
        ({"n_cases": True}, "must be a whole number"),
        ({"split": "tempral"}, "Did you mean 'temporal'?"),
        ({"n_cases": 0}, "must be from 1 to 1,000,000"),
    ],
)
def test_a_bad_parameter_is_answered_with_the_remedy(api, parameters, said):
    corpus = builders.run(stage="import_log", status="done").corpus_id
    answer = api.post(
        f"{ROOT}/runs/", {"corpus": corpus, "stage": "select_cases", "parameters": parameters}, format="json"
    )
    assert answer.status_code == 422
    assert said in answer.json()[next(iter(parameters))][0]


LOCAL_MODEL = {
    "distil_teacher": {"teacher": "transformers"},
    "train_student": {"recipe": "paper"},
    "explain_cases": {"system": "local-teacher"},
}


def ask_for_a_model(api, stage, **parameters):
    cases = builders.case_run()
    needs = {"train_student": builders.run(stage="distil_teacher", status="done")}.get(stage, cases)
    body = {
        "corpus": needs.corpus_id,
        "stage": stage,
        "parameters": {**LOCAL_MODEL[stage], **parameters},
        "needs": [needs.pk],
    }
    return api.post(f"{ROOT}/runs/", body, format="json")


@pytest.fixture
def models(settings, tmp_path):
    settings.PRISM_MODELS = tmp_path / "models"
    (settings.PRISM_MODELS / "families" / "t5").mkdir(parents=True)
    (tmp_path / "secrets").mkdir()
    return settings.PRISM_MODELS


@pytest.mark.parametrize("stage", LOCAL_MODEL)
@pytest.mark.parametrize(
    "path",
    [
        "/etc",
        "../secrets",
        "families/../../secrets",
        "~/model",
        ".",
        "families/gone/t5",
        "generation/pipeline",
    ],
)
def test_a_model_outside_the_folder_of_models_is_refused(api, models, sent, stage, path):
    answer = ask_for_a_model(api, stage, path=path)
    assert answer.status_code == 422, answer.content
    assert str(models) in answer.json()["path"][0]
    assert sent == []


@pytest.mark.parametrize("stage", LOCAL_MODEL)
def test_a_model_in_the_folder_of_models_is_taken_and_a_hubs_name_stays(api, models, stage):
    below = ask_for_a_model(api, stage, path="families/t5")
    assert below.json()["parameters"]["path"] == str(models / "families" / "t5")
    hub = ask_for_a_model(api, stage, path="google/flan-t5-base")
    assert hub.json()["parameters"]["path"] == "google/flan-t5-base"


@pytest.mark.parametrize(
    ("stage", "more", "field"),
    [
        ("distil_teacher", {"options": {"path": "/etc"}}, "options"),
        ("explain_cases", {"options": {"path": "/etc"}}, "options"),
        ("explain_cases", {"system": "scripted-teacher", "options": {"checkpoint": "/etc"}}, "options"),
        ("train_student", {"config": {"pretrained": "/etc"}}, "config"),
    ],
)
def test_no_other_parameter_leads_to_a_folder_of_the_server(api, models, stage, more, field):
    answer = ask_for_a_model(api, stage, path="google/flan-t5-base", **more)
    assert answer.status_code == 422
    assert list(answer.json()) == [field]


def test_a_shell_may_name_any_model(models, tmp_path):
    cases = builders.case_run()
    parameters = {**LOCAL_MODEL["explain_cases"], "path": str(tmp_path / "secrets")}
    run = queue_run(corpus=cases.corpus, stage="explain_cases", parameters=parameters, needs=[cases])
    assert run.parameters["path"] == str(tmp_path / "secrets")


def test_a_student_of_the_wrong_kind_is_refused_for_a_system(api):
    cases = builders.case_run()
    student = builders.run(stage="train_student", status="done", parameters={"with_user": False})
    body = {
        "corpus": cases.corpus_id,
        "stage": "explain_cases",
        "parameters": {"system": "prism"},
        "needs": [cases.pk, student.pk],
    }
    answer = api.post(f"{ROOT}/runs/", body, format="json")
    assert "wants a student trained with user vectors" in answer.json()["needs"][0]


def test_the_pipeline_is_queued_whole_or_not_at_all(api):
    corpus = builders.run(stage="import_log", status="done").corpus_id
    url = f"{ROOT}/corpora/{corpus}/pipeline/"
    bad = api.post(url, {"systems": ["prism", "prsim"]}, format="json")
    assert bad.status_code == 422
    assert Run.objects.count() == 1
    good = api.post(url, {"systems": ["prism"], "seed": 2}, format="json")
    assert [run["stage"] for run in good.json()] == [
        "select_cases",
        "distil_teacher",
        "train_student",
        "explain_cases",
    ]


def test_cancel_and_requeue_answer_409_when_there_is_nothing_to_do(api):
    run = builders.run(status="done")
    assert api.post(f"{ROOT}/runs/{run.pk}/cancel/").status_code == 409
    assert api.post(f"{ROOT}/runs/{run.pk}/requeue/").status_code == 409
    run = builders.run()
    assert api.post(f"{ROOT}/runs/{run.pk}/cancel/").json()["status"] == "cancelled"
    waiting = builders.run(needs=(run,))
    cancel = f"{ROOT}/runs/{run.pk}/cancel/"
    assert api.post(cancel, {"dependents": True}, format="json").json()["status"] == "cancelled"
    waiting.refresh_from_db()
    assert waiting.status == "cancelled"
    assert api.post(cancel, {"dependents": True}, format="json").status_code == 409
    assert api.post(f"{ROOT}/runs/{run.pk}/requeue/").json()["status"] == "queued"


def test_runs_are_filtered_and_an_unknown_filter_value_is_refused(api):
    builders.run(status="done")
    builders.run(stage="import_log")
    assert [run["stage"] for run in api.get(f"{ROOT}/runs/?status=queued").json()["results"]] == [
        "import_log"
    ]
    assert api.get(f"{ROOT}/runs/?stage=guess").status_code == 422
    assert api.get(f"{ROOT}/runs/?corpus=x").status_code == 422


def test_explanations_come_in_pages_with_their_case_and_system(api):
    run = builders.explain_run(over=builders.case_run(n_cases=3), failing=(2,))
    first = api.get(f"{ROOT}/runs/{run.pk}/explanations/?limit=2").json()
    assert (first["count"], len(first["results"])) == (3, 2)
    assert (first["results"][0]["case"], first["results"][0]["system"]) == ("case0", "prism")
    rest = api.get(first["next"]).json()["results"]
    assert rest[0]["reason"] == "the system wrote nothing"


def test_cases_are_shown_without_any_system(api):
    run = builders.case_run(n_cases=1)
    [case] = api.get(f"{ROOT}/runs/{run.pk}/cases/").json()["results"]
    assert case["item"]["title"] == "Film 3"


def test_the_stages_tell_what_may_be_asked_for(api):
    stages = {stage["stage"]: stage for stage in api.get(f"{ROOT}/stages/").json()}
    system = next(one for one in stages["explain_cases"]["parameters"] if one["name"] == "system")
    assert "prism" in system["choices"]


def test_the_list_of_runs_costs_the_same_however_long(api, django_assert_max_num_queries):
    for _ in range(12):
        builders.run(needs=(builders.run(stage="import_log", status="done"),))
    with django_assert_max_num_queries(8):
        assert api.get(f"{ROOT}/runs/").json()["count"] == 24


@pytest.mark.parametrize("picks", ["/etc/passwd", "../secret_key"])
def test_a_file_outside_the_folder_of_logs_cannot_be_named(api, picks):
    corpus = builders.run(stage="import_log", status="done").corpus_id
    body = {"corpus": corpus, "stage": "select_cases", "parameters": {"ranker": "csv", "picks": picks}}
    answer = api.post(f"{ROOT}/runs/", body, format="json")
    assert answer.status_code == 422
    assert "must lie in" in answer.json()["picks"][0]


def test_samples_show_each_case_with_what_every_system_wrote(api):
    cases = builders.case_run(n_cases=3)
    builders.explain_run(over=cases, system="template-knn", offline=True)
    run = builders.explain_run(over=cases, failing=(0,))
    answer = api.get(f"{ROOT}/runs/{run.pk}/samples/?limit=2").json()
    assert (answer["count"], len(answer["results"])) == (3, 2)
    texts = answer["results"][0]["texts"]
    assert [(one["system"], one["status"]) for one in texts] == [("prism", "empty"), ("template-knn", "ok")]
    assert (
        api.get(f"{ROOT}/runs/{cases.pk}/samples/?offset=2").json()["results"][0]["case"]["case_id"]
        == "case2"
    )
    assert api.get(f"{ROOT}/runs/{builders.run(stage='import_log').pk}/samples/").json()["results"] == []


def test_rejected_rows_and_shards_are_told(api):
    row = {"file": "a.csv", "line": 3, "field": "year", "reason": "no year", "remedy": "add it", "text": "x"}
    run = builders.run(stage="import_log", status="done", n_shards=2, report={"rejected": [row]})
    assert api.get(f"{ROOT}/runs/{run.pk}/rejected/").json()["results"] == [row]
    assert [one["index"] for one in api.get(f"{ROOT}/runs/{run.pk}/shards/").json()["results"]] == [0, 1]


@pytest.mark.parametrize(
    ("stage", "name"), [("select_cases", "n_cases"), ("distil_teacher", "hallucination_rate")]
)
def test_a_number_beyond_all_measure_is_refused(api, stage, name):
    corpus = builders.run(stage="import_log", status="done").corpus_id
    body = {"corpus": corpus, "stage": stage, "parameters": {name: 10**400}}
    answer = api.post(f"{ROOT}/runs/", body, format="json")
    assert (answer.status_code, list(answer.json())) == (422, [name])


def test_a_clone_is_queued_beside_the_old_run_and_its_faults_are_named(api, sent):
    log = builders.run(stage="import_log", status="done")
    old = builders.run(stage="select_cases", status="done", needs=(log,))
    made = api.post(f"{ROOT}/runs/{old.pk}/clone/", {"parameters": {"n_cases": 5}, "seed": 8}, format="json")
    assert made.status_code == 201
    (new,) = made.json()
    assert (new["parameters"]["n_cases"], new["seed"], new["needs"]) == (5, 8, [log.pk])
    assert sent == [("select_cases", new["id"])]
    refused = api.post(f"{ROOT}/runs/{old.pk}/clone/", {"parameters": {"n_cases": 0}}, format="json")
    assert refused.status_code == 422


def test_one_case_comes_with_every_text_its_prompt_and_where_it_is_from(api):
    over = builders.case_run(n_cases=3)
    prism = builders.explain_run(over=over, system="prism", failing=(1,))
    prism.explanations.update(
        signature={"system": "prism", "version": "1", "parameters": {"prompt": "compact-v1", "seed": 5}}
    )
    builders.explain_run(over=over, system="template-knn")
    answer = api.get(f"{ROOT}/runs/{prism.pk}/cases/case1/").json()
    assert answer["case"]["case_id"] == "case1"
    assert (answer["previous"], answer["following"]) == ("case0", "case2")
    first, second = answer["texts"]
    assert (first["system"], first["status"], first["run"]) == ("prism", "empty", prism.pk)
    assert "Film 4 (1994)" in first["prompt"]
    assert {"name": "Seed", "value": "5"} in first["provenance"]
    assert (second["system"], second["prompt"]) == ("template-knn", None)
    assert api.get(f"{ROOT}/runs/{prism.pk}/cases/nothing/").status_code == 404


def test_cases_are_narrowed_and_an_unknown_way_to_is_named(api):
    run = builders.explain_run(over=builders.case_run(n_cases=3), failing=(2,))
    found = api.get(f"{ROOT}/runs/{run.pk}/cases/?show=not_ok").json()["results"]
    assert [case["case_id"] for case in found] == ["case2"]
    refused = api.get(f"{ROOT}/runs/{run.pk}/cases/?show=nice")
    assert refused.status_code == 422
    assert "differ" in str(refused.json())


def test_losses_come_while_a_training_goes_on_and_after(api):
    run = builders.run(stage="train_student", status="running")
    assert api.get(f"{ROOT}/runs/{run.pk}/losses/").json() == {"looks": [], "trace": [], "best_step": None}
    kept = {"losses": [[10, 3.0, 2.5], [20, 1.5, None]], "trace": [[5, 4.0]]}
    run.shards.update(result=kept)
    answer = api.get(f"{ROOT}/runs/{run.pk}/losses/").json()
    assert answer["looks"][1] == {"step": 20, "train": 1.5, "valid": None}
    assert answer["trace"] == [{"step": 5, "train": 4.0}]
    assert answer["best_step"] == 10
    Run.objects.filter(pk=run.pk).update(report=kept, counts={"best_step": 20})
    run.shards.update(result={})
    assert len(api.get(f"{ROOT}/runs/{run.pk}/losses/").json()["looks"]) == 2


def test_the_lineage_names_state_queue_workers_and_needs(api):
    cases = builders.case_run()
    taught = builders.run(stage="distil_teacher", status="done", needs=(cases,))
    student = builders.run(stage="train_student", needs=(taught,))
    beside = builders.explain_run(over=cases)
    found = api.get(f"{ROOT}/runs/{student.pk}/lineage/").json()
    assert [node["run"] for node in found] == [cases.pk, taught.pk, student.pk]
    assert (found[2]["state"], found[2]["queue"], found[2]["needs"]) == ("queued", "gpu", [taught.pk])
    assert found[2]["n_workers"] == 0
    assert beside.pk in [node["run"] for node in api.get(f"{ROOT}/runs/{cases.pk}/lineage/").json()]


def test_logs_and_texts_come_as_files(api):
    run = builders.explain_run(over=builders.case_run(n_cases=2))
    run.events.create(text="Done.")
    log = b"".join(api.get(f"{ROOT}/runs/{run.pk}/events/file/").streaming_content).decode()
    assert log.endswith("  Done.\n")
    lines = b"".join(api.get(f"{ROOT}/runs/{run.pk}/explanations/file/").streaming_content).splitlines()
    assert len(lines) == 2
    assert api.get(f"{ROOT}/runs/{builders.run().pk}/explanations/file/").status_code == 409


def test_runs_are_narrowed_to_an_owner_and_shards_to_a_status(api, olga):
    mine = builders.run(created_by=olga, n_shards=3)
    builders.run()
    found = api.get(f"{ROOT}/runs/?owner=olga").json()["results"]
    assert [(run["id"], run["owner"]) for run in found] == [(mine.pk, "olga")]
    mine.shards.filter(index=1).update(status="failed", error="No room.")
    shards = api.get(f"{ROOT}/runs/{mine.pk}/shards/?status=failed").json()["results"]
    assert [(shard["index"], shard["error"]) for shard in shards] == [(1, "No room.")]
    assert api.get(f"{ROOT}/runs/{mine.pk}/shards/?status=broken").status_code == 422


@pytest.mark.parametrize("query", ["first=-1", "first=x", "n=1000", "n=٣", "status=nice"])
def test_a_teachers_texts_refuse_what_is_no_number_or_status(api, query):
    run = builders.run(stage="distil_teacher", needs=(builders.case_run(),))
    assert api.get(f"{ROOT}/runs/{run.pk}/texts/").json() == {"results": [], "following": None}
    assert api.get(f"{ROOT}/runs/{run.pk}/texts/?{query}").status_code == 422


HALF = '{"a": "\\ud800"}'


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"\\ud800": "x"}', '{"encoding": "a\\u0000b"}', '{"encoding": "punycode"}']
)
def test_columns_that_no_database_keeps_are_refused_and_leave_no_upload(api, settings, tmp_path, text):
    settings.PRISM_ARTEFACTS = tmp_path
    file = SimpleUploadedFile("a.csv", b"userId,itemId,timestamp,title\nu,a,0,Alien\n")
    wanted = {"name": "Mine", "log_format": "table", "uploads": [file], "columns": text}
    assert api.post(f"{ROOT}/corpora/", wanted, format="multipart").status_code == 422
    assert not list(tmp_path.glob("uploads/*"))


@pytest.mark.parametrize(
    "sent_data",
    [
        {"systems": []},
        {"parameters": {"explain": {}}},
        {"parameters": {"explain_cases": {"system": "prism"}}},
        {"parameters": {"train_student": {"with_user": False}}},
    ],
)
def test_a_pipeline_refuses_what_it_would_pass_over(api, sent_data):
    corpus = builders.corpus()
    answer = api.post(f"{ROOT}/corpora/{corpus.pk}/pipeline/", sent_data, format="json")
    assert answer.status_code == 422, answer.content
