"""Owners' pages, by what a person would read on them; and who may not open them at all."""

import html
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from generation import overview, tasks
from generation.models import Corpus, Run
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch):
    """What was enqueued, as (stage, run id)."""
    found = []
    monkeypatch.setattr(tasks, "send", lambda run: found.append((run.stage, run.pk)))
    return found


@pytest.fixture
def page(client, olga):
    client.force_login(olga)

    def fetch(name, *args, **options):
        return client.get(reverse(f"generation:{name}", args=args), **options)

    return fetch


@pytest.fixture
def post(client, olga):
    client.force_login(olga)

    def send(page, /, *args, **data):
        return client.post(reverse(f"generation:{page}", args=args), data)

    return send


def text_of(answer):
    """What a person reads of a page: no tags, single spaces."""
    assert answer.status_code == 200
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", answer.content.decode())).split())


def every_url():
    run = builders.run()
    corpus, key = run.corpus_id, run.pk
    return [
        ("get", reverse("generation:runs")),
        ("get", reverse("generation:new-corpus")),
        ("post", reverse("generation:new-corpus")),
        ("get", reverse("generation:corpus", args=[corpus])),
        ("get", reverse("generation:rejected", args=[corpus])),
        ("get", reverse("generation:columns", args=[corpus])),
        ("get", reverse("generation:new-pipeline", args=[corpus])),
        ("post", reverse("generation:new-pipeline", args=[corpus])),
        ("get", reverse("generation:pipeline", args=[corpus])),
        ("get", reverse("generation:new-run", args=[corpus, "select_cases"])),
        ("post", reverse("generation:new-run", args=[corpus, "select_cases"])),
        ("get", reverse("generation:run", args=[key])),
        ("get", reverse("generation:cases", args=[key])),
        ("get", reverse("generation:case", args=[key, "c1"])),
        ("get", reverse("generation:cancel", args=[key])),
        ("post", reverse("generation:cancel", args=[key])),
        ("get", reverse("generation:run-list")),
        *[
            ("get", reverse(f"generation:{name}", args=[key]))
            for name in ("taught", "log", "log-file", "shards", "report-file", "explanations-file")
        ],
        ("post", reverse("generation:requeue", args=[key])),
        ("get", reverse("generation:questions", args=[key])),
        ("post", reverse("generation:answers", args=[key])),
    ]


def test_the_list_of_urls_above_is_whole():
    from generation.urls import urlpatterns

    tried = {url for _, url in every_url()}
    assert len(urlpatterns) == len(tried)


@pytest.mark.parametrize("who", ["ada", "ben", "rosa"])
def test_annotators_and_researchers_are_told_no_at_every_url(client, who, request):
    client.force_login(request.getfixturevalue(who))
    assert {getattr(client, method)(url).status_code for method, url in every_url()} == {403}
    assert Run.objects.get().status == "queued"


def test_a_stranger_is_sent_to_sign_in_at_every_url(client):
    for method, url in every_url():
        answer = getattr(client, method)(url)
        assert answer.status_code == 302
        assert answer.url.startswith(reverse("account_login"))
    assert Run.objects.get().status == "queued"


def test_an_empty_room_says_what_to_do_next_with_one_button(page):
    answer = page("runs")
    html = answer.content.decode()
    assert "No log yet" in html
    assert html.count('class="button primary"') == 1
    assert reverse("generation:new-corpus") in html


def test_a_corpus_shows_its_stages_and_the_next_step(page):
    builders.run(stage="import_log", status="done")
    html = page("corpus", builders.corpus().pk).content.decode()
    for label in ("Log", "Cases", "Teacher", "Student", "Explanations", "Study"):
        assert label in html
    assert "Choose the cases" in html


def going(run, *, seconds, n_done, n_total, before=0):
    """A shard of the run that did `n_done - before` in the last so many seconds."""
    now = timezone.now()
    run.shards.update(
        status="running", claimed_by="w:1:a", lease_until=now + timezone.timedelta(seconds=60),
        n_done=n_done, n_total=n_total, moved_at=now, marks=[[now.timestamp() - seconds, before]],
    )  # fmt: skip


def test_a_running_run_shows_bar_rate_and_time_left_and_polls(page):
    run = builders.run(status="running", started_at=timezone.now() - timezone.timedelta(hours=3))
    going(run, seconds=50, n_done=35, n_total=100, before=10)  # 25 in 50 s, whatever the three hours
    html = page("run", run.pk).content.decode()
    assert 'value="35" max="100"' in html
    assert "0.5 cases a second over the last 50 s" in html
    assert "about 2 min 1" in html or "about 2 min 0" in html  # 65 at a half a second
    assert 'hx-trigger="every 2s"' in html
    assert '<noscript><meta http-equiv="refresh"' in html


def test_a_run_that_nobody_works_at_any_more_has_no_rate_and_no_time_left(page):
    run = builders.run(status="running", started_at=timezone.now() - timezone.timedelta(hours=3))
    long_ago = timezone.now() - timezone.timedelta(minutes=30)
    run.shards.update(n_done=50, n_total=100, moved_at=long_ago, marks=[[long_ago.timestamp() - 60, 0]])
    html = page("run", run.pk).content.decode()
    assert 'value="50" max="100"' in html
    assert "over the last" not in html
    assert " left<" not in html


