import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from generation.pipeline.records import Case
from generation.pipeline.student.pairs import DistilledPair, PairTable, user_rows
from tests.generation.pipeline.corpora import films
from tests.generation.pipeline.student.small import pairs

FILMS = films(6)
PAIRS = st.lists(
    st.builds(
        DistilledPair,
        st.builds(
            Case,
            id=st.text(max_size=8),
            user=st.sampled_from("abc"),
            history=st.lists(st.sampled_from(FILMS), max_size=5).map(tuple),
            item=st.sampled_from(FILMS),
            split=st.sampled_from(["train", "valid"]),
        ),
        text=st.text(max_size=20),
    ),
    max_size=12,
)


@given(PAIRS)
def test_what_goes_in_comes_out_whatever_it_holds(given_pairs):
    table = PairTable(given_pairs)
    assert list(table) == given_pairs
    assert [table[index] for index in range(-len(table), 0)] == given_pairs
    assert table[1:4] == given_pairs[1:4]
    assert list(table.texts()) == [pair.text for pair in given_pairs]
    assert set(table.users) == {pair.case.user for pair in given_pairs}
    assert set(table.items) == {item for pair in given_pairs for item in (*pair.case.history, pair.case.item)}


def test_numpy_chooses_pairs_and_a_table_is_not_copied():
    some = pairs(5)
    table = PairTable(some)
    assert [table[i] for i in np.array([4, 0])] == [some[4], some[0]]
    assert PairTable.of(table) is table


def test_users_get_rows_in_the_order_of_their_names():
    cases = [Case(str(n), user, (), FILMS[0], "train") for n, user in enumerate("cab")]
    assert user_rows(PairTable(DistilledPair(case, "") for case in cases)) == {"a": 1, "b": 2, "c": 3}
