from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from generation.models import Corpus, Run
from generation.services.create_corpus import create_corpus
from generation.services.import_log import import_log
from generation.services.map_columns import DoubtfulColumns, map_columns, see_tables
from generation.services.parameters import BadParameters
from generation.services.queue_run import queue_run

pytestmark = pytest.mark.django_db

LOG = "wer,was,wann,title\nu,a,0,Alien (1979)\nu,b,60,Up\n"
SAID = {"user": "wer", "item": "was", "timestamp": "wann"}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "log.csv").write_text(LOG)
    return str(tmp_path)


def unmapped(folder, name="Mine"):
    corpus, run = create_corpus(name=name, log_format="table", folder=folder, anywhere=True)
    assert run is None
    return corpus


def test_nothing_is_read_before_the_columns_are_named(folder):
    corpus = unmapped(folder)
    assert not Run.objects.exists()
    with pytest.raises(BadParameters, match="say first what the columns"):
        queue_run(corpus=corpus, stage="import_log", needs=[])
    run = map_columns(corpus=corpus, columns=SAID)
    import_log(run_id=run.pk)
    corpus.refresh_from_db()
    assert (corpus.n_users, corpus.n_items, corpus.n_interactions) == (1, 2, 2)


def test_what_was_said_of_a_header_is_offered_for_the_next_file_with_it(folder):
    first = unmapped(folder)
    assert see_tables(corpus=first).columns == {"title": "title"}
    map_columns(corpus=first, columns=SAID)
    seen = see_tables(corpus=unmapped(folder, "Again"))
    assert (seen.columns, seen.remembered) == ({**SAID, "title": "title"}, "Mine")
    assert seen.interactions.rows[0] == ("u", "a", "0", "Alien (1979)")
    _, run = create_corpus(name="Third", log_format="table", folder=folder, anywhere=True, columns={})
    assert run.corpus.options["columns"] == {**SAID, "title": "title"}


def test_a_header_of_another_file_is_not_remembered(folder, tmp_path):
    map_columns(corpus=unmapped(folder), columns=SAID)
    (tmp_path / "log.csv").write_text(LOG.replace("title", "name"))
    assert see_tables(corpus=unmapped(folder, "Other")).remembered == ""


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({}, "columns.user"),
        ({**SAID, "user": "who"}, "columns.user"),
        ({**SAID, "usr": "wer"}, "columns.usr"),
        ({**SAID, "interactions": "no.csv"}, "interactions"),
        ({**SAID, "encoding": "utf-99"}, "encoding"),
    ],
)
def test_a_mapping_that_does_not_fit_names_its_field_and_keeps_nothing(folder, columns, field):
    with pytest.raises(BadParameters) as refusal:
        create_corpus(name="Mine", log_format="table", folder=folder, anywhere=True, columns=columns)
    assert refusal.value.field == field
    assert not Corpus.objects.exists()


def test_a_corpus_that_is_read_keeps_its_columns(folder):
    corpus = unmapped(folder)
    map_columns(corpus=corpus, columns=SAID)
    with pytest.raises(BadParameters, match="has been read"):
        map_columns(corpus=corpus, columns=SAID)


def test_other_formats_know_their_columns(folder):
    with pytest.raises(BadParameters, match="only a table"):
        create_corpus(name="Mine", log_format="jsonl", folder=folder, anywhere=True, columns=SAID)


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_of_answers_at_once_one_is_taken(folder):
    corpus = unmapped(folder)
    together = Barrier(4)

    def answer(_):
        try:
            together.wait()
            return map_columns(corpus=Corpus.objects.get(pk=corpus.pk), columns=SAID).stage
        except BadParameters as refusal:
            return refusal.field
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as people:
        assert sorted(people.map(answer, range(4))) == ["columns", "columns", "columns", "import_log"]
    assert Run.objects.count() == 1


@pytest.fixture
def exchanged(tmp_path):
    """A log whose header is right and whose ratings stand under the times, and the times under the ratings."""
    rows = [f"u{i // 5},i{i},{1 + i % 5},{978300760 + 60 * i},Film {i}" for i in range(60)]
    (tmp_path / "log.csv").write_text("\n".join(["user,item,timestamp,rating,title", *rows]))
    return str(tmp_path)


def test_a_mapping_is_never_guessed_against_what_stands_in_the_columns(exchanged):
    corpus = unmapped(exchanged)
    assert {doubt.meaning for doubt in see_tables(corpus=corpus).doubts} == {"timestamp", "rating"}
    with pytest.raises(BadParameters, match="'timestamp' holds only 5 different numbers") as refusal:
        map_columns(corpus=corpus, columns={})
    assert refusal.value.field == "columns.timestamp"
    assert not Run.objects.exists()
    right = {"timestamp": "rating", "rating": "timestamp"}
    run = map_columns(corpus=corpus, columns=right)
    assert run.events.filter(text__contains="although").count() == 0
    import_log(run_id=run.pk)
    run.refresh_from_db()
    assert (run.status, run.counts["n_interactions"]) == ("done", 60)


def test_a_doubtful_mapping_that_somebody_named_is_read_and_the_log_says_so(exchanged):
    named = {"timestamp": "timestamp", "rating": "rating"}
    with pytest.raises(DoubtfulColumns, match="look like times since 1970"):
        map_columns(corpus=unmapped(exchanged), columns=named, sure=False)
    run = map_columns(corpus=unmapped(exchanged, "Sure"), columns=named)
    assert run.events.filter(text__contains="although the column 'rating' holds numbers").exists()


def test_a_list_is_shown_as_its_parts(tmp_path):
    line = '{"user": "a", "item": "b", "when": 978300760, "genres": ["Drama", "Thriller"]}'
    (tmp_path / "log.jsonl").write_text(f"{line}\n" * 3)
    [first, *_] = see_tables(corpus=unmapped(str(tmp_path))).interactions.rows
    assert first[-1] == "Drama, Thriller"