def test_the_live_part_is_sent_alone_and_polling_stops_when_the_run_is_over(page):
    run = builders.run(status="running", started_at=timezone.now())
    htmx = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "live"}
    answer = page("run", run.pk, **htmx)
    assert "<html" not in answer.content.decode()
    assert 'id="live"' in answer.content.decode()
    Run.objects.filter(pk=run.pk).update(status="done", finished_at=timezone.now())
    assert page("run", run.pk, **htmx)["HX-Refresh"] == "true"
    assert "hx-trigger" not in page("run", run.pk).content.decode()


def test_no_time_left_is_told_while_chance_weighs_more_than_the_rate(page):
    run = builders.run(status="running", started_at=timezone.now() - timezone.timedelta(seconds=2))
    going(run, seconds=2, n_done=1, n_total=700)
    assert " left<" not in page("run", run.pk).content.decode()
    going(run, seconds=2, n_done=35, n_total=700)
    assert re.search(r"about (\d+ s|1 min \d+ s) left<", page("run", run.pk).content.decode())
    going(run, seconds=2, n_done=699, n_total=700)
    html = page("run", run.pk).content.decode()
    assert "less than a second left" in html
    assert "about under" not in html


def test_polling_a_corpus_brings_its_counts_and_its_end_a_reload(page):
    run = builders.run(stage="import_log", status="running", started_at=timezone.now())
    htmx = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "live"}
    assert 'hx-swap-oob="true"' not in page("corpus", run.corpus_id).content.decode()
    polled = page("corpus", run.corpus_id, **htmx).content.decode()
    assert "<html" not in polled
    assert '<p class="muted" id="corpus-facts" hx-swap-oob="true">' in polled
    Run.objects.filter(pk=run.pk).update(status="done", finished_at=timezone.now())
    assert page("corpus", run.corpus_id, **htmx)["HX-Refresh"] == "true"


def test_a_failed_run_shows_its_words_and_the_way_on(page):
    run = builders.run(status="failed", error="ratings.dat, line 7: no rating. Add one.")
    html = page("run", run.pk).content.decode()
    assert "ratings.dat, line 7: no rating. Add one." in html
    assert reverse("generation:requeue", args=[run.pk]) in html


def test_a_corpus_shows_its_histories_its_ratings_and_what_leaks(page, tmp_path):
    corpus = builders.read_corpus(tmp_path)
    told = text_of(page("corpus", corpus.pk))
    assert "From 1970-01-01 to 1970-01-01. Half of the users have 199 interactions or more" in told
    assert "101–200 1" in told
    assert "The paper's: a random tenth (leaks)" in told
    assert "interactions.jsonl timestamp is no time 1" in told
    rows = b"".join(page("rejected", corpus.pk).streaming_content).decode().splitlines()
    assert len(rows) == 2


def test_a_corpus_without_facts_says_why(page):
    corpus = builders.run(stage="import_log", status="done").corpus
    Corpus.objects.filter(pk=corpus.pk).update(artefact="corpus-0123456789ab", n_users=1)
    assert "read by an older version" in text_of(page("corpus", corpus.pk))
    assert page("rejected", corpus.pk).status_code == 404


def test_rejected_rows_are_shown_with_file_line_field_and_reason(page):
    row = {
        "file": "ratings.dat", "line": 4711, "field": "rating", "reason": "is 9", "remedy": "Write 0.5 to 5",
        "text": "<b>9</b>",
    }  # fmt: skip
    run = builders.run(stage="import_log", status="done", report={"rejected": [row]})
    html = page("run", run.pk).content.decode()
    for said in ("ratings.dat", "4,711", "rating", "is 9", "Write 0.5 to 5", "&lt;b&gt;9&lt;/b&gt;"):
        assert said in html


def test_a_run_that_waits_names_what_for_and_says_when_that_will_never_come(page):
    earlier = builders.run(stage="import_log", status="failed")
    run = builders.run(needs=(earlier,))
    html = page("run", run.pk).content.decode()
    assert "waiting" in html
    assert "over without being done" in html


def test_samples_stand_side_by_side_and_the_offline_teacher_is_labelled(page):
    over = builders.case_run(n_cases=2)
    builders.explain_run(over=over, system="prism", offline=True, failing=(1,))
    builders.explain_run(over=over, system="template-knn")
    html = page("run", over.pk).content.decode()
    assert "prism on Film 3." in html
    assert "template-knn on Film 3." in html
    assert "the system wrote nothing" in html
    assert "offline teacher" in html


def test_a_text_is_shown_as_text_whatever_it_holds(page):
    over = builders.case_run(n_cases=1)
    run = builders.explain_run(over=over)
    run.explanations.update(text="<script>alert(1)</script>")
    html = page("run", run.pk).content.decode()
    assert "<script>alert(1)" not in html


