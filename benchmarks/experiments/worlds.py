"""The cases of a setting: which users are met in training, and which histories they are tested on."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cache

import numpy as np

from benchmarks.experiments.setting import LIMIT, Histories
from generation.pipeline.logs.builtin import world
from generation.pipeline.logs.builtin.catalogue import catalogue
from generation.pipeline.records import Case, Item, Split

SHORTEST = 4
"""Films of history in the shortest case of `recent`, as in the demo."""
BUCKETS = ((1, 5), (6, 10), (11, 20), (21, 50))
"""Lengths of history, as the issue of cold start is asked: how much must be known of a user?"""
N_VALID = 300
STREAM_LENGTHS, STREAM_VALID = 11, 12


@dataclass(frozen=True, slots=True)
class World:
    """Cases by split, and the test cases in the groups they are reported by."""

    train: list[Case]
    valid: list[Case]
    test: list[Case]
    groups: dict[str, list[int]]
    """Name -> indices into `test`; `all` is always there."""


def make(histories: Histories, n_users: int, seed: int) -> World:
    return recent(n_users, seed) if histories == "recent" else any_length(n_users, seed)


def recent(n_users: int, seed: int) -> World:
    """Each user's last choice for test, the one before for validation, the others for training."""
    cases: dict[str, list[Case]] = {"train": [], "valid": [], "test": []}
    for user, films in _watched(world.load(n_users=n_users, seed=seed)).items():
        for place in range(SHORTEST, len(films)):
            left = len(films) - place
            split: Split = "test" if left == 1 else "valid" if left == 2 else "train"
            cases[split].append(_case(user, films, place, split, LIMIT["recent"]))
    return World(**cases, groups={"all": list(range(len(cases["test"])))})


def any_length(n_users: int, seed: int) -> World:
    """Users whose whole history before the test case has a length drawn from their bucket.

    So a user with three films has two training pairs at most, as a new user would. Half of the users, in each
    bucket alike, stay out of training: they are the unknown ones. Their worlds are the same otherwise.
    """
    rng = np.random.default_rng([seed, STREAM_LENGTHS])
    longest = max(high for _, high in BUCKETS) + 1
    watched = _watched(world.load(n_users=2 * n_users, seed=seed, shortest=longest, longest=longest))
    train: list[Case] = []
    test: list[Case] = []
    groups: dict[str, list[int]] = defaultdict(list)
    for index, (user, films) in enumerate(watched.items()):
        low, high = BUCKETS[index % len(BUCKETS)]
        unknown = index // len(BUCKETS) % 2 == 1
        length = int(rng.integers(low, high + 1))
        if not unknown:
            train += [_case(user, films, place, "train", LIMIT["any"]) for place in range(1, length)]
        for name in ("all", f"{'unknown' if unknown else 'known'} {low}-{high}"):
            groups[name].append(len(test))
        test.append(_case(user, films, length, "cold" if unknown else "test", LIMIT["any"]))
    order = np.random.default_rng([seed, STREAM_VALID]).permutation(len(train))
    n_valid = min(N_VALID, len(train) // 10)
    chosen = set(order[:n_valid].tolist())
    return World(
        train=[case for index, case in enumerate(train) if index not in chosen],
        valid=[case for index, case in enumerate(train) if index in chosen],
        test=test,
        groups=dict(groups),
    )


def _watched(log: world.World) -> dict[str, list[str]]:
    films: dict[str, list[str]] = defaultdict(list)
    for _, interaction in log.interactions():
        films[interaction.user].append(interaction.item)
    return films


@cache
def _items() -> dict[str, Item]:
    return {item.id: item for item in catalogue()}


def _case(user: str, films: list[str], place: int, split: Split, limit: int) -> Case:
    items = _items()
    history = tuple(items[film] for film in films[max(0, place - limit) : place])
    item = items[films[place]]
    return Case(Case.identify(user, history, item), user, history, item, split)
