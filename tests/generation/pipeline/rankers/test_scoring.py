import numpy as np
import pytest

from generation.pipeline import rankers
from generation.pipeline.rankers.interface import NO_PICK, NotFitted, seen_before, tie_order
from generation.pipeline.rankers.scoring import evaluate, pick_best, ranks_of_next
from tests.generation.pipeline.corpora import corpus_of

SCORING = ["popularity", "item-knn", "als", "sasrec"]
QUICK = {
    "als": {"factors": 8},
    "sasrec": {
        "d_model": 32,
        "heads": 1,
        "layers": 1,
        "max_epochs": 30,
        "batch_size": 16,
        "learning_rate": 0.01,
        "dropout": 0.0,
        "patience": 0,
    },
}


class Told:
    """Scores as it is told to, the same for every history."""

    signature = {"ranker": "told"}

    def __init__(self, *scores: float) -> None:
        self._scores = np.array(scores)

    def scores(self, corpus, rows):
        return np.broadcast_to(self._scores, (len(rows), len(self._scores)))


def all_rows(corpus):
    return np.ones(len(corpus.user), dtype=bool)


def test_ranks_count_unseen_items_alone():
    corpus = corpus_of([0, 1, 2], [3, 0], n_items=5)
    # Before its third item user 0 has met 0 and 1, so 2 competes with 3 and 4; user 1 has met 3.
    told = Told(9, 8, 5, 7, 1)
    assert ranks_of_next(told, corpus, np.array([2, 4])).tolist() == [2, 1]


def test_the_metrics_are_what_a_hand_computes():
    corpus = corpus_of([0, 1], [0, 2], [0, 3], [0, 4], [4, 1], n_items=6)
    told = Told(6, 5, 4, 3, 2, 1)
    found = evaluate(told, corpus, np.array([1, 3, 5, 7, 9]), rng=np.random.default_rng(0), cuts=(1, 3))
    # Ranks of the next items among the unseen: 1, 2, 3, 4 and, for the last user, 2 (item 0 comes first).
    assert found["n"] == 5
    assert found["HR@1"] == pytest.approx(1 / 5)
    assert found["HR@3"] == pytest.approx(4 / 5)
    assert found["NDCG@3"] == pytest.approx((1 + 2 / np.log2(3) + 1 / 2) / 5)


def test_an_item_met_before_cannot_be_ranked_and_is_counted():
    corpus = corpus_of([0, 1, 0], [2, 1], n_items=3)
    found = evaluate(Told(3, 2, 1), corpus, np.array([2, 4]), rng=np.random.default_rng(0), cuts=(1,))
    assert (found["n"], found["n_seen_before"]) == (1, 1)


def test_nothing_to_rank_is_none_and_not_zero():
    corpus = corpus_of([0, 0], n_items=2)
    found = evaluate(Told(1, 2), corpus, np.array([1]), rng=np.random.default_rng(0), cuts=(5,))
    assert (found["n"], found["HR@5"], found["NDCG@5"]) == (0, None, None)


def test_equal_scores_are_ordered_by_a_hash():
    corpus = corpus_of([0, 5], n_items=10)
    rank = int(ranks_of_next(Told(*[1.0] * 10), corpus, np.array([1]))[0])
    place = tie_order(corpus)
    others = [item for item in range(1, 10) if item != 5]
    assert rank == 1 + sum(place[item] < place[5] for item in others)


def test_no_more_than_asked_for_are_measured():
    corpus = corpus_of(*[[0, 1]] * 50, n_items=3)
    rows = np.arange(1, 100, 2)
    assert evaluate(Told(1, 2, 3), corpus, rows, rng=np.random.default_rng(0), at_most=20)["n"] == 20


def chains(n_users=80, n_items=20, length=12, seed=0):
    """After item i comes item i + 1, always: a log whose next item follows from the last."""
    rng = np.random.default_rng(seed)
    return corpus_of(
        *[
            [int((start + step) % n_items) for step in range(length)]
            for start in rng.integers(0, n_items, n_users)
        ],
        n_items=n_items,
    )


