"""Who is trained on and who is asked about: the rules that divide a corpus into targets.

A target is an interaction to be explained; its history is what the same user met before it. Targets are row
numbers of a `CorpusData`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from generation.pipeline import records
from generation.pipeline.logs.corpus import CorpusData
from generation.pipeline.registry import Entry, load_from

LONGEST_HISTORY = 50
STREAM_SPLIT = 11


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """The targets of each split, rows in rising order, no row in two splits."""

    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray
    cold: np.ndarray
    """Targets of users of whom nothing is trained on."""
    learnable: np.ndarray
    """Shape (n_interactions,), bool: the interactions a ranker may learn from."""
    signature: dict[str, Any] = field(default_factory=dict)
    """The rule and its parameters."""

    def of(self, split: records.Split) -> np.ndarray:
        rows: np.ndarray = getattr(self, split)
        return rows


SPLITS: dict[str, Entry] = {
    "temporal": Entry("Each user's last interactions", "generation.pipeline.logs.splits:temporal"),
    "user_disjoint": Entry("Users never trained on", "generation.pipeline.logs.splits:user_disjoint"),
    "paper_random": Entry(
        "The paper's: a random tenth (leaks)", "generation.pipeline.logs.splits:paper_random"
    ),
}


class NothingToSplit(ValueError):
    """A corpus too small, or options too strict, for a split to have targets to train on and to ask about."""


def split(corpus: CorpusData, rule: str = "temporal", *, seed: int = 0, **options: Any) -> Targets:
    """Divide `corpus` by the rule of that name; `options` are the rule's own.

    Raises:
        UnknownName: there is no such rule.
        NothingToSplit: a side of the split came out empty.
    """
    rng = np.random.default_rng([seed, STREAM_SPLIT])
    targets: Targets = load_from(SPLITS, rule, corpus=corpus, rng=rng, **options)
    asked = len(targets.test) + len(targets.cold)
    if not len(targets.train) or not asked:
        raise NothingToSplit(
            f"{rule} leaves {len(targets.train)} targets to train on and {asked} to ask about, out of "
            f"{len(corpus.user)} interactions of {len(corpus.users)} users. "
            "Take a larger log, a smaller min_history or smaller shares."
        )
    return targets


def temporal(
    corpus: CorpusData,
    *,
    n_test: int = 1,
    n_valid: int = 1,
    min_history: int = 1,
    rng: np.random.Generator | None = None,
) -> Targets:
    """Each user's last `n_test` interactions test, the `n_valid` before them validate, the rest trains.

    Nothing of a user's test is the target, or in the history, of anything trained on. It draws nothing; `rng`
    is taken so that all rules are called alike.

    Args:
        min_history: how many earlier interactions a target needs.
    """
    del rng
    _check(n_test=n_test, n_valid=n_valid, min_history=min_history)
    if n_test < 1 or min_history < 1:
        raise ValueError(f"a target needs a history and a test needs targets: {n_test=}, {min_history=}")
    from_end = corpus.starts[corpus.user + 1] - np.arange(len(corpus.user))  # 1 for a user's last row
    long_enough = corpus.position >= min_history
    learnable = from_end > n_test + n_valid
    return Targets(
        train=np.flatnonzero(learnable & long_enough),
        valid=np.flatnonzero((from_end > n_test) & ~learnable & long_enough),
        test=np.flatnonzero((from_end <= n_test) & long_enough),
        cold=_none(),
        learnable=learnable,
        signature=_sign("temporal", n_test=n_test, n_valid=n_valid, min_history=min_history),
    )


def user_disjoint(
    corpus: CorpusData,
    *,
    rng: np.random.Generator,
    share: float = 0.1,
    n_test: int = 1,
    n_valid: int = 1,
    min_history: int = 1,
) -> Targets:
    """A random `share` of the users is wholly unknown to training; the others are split as in `temporal`.

    Both kinds are asked about their last `n_test` interactions, so that cold can be compared with warm.
    """
    _check_share("share", share)
    warm = temporal(corpus, n_test=n_test, n_valid=n_valid, min_history=min_history)
    n_users = len(corpus.users)
    is_cold = np.zeros(n_users, dtype=bool)
    is_cold[rng.permutation(n_users)[: math.ceil(share * n_users)]] = True
    cold_row = is_cold[corpus.user]
    return Targets(
        train=warm.train[~cold_row[warm.train]],
        valid=warm.valid[~cold_row[warm.valid]],
        test=warm.test[~cold_row[warm.test]],
        cold=warm.test[cold_row[warm.test]],
        learnable=warm.learnable & ~cold_row,
        signature={**warm.signature, "rule": "user_disjoint", "share": share},
    )


def paper_random(
    corpus: CorpusData,
    *,
    rng: np.random.Generator,
    share: float = 0.1,
    valid_share: float = 0.0,
    min_history: int = 1,
) -> Targets:
    """The split of the paper's Table 1: a target is any interaction but a user's first, a random tenth tests.

    It is here to replicate, not to conclude from: nearly every test target also stands in the history of some
    training target of the same user. n_test is ceil(share * n), as in scikit-learn; validation is taken from
    what remains.
    """
    _check_share("share", share)
    _check(min_history=min_history)
    if not 0 <= valid_share < 1:
        raise ValueError(f"valid_share is a share from 0 to below 1, not {valid_share}")
    rows = np.flatnonzero(corpus.position >= max(min_history, 1))
    shuffled = rng.permutation(rows)
    n_test = math.ceil(share * len(rows))
    n_valid = math.ceil(valid_share * (len(rows) - n_test))
    test, valid, train = np.split(shuffled, [n_test, n_test + n_valid])
    learnable = np.ones(len(corpus.user), dtype=bool)
    learnable[test] = learnable[valid] = False
    return Targets(
        train=np.sort(train),
        valid=np.sort(valid),
        test=np.sort(test),
        cold=_none(),
        learnable=learnable,
        signature=_sign("paper_random", share=share, valid_share=valid_share, min_history=min_history),
    )


def histories(corpus: CorpusData, rows: np.ndarray, *, at_most: int = LONGEST_HISTORY) -> np.ndarray:
    """Where each target's history begins: it is `corpus.item[first:row]`, oldest first, the newest `at_most`.

    Args:
        rows: targets, shape (n,).

    Returns:
        First rows, shape (n,).
    """
    if at_most < 1:
        raise ValueError(f"a history shows at least one item, not {at_most}")
    first: np.ndarray = np.maximum(corpus.starts[corpus.user[rows]], rows - at_most)
    return first


def _sign(rule: str, **parameters: int | float) -> dict[str, Any]:
    return {"rule": rule, **parameters}


def _none() -> np.ndarray:
    return np.empty(0, dtype=np.int64)


def _check(**counts: int) -> None:
    wrong: Mapping[str, int] = {name: n for name, n in counts.items() if n < 0}
    if wrong:
        raise ValueError(f"these are counts, 0 or more: {wrong}")


def _check_share(name: str, share: float) -> None:
    if not 0 < share < 1:
        raise ValueError(f"{name} is a share above 0 and below 1, not {share}")
