from benchmarks.experiments import worlds
from benchmarks.experiments.worlds import BUCKETS


def test_unknown_users_are_never_trained_on_and_lengths_stay_in_their_bucket() -> None:
    world = worlds.any_length(n_users=40, seed=3)
    trained = {case.user for case in (*world.train, *world.valid)}
    for low, high in BUCKETS:
        for who in ("known", "unknown"):
            cases = [world.test[i] for i in world.groups[f"{who} {low}-{high}"]]
            assert len(cases) == 10
            assert all(low <= len(case.history) <= high for case in cases)
            if who == "unknown":
                assert not trained & {case.user for case in cases}
            elif low > 1:
                assert {case.user for case in cases} <= trained


def test_nothing_of_a_test_case_was_seen_in_training() -> None:
    for world in (worlds.any_length(n_users=40, seed=3), worlds.recent(n_users=40, seed=3)):
        tested = {case.user: case.item.id for case in world.test}
        for case in (*world.train, *world.valid):
            assert tested[case.user] not in {case.item.id, *(past.id for past in case.history)}


def test_the_same_seed_makes_the_same_world() -> None:
    assert worlds.make("any", 16, 5) == worlds.make("any", 16, 5)
    assert worlds.make("any", 16, 5) != worlds.make("any", 16, 6)
