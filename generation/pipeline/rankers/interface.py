"""What every ranker is: the black box that picks the item, whose choice is then explained."""

from typing import Any, Protocol, runtime_checkable

import numpy as np

from generation.pipeline.logs.corpus import CorpusData, hash_ids

NO_PICK = -1


class Ranker(Protocol):
    """Learns from the learnable interactions only, and never picks an item the user met before the target.

    The same corpus and targets give the same picks: ties are broken by a hash of the item's id.
    """

    signature: dict[str, Any]
    """The ranker's name and parameters: JSON values only."""

    def fit(self, corpus: CorpusData, learnable: np.ndarray) -> None:
        """Learn from the rows where `learnable`, shape (n_interactions,), bool, is true."""
        ...

    def pick(self, corpus: CorpusData, rows: np.ndarray) -> np.ndarray:
        """One item code a target row, shape (n,), int64; NO_PICK where there is nothing to recommend."""
        ...


@runtime_checkable
class TellingRanker(Protocol):
    """A ranker that can say how much each item of a history weighed in its choice."""

    def influence(self, shown: np.ndarray, item: int) -> np.ndarray:
        """How much the score of `item` falls when one item is taken from the history shown, (n_shown,) float64.

        Args:
            shown: codes of the history, the whole of what the score is computed from here.
        """
        ...


class NotFitted(RuntimeError):
    """A ranker was asked to pick before it learned."""

    def __init__(self, ranker: str) -> None:
        super().__init__(f"ranker {ranker!r} was asked to pick before fit()")


def tie_order(corpus: CorpusData) -> np.ndarray:
    """The place of each item in an order that says nothing about it, shape (n_items,), int64."""
    order = np.argsort(hash_ids(item.id for item in corpus.items), kind="stable")
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order))
    return places


def seen_before(corpus: CorpusData, row: int) -> np.ndarray:
    """Codes of all the items the target's user met before it: the whole history, not the part shown."""
    seen: np.ndarray = corpus.item[corpus.starts[corpus.user[row]] : row]
    return seen
