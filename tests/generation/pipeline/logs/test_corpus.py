import csv
import random
import tracemalloc
from itertools import pairwise

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generation.pipeline.artefacts import write_folder
from generation.pipeline.logs import corpus as corpus_module
from generation.pipeline.logs.corpus import read_corpus, read_items, read_summary, write_corpus
from generation.pipeline.logs.rejected import ImportRefused, Rejected
from tests.generation.pipeline.corpora import MadeUpLog, films, interaction

VISITS = [
    interaction("bea", "f2", 30, rating=4.0, text="Fine."),
    interaction("abe", "f1", 20),
    interaction("bea", "f0", 10, rating=2.0),
]


def sequences(corpus):
    """Each user's item ids, in order."""
    return {
        user: [
            corpus.items[code].id for code in corpus.item[corpus.starts[code_u] : corpus.starts[code_u + 1]]
        ]
        for code_u, user in enumerate(corpus.users)
    }


def texts(folder):
    """What was written, in the corpus's order."""
    rows = pq.read_table(folder / "interactions.parquet")["text_row"]
    return pq.read_table(folder / "texts.parquet")["text"].take(rows).to_pylist()


def test_a_corpus_reads_back_by_user_and_time(tmp_path):
    summary = write_corpus(MadeUpLog(films(3), VISITS), tmp_path)
    assert (summary.n_users, summary.n_items, summary.n_interactions, summary.n_rejected) == (2, 3, 3, 0)
    corpus = read_corpus(tmp_path)
    assert sequences(corpus) == {"bea": ["f0", "f2"], "abe": ["f1"]}
    assert corpus.items == films(3) == read_items(tmp_path)
    assert corpus.position.tolist() == [0, 1, 0]
    assert corpus.at[0] == np.datetime64("2021-01-01T00:00:10")
    assert corpus.rating[:2].tolist() == [2.0, 4.0]
    assert np.isnan(corpus.rating[2])
    assert read_summary(tmp_path) == summary
    assert texts(tmp_path) == ["", "Fine.", ""]


def test_a_lowest_rating_leaves_out_the_rest_and_the_unrated(tmp_path):
    write_corpus(MadeUpLog(films(3), VISITS), tmp_path)
    assert sequences(read_corpus(tmp_path, min_rating=3)) == {"bea": ["f2"], "abe": []}


def test_ties_in_time_follow_neither_the_file_nor_the_ids(tmp_path):
    items = films(40)
    visits = [interaction("abe", item.id, 5) for item in items]
    orders = []
    for seed in range(3):
        random.Random(seed).shuffle(visits)
        folder = tmp_path / str(seed)
        write_corpus(MadeUpLog(items, visits), folder)
        orders.append(sequences(read_corpus(folder))["abe"])
    assert orders[0] == orders[1] == orders[2]
    places = [int(name[1:]) for name in orders[0]]
    rises = sum(after > before for before, after in pairwise(places))
    assert 8 <= rises <= 31  # 39 steps; sorted ids would rise 39 times, or fall


def test_ties_do_not_depend_on_the_order_of_the_catalogue(tmp_path):
    items = films(20)
    visits = [interaction("abe", item.id, 5) for item in items]
    write_corpus(MadeUpLog(items, visits), tmp_path / "one")
    write_corpus(MadeUpLog(items[::-1], visits), tmp_path / "two")
    assert sequences(read_corpus(tmp_path / "one")) == sequences(read_corpus(tmp_path / "two"))


def test_two_users_break_the_same_tie_differently(tmp_path):
    items = films(20)
    visits = [interaction(user, item.id, 5) for user in ("abe", "bea") for item in items]
    write_corpus(MadeUpLog(items, visits), tmp_path)
    order = sequences(read_corpus(tmp_path))
    assert order["abe"] != order["bea"]


def test_repeated_rows_are_rejected_and_the_first_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus_module, "ROWS_A_BATCH", 2)
    visits = [
        interaction("abe", "f0", 1, text="first"),
        interaction("abe", "f1", 1),
        interaction("abe", "f0", 1, text="second"),
        interaction("abe", "f0", 2, text="another day"),
        interaction("abe", "f0", 1, text="third"),
    ]
    summary = write_corpus(MadeUpLog(films(2), visits), tmp_path, max_rejected_share=0.5)
    assert (summary.n_interactions, summary.n_rejected) == (3, 2)
    assert [(row.line, row.reason) for row in summary.rejected] == [
        (3, "same user, item and time as an earlier row"),
        (5, "same user, item and time as an earlier row"),
    ]
    kept = texts(tmp_path)
    assert sorted(kept) == ["", "another day", "first"]
    assert kept[-1] == "another day"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "at.npy",
        "corpus.json",
        "interactions.parquet",
        "item.npy",
        "items.parquet",
        "rating.npy",
        "rejected.csv",
        "starts.npy",
        "texts.parquet",
        "user.npy",
        "users.parquet",
    ]


