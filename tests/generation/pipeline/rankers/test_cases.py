import numpy as np
import pytest

from generation.pipeline import rankers
from generation.pipeline.logs.splits import split
from generation.pipeline.rankers.cases import NoCases, select_cases, training_cases
from generation.pipeline.records import Case
from tests.generation.pipeline.corpora import corpus_of


def rng(seed=0):
    return np.random.default_rng(seed)


def long_and_short():
    """40 users with 4 items, 10 with 30, 4 with 70."""
    lengths = [4] * 40 + [30] * 10 + [70] * 4
    draw = rng(1)
    return corpus_of(*[draw.choice(90, size=n, replace=False).tolist() for n in lengths], n_items=90)


def select(corpus, name="next-item", **options):
    targets = split(corpus)
    ranker = rankers.load(name)
    ranker.fit(corpus, targets.learnable)
    return select_cases(corpus, targets, ranker, **{"rng": rng(), "n_cases": 12, **options})


def test_a_case_holds_the_history_oldest_first_and_the_recommended_item():
    corpus = corpus_of([4, 2, 3, 1])
    (case,) = select(corpus).cases
    assert [item.id for item in case.history] == ["f4", "f2", "f3"]
    assert (case.user, case.item.id, case.split) == ("u0", "f1", "test")
    assert case.id == Case.identify(case.user, case.history, case.item)


def test_short_and_long_histories_get_equal_room():
    selected = select(long_and_short())
    assert selected.n_by_length == {"1-5": 4, "21-50": 4, "over 50": 4}
    assert selected.n_targets == 54


def test_room_that_a_length_cannot_fill_goes_to_the_others():
    selected = select(long_and_short(), n_cases=30)
    assert selected.n_by_length == {"1-5": 16, "21-50": 10, "over 50": 4}
    assert len(selected.cases) == 30


def test_asking_for_more_cases_than_there_are_gives_all():
    selected = select(long_and_short(), n_cases=1000)
    assert len(selected.cases) == len({case.id for case in selected.cases}) == 54


def test_histories_are_capped_from_the_old_end_after_the_strata_are_drawn():
    selected = select(long_and_short(), n_cases=1000, at_most=8)
    assert {len(case.history) for case in selected.cases} == {3, 8}
    assert selected.n_by_length["over 50"] == 4


def test_another_ranker_changes_the_item_and_not_the_history():
    corpus = long_and_short()
    logged, popular = (select(corpus, name, n_cases=1000).cases for name in ("next-item", "popularity"))
    by_user = {case.user: case for case in popular}
    assert all(by_user[case.user].history == case.history for case in logged)
    assert sum(by_user[case.user].item != case.item for case in logged) > 40
    assert all(case.item not in case.history for case in popular)


def test_a_seed_fixes_the_cases_and_their_order():
    corpus = long_and_short()
    one, same, other = (select(corpus, rng=rng(seed)).cases for seed in (1, 1, 2))
    assert one == same != other


def test_targets_without_a_pick_are_counted_and_left_out(tmp_path):
    corpus = corpus_of([0, 1, 2], [0, 1, 2], [3, 4, 5], n_items=7)
    path = tmp_path / "picks.csv"
    path.write_text("user,item\nu2,f6\n")
    ranker = rankers.load("csv", path=path)
    targets = split(corpus, n_valid=0)
    ranker.fit(corpus, targets.learnable)
    selected = select_cases(corpus, targets, ranker, n_cases=9, rng=rng())
    assert [case.item.id for case in selected.cases] == ["f6"]
    assert (selected.n_targets, selected.n_without_pick) == (3, 2)


def test_cold_users_make_cold_cases():
    corpus = long_and_short()
    targets = split(corpus, "user_disjoint", share=0.2)
    ranker = rankers.load("popularity")
    ranker.fit(corpus, targets.learnable)
    cold = select_cases(corpus, targets, ranker, split="cold", n_cases=99, rng=rng()).cases
    trained = {case.user for case in training_cases(corpus, targets)}
    assert {case.split for case in cold} == {"cold"}
    assert not trained & {case.user for case in cold}


def test_a_split_without_targets_has_no_cases():
    with pytest.raises(NoCases, match="none of the 0 cold targets"):
        select(long_and_short(), split="cold")


def test_training_cases_stream_all_targets_of_the_log():
    corpus = corpus_of([0, 1, 2, 3, 4], [5, 6, 7])
    targets = split(corpus)
    cases = list(training_cases(corpus, targets))
    assert [(case.user, len(case.history), case.item.id) for case in cases] == [
        ("u0", 1, "f1"),
        ("u0", 2, "f2"),
    ]
    assert [case.item.id for case in training_cases(corpus, targets, split="valid")] == ["f3", "f6"]
    assert {case.split for case in cases} == {"train"}


def test_some_training_cases_are_drawn_by_the_seed():
    corpus = long_and_short()
    targets = split(corpus)
    one, same, other = (list(training_cases(corpus, targets, n_cases=20, rng=rng(s))) for s in (1, 1, 2))
    assert one == same != other
    assert len({case.id for case in one}) == 20
    with pytest.raises(ValueError, match="give rng"):
        next(training_cases(corpus, targets, n_cases=20))


def test_no_training_case_shows_what_a_test_case_asks():
    corpus = long_and_short()
    targets = split(corpus)
    asked = {(case.user, case.item.id) for case in select(corpus, n_cases=1000).cases}
    shown = {
        (case.user, item.id)
        for case in training_cases(corpus, targets)
        for item in (*case.history, case.item)
    }
    assert not asked & shown
