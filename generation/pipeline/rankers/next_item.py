"""The item the log really has next: the paper's choice for its training cases."""

from typing import Any

import numpy as np

from generation.pipeline.logs.corpus import CorpusData


class NextItem:
    """Needs nothing to learn, and repeats an item where the user did."""

    def __init__(self) -> None:
        self.signature: dict[str, Any] = {"ranker": "next-item"}

    def fit(self, corpus: CorpusData, learnable: np.ndarray) -> None:
        """The log is the answer; there is nothing to learn."""

    def pick(self, corpus: CorpusData, rows: np.ndarray) -> np.ndarray:
        picks: np.ndarray = corpus.item[rows].astype(np.int64)
        return picks


def load() -> NextItem:
    return NextItem()