def test_a_new_built_in_corpus_is_queued_for_import(post, sent):
    answer = post("new-corpus", name="Small", log_format="builtin", n_users=20, world_seed=3)
    corpus = Corpus.objects.get(name="Small")
    assert answer.url == reverse("generation:corpus", args=[corpus.pk])
    assert corpus.options == {"n_users": 20, "seed": 3}
    assert sent == [("import_log", corpus.runs.get().pk)]


def test_a_table_is_read_once_its_columns_are_named(page, post, sent, settings, tmp_path):
    settings.PRISM_LOGS = tmp_path
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "log.csv").write_text("who,itemId,time,title\nu,a,0,<b>Alien</b>\n")
    answer = post("new-corpus", name="Mine", log_format="table", folder="mine")
    corpus = Corpus.objects.get()
    assert answer.url == reverse("generation:columns", args=[corpus.pk])
    assert sent == []
    told = text_of(page("corpus", corpus.pk))
    assert "Name the columns" in told
    assert "Run the whole pipeline" not in told
    assert page("new-pipeline", corpus.pk).url == reverse("generation:columns", args=[corpus.pk])
    asked = page("columns", corpus.pk)
    assert "&lt;b&gt;Alien" in asked.content.decode()
    assert 'value="itemId" selected' in asked.content.decode()
    said = {"item": "itemId", "timestamp": "time", "title": "title"}
    assert post("columns", corpus.pk, **said).status_code == 422
    answer = post("columns", corpus.pk, user="who", **said)
    assert answer.url == reverse("generation:corpus", args=[corpus.pk])
    assert [stage for stage, _ in sent] == ["import_log"]
    assert page("columns", corpus.pk).status_code == 302


def test_columns_that_seem_exchanged_are_read_only_once_somebody_is_sure(
    page, post, sent, settings, tmp_path
):
    settings.PRISM_LOGS = tmp_path
    (tmp_path / "mine").mkdir()
    rows = [f"u,i{i},{1 + i % 5},{978300760 + i},Film {i}" for i in range(60)]
    (tmp_path / "mine" / "log.csv").write_text("\n".join(["user,item,time,rating,title", *rows]))
    post("new-corpus", name="Mine", log_format="table", folder="mine")
    corpus = Corpus.objects.get()
    words = "Were two of them exchanged?"
    assert words in text_of(page("columns", corpus.pk))
    said = {"user": "user", "item": "item", "timestamp": "time", "rating": "rating", "title": "title"}
    answer = post("columns", corpus.pk, **said)
    assert answer.status_code == 422
    assert "<code>rating</code> holds numbers such as" in answer.content.decode()
    assert sent == []
    assert post("columns", corpus.pk, sure="on", **said).status_code == 302
    assert [stage for stage, _ in sent] == ["import_log"]


def test_a_table_in_another_encoding_can_be_looked_at_again(page, post, sent, settings, tmp_path):
    settings.PRISM_LOGS = tmp_path
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "log.csv").write_bytes("user,item,time,titré\nu,a,0,é\n".encode("latin-1"))
    post("new-corpus", name="Mine", log_format="table", folder="mine")
    corpus = Corpus.objects.get()
    refused = page("columns", corpus.pk)
    assert refused.status_code == 422
    assert "is not utf-8" in refused.content.decode()
    seen = page("columns", corpus.pk, query_params={"encoding": "latin-1"})
    assert "titré" in seen.content.decode()


def test_a_name_that_is_taken_is_said_beside_the_field(post, sent):
    builders.corpus(name="Films")
    answer = post("new-corpus", name="Films", log_format="builtin", n_users=20)
    assert answer.status_code == 422
    assert "There is a corpus" in answer.content.decode()
    assert sent == []


@pytest.mark.parametrize("folder", ["../..", "/etc", "ml/../../.."])
def test_a_folder_outside_the_folder_of_logs_is_refused(post, folder, settings, tmp_path):
    settings.PRISM_LOGS = tmp_path / "logs"
    settings.PRISM_LOGS.mkdir()
    answer = post("new-corpus", name="Secrets", log_format="movielens", folder=folder)
    assert answer.status_code == 422
    assert "must lie in" in answer.content.decode()
    assert not Corpus.objects.exists()


def test_uploaded_files_and_zips_are_kept_under_their_plain_names(client, olga, sent, settings):
    import io
    import zipfile
    from pathlib import Path

    from django.core.files.uploadedfile import SimpleUploadedFile

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../escape/ratings.dat", "1::1::5::1")
        archive.writestr("ml/movies.dat", "1::Alien (1979)::Horror")
    client.force_login(olga)
    upload = SimpleUploadedFile("ml.zip", packed.getvalue())
    client.post(
        reverse("generation:new-corpus"), {"name": "ML", "log_format": "movielens", "uploads": upload}
    )
    folder = Path(Corpus.objects.get().options["folder"])
    assert sorted(path.name for path in folder.iterdir()) == ["movies.dat", "ratings.dat"]
    assert folder.is_relative_to(settings.PRISM_ARTEFACTS)


