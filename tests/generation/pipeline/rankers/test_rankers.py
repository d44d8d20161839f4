import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.pipeline import logs, rankers
from generation.pipeline.logs.corpus import CorpusData, read_corpus, write_corpus
from generation.pipeline.logs.rejected import ImportRefused
from generation.pipeline.logs.splits import split
from generation.pipeline.rankers.interface import NO_PICK, NotFitted, tie_order
from tests.generation.pipeline.corpora import corpus_of

EVERYTHING_BUT_CSV = ["popularity", "item-knn"]


def fitted(name, corpus, learnable=None, **options):
    ranker = rankers.load(name, **options)
    ranker.fit(corpus, np.ones(len(corpus.user), dtype=bool) if learnable is None else learnable)
    return ranker


def only(corpus, *users):
    return np.isin(corpus.user, users)


def test_next_item_is_what_the_log_has():
    corpus = corpus_of([3, 1, 2], [0, 0])
    assert fitted("next-item", corpus).pick(corpus, np.array([1, 2, 4])).tolist() == [1, 2, 0]


def test_popularity_picks_the_most_met_item_the_user_has_not_met_before():
    corpus = corpus_of([0, 1, 2], [0, 1], [0], [3, 9], n_items=10)
    ranker = fitted("popularity", corpus, only(corpus, 0, 1, 2))
    # Before their last row: user 0 met 0 and 1, user 1 met 0, user 3 met 3, which nobody else did.
    assert ranker.pick(corpus, np.array([2, 4, 7])).tolist() == [2, 1, 0]


def test_popularity_never_picks_what_nobody_was_seen_to_meet():
    corpus = corpus_of([0, 1, 5], n_items=6)
    ranker = fitted("popularity", corpus, np.array([True, True, False]))
    assert ranker.pick(corpus, np.array([2])).tolist() == [NO_PICK]


def test_equally_popular_items_are_ordered_by_a_hash_and_not_by_their_place():
    corpus = corpus_of([0, 1, 2, 3, 4, 5, 6, 7], [8, 9], n_items=10)
    ranker = fitted("popularity", corpus, only(corpus, 0))
    expected = int(np.argmin(np.where(np.arange(10) < 8, tie_order(corpus), 99)))
    assert ranker.pick(corpus, np.array([9])).tolist() == [expected]
    assert expected != 0


def test_item_knn_picks_what_goes_with_the_history():
    # Items 0-2 are met together, so are 3-5.
    corpus = corpus_of([0, 1, 2], [0, 1, 2], [3, 4, 5], [3, 4, 5], [0, 1, 9], [3, 4, 9], n_items=10)
    for weighting in ("cosine", "tfidf"):
        ranker = fitted("item-knn", corpus, only(corpus, 0, 1, 2, 3), n_neighbours=5, weighting=weighting)
        assert ranker.pick(corpus, np.array([14, 17])).tolist() == [2, 5]


def test_item_knn_agrees_with_a_cosine_worked_by_hand():
    # Three users met 0 and two 1, two of them both: 2 / sqrt(3 * 2). One met 2, with 0: 1 / sqrt(3 * 1).
    corpus = corpus_of([0, 1], [0, 1], [0, 2], [0, 3], n_items=4)
    ranker = fitted("item-knn", corpus, only(corpus, 0, 1, 2))
    assert ranker.pick(corpus, np.array([7])).tolist() == [1]
    assert ranker._likeness[0, 1] == pytest.approx(2 / np.sqrt(6))
    assert ranker._likeness[0, 2] == pytest.approx(1 / np.sqrt(3))


def test_item_knn_has_nothing_for_a_history_nobody_shares():
    corpus = corpus_of([0, 1], [2, 3], n_items=4)
    ranker = fitted("item-knn", corpus, only(corpus, 0))
    assert ranker.pick(corpus, np.array([3])).tolist() == [NO_PICK]


