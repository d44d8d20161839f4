"""MovieLens in its three dresses: u.data and u.item (100K) and `::` files (1M, 10M) in latin-1, CSV files in UTF-8
(latest, 20M to 32M).

Facts of the format: GroupLens's README of each data set.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from generation.pipeline.logs.fields import BadField, read_id, read_rating, read_seconds, read_text
from generation.pipeline.logs.lines import detect_encoding, read_lines
from generation.pipeline.logs.rejected import ImportRefused, Rejected
from generation.pipeline.logs.titles import split_title
from generation.pipeline.records import Interaction, Item

NO_GENRES = "(no genres listed)"
Edition = Literal["100k", "dat", "csv"]
GENRES_100K = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama",
    "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip
"""What the last 19 columns of u.item stand for, in their order (u.genre)."""
FIELDS_100K = 5 + len(GENRES_100K)


@dataclass(frozen=True, slots=True)
class _Dress:
    ratings: str
    movies: str
    split_rating: Callable[[str], list[str]]
    split_movie: Callable[[str], list[str]]
    header: bool


def _split_dat_rating(line: str) -> list[str]:
    return line.split("::")


def _split_100k_rating(line: str) -> list[str]:
    return line.split("\t")


def _split_100k_movie(line: str) -> list[str]:
    """Id, title and genres out of 24 fields: id, title, two dates, an address, and a 0 or 1 a genre."""
    fields = line.split("|")
    if len(fields) != FIELDS_100K:
        reason = f"has {len(fields)} fields, not {FIELDS_100K}"
        raise BadField("row", reason, "Give u.item as GroupLens publishes it")
    flags = zip(GENRES_100K, fields[5:], strict=True)
    named = [genre for genre, flag in flags if flag.strip() == "1" and genre != "unknown"]
    return [fields[0], fields[1], "|".join(named)]


def _split_dat_movie(line: str) -> list[str]:
    # A title may hold "::" itself, so take the id from the left and the genres from the right.
    before, separator, genres = line.rpartition("::")
    return [*before.split("::", 1), genres] if separator else [line]


def _split_csv(line: str) -> list[str]:
    # Line by line on purpose: an unclosed quote then costs its own row and not the rest of the file.
    if '"' not in line:
        return line.split(",")
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error:
        raise BadField("row", "has a quote that does not close", "Double the quotes inside a field") from None


_DRESSES: dict[Edition, _Dress] = {
    "100k": _Dress("u.data", "u.item", _split_100k_rating, _split_100k_movie, header=False),
    "dat": _Dress("ratings.dat", "movies.dat", _split_dat_rating, _split_dat_movie, header=False),
    "csv": _Dress("ratings.csv", "movies.csv", _split_csv, _split_csv, header=True),
}


class MovieLens:
    """A folder with ratings and movies; other files of the data set are left alone."""

    def __init__(self, folder: Path, *, edition: Edition, encoding: str | None, rejected: Rejected) -> None:
        self._dress = _DRESSES[edition]
        self.items_file, self.interactions_file = self._dress.movies, self._dress.ratings
        self.rejected = rejected
        self._folder = folder
        # Only the movies' file holds words. It is latin-1 as published; copies saved again as UTF-8 go about too.
        detected = "utf-8" if edition == "csv" else detect_encoding(folder / self.items_file)
        self.encoding = encoding or detected

    def items(self) -> Iterator[tuple[int, Item]]:
        wanted = ("movieId", "title", "genres")
        for line, fields in self._rows(self.items_file, self._dress.split_movie, wanted):
            try:
                title, year = split_title(read_text("title", fields[1]))
                if not title:
                    raise BadField("title", "is empty", "Every movie needs one")
                genres = () if fields[2].strip() == NO_GENRES else tuple(filter(None, fields[2].split("|")))
                yield line, Item(read_id("movieId", fields[0]), title, year, genres)
            except BadField as problem:
                self._reject(self.items_file, line, problem, fields)

    def interactions(self) -> Iterator[tuple[int, Interaction]]:
        wanted = ("userId", "movieId", "rating", "timestamp")
        for line, fields in self._rows(self.interactions_file, self._dress.split_rating, wanted):
            try:
                rating = read_rating("rating", fields[2], lowest=0.5, highest=5)
                at = read_seconds("timestamp", fields[3])
                yield (
                    line,
                    Interaction(read_id("userId", fields[0]), read_id("movieId", fields[1]), at, rating),
                )
            except BadField as problem:
                self._reject(self.interactions_file, line, problem, fields)

    def _rows(
        self, file: str, split: Callable[[str], list[str]], wanted: tuple[str, ...]
    ) -> Iterator[tuple[int, list[str]]]:
        for line, text in read_lines(self._folder / file, encoding=self.encoding, rejected=self.rejected):
            if self._dress.header and line == 1:
                _check_header(file, text, wanted)
                continue
            if not text.strip():
                continue
            try:
                fields = split(text)
                if len(fields) != len(wanted):
                    reason = f"has {len(fields)} fields, not {len(wanted)}"
                    raise BadField("row", reason, f"Write {', '.join(wanted)}")
            except BadField as problem:
                self._reject(file, line, problem, text)
                continue
            yield line, fields

    def _reject(self, file: str, line: int, problem: BadField, text: object) -> None:
        self.rejected.add(file, line, problem.field, problem.reason, problem.remedy, text)


def _check_header(file: str, text: str, wanted: tuple[str, ...]) -> None:
    if tuple(name.strip().strip('"') for name in text.split(",")) != wanted:
        reason = f"the first line is {text[:80]!r}, not the header {','.join(wanted)}"
        raise ImportRefused(file, reason, "Give the file as GroupLens publishes it")


def load(
    *,
    folder: str | Path,
    edition: Edition | None = None,
    encoding: str | None = None,
    rejected: Rejected | None = None,
) -> MovieLens:
    """Open a MovieLens folder; which edition it is shows in its file names.

    Raises:
        ImportRefused: no such folder, no edition in it, or both and `edition` does not choose.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ImportRefused(str(folder), "there is no such folder", "Name the folder that holds the files")
    if edition is not None and edition not in _DRESSES:
        raise ValueError(f"edition is one of {', '.join(_DRESSES)}, not {edition!r}")
    found = [name for name, dress in _DRESSES.items() if (folder / dress.ratings).is_file()]
    if edition is None and len(found) != 1:
        here = " and ".join(_DRESSES[name].ratings for name in found)
        reason = f"both {here} are here" if found else "no ratings.dat, ratings.csv or u.data here"
        remedy = "Say which with edition" if found else "Name the folder that holds MovieLens's own files"
        raise ImportRefused(folder.name, reason, remedy)
    return MovieLens(
        folder,
        edition=edition or found[0],
        encoding=encoding,
        rejected=rejected if rejected is not None else Rejected(),
    )
