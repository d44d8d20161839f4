"""Rankers: whatever picks the item that is to be explained. A system never sees which one it was."""

from typing import Any

from generation.pipeline.rankers.interface import Ranker
from generation.pipeline.registry import Entry, load_from

RANKERS: dict[str, Entry] = {
    "next-item": Entry("The item the log really has next", "generation.pipeline.rankers.next_item:load"),
    "popularity": Entry("The most popular unseen item", "generation.pipeline.rankers.popularity:load"),
    "item-knn": Entry("Nearest neighbours of the history", "generation.pipeline.rankers.item_knn:load"),
    "als": Entry("Matrix factorisation (ALS)", "generation.pipeline.rankers.als:load"),
    "sasrec": Entry(
        "Self-attention over the history (SASRec)", "generation.pipeline.rankers.sasrec:load", "gpu"
    ),
    "csv": Entry("A file of another recommender's picks", "generation.pipeline.rankers.csv_file:load"),
    "http": Entry(
        "Another recommender, asked over HTTP", "generation.pipeline.rankers.http:load", queue="http"
    ),
}

__all__ = ["RANKERS", "Ranker", "load"]


def load(name: str, **options: Any) -> Ranker:
    ranker: Ranker = load_from(RANKERS, name, **options)
    return ranker
