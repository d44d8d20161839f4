import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.pipeline.logs.corpus import read_corpus, write_corpus
from generation.pipeline.logs.splits import (
    NothingToSplit,
    histories,
    paper_random,
    split,
    temporal,
    user_disjoint,
)
from generation.pipeline.registry import UnknownName
from tests.generation.pipeline.corpora import MadeUpLog, corpus_of, films, interaction

CORPORA = st.lists(st.lists(st.integers(0, 8), max_size=12), min_size=1, max_size=8).map(
    lambda visits: corpus_of(*visits, n_items=9)
)


def rng(seed=0):
    return np.random.default_rng(seed)


def rows_read(corpus, rows, at_most=50):
    """Every interaction that a network trained on these targets sees: targets and histories."""
    firsts = histories(corpus, rows, at_most=at_most)
    return {
        row
        for first, last in zip(firsts.tolist(), rows.tolist(), strict=True)
        for row in range(first, last + 1)
    }


def test_the_last_interactions_test_the_ones_before_validate_and_a_first_one_is_never_a_target():
    corpus = corpus_of([0, 1, 2, 3, 4], [5, 6], [7])
    targets = temporal(corpus, n_test=1, n_valid=1)
    assert targets.train.tolist() == [1, 2]
    assert targets.valid.tolist() == [3]
    assert targets.test.tolist() == [4, 6]
    assert targets.cold.tolist() == []
    assert np.flatnonzero(targets.learnable).tolist() == [0, 1, 2]


def test_more_interactions_may_be_kept_for_the_test_and_targets_may_need_longer_histories():
    corpus = corpus_of([0, 1, 2, 3, 4, 5])
    targets = temporal(corpus, n_test=2, n_valid=1, min_history=2)
    assert (targets.train.tolist(), targets.valid.tolist(), targets.test.tolist()) == ([2], [3], [4, 5])


@given(corpus=CORPORA, n_test=st.integers(1, 3), n_valid=st.integers(0, 2), min_history=st.integers(1, 4))
def test_nothing_trained_on_has_seen_a_test_target(corpus, n_test, n_valid, min_history):
    targets = temporal(corpus, n_test=n_test, n_valid=n_valid, min_history=min_history)
    asked = set(targets.test.tolist())
    assert not rows_read(corpus, targets.train) & (asked | set(targets.valid.tolist()))
    assert not rows_read(corpus, targets.valid) & asked
    assert not set(np.flatnonzero(targets.learnable).tolist()) & (asked | set(targets.valid.tolist()))
    latest = {}
    for row in rows_read(corpus, targets.train):
        latest[int(corpus.user[row])] = max(row, latest.get(int(corpus.user[row]), -1))
    assert all(row > latest.get(int(corpus.user[row]), -1) for row in asked)


@given(
    corpus=CORPORA,
    seed=st.integers(0, 5),
    rule=st.sampled_from(["temporal", "user_disjoint", "paper_random"]),
)
def test_no_target_is_in_two_splits_and_each_has_its_history(corpus, seed, rule):
    rules = {"temporal": temporal, "user_disjoint": user_disjoint, "paper_random": paper_random}
    targets = rules[rule](corpus, rng=rng(seed), min_history=2)
    rows = np.concatenate([targets.train, targets.valid, targets.test, targets.cold])
    assert len(set(rows.tolist())) == len(rows)
    assert (corpus.position[rows] >= 2).all()
    for part in (targets.train, targets.valid, targets.test, targets.cold):
        assert (np.diff(part) > 0).all()


@given(corpus=CORPORA, seed=st.integers(0, 5), share=st.floats(0.05, 0.95))
def test_nothing_is_trained_on_or_learnt_of_a_cold_user(corpus, seed, share):
    targets = user_disjoint(corpus, rng=rng(seed), share=share)
    cold = set(corpus.user[targets.cold].tolist())
    for part in (targets.train, targets.valid, targets.test, np.flatnonzero(targets.learnable)):
        assert not cold & set(corpus.user[part].tolist())
    assert len(cold) <= math.ceil(share * len(corpus.users))


