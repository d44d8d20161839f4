"""Whether a text says what its case supports: the strict measure, the same for teachers and students.

Named films are found by the catalogue (the longest title that fits), not by trust in a writer's format.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from generation.pipeline.records import Case, Item

_YEAR = re.compile(r"\((?:18|19|20)\d\d\)")


@dataclass(frozen=True, slots=True)
class Mention:
    """A film named in a text, at `start`; `label` alone where the catalogue does not know it."""

    start: int
    label: str
    known: bool


@dataclass(frozen=True, slots=True)
class Strict:
    """The parts of the strict measure for one text."""

    target: bool
    """The recommended film is named."""
    watched: int
    """Different films of the history that are named."""
    invented: tuple[str, ...]
    """Films named that are neither the item nor in the history: hallucinated."""
    repeated: bool
    """A film is named twice, which can hide an invented one."""
    genres: tuple[str, ...]
    """Genres named."""
    wrong_genres: tuple[str, ...]
    """Genres named that the item does not have."""
    wrong_directors: tuple[str, ...]
    """Directors named that are not the item's."""
    unlinked_directors: tuple[str, ...]
    """Directors named of whom no watched film is named beside them."""
    genre_shared: bool
    """A genre named is one of the item's and of every watched film named: the link is real, not just the
    claim."""

    @property
    def holds(self) -> bool:
        """Right target, two different films that were watched and none that was not, claims named and
        all true."""
        return (
            self.target
            and self.watched >= 2
            and not self.invented
            and bool(self.genres)
            and not self.wrong_genres
            and not self.wrong_directors
        )


@dataclass(frozen=True, slots=True)
class Shares:
    """The strict measure over many texts; each figure is a share of `n` texts."""

    n: int
    strict: float
    target: float
    two_watched: float
    hallucinated: float
    """Texts that name at least one film outside the case."""
    repeated: float
    genres_right: float
    """Texts that name a genre and none the item lacks."""
    directors_wrong: float
    """Texts that name a director who did not make the item, or without a film of theirs that was watched."""
    genre_shared: float
    """Texts whose genre is also that of each watched film they name."""


class Lexicon:
    """Finds films, genres and directors of a catalogue in free text."""

    def __init__(self, catalogue: Iterable[Item]) -> None:
        items = tuple(catalogue)
        self.labels = {item.label for item in items}
        # A bare title of one short word ("It", "Her") is more often the word; it counts only with its year.
        bare = {item.title: item.label for item in items if len(item.title) > 3 or " " in item.title}
        self._names = {**bare, **{label: label for label in self.labels}}
        self._titles = _any_of(self._names)
        self._genres = _any_of({genre.lower() for item in items for genre in item.genres})
        self._genre_names = {genre.lower(): genre for item in items for genre in item.genres}
        self._directors = _any_of({name for item in items for name in item.directors})

    def mentions(self, text: str) -> list[Mention]:
        """The films named, in order; a year in brackets behind no known title is a film nobody knows."""
        found = [Mention(match.start(), self._names[match[0]], True) for match in self._titles.finditer(text)]
        rest = _blank(text, self._titles)
        for match in _YEAR.finditer(rest):
            words = text[: match.start()].rsplit(" ", 4)[1:]
            found.append(Mention(match.start(), " ".join(words) + match[0], False))
        return sorted(found, key=lambda mention: mention.start)

    def genres(self, text: str) -> tuple[str, ...]:
        rest = _blank(text, self._titles).lower()
        return tuple(dict.fromkeys(self._genre_names[match[0]] for match in self._genres.finditer(rest)))

    def directors(self, text: str) -> tuple[str, ...]:
        rest = _blank(text, self._titles)
        return tuple(dict.fromkeys(match[0] for match in self._directors.finditer(rest)))


