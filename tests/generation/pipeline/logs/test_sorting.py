import threading

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generation.pipeline.logs import sorting
from generation.pipeline.logs.corpus import hash_ids, read_corpus, tie_break, write_corpus
from generation.pipeline.logs.sorting import SortingRoom
from tests.generation.pipeline.corpora import MadeUpLog, films, interaction


def stage(room: SortingRoom, n: int, *, users: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    columns = {
        "user": rng.integers(0, users, n).astype(str),
        "item": rng.integers(0, 50, n).astype(np.int32),
        "at": rng.integers(0, 100, n),
        "rating": rng.random(n).astype(np.float32),
        "tie": rng.integers(0, 2**63, n).astype(np.uint64),
        "line": np.arange(n),
    }
    for rows in np.array_split(np.arange(n), 7):
        room.stage(**{name: column[rows] for name, column in columns.items()})
    return columns


def test_more_rows_than_the_memory_holds_come_in_order(tmp_path):
    with SortingRoom(tmp_path / "sorting", memory="24MB") as room:
        columns = stage(room, 500_000, users=3000)  # 24 MB of keys alone
        room.number_users(tmp_path / "users.parquet")
        batches = list(room.in_order(5000, lambda: None))
    assert not (tmp_path / "sorting").exists()
    names = pq.read_table(tmp_path / "users.parquet")["id"].to_pylist()
    _, firsts = np.unique(columns["user"], return_index=True)
    assert names == columns["user"][np.sort(firsts)].tolist()
    codes = {name: code for code, name in enumerate(names)}
    user = np.array([codes[name] for name in columns["user"]])
    order = np.lexsort((columns["line"], columns["item"], columns["tie"], columns["at"], user))
    assert np.concatenate([batch.column("line") for batch in batches]).tolist() == order.tolist()
    assert batches[0].column("place")[0].as_py() == order[0]


def test_a_long_sort_says_now_and_then_that_it_lives_and_can_be_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(sorting, "SECONDS_BETWEEN_SIGNS", 0.001)
    signs = threading.Event()

    def stop() -> None:
        signs.set()
        raise InterruptedError("cancelled")

    with SortingRoom(tmp_path / "sorting") as room:
        stage(room, 100_000, users=500)
        room.number_users(tmp_path / "users.parquet")
        with pytest.raises(InterruptedError, match="cancelled"):
            list(room.in_order(5000, stop))
    assert signs.is_set()
    assert not (tmp_path / "sorting").exists()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("cab"), st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=40)
)
def test_a_corpus_is_in_the_order_it_promises(tmp_path_factory, rows):
    folder, items = tmp_path_factory.mktemp("corpus"), films(6)
    visits = [interaction(user, f"f{item}", second) for user, item, second in rows]
    write_corpus(MadeUpLog(items, visits), folder, max_rejected_share=1)
    corpus = read_corpus(folder)
    assert isinstance(corpus.item, np.memmap)
    names = list(dict.fromkeys(user for user, _, _ in rows))
    assert list(corpus.users) == names
    distinct = np.array(sorted({(names.index(user), at, item) for user, item, at in rows}))
    user, at, item = distinct.T
    tie = tie_break(hash_ids(names)[user], hash_ids(each.id for each in items)[item])
    assert corpus.item.tolist() == item[np.lexsort((tie, at, user))].tolist()
    assert corpus.starts.tolist() == [*np.searchsorted(user, np.arange(len(names))), len(user)]