def test_unknown_items_are_rejected_by_name(tmp_path):
    visits = [*VISITS, interaction("abe", "f9", 40)]
    summary = write_corpus(MadeUpLog(films(3), visits), tmp_path, max_rejected_share=0.5)
    (row,) = summary.rejected
    assert str(row) == "visits, line 4, item: is unknown. Add the item to films."
    assert row.text == "f9"


def test_an_item_listed_twice_keeps_its_first_row(tmp_path):
    items = [*films(3), films(2)[1]]
    summary = write_corpus(MadeUpLog(items, VISITS), tmp_path, max_rejected_share=0.3)
    assert (summary.n_items, summary.n_rejected) == (3, 1)
    assert (summary.rejected[0].line, summary.rejected[0].reason) == (4, "stands twice")


def test_too_many_bad_rows_refuse_the_import_and_leave_nothing_readable(tmp_path):
    visits = [*VISITS, interaction("abe", "f9", 40)]
    with pytest.raises(ImportRefused, match=r"1 of 4 rows are bad, more than 0\.2 of them") as caught:
        write_corpus(MadeUpLog(films(3), visits), tmp_path, max_rejected_share=0.2)
    assert caught.value.rejected.rows[0].text == "f9"
    with pytest.raises(FileNotFoundError):
        read_corpus(tmp_path)


@pytest.mark.parametrize(
    ("items", "visits", "file"),
    [([], VISITS, "films"), (films(3), [], "visits")],
    ids=["no item", "no visit"],
)
def test_a_log_without_a_good_row_is_refused(tmp_path, items, visits, file):
    with pytest.raises(ImportRefused, match=f"{file}: no good row"):
        write_corpus(MadeUpLog(items, visits), tmp_path, max_rejected_share=1)


def test_the_list_of_bad_rows_is_bounded_and_the_count_is_not(tmp_path):
    visits = [*VISITS, *(interaction("abe", "f9", second) for second in range(500))]
    log = MadeUpLog(films(3), visits)
    log.rejected = Rejected(limit=10)
    summary = write_corpus(log, tmp_path, max_rejected_share=1)
    assert (len(summary.rejected), summary.n_rejected) == (10, 500)
    with (tmp_path / "rejected.csv").open(newline="") as stream:
        header, *rows = csv.reader(stream)
    assert header == ["file", "line", "field", "reason", "remedy", "text"]
    assert [row[1] for row in rows] == [str(line) for line in range(4, 504)]


def test_a_rejected_text_is_no_formula_in_a_spreadsheet(tmp_path):
    write_corpus(MadeUpLog(films(3), [*VISITS, interaction("abe", "=1+1")]), tmp_path, max_rejected_share=0.5)
    assert "'=1+1" in (tmp_path / "rejected.csv").read_text()


def test_progress_counts_the_rows_read(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus_module, "ROWS_A_BATCH", 2)
    told = []
    write_corpus(MadeUpLog(films(3), VISITS), tmp_path, told.append)
    assert told == [2, 3]


def test_a_long_log_is_never_held_in_python_objects(tmp_path):
    n = 200_000
    items = films(1000)

    def stream():
        for index in range(n):
            yield interaction(f"u{index % 500}", items[index % 1000].id, index, text="x" * 200)

    tracemalloc.start()
    write_corpus(MadeUpLog(items, stream()), tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # The rows as Python objects take over 100 MB: 300 bytes of text and 250 of the rest, each.
    assert peak < 70e6


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=40)
)
def test_whatever_the_rows_each_distinct_one_arrives_once_and_in_order(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("corpus")
    visits = [interaction(user, f"f{item}", second) for user, item, second in rows]
    summary = write_corpus(MadeUpLog(films(6), visits), folder, max_rejected_share=1)
    assert summary.n_interactions == len(set(rows))
    corpus = read_corpus(folder)
    seconds = ((corpus.at - np.datetime64("2021-01-01")) / np.timedelta64(1, "s")).astype(int)
    users = [corpus.users[code] for code in corpus.user]
    assert set(zip(users, corpus.item.tolist(), seconds.tolist(), strict=True)) == set(rows)
    for code in range(len(corpus.users)):
        own = corpus.at[corpus.starts[code] : corpus.starts[code + 1]]
        assert (own[1:] >= own[:-1]).all()


def test_the_same_log_imported_again_is_the_same_artefact(tmp_path):
    written = [
        write_folder(tmp_path, "corpus", lambda folder: write_corpus(MadeUpLog(films(3), VISITS), folder))
        for _ in range(2)
    ]
    assert written[0] == written[1]