def test_a_broken_zip_is_refused_in_words(client, olga):
    from django.core.files.uploadedfile import SimpleUploadedFile

    client.force_login(olga)
    upload = SimpleUploadedFile("ml.zip", b"no zip")
    answer = client.post(
        reverse("generation:new-corpus"), {"name": "ML", "log_format": "movielens", "uploads": upload}
    )
    assert "is not a zip file that can be read" in answer.content.decode()
    assert not Corpus.objects.exists()


def test_the_whole_pipeline_is_queued_and_only_what_may_start_is_sent(post, sent):
    corpus = builders.run(stage="import_log", status="done").corpus
    post(
        "new-pipeline", corpus.pk, n_cases=10, n_train=50, hallucination_rate=0.1, max_seconds=0, seed=4,
        systems=["scripted-teacher", "prism", "prism-nouser"],
    )  # fmt: skip
    stages = list(corpus.runs.order_by("pk").values_list("stage", flat=True))
    assert stages == [
        "import_log",
        "select_cases",
        "distil_teacher",
        *["train_student"] * 2,
        *["explain_cases"] * 3,
    ]
    assert [stage for stage, _ in sent] == ["select_cases"]
    prism = corpus.runs.get(parameters__system="prism")
    assert prism.needs.get(stage="train_student").parameters["with_user"] is True
    ablation = corpus.runs.get(parameters__system="prism-nouser")
    assert ablation.needs.get(stage="train_student").parameters["with_user"] is False


def test_a_run_form_refuses_what_cannot_be_followed(post):
    corpus = builders.run(stage="import_log", status="done").corpus
    answer = post(
        "new-run", corpus.pk, "select_cases", n_cases=0, n_train=10, n_valid=5, split="temporal",
        ranker="next-item", min_history=3, max_history=50, seed=0,
    )  # fmt: skip
    assert answer.status_code == 422
    assert "n_cases" in str(answer.context["form"].errors)
    assert Run.objects.count() == 1


@pytest.mark.parametrize("options", ["[" * 100_000, '{"a": NaN}', '{"a": "\\ud800"}', '{"a": "\\u0000"}'])
def test_options_that_no_database_keeps_are_refused_on_the_page_too(post, page, options):
    corpus = builders.run(stage="import_log", status="done").corpus
    answer = post(
        "new-run", corpus.pk, "select_cases", n_cases=5, n_train=10, n_valid=5, split="temporal",
        ranker="next-item", min_history=3, max_history=50, seed=0, ranker_options=options,
    )  # fmt: skip
    assert answer.status_code == 422
    assert Run.objects.count() == 1


def test_a_stage_without_what_it_builds_on_says_what_to_queue_first(post):
    corpus = builders.corpus()
    answer = post(
        "new-run", corpus.pk, "train_student", recipe="demo", max_seconds=0, max_epochs=0, max_steps=0, seed=0,
        capacity="recipe", precision="recipe", batch_size=0, accumulate=1, learning_rate=0,
        user_learning_rate=0, user_dropout=-1, patience=-1, processes=0,
    )  # fmt: skip
    assert "builds on a run of distil_teacher" in answer.content.decode()


def test_an_unknown_stage_is_not_found(page):
    assert page("new-run", builders.corpus().pk, "guess").status_code == 404


def test_every_form_of_a_stage_opens_with_its_defaults(page):
    corpus = builders.run(stage="import_log", status="done").corpus
    for stage in ("select_cases", "distil_teacher", "train_student", "explain_cases", "import_log"):
        assert page("new-run", corpus.pk, stage).status_code == 200


def test_cancel_and_requeue_do_what_they_say(post, sent):
    run = builders.run()
    post("cancel", run.pk)
    run.refresh_from_db()
    assert run.status == "cancelled"
    assert "Cancelled by olga." in run.events.last().text
    post("requeue", run.pk)
    run.refresh_from_db()
    assert run.status == "queued"
    assert sent == [("select_cases", run.pk)]


@pytest.mark.parametrize("n", [1, 8])
def test_lists_cost_the_same_however_long_they_are(page, n, django_assert_max_num_queries):
    for number in range(n):
        corpus = builders.corpus(name=f"Films {number}")
        earlier = builders.run(stage="import_log", status="done", corpus=corpus)
        builders.run(status="running", corpus=corpus, needs=(earlier,), started_at=timezone.now())
    with django_assert_max_num_queries(15):
        assert page("runs").status_code == 200
    with django_assert_max_num_queries(15):
        assert page("corpus", builders.corpus(name="Films 0").pk).status_code == 200


def test_the_page_of_samples_costs_the_same_for_many_systems(page, django_assert_max_num_queries):
    over = builders.case_run(n_cases=10)
    for name in ("prism", "prism-nouser", "template-knn", "scripted-teacher"):
        builders.explain_run(over=over, system=name)
    with django_assert_max_num_queries(25):
        page("run", over.pk)


def test_a_student_that_learns_from_the_offline_teacher_is_labelled_before_it_is_done(page):
    taught = builders.run(stage="distil_teacher", status="done", parameters={"teacher": "scripted"})
    run = builders.run(stage="train_student", needs=(taught,))
    assert "offline teacher" in page("run", run.pk).content.decode().split("</header>")[1]


