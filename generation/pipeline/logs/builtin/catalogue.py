"""The films that ship: titles, years, genres and directors, written for Prism from general knowledge."""

import csv
import re
import unicodedata
from functools import cache
from pathlib import Path

from generation.pipeline.records import Item

FILMS = Path(__file__).parent / "films.csv"


@cache
def catalogue() -> tuple[Item, ...]:
    """Every film of films.csv, in its order (oldest first). Genres are named as MovieLens names them."""
    with FILMS.open(encoding="utf-8", newline="") as stream:
        return tuple(_read_film(row) for row in csv.DictReader(stream))


def _read_film(row: dict[str, str]) -> Item:
    return Item(
        id=f"{_slug(row['title'])}-{row['year']}",
        title=row["title"],
        year=int(row["year"]),
        genres=tuple(row["genres"].split("|")),
        directors=tuple(row["directors"].split("|")),
    )


def _slug(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