def test_the_papers_split_has_the_papers_rule():
    corpus = corpus_of(*[[0] * 30 for _ in range(7)])
    targets = paper_random(corpus, rng=rng())
    n = 7 * 29
    assert len(targets.test) == math.ceil(0.1 * n) == 21
    assert len(targets.train) == n - 21
    assert len(targets.valid) == 0
    assert not (corpus.position[targets.train] == 0).any()
    assert targets.learnable.sum() == 7 * 30 - 21


def test_the_papers_table_1_comes_out_at_movielens_1m_size():
    # 6,040 users, 1,000,209 interactions (GroupLens's README); the split sizes are Table 1 of the paper.
    lengths = np.full(6040, 1_000_209 // 6040)
    lengths[: 1_000_209 - lengths.sum()] += 1
    corpus = corpus_of(*[[0] * n for n in lengths.tolist()])
    targets = paper_random(corpus, rng=rng())
    assert (len(targets.train), len(targets.test)) == (894_752, 99_417)


def test_the_papers_split_leaks_as_its_docstring_says():
    corpus = corpus_of(*[list(range(60)) for _ in range(20)])
    targets = paper_random(corpus, rng=rng())
    seen = rows_read(corpus, targets.train)
    assert np.mean([row in seen for row in targets.test.tolist()]) > 0.9


def test_validation_is_taken_from_what_the_papers_test_leaves():
    corpus = corpus_of(*[[0] * 11 for _ in range(10)])
    targets = paper_random(corpus, rng=rng(), valid_share=0.1)
    assert (len(targets.test), len(targets.valid), len(targets.train)) == (10, 9, 81)
    assert not targets.learnable[np.concatenate([targets.test, targets.valid])].any()


def test_a_seed_fixes_the_draw_and_another_changes_it():
    corpus = corpus_of(*[[0] * 20 for _ in range(10)])
    one, same, other = (split(corpus, "paper_random", seed=seed).test.tolist() for seed in (1, 1, 2))
    assert one == same != other


def test_a_history_is_the_newest_fifty_before_the_target_and_never_the_target():
    corpus = corpus_of(list(range(80)), [80, 81])
    firsts = histories(corpus, np.array([79, 10, 81]))
    assert firsts.tolist() == [29, 0, 80]
    assert histories(corpus, np.array([79]), at_most=8).tolist() == [71]
    with pytest.raises(ValueError, match="at least one item"):
        histories(corpus, np.array([79]), at_most=0)


def test_an_unknown_rule_and_a_corpus_too_small_are_refused():
    with pytest.raises(UnknownName, match="Did you mean 'temporal'"):
        split(corpus_of([0, 1, 2]), "temporel")
    with pytest.raises(NothingToSplit, match="leaves 0 targets to train on and 1 to ask about"):
        split(corpus_of([0, 1]), "temporal")


@pytest.mark.parametrize("options", [{"n_test": 0}, {"n_valid": -1}, {"min_history": 0}])
def test_impossible_counts_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        split(corpus_of([0, 1, 2, 3]), "temporal", **options)


@pytest.mark.parametrize("rule", ["user_disjoint", "paper_random"])
@pytest.mark.parametrize("share", [0, 1, -0.1, float("nan")])
def test_impossible_shares_are_refused(rule, share):
    with pytest.raises(ValueError, match="share above 0 and below 1"):
        split(corpus_of([0, 1, 2, 3]), rule, share=share)


def test_a_corpus_written_and_read_again_is_split_the_same(tmp_path):
    visits = [interaction(f"u{user}", f"f{item}", item // 2) for user in range(5) for item in range(10)]
    for folder, rows in (("one", visits), ("two", visits[::-1])):
        write_corpus(MadeUpLog(films(10), rows), tmp_path / folder)
    asked = []
    for folder in ("one", "two"):
        corpus = read_corpus(tmp_path / folder)
        rows = split(corpus).test
        asked.append({(corpus.users[corpus.user[row]], corpus.items[corpus.item[row]].id) for row in rows})
    assert asked[0] == asked[1]