def test_the_row_of_stages_shows_the_run_that_works_rather_than_the_newest(page):
    working = builders.run(status="running", started_at=timezone.now())
    builders.run(status="done")
    cells = page("corpus", working.corpus_id).context["row"].cells
    assert cells[1].line.run == working
    assert (cells[1].n_runs, cells[1].n_done) == (2, 1)


def test_a_stage_cannot_be_started_on_what_failed(page):
    failed = builders.run(stage="import_log", status="failed")
    html = page("corpus", failed.corpus_id).content.decode()
    assert reverse("generation:new-run", args=[failed.corpus_id, "select_cases"]) not in html


def test_what_was_left_out_is_shown_with_its_reason(page):
    run = builders.run(
        stage="distil_teacher", status="done", report={"rejected_reasons": {"repeats itself": 1234}}
    )
    html = page("run", run.pk).content.decode()
    assert "repeats itself" in html
    assert "1,234" in html


def test_a_clone_begins_with_the_old_settings_and_says_so(page):
    log = builders.run(stage="import_log", status="done")
    old = builders.run(stage="select_cases", status="done", needs=(log,), parameters={"n_cases": 77}, seed=12)
    address = reverse("generation:new-run", args=[old.corpus_id, "select_cases"]) + f"?like={old.pk}"
    assert address in page("run", old.pk).content.decode()
    html = page("new-run", old.corpus_id, "select_cases", data={"like": old.pk}).content.decode()
    assert f"Begins with the settings of run {old.pk}" in html
    assert re.search(r'name="n_cases" value="77"', html)
    assert re.search(r'name="seed" value="12"', html)
    assert 'name="dependents"' not in html


def test_a_clone_repeats_what_built_on_it_when_asked(client, page, sent):
    log = builders.run(stage="import_log", status="done")
    old = builders.run(stage="select_cases", status="done", needs=(log,))
    builders.run(stage="explain_cases", status="done", needs=(old,), parameters={"system": "template-knn"})
    html = page("new-run", old.corpus_id, "select_cases", data={"like": old.pk}).content.decode()
    assert "Repeat what built on it" in html
    address = reverse("generation:new-run", args=[old.corpus_id, "select_cases"]) + f"?like={old.pk}"
    form = page("new-run", old.corpus_id, "select_cases", data={"like": old.pk}).context["form"]
    given = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    filled = {name: value for name, value in given.items() if value not in (None, {}, False)}
    answer = client.post(address, {**filled, "n_cases": 9, "seed": 5, "dependents": "on"})
    cases, explained = Run.objects.order_by("-pk")[:2][::-1]
    assert answer.url == reverse("generation:run", args=[cases.pk])
    assert (cases.parameters["n_cases"], cases.seed, cases.needs.get()) == (9, 5, log)
    assert (explained.needs.get(), explained.seed) == (cases, 5)
    assert sent == [("select_cases", cases.pk)]


@pytest.mark.parametrize("like", ["999999", "x", "-1", "٣", "9" * 30])
def test_a_clone_of_nothing_is_not_found(page, like):
    corpus = builders.corpus()
    assert page("new-run", corpus.pk, "select_cases", data={"like": like}).status_code == 404


LOSSES = {"losses": [[10, 3.25, 2.5], [20, 1.5, 1.75]], "trace": [[5, 4.0], [10, 2.5], [20, 1.5]]}


def test_losses_are_drawn_with_the_best_step_words_and_a_table(page):
    run = builders.run(stage="train_student", status="done", report=LOSSES, counts={"best_step": 20})
    html = page("run", run.pk).content.decode()
    assert '<svg class="curve"' in html
    assert html.count("<polyline") == 2
    assert "The best validation loss, 1.750, is that of step 20." in html
    assert re.search(r'<td class="number">20</td>.*1\.7500.*best</span>', html)


def test_a_training_shows_its_losses_while_it_goes_on_and_after_it_failed(page):
    run = builders.run(stage="train_student", status="running", started_at=timezone.now())
    assert "The first losses are drawn" in page("run", run.pk).content.decode()
    run.shards.update(result=LOSSES)
    live = page("run", run.pk, HTTP_HX_REQUEST="true", HTTP_HX_TARGET="live").content.decode()
    assert live.count("<polyline") == 2
    Run.objects.filter(pk=run.pk).update(status="failed", error="No memory.", finished_at=timezone.now())
    assert page("run", run.pk).content.decode().count('<svg class="curve"') == 1


def test_the_cases_of_a_run_lead_to_each_of_them_side_by_side(page):
    over = builders.case_run(n_cases=2)
    run = builders.explain_run(over=over, system="prism", failing=(1,))
    assert reverse("generation:cases", args=[run.pk]) in page("run", run.pk).content.decode()
    for entry in (over, run):
        html = page("cases", entry.pk).content.decode()
        assert reverse("generation:case", args=[entry.pk, "case1"]) in html
        assert "1 empty" in html
    html = page("case", run.pk, "case1").content.decode()
    assert "the system wrote nothing" in html
    assert "Case 2 of 2" in html
    assert reverse("generation:case", args=[run.pk, "case0"]) in html