def test_item_knn_breaks_ties_by_the_hash():
    corpus = corpus_of(*[[0, other] for other in range(1, 8)], [0, 9], n_items=10)
    ranker = fitted("item-knn", corpus, only(corpus, *range(7)))
    expected = 1 + int(np.argmin(tie_order(corpus)[1:8]))
    assert ranker.pick(corpus, np.array([15])).tolist() == [expected]


def test_fitting_item_knn_warns_of_nothing():
    corpus = corpus_of([0, 1], [0, 1], n_items=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for weighting in ("cosine", "tfidf"):
            fitted("item-knn", corpus, weighting=weighting).pick(corpus, np.array([1]))


@pytest.mark.parametrize("name", EVERYTHING_BUT_CSV)
@given(visits=st.lists(st.lists(st.integers(0, 9), min_size=2, max_size=10), min_size=2, max_size=6))
def test_no_ranker_picks_an_item_met_before_or_learns_from_what_it_must_not(name, visits):
    corpus = corpus_of(*visits, n_items=12)
    rows = corpus.starts[1:] - 1
    learnable = np.ones(len(corpus.user), dtype=bool)
    learnable[rows] = False
    picks = fitted(name, corpus, learnable).pick(corpus, rows)
    for row, pick in zip(rows.tolist(), picks.tolist(), strict=True):
        assert pick not in corpus.item[corpus.starts[corpus.user[row]] : row]
    # Another future changes no pick.
    changed = corpus.item.copy()
    changed[rows] = 11
    other = CorpusData(
        corpus.users, corpus.items, corpus.user, changed, corpus.at, corpus.rating, corpus.starts
    )
    assert fitted(name, other, learnable).pick(other, rows).tolist() == picks.tolist()


def test_item_knn_finds_the_planted_tastes_better_than_popularity(tmp_path):
    world = logs.load("builtin", n_users=300, seed=4)
    write_corpus(world, tmp_path)
    corpus = read_corpus(tmp_path)
    targets, tastes = split(corpus), world.tastes()

    def share_liked(name):
        picks = fitted(name, corpus, targets.learnable).pick(corpus, targets.test)
        users = [corpus.users[corpus.user[row]] for row in targets.test]
        return np.mean(
            [tastes[user].likes(corpus.items[pick]) for user, pick in zip(users, picks, strict=True)]
        )

    assert share_liked("item-knn") > share_liked("popularity") + 0.1


def write_picks(path, *lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("lines", "pick"),
    [
        (["user,item,rank", "u0,f3,2", "u0,f2,1"], 2),
        (["user,item,score", "u0,f3,0.2", "u0,f2,0.9"], 2),
        (["user,item", "u0,f3", "u0,f2"], 3),
        (["item,user", "f3,u0"], 3),
        (["User,Item,Rank,Score", '"u0","f3",1,', "u0,f2,2,"], 3),
        (["user,item,rank", "u0,f0,1", "u0,f2,2"], 2),
        (["user,item", "u1,f2"], NO_PICK),
    ],
    ids=[
        "rank",
        "score",
        "file order",
        "columns by name",
        "quoted",
        "seen is skipped",
        "no row of this user",
    ],
)
def test_the_best_unseen_pick_of_the_file_is_taken(tmp_path, lines, pick):
    corpus = corpus_of([0, 1], [1, 2], n_items=4)
    ranker = fitted("csv", corpus, path=write_picks(tmp_path / "picks.csv", *lines))
    assert ranker.pick(corpus, np.array([1])).tolist() == [pick]


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        ("ghost,f2,1", "user", "'ghost' is not in the corpus"),
        ("u0,f99,1", "item", "'f99' is not in the corpus"),
        ("u0,,1", "item", "is empty"),
        ("u0,f2,first", "rank", "is no number"),
        ("u0,f2,", "rank", "is empty"),
        ("u0,f2", "row", "has 2 fields, not 3"),
        ('u0,"f2,1', "row", "has a quote that does not close"),
        ("u0,f3,2", "row", "this user has this item twice"),
    ],
)
def test_a_bad_line_of_picks_is_named_and_the_rest_is_used(tmp_path, line, field, reason):
    corpus = corpus_of([0, 1], [1, 2], n_items=4)
    path = write_picks(tmp_path / "picks.csv", "user,item,rank", "u0,f3,1", line)
    ranker = fitted("csv", corpus, path=path, max_rejected_share=0.5)
    (row,) = ranker.rejected.rows
    assert (row.file, row.line, row.field, row.reason) == ("picks.csv", 3, field, reason)
    assert ranker.pick(corpus, np.array([1])).tolist() == [3]
    with pytest.raises(ImportRefused, match=r"1 of 2 rows are bad; the first is picks\.csv, line 3"):
        fitted("csv", corpus, path=path)