def strict(text: str, case: Case, lexicon: Lexicon) -> Strict:
    """Take one text apart."""
    named = lexicon.mentions(text)
    labels = [mention.label for mention in named]
    history = {past.label for past in case.history}
    genres, directors = lexicon.genres(text), lexicon.directors(text)
    cited = [past for past in case.history if past.label in labels and past.label != case.item.label]
    common = set(case.item.genres).intersection(*(past.genres for past in cited))
    return Strict(
        target=case.item.label in labels,
        watched=len(set(labels) & (history - {case.item.label})),
        invented=tuple(dict.fromkeys(label for label in labels if label not in history | {case.item.label})),
        repeated=len(labels) != len(set(labels)),
        genres=genres,
        wrong_genres=tuple(genre for genre in genres if genre not in case.item.genres),
        wrong_directors=tuple(name for name in directors if name not in case.item.directors),
        unlinked_directors=tuple(
            name for name in directors if not any(name in past.directors for past in cited)
        ),
        genre_shared=bool(cited) and bool(common & set(genres)),
    )


def shares(texts: Sequence[str], cases: Sequence[Case], lexicon: Lexicon) -> Shares:
    """The strict measure over texts and their cases, in one order.

    Raises:
        ValueError: no texts, or not one text a case.
    """
    if not texts or len(texts) != len(cases):
        raise ValueError(f"{len(texts)} texts for {len(cases)} cases: give one text a case, and at least one")
    parts = [strict(text, case, lexicon) for text, case in zip(texts, cases, strict=True)]

    def share(holds: Callable[[Strict], bool]) -> float:
        return sum(map(holds, parts)) / len(parts)

    return Shares(
        n=len(parts),
        strict=share(lambda part: part.holds),
        target=share(lambda part: part.target),
        two_watched=share(lambda part: part.watched >= 2),
        hallucinated=share(lambda part: bool(part.invented)),
        repeated=share(lambda part: part.repeated),
        genres_right=share(lambda part: bool(part.genres) and not part.wrong_genres),
        directors_wrong=share(lambda part: bool(part.wrong_directors or part.unlinked_directors)),
        genre_shared=share(lambda part: part.genre_shared),
    )


@dataclass(frozen=True, slots=True)
class UserEffect:
    """Share of texts that speak of the user's own aspect, with the user's row, without it, and with
    another's."""

    true: float
    zero: float
    permuted: float


def user_effect(
    write: Callable[[Sequence[int]], list[str]],
    rows: Sequence[int],
    aspects: Sequence[str],
    *,
    all_aspects: Iterable[str],
    rng: np.random.Generator,
) -> UserEffect:
    """Let a student write with true, zeroed and permuted user rows, and count the right aspects.

    Permuting gives each case the row of a case whose aspect is another, so chance agreement is out.

    Args:
        write: texts for the same cases, given one user row a case.
        rows: (n,) the true rows.
        aspects: (n,) the aspect each user should hear of.
    """
    pattern = _any_of(set(all_aspects))

    def accuracy(given: Sequence[int]) -> float:
        named = [pattern.findall(text) for text in write(given)]
        return sum(set(found) == {aspect} for found, aspect in zip(named, aspects, strict=True)) / len(
            aspects
        )

    return UserEffect(
        true=accuracy(rows), zero=accuracy([0] * len(rows)), permuted=accuracy(_foreign(rows, aspects, rng))
    )


def _foreign(rows: Sequence[int], aspects: Sequence[str], rng: np.random.Generator) -> list[int]:
    given = []
    for aspect in aspects:
        others = [row for row, other in zip(rows, aspects, strict=True) if other != aspect]
        if not others:
            raise ValueError("all users share one aspect: permuting them cannot show an effect")
        given.append(others[int(rng.integers(len(others)))])
    return given


def _any_of(names: Iterable[str]) -> re.Pattern[str]:
    """Whole names only, the longest first; never matches where there are none."""
    ordered = sorted((name for name in names if name), key=lambda name: (-len(name), name))
    if not ordered:
        return re.compile(r"(?!)")
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, ordered)) + r")(?!\w)")


def _blank(text: str, pattern: re.Pattern[str]) -> str:
    """The text with the matches blanked out, so that places stay."""
    return pattern.sub(lambda match: " " * len(match[0]), text)