@pytest.fixture(scope="module")
def measured():
    corpus = chains()
    last = corpus.starts[1:] - 1
    learnable = all_rows(corpus)
    learnable[last] = False
    found = {}
    for name in SCORING:
        ranker = rankers.load(name, **QUICK.get(name, {}))
        ranker.fit(corpus, learnable)
        found[name] = evaluate(ranker, corpus, last, rng=np.random.default_rng(0), cuts=(1,))["HR@1"]
    return found


def test_a_ranker_that_reads_order_finds_the_order(measured):
    assert measured["sasrec"] > 0.95
    assert measured["popularity"] < 0.3


@pytest.mark.parametrize("name", SCORING)
def test_no_ranker_picks_what_was_met_and_the_same_log_gives_the_same_picks(name):
    corpus = chains(n_users=40)
    rows = corpus.starts[1:] - 1
    picks = []
    for _ in range(2):
        ranker = rankers.load(
            name, **{**QUICK.get(name, {}), **({"max_epochs": 2} if name == "sasrec" else {})}
        )
        ranker.fit(corpus, all_rows(corpus))
        picks.append(ranker.pick(corpus, rows))
        if name != "item-knn":  # its own quicker way is held to its scores below
            assert picks[-1].tolist() == pick_best(ranker.scores, corpus, rows).tolist()
    assert picks[0].tolist() == picks[1].tolist()
    for row, pick in zip(rows.tolist(), picks[0].tolist(), strict=True):
        assert pick not in seen_before(corpus, row)


def test_item_knn_picks_by_its_scores():
    corpus = chains(n_users=60, length=5)
    ranker = rankers.load("item-knn")
    ranker.fit(corpus, all_rows(corpus))
    rows = corpus.starts[1:] - 1
    assert ranker.pick(corpus, rows).tolist() == pick_best(ranker.scores, corpus, rows).tolist()


@pytest.mark.parametrize("name", ["als", "sasrec"])
def test_the_seed_matters_and_is_signed(name):
    corpus = chains(n_users=30)
    small = {"max_epochs": 1} if name == "sasrec" else {}
    one, two = (rankers.load(name, seed=seed, **QUICK[name] | small) for seed in (0, 1))
    for ranker in (one, two):
        with pytest.raises(NotFitted):
            ranker.scores(corpus, np.array([3]))
        ranker.fit(corpus, all_rows(corpus))
    rows = corpus.starts[1:] - 1
    assert not np.allclose(one.scores(corpus, rows), two.scores(corpus, rows))
    assert (one.signature["seed"], two.signature["seed"]) == (0, 1)


def test_als_recommends_within_the_taste_and_nothing_nobody_met():
    corpus = corpus_of([0, 1, 2], [0, 1, 2], [0, 1], [3, 4, 5], [3, 4, 5], [3, 4], n_items=7)
    ranker = rankers.load("als", factors=4)
    learnable = all_rows(corpus)
    ranker.fit(corpus, learnable)
    scores = ranker.scores(corpus, np.array([7, 15]))
    assert np.isneginf(scores[:, 6]).all()
    picked = ranker.pick(corpus_of([0, 1, 0], [3, 4, 0], n_items=7), np.array([2, 5]))
    assert picked.tolist() == [2, 5]


def test_als_knows_a_user_by_what_came_before_the_target_alone():
    """A user whose later choices differ gets the same scores: nothing of the future takes part."""
    one, two = corpus_of([0, 1, 2, 3], [4, 5], n_items=6), corpus_of([0, 1, 5, 4], [4, 5], n_items=6)
    ranker = rankers.load("als", factors=3)
    ranker.fit(one, all_rows(one))
    assert np.allclose(ranker.scores(one, np.array([2])), ranker.scores(two, np.array([2])))


def test_a_sequence_ranker_has_nothing_to_say_without_a_past():
    corpus = chains(n_users=20)
    ranker = rankers.load("sasrec", **{**QUICK["sasrec"], "max_epochs": 1})
    ranker.fit(corpus, all_rows(corpus))
    assert ranker.pick(corpus, corpus.starts[:1]).tolist() == [NO_PICK]


def test_impossible_options_are_refused():
    with pytest.raises(ValueError, match="impossible factorisation"):
        rankers.load("als", factors=0)
    with pytest.raises(ValueError, match="impossible SASRec"):
        rankers.load("sasrec", d_model=30, heads=4)