@pytest.mark.parametrize("first", ["person,film", "u0,f3", "user,item,user", '"user,item'])
def test_picks_without_a_header_are_refused(tmp_path, first):
    with pytest.raises(ImportRefused, match="Begin with the header"):
        fitted("csv", corpus_of([0, 1]), path=write_picks(tmp_path / "picks.csv", first, "u0,f1"))


def test_missing_and_empty_files_of_picks_are_refused(tmp_path):
    with pytest.raises(ImportRefused, match="missing"):
        rankers.load("csv", path=tmp_path / "none.csv")
    with pytest.raises(ImportRefused, match="0 of 0 rows"):
        fitted("csv", corpus_of([0, 1]), path=write_picks(tmp_path / "picks.csv", "user,item"))


def test_a_ranker_that_learnt_nothing_says_so(tmp_path):
    corpus = corpus_of([0, 1])
    path = write_picks(tmp_path / "picks.csv", "user,item", "u0,f1")
    for name, options in (("popularity", {}), ("item-knn", {}), ("csv", {"path": path})):
        with pytest.raises(NotFitted, match=name):
            rankers.load(name, **options).pick(corpus, np.array([1]))


def test_impossible_neighbours_are_refused():
    with pytest.raises(ValueError, match="n_neighbours"):
        rankers.load("item-knn", n_neighbours=0)
    with pytest.raises(ValueError, match="weighting"):
        rankers.load("item-knn", weighting="euclid")


def test_item_knn_says_what_weighed_by_leaving_one_out():
    corpus = corpus_of([0, 1, 2], [0, 1, 2], [3, 2], [0, 2], [0, 1, 3], n_items=5)
    ranker = fitted("item-knn", corpus, n_neighbours=5)
    shown = np.array([0, 1, 3])
    weights = ranker.influence(shown, 2)
    likeness = ranker._likeness.toarray()
    assert weights == pytest.approx(likeness[shown, 2])
    score = ranker.scores(corpus, np.array([len(corpus.item) - 1]))[0, 2]  # of the last user, before 3
    assert weights[:2].sum() == pytest.approx(score)


def test_als_says_what_weighed_by_leaving_one_out():
    corpus = corpus_of([0, 1, 2], [0, 1, 2], [3, 4, 5], [3, 4, 5], [0, 1, 3, 9], n_items=10)
    ranker = fitted("als", corpus, factors=4, iterations=5)
    shown = np.array([0, 1, 3])
    weights = ranker.influence(shown, 2)
    assert weights.shape == (3,)
    assert weights[0] > weights[2]  # 2 was met with 0 and 1, never with 3

    def score_of(codes):
        other = corpus_of([0, 1, 2], [0, 1, 2], [3, 4, 5], [3, 4, 5], [0, 1, 3, 9], [*codes, 9], n_items=10)
        return ranker.scores(other, np.array([len(other.item) - 1]))[0, 2]

    for place in range(3):
        without = score_of([0, 1, 3]) - score_of(np.delete(shown, place).tolist())
        assert weights[place] == pytest.approx(without, abs=1e-5)
