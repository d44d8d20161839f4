"""From a corpus, its split and a ranker to cases: who is to be told why which item."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from generation.pipeline.logs.corpus import CorpusData
from generation.pipeline.logs.splits import LONGEST_HISTORY, Targets, histories
from generation.pipeline.rankers.interface import NO_PICK, Ranker
from generation.pipeline.records import Case, Split

LENGTHS: tuple[int, ...] = (5, 10, 20, 50)
"""Upper ends of the strata of history length: 1-5, 6-10, 11-20, 21-50, over 50."""


@dataclass(frozen=True, slots=True)
class SelectedCases:
    """Cases to be explained, and what they were selected from."""

    cases: tuple[Case, ...]
    """In random order."""
    n_targets: int
    """How many targets the split has."""
    n_without_pick: int
    """Targets for which the ranker had nothing to recommend."""
    n_by_length: dict[str, int]
    """Cases in each stratum of history length, as "6-10"."""


class NoCases(ValueError):
    """Nothing is left to be explained."""


def select_cases(
    corpus: CorpusData,
    targets: Targets,
    ranker: Ranker,
    *,
    split: Split = "test",
    n_cases: int,
    rng: np.random.Generator,
    at_most: int = LONGEST_HISTORY,
) -> SelectedCases:
    """Draw up to `n_cases` targets, as evenly as can be over short and long histories, and ask the ranker.

    The ranker must have been fitted on `targets.learnable`. Strata go by the whole history, cases hold its
    newest `at_most` items.

    Raises:
        NoCases: the split is empty, or the ranker picks nothing for any target.
    """
    if n_cases < 1:
        raise ValueError(f"n_cases is 1 or more, not {n_cases}")
    rows = targets.of(split)
    picks = ranker.pick(corpus, rows)
    picked = np.flatnonzero(picks != NO_PICK)
    if not len(picked):
        raise NoCases(
            f"none of the {len(rows)} {split} targets has a recommended item. "
            "Take another split, another ranker or a longer log."
        )
    stratum = np.searchsorted(LENGTHS, corpus.position[rows])
    chosen = picked[_draw_evenly(stratum[picked], n_cases, rng)]
    cases = _unique(
        _build(corpus, int(rows[index]), int(picks[index]), split, first)
        for index, first in zip(
            chosen.tolist(), histories(corpus, rows[chosen], at_most=at_most).tolist(), strict=True
        )
    )
    drawn = Counter(stratum[chosen].tolist())
    return SelectedCases(
        cases=tuple(cases),
        n_targets=len(rows),
        n_without_pick=len(rows) - len(picked),
        n_by_length={_name(each): drawn[each] for each in sorted(drawn)},
    )


def training_cases(
    corpus: CorpusData,
    targets: Targets,
    *,
    split: Split = "train",
    n_cases: int | None = None,
    rng: np.random.Generator | None = None,
    at_most: int = LONGEST_HISTORY,
) -> Iterator[Case]:
    """Stream the cases to distil or validate on: the recommended item is the one the log has next.

    Args:
        n_cases: how many, drawn at random with `rng`; None streams all, in the order of the corpus.
    """
    rows = targets.of(split)
    if n_cases is not None and n_cases < len(rows):
        if rng is None:
            raise ValueError("to draw some of the training cases, give rng")
        rows = rng.choice(rows, size=n_cases, replace=False)
    for first_index in range(0, len(rows), 4096):
        batch = rows[first_index : first_index + 4096]
        firsts = histories(corpus, batch, at_most=at_most)
        for row, first in zip(batch.tolist(), firsts.tolist(), strict=True):
            yield _build(corpus, row, int(corpus.item[row]), split, first)


def _build(corpus: CorpusData, row: int, pick: int, split: Split, first: int) -> Case:
    history = tuple(corpus.items[code] for code in corpus.item[first:row].tolist())
    user, item = corpus.users[corpus.user[row]], corpus.items[pick]
    return Case(Case.identify(user, history, item), user, history, item, split)


def _draw_evenly(stratum: np.ndarray, n_wanted: int, rng: np.random.Generator) -> np.ndarray:
    """Indices into `stratum`, shape (<= n_wanted,): round by round, one of each stratum that has any left."""
    order = rng.permutation(len(stratum))
    _, within, counts = np.unique(stratum[order], return_inverse=True, return_counts=True)
    by_stratum = np.argsort(within, kind="stable")
    turn = np.empty(len(order), dtype=np.int64)  # how many of its own stratum come before each
    turn[by_stratum] = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    taken = order[np.argsort(turn, kind="stable")[:n_wanted]]
    drawn: np.ndarray = rng.permutation(taken)
    return drawn


def _unique(cases: Iterator[Case]) -> list[Case]:
    """A user who met the same things in the same order twice makes the same case twice; keep one."""
    return list({case.id: case for case in cases}.values())


def _name(stratum: int) -> str:
    if stratum == len(LENGTHS):
        return f"over {LENGTHS[-1]}"
    return f"{LENGTHS[stratum - 1] + 1 if stratum else 1}-{LENGTHS[stratum]}"
