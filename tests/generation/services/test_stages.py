"""The stages as they are, on a small made-up log: from import to explained cases, with deaths on the way."""

import json

import pyarrow.parquet as pq
import pytest

from generation import queries
from generation.models import Case, Corpus, Explanation, Run
from generation.pipeline import systems
from generation.pipeline.case_files import read_cases
from generation.pipeline.records import Explanation as ExplanationRecord
from generation.pipeline.records import Signature
from generation.pipeline.registry import Entry
from generation.services import explain_cases as explaining
from generation.services.cancel_run import cancel_run
from generation.services.create_corpus import create_corpus
from generation.services.distil_teacher import distil_teacher
from generation.services.explain_cases import explain_cases
from generation.services.folders import artefact_path, corpus_path, import_of
from generation.services.import_log import import_log
from generation.services.queue_run import queue_run
from generation.services.requeue_run import requeue_run
from generation.services.select_cases import select_cases

pytestmark = pytest.mark.django_db


class EchoSystem:
    """Names the item and nothing else; fails on the cases whose position in its life is listed."""

    signature = Signature("echo", "1")

    def __init__(self, *, die_after=None):
        self.die_after, self.n_written = die_after, 0

    def explain(self, cases):
        if self.die_after is not None and self.n_written >= self.die_after:
            raise KeyboardInterrupt
        self.n_written += len(cases)
        return [
            ExplanationRecord(case.id, f"Take {case.item.label}.", "ok", self.signature) for case in cases
        ]


LIVES: list[EchoSystem] = []


def load_echo():
    return LIVES.pop(0)


@pytest.fixture
def echo(monkeypatch):
    """Puts the lives of a system called echo, one a load."""
    monkeypatch.setitem(systems.SYSTEMS, "echo", Entry("Echo", f"{__name__}:load_echo"))
    monkeypatch.setattr(explaining, "CHUNK", 4)
    LIVES.clear()
    return LIVES


@pytest.fixture
def corpus():
    made, run = create_corpus(name="Small", log_format="builtin", options={"n_users": 30, "seed": 1})
    import_log(run_id=run.pk)
    return Corpus.objects.get(pk=made.pk)


def queued(corpus, stage, seed=0, **parameters):
    return queue_run(corpus=corpus, stage=stage, parameters=parameters, seed=seed)


def selected(corpus, **parameters):
    run = queued(corpus, "select_cases", **{"n_cases": 10, "n_train": 60, "n_valid": 10, **parameters})
    select_cases(run_id=run.pk)
    return Run.objects.get(pk=run.pk)


def test_the_import_counts_the_log_and_leaves_an_artefact(corpus):
    run = corpus.runs.get()
    assert (run.status, corpus.n_users, corpus.n_rejected) == ("done", 30, 0)
    assert corpus.n_interactions == run.counts["n_interactions"] > 300
    assert len(corpus.sha256) == 64
    assert artefact_path(corpus.artefact).is_dir()


def test_the_import_keeps_what_the_log_looks_like(corpus):
    facts = corpus.facts
    assert sum(bucket["n"] for bucket in facts["lengths"]) == corpus.n_users
    assert sum(bucket["n"] for bucket in facts["ratings"]) + facts["n_unrated"] == corpus.n_interactions
    leaks = {each["rule"]: each["leak"] for each in facts["splits"]}
    assert leaks["temporal"] == 0
    assert leaks["paper_random"] > 0.5
    run = selected(corpus, split="paper_random")
    assert run.report["leak"] == pytest.approx(leaks["paper_random"], abs=0.1)