def test_a_filter_of_cases_stays_while_one_goes_from_case_to_case(page):
    over = builders.case_run(n_cases=4)
    run = builders.explain_run(over=over, failing=(1, 3))
    html = page("cases", run.pk, data={"show": "not_ok"}).content.decode()
    assert "case0" not in html
    assert "case3" in html
    html = page("case", run.pk, "case1", data={"show": "not_ok"}).content.decode()
    assert "Case 1 of 2" in html
    assert reverse("generation:case", args=[run.pk, "case3"]) + "?show=not_ok" in html
    assert "No case is like that" in page("cases", run.pk, data={"show": "unknown"}).content.decode()
    assert page("cases", run.pk, data={"show": "pretty"}).status_code == 404


def test_one_jumps_to_a_case_by_its_id_and_is_told_when_there_is_none(page):
    run = builders.explain_run(over=builders.case_run(n_cases=2))
    answer = page("cases", run.pk, data={"case": " case1 ", "show": "not_ok"})
    assert answer.url == reverse("generation:case", args=[run.pk, "case1"]) + "?show=not_ok"
    html = page("cases", run.pk, data={"case": "<b>9"}).content.decode()
    assert "has no case &lt;b&gt;9" in html
    assert page("case", run.pk, "case9").status_code == 404
    assert page("cases", builders.run(stage="train_student").pk).status_code == 404


def test_the_prompt_behind_a_text_is_on_its_page(page):
    run = builders.explain_run(over=builders.case_run(n_cases=1))
    parameters = {"prompt": "compact-v1", "decoding": {"max_new_tokens": 40}, "seed": 5}
    run.explanations.update(signature={"system": "prism", "version": "1", "parameters": parameters})
    html = page("case", run.pk, "case0").content.decode()
    prompt = re.search(r'<pre class="prompt">(.*?)</pre>', html, re.S).group(1)
    assert "Film 0 (1990); Film 1 (1991); Film 2 (1992)" in prompt
    assert "Film 3 (1993)" in prompt
    assert "greedy, at most 40 tokens" in html


@pytest.mark.parametrize("n", [2, 9])
def test_the_pages_of_cases_cost_the_same_however_many_there_are(page, n, django_assert_max_num_queries):
    over = builders.case_run(n_cases=n)
    for name in ("prism", "template-knn", "scripted-teacher"):
        run = builders.explain_run(over=over, system=name)
    with django_assert_max_num_queries(12):
        page("cases", run.pk)
    with django_assert_max_num_queries(16):
        page("case", run.pk, "case1")


def pipeline_of_four():
    log = builders.run(stage="import_log", status="done")
    cases = builders.run(stage="select_cases", status="done", needs=(log,))
    taught = builders.run(stage="distil_teacher", status="running", needs=(cases,), started_at=timezone.now())
    student = builders.run(stage="train_student", needs=(taught,))
    explained = builders.run(stage="explain_cases", needs=(cases, student), parameters={"system": "prism"})
    return log, cases, taught, student, explained


def test_what_waits_for_the_offline_teacher_s_student_says_so_before_it_begins(page):
    *_, taught, _, explained = pipeline_of_four()
    taught.parameters = {"teacher": "scripted"}
    taught.save()
    assert "offline teacher</span>" in page("run", explained.pk).content.decode().split("</header>")[1]


def test_the_stages_over_a_run_tell_of_this_run(page):
    *_, student, _ = pipeline_of_four()
    other = builders.run(
        corpus=student.corpus, stage="train_student", status="running", started_at=timezone.now()
    )
    stages = page("run", student.pk).content.decode().split('id="stages"')[1].split("</ol>")[0]
    assert reverse("generation:run", args=[student.pk]) in stages
    assert reverse("generation:run", args=[other.pk]) not in stages


def test_a_run_in_the_queue_says_what_the_workers_are_at(page):
    waiting = builders.run(stage="import_log")
    assert "start one with make worker" in page("run", waiting.pk).content.decode()
    busy = builders.run(
        corpus=waiting.corpus, stage="select_cases", status="running", started_at=timezone.now()
    )
    html = page("run", waiting.pk).content.decode()
    assert f"run {busy.pk}, " in html.split("Workers are at")[1]
    assert "start one with make worker" not in html


def test_the_drawing_and_its_list_show_each_run_with_state_queue_bar_and_workers(page):
    _, cases, taught, student, explained = pipeline_of_four()
    going(taught, seconds=10, n_done=40, n_total=100)
    html = page("run", student.pk).content.decode()
    drawing = html.split('<svg class="lineage"')[1].split("</svg>")[0]
    assert drawing.count("<a ") == 5
    assert drawing.count('class="arrow"') == 5
    assert "40 % · 1 worker" in drawing
    assert re.search(rf'aria-label="run {student.pk}, [^"]*, waiting" aria-current="true"', drawing)
    listed = html.split('id="lineage-list"')[1].split("</ol>")[0]
    assert f"run {explained.pk}, Explanations: prism</a>: waiting, queue gpu; builds on" in listed
    assert f"run {cases.pk}, run {student.pk}" in re.sub(r"\s+", " ", listed)


