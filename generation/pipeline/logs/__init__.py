"""Logs of interactions, whatever format they come in. To add one: docs/add-a-log-format.md."""

from typing import Any

from generation.pipeline.logs.interface import LogFormat
from generation.pipeline.registry import Entry, load_from

LOG_FORMATS: dict[str, Entry] = {
    "movielens": Entry(
        "MovieLens: u.data, ratings.dat or ratings.csv", "generation.pipeline.logs.movielens:load"
    ),
    "yelp": Entry("Yelp open dataset: business.json, review.json", "generation.pipeline.logs.yelp:load"),
    "amazon": Entry(
        "Amazon reviews 2014, 2018, 2023: one category and its meta_ file",
        "generation.pipeline.logs.amazon:load",
    ),
    "table": Entry(
        "Any other: CSV, JSON lines or Parquet, whose columns you name", "generation.pipeline.logs.table:load"
    ),
    "jsonl": Entry("JSON lines: interactions.jsonl, items.jsonl", "generation.pipeline.logs.jsonl:load"),
    "builtin": Entry(
        "The small catalogue that ships, with made-up users", "generation.pipeline.logs.builtin.world:load"
    ),
}

__all__ = ["LOG_FORMATS", "LogFormat", "load"]


def load(name: str, **options: Any) -> LogFormat:
    """Open the log format `name`; every one takes `rejected`, the files' ones take `folder` too."""
    log_format: LogFormat = load_from(LOG_FORMATS, name, **options)
    return log_format