def test_a_bad_log_fails_in_words_and_shows_its_rows(tmp_path):
    (tmp_path / "items.jsonl").write_text('{"item": "a", "title": "Alien"}\n', encoding="utf-8")
    rows = [{"user": "u", "item": "a", "timestamp": "yesterday"}] * 3
    (tmp_path / "interactions.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    made, run = create_corpus(name="Bad", log_format="jsonl", folder=str(tmp_path), anywhere=True)
    import_log(run_id=run.pk)
    run.refresh_from_db()
    assert run.status == "failed"
    assert "interactions.jsonl" in run.error
    first = run.report["rejected"][0]
    assert (first["file"], first["line"], first["field"]) == ("interactions.jsonl", 1, "timestamp")
    assert not Corpus.objects.get(pk=made.pk).imported


def test_a_mended_log_is_read_when_the_run_is_queued_again(tmp_path):
    made, run = create_corpus(name="Late", log_format="jsonl", folder=str(tmp_path), anywhere=True)
    import_log(run_id=run.pk)
    assert Run.objects.get(pk=run.pk).status == "failed"
    (tmp_path / "items.jsonl").write_text('{"item": "a", "title": "Alien"}\n', encoding="utf-8")
    (tmp_path / "interactions.jsonl").write_text(
        '{"user": "u", "item": "a", "timestamp": 1}\n', encoding="utf-8"
    )
    requeue_run(run_id=run.pk)
    import_log(run_id=run.pk)
    assert Corpus.objects.get(pk=made.pk).n_interactions == 1


def test_the_same_seed_selects_the_same_cases_and_another_seed_others(corpus):
    first, again = selected(corpus), selected(corpus)
    ids = [list(run.cases.order_by("position").values_list("case_id", flat=True)) for run in (first, again)]
    assert ids[0] == ids[1]
    assert first.sha256 == again.sha256
    assert len(ids[0]) == 10
    other = queue_run(corpus=corpus, stage="select_cases", parameters={"n_cases": 10}, seed=5)
    select_cases(run_id=other.pk)
    assert set(other.cases.values_list("case_id", flat=True)) != set(ids[0])


def test_no_judged_item_of_a_user_was_shown_in_training(corpus):
    run = selected(corpus)
    items = {item.id: item for item in _items(corpus)}
    table = pq.read_table(artefact_path(run.artefact) / "train.parquet").to_pylist()
    codes = {code: item.id for code, item in enumerate(items.values())}
    shown = {(row["user"], codes[code]) for row in table for code in [*row["history"], row["item"]]}
    assert not {(case.user, case.item["id"]) for case in run.cases.all()} & shown


def test_strangers_are_judged_too_when_the_split_keeps_some(corpus):
    run = selected(corpus, split="user_disjoint", n_cases=6)
    splits = list(run.cases.values_list("split", flat=True))
    assert splits.count("cold") == 3


def test_histories_are_as_long_as_was_asked(corpus):
    run = selected(corpus, max_history=4)
    assert {len(case.history) for case in run.cases.all()} == {4}


def test_the_teacher_writes_one_text_a_case_whatever_the_shards(corpus):
    selected(corpus)
    goldens = []
    for shards in (1, 3):
        run = queued(corpus, "distil_teacher", shards=shards, hallucination_rate=0.3)
        distil_teacher(run_id=run.pk)
        run.refresh_from_db()
        assert run.status == "done", run.error
        assert run.counts["n_ok"] + run.counts["n_rejected"] == run.counts["n_cases"] == 70
        assert run.report["offline"] is True
        goldens.append(pq.read_table(artefact_path(run.artefact) / "golden.parquet").to_pydict())
    assert goldens[0] == goldens[1]


def test_the_same_distilling_again_asks_the_teacher_nothing(corpus):
    selected(corpus)
    asked = []
    for _ in range(2):
        run = queued(corpus, "distil_teacher")
        distil_teacher(run_id=run.pk)
        run.refresh_from_db()
        asked.append(run.counts["n_asked"])
    assert asked == [70, 0]


def test_a_killed_and_resumed_run_leaves_the_rows_of_an_undisturbed_one(corpus, echo):
    selected(corpus)
    calm, killed = (queued(corpus, "explain_cases", system="echo") for _ in range(2))
    echo.append(EchoSystem())
    explain_cases(run_id=calm.pk)
    echo.append(EchoSystem(die_after=4))
    with pytest.raises(KeyboardInterrupt):
        explain_cases(run_id=killed.pk)
    assert killed.explanations.count() == 4
    kept = set(killed.explanations.values_list("pk", flat=True))
    resumed = EchoSystem()
    echo.append(resumed)
    explain_cases(run_id=killed.pk)
    assert resumed.n_written == 6
    assert kept < set(killed.explanations.values_list("pk", flat=True))
    columns = ("case_id", "text", "status", "reason", "signature", "n_history_shown", "unknown_user")
    rows = [list(run.explanations.order_by("case").values_list(*columns)) for run in (calm, killed)]
    assert rows[0] == rows[1]
    assert Run.objects.get(pk=killed.pk).counts["n_ok"] == 10


def test_a_run_cancelled_while_it_writes_stops_and_writes_no_more(corpus, echo):
    selected(corpus)
    run = queued(corpus, "explain_cases", system="echo")

    class Cancelling(EchoSystem):
        def explain(self, cases):
            if self.n_written == 4:
                cancel_run(run_id=run.pk)
            return super().explain(cases)

    echo.append(Cancelling())
    explain_cases(run_id=run.pk)
    run.refresh_from_db()
    assert (run.status, run.explanations.count()) == ("cancelled", 4)


def test_a_second_delivery_writes_nothing_twice(corpus, echo):
    selected(corpus)
    run = queued(corpus, "explain_cases", system="echo")
    echo.append(EchoSystem())
    explain_cases(run_id=run.pk)
    before = list(run.explanations.values_list("pk", "text"))
    explain_cases(run_id=run.pk)
    assert list(run.explanations.values_list("pk", "text")) == before


def test_shards_of_an_explain_run_cover_every_case_once(corpus, echo):
    selected(corpus)
    run = queued(corpus, "explain_cases", system="echo", shards=3)
    echo.extend(EchoSystem() for _ in range(3))
    explain_cases(run_id=run.pk)
    assert run.shards.count() == 3
    assert Explanation.objects.filter(run=run).count() == Case.objects.count() == 10


def test_the_offline_teacher_and_the_template_explain_through_the_door(corpus):
    cases = selected(corpus)
    runs = []
    for system in ("scripted-teacher", "template-knn"):
        run = queued(corpus, "explain_cases", system=system)
        explain_cases(run_id=run.pk)
        run.refresh_from_db()
        assert run.status == "done", run.error
        runs.append(run)
    found = queries.explained_cases(explain_run_ids=[run.pk for run in runs])
    assert len(found.cases) + found.n_dropped == 10
    assert {name: info.offline for name, info in found.systems.items()} == {
        "scripted-teacher": True,
        "template-knn": False,
    }
    titles = queries.catalogue_titles(explain_run_id=runs[0].pk)
    assert all(item.id in titles for each in found.cases for item in each.case.history)
    assert {run.case_run_id for run in queries.explain_runs()} == {cases.pk}


def test_an_artefact_that_is_gone_fails_the_run_with_what_to_do(corpus):
    corpus.runs.update(artefact="corpus/gone")
    run = queued(corpus, "select_cases", n_cases=2)
    select_cases(run_id=run.pk)
    run.refresh_from_db()
    assert run.status == "failed"
    assert "run its stage again" in run.error


def test_a_log_read_again_changes_nothing_for_the_cases_of_the_first_reading(tmp_path):
    def write(n_users):
        items = [{"item": f"i{n}", "title": f"Film {n}"} for n in range(20 + n_users)]
        rows = [
            {"user": f"u{user}", "item": f"i{(user * 3 + n) % 20}", "timestamp": n}
            for user in range(n_users)
            for n in range(12)
        ]
        if n_users > 30:  # new items stand first, so that the codes of the others move
            items, rows = items[::-1], [{"user": "u0", "item": "i50", "timestamp": 0}, *rows]
        for name, what in (("items", items), ("interactions", rows)):
            (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, what)), encoding="utf-8")

    write(30)
    made, first = create_corpus(name="Twice", log_format="jsonl", folder=str(tmp_path), anywhere=True)
    import_log(run_id=first.pk)
    cases = selected(made)
    before = list(read_cases(artefact_path(cases.artefact) / "train.parquet", _items_of(cases), "train"))
    write(31)
    again = queue_run(corpus=made, stage="import_log", needs=[])
    import_log(run_id=again.pk)
    after = list(read_cases(artefact_path(cases.artefact) / "train.parquet", _items_of(cases), "train"))
    assert after == before
    made.refresh_from_db()
    assert made.sha256 != first.sha256
    assert import_of(cases) == first
    assert import_of(selected(made)) == again


def _items_of(run):
    from generation.pipeline.logs.corpus import read_items

    return read_items(corpus_path(run))


def _items(corpus):
    from generation.pipeline.logs.corpus import read_items

    return read_items(artefact_path(corpus.artefact))