def test_workers_whose_lease_ran_out_are_not_counted_as_alive(page):
    taught = pipeline_of_four()[2]
    going(taught, seconds=10, n_done=40, n_total=100)
    taught.shards.update(lease_until=timezone.now() - timezone.timedelta(seconds=1))
    assert "40 % · 0 workers" in page("pipeline", taught.corpus_id).content.decode()


def test_polling_replaces_what_moves_and_leaves_open_what_was_opened(page):
    student = builders.run(stage="train_student", status="running", started_at=timezone.now())
    polled = page("run", student.pk, HTTP_HX_REQUEST="true", HTTP_HX_TARGET="live").content.decode()
    assert "<details" not in polled
    replaced = re.findall(r'id="([\w-]+)"[^>]*hx-swap-oob="true"', polled)
    assert replaced == ["loss-drawing", "loss-table", "stages", "lineage-drawing", "lineage-list", "run-log"]
    whole = page("run", student.pk).content.decode()
    assert all(whole.count(f'id="{name}"') == 1 for name in replaced)
    assert "hx-swap-oob" not in whole


def test_the_pipeline_of_a_corpus_polls_only_while_something_is_open(page):
    log = builders.run(stage="import_log", status="done")
    assert 'hx-trigger="every' not in page("pipeline", log.corpus_id).content.decode()
    builders.run(needs=(log,))
    html = page("pipeline", log.corpus_id).content.decode()
    assert "1 run is open." in html
    assert 'hx-trigger="every 3s"' in html


def test_runs_are_found_by_corpus_stage_status_and_owner(page, olga):
    other = builders.corpus(name="Books")
    mine = builders.run(stage="train_student", status="failed", created_by=olga)
    builders.run(stage="train_student", status="done")
    builders.run(stage="import_log", status="failed", corpus=other)

    def found(**query):
        return sorted(line.run.pk for line in page("run-list", data=query).context["lines"])

    assert len(found()) == 3
    assert found(owner="olga") == [mine.pk]
    assert found(stage="train_student", status="failed") == [mine.pk]
    assert found(corpus=other.pk, status="done") == []
    assert (
        "No run is like that"
        in page("run-list", data={"corpus": other.pk, "status": "done"}).content.decode()
    )


@pytest.mark.parametrize(
    "query", [{"corpus": "x"}, {"stage": "guess"}, {"owner": "nobody"}, {"corpus": "9" * 30}]
)
def test_a_filter_that_is_none_is_said_and_narrows_nothing(page, query):
    builders.run()
    answer = page("run-list", data=query)
    assert len(answer.context["lines"]) == 1
    assert 'role="alert"' in answer.content.decode()


def test_the_pages_of_the_list_keep_the_filter(page):
    for _ in range(21):
        builders.run(stage="import_log")
    html = page("run-list", data={"stage": "import_log"}).content.decode()
    assert 'href="?stage=import_log&amp;page=2"' in html
    assert len(page("run-list", data={"stage": "import_log", "page": 2}).context["lines"]) == 1


def test_cancelling_asks_first_and_names_who_waits(page):
    cases = builders.run(status="running", started_at=timezone.now())
    cases.shards.update(n_done=30, n_total=100)
    waits = builders.run(stage="explain_cases", needs=(cases,), parameters={"system": "prism"})
    html = page("cancel", cases.pk).content.decode()
    assert "30 of 100 cases are done." in html
    assert f"run {waits.pk}, Explanations: prism" in html
    assert f'href="{reverse("generation:cancel", args=[cases.pk])}"' in page("run", cases.pk).content.decode()
    cases.refresh_from_db()
    assert cases.status == "running"


def test_a_run_is_cancelled_with_all_that_cannot_begin_without_it(page, post):
    log, cases, taught, student, explained = pipeline_of_four()
    html = page("cancel", taught.pk).content.decode()
    assert f"run {student.pk}, " in html
    assert f"run {explained.pk}, " in html  # it waits through the student
    assert "Cancel it and the 2 runs that wait" in html
    post("cancel", taught.pk)
    assert status_of(taught, student, explained) == ["cancelled", "queued", "queued"]
    line = overview.run_line(overview.listed_runs().get(pk=explained.pk))
    assert [run.pk for run in line.blocked_by] == [student.pk]
    assert "Cancel the 2 runs that wait for it" in page("run", taught.pk).content.decode()
    assert "Cancel what waits for run" in page("cancel", taught.pk).content.decode()
    post("cancel", taught.pk, dependents="on")
    assert status_of(log, cases, taught, student, explained) == ["done", "done", *["cancelled"] * 3]
    assert page("cancel", taught.pk).url == reverse("generation:run", args=[taught.pk])


def status_of(*runs):
    return [Run.objects.get(pk=run.pk).status for run in runs]


def test_the_pipeline_of_a_log_that_could_not_be_read_says_so(page):
    failed = builders.run(stage="import_log", status="failed")
    failed.corpus.artefact = ""
    failed.corpus.save()
    html = page("new-pipeline", failed.corpus_id).content.decode()
    assert f"This log could not be read (run {failed.pk})" in html


def test_there_is_nothing_to_ask_about_a_run_that_is_over(page):
    run = builders.run(status="done")
    assert page("cancel", run.pk).url == reverse("generation:run", args=[run.pk])


def test_the_log_is_paged_and_can_be_taken_along_as_text(page):
    run = builders.run()
    for number in range(130):
        run.events.create(text=f"Line <{number}>.")
    first = page("log", run.pk).content.decode()
    assert "Line &lt;129&gt;." in first
    assert "Line &lt;29&gt;." not in first
    assert "Line &lt;29&gt;." in page("log", run.pk, data={"page": 2}).content.decode()
    answer = page("log-file", run.pk)
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert len(lines) == 130
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S+  Line <0>\.", lines[0])
    assert "attachment" in answer["Content-Disposition"]


def test_failed_shards_are_found_with_their_error_and_queued_again(page, post, sent):
    run = builders.run(stage="explain_cases", status="failed", n_shards=120)
    run.shards.update(status="done")
    run.shards.filter(index=110).update(status="failed", error="No room on the disk.")
    assert "No room on the disk." not in page("shards", run.pk).content.decode()  # it stands on page 2
    html = page("shards", run.pk, data={"status": "failed"}).content.decode()
    assert "No room on the disk." in html
    assert "Queue the unfinished shards again" in html
    post("requeue", run.pk)
    assert set(run.shards.values_list("status", flat=True)) == {"done", "queued"}
    assert run.shards.filter(status="queued").count() == 1
    assert sent


def test_texts_are_taken_along_as_json_lines_each_with_its_case(page):
    import json

    run = builders.explain_run(over=builders.case_run(n_cases=3), failing=(1,))
    answer = page("explanations-file", run.pk)
    lines = [json.loads(line) for line in b"".join(answer.streaming_content).decode().splitlines()]
    assert [line["case"] for line in lines] == ["case0", "case1", "case2"]
    assert [line["status"] for line in lines] == ["ok", "empty", "ok"]
    assert lines[0]["item"]["title"] == "Film 3"
    assert len(lines[0]["history"]) == 3
    refused = page("explanations-file", builders.run().pk)
    assert refused.status_code == 302


@pytest.mark.parametrize(
    "stage", ["import_log", "select_cases", "distil_teacher", "train_student", "explain_cases"]
)
def test_whatever_a_stage_reports_can_be_read_and_taken_along(page, stage):
    import json

    report = {"odd_thing": {"mean": 0.25, "rows": [{"a": "first <i>", "b": 2}]}, "note": "all is well"}
    run = builders.run(stage=stage, status="done", report=report, parameters={"system": "prism"})
    html = page("run", run.pk).content.decode()
    for said in ("odd thing", "0.25", "first &lt;i&gt;", "all is well"):
        assert said in html
    kept = json.loads(b"".join(page("report-file", run.pk).streaming_content))
    assert kept["report"] == report


def test_what_a_teacher_wrote_is_read_with_its_prompt_rejected_texts_too(page):
    from generation.services.create_corpus import create_corpus
    from generation.services.distil_teacher import distil_teacher
    from generation.services.import_log import import_log
    from generation.services.queue_run import queue_run
    from generation.services.sample_teacher import sample_teacher
    from generation.services.select_cases import select_cases

    made, imported = create_corpus(name="Small", log_format="builtin", options={"n_users": 30, "seed": 1})
    import_log(run_id=imported.pk)
    cases = queue_run(
        corpus=made, stage="select_cases", parameters={"n_cases": 2, "n_train": 40, "n_valid": 5}
    )
    select_cases(run_id=cases.pk)
    run = queue_run(corpus=made, stage="distil_teacher", parameters={"hallucination_rate": 0.5, "shards": 2})
    distil_teacher(run_id=run.pk)
    found, more = sample_teacher(run_id=run.pk, n=1000)
    assert len(found) == 45
    assert not more
    assert all(one.prompt is not None and one.prompt.sha256 == one.row.prompt_sha256 for one in found)
    html = page("taught", run.pk).content.decode()
    assert html.count('<pre class="prompt">') == 10
    assert "Its sha256 is the one that was kept" in html
    assert "?first=10" in html
    assert "rows 41 to 45" in page("taught", run.pk, data={"first": 40}).content.decode()
    for status in ("ok", "rejected", "error"):
        shown = page("taught", run.pk, data={"status": status}).context["rows"]
        assert {row.row.status for row, _ in shown} <= {status}
    assert page("taught", run.pk, data={"status": "nice"}).status_code == 404


def test_texts_whose_store_is_gone_are_said_to_be(page, settings):
    run = builders.run(stage="distil_teacher", status="done", needs=(builders.case_run(n_cases=1),))
    assert "There is no such text yet" in page("taught", run.pk).content.decode()
