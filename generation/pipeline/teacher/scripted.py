"""The offline teacher: rules instead of a language model, so that everything after it can be run, and
checked.

It reads what a careful writer would read (which genres, directors and decades the item shares with the
history, and what the user likes to hear about), and it lies at a known rate about known things. Its texts are
no evidence about language models, which is why it is called offline teacher wherever its texts are shown.
"""

import hashlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from generation.pipeline.logs.builtin.tastes import aspect_of
from generation.pipeline.records import Case, Decoding, Item, Prompt, Signature
from generation.pipeline.teacher.interface import Draft

LABEL = "offline teacher"
"""What people read wherever a text of this teacher is shown."""
VERSION = "1"
"""Changes when any rule or any word below does: texts are kept by it."""

Aspects = Literal["planted", "history"]

# {t} the item; {x}, {y} from the history; {g} its kind of film; {a} what the user likes to hear about.
# The item
# comes first and the films before the ornament: a small student then plans before it talks.
SHARED = (
    "{t} is {g} in the vein of {x} and {y}, and {a} should win you over.",
    "{t} would sit well with {x} and {y}: it is {g} again, and {a} is worth your evening.",
    "{t} picks up where {x} and {y} left you: {g} with {a} you look for.",
    "{t} belongs beside {x} and {y}: {g} at heart, with {a} to remember.",
)
DIRECTED = (
    "{t} brings you back to {d} after {x}, and {y} shows you enjoy {g}; {a} is a reason too.",
    "{t} is {d} once more, as in {x}; next to {y} it is {g} where {a} stands out.",
)
SAME_DECADE = ("{t} comes from the {e} like {x} and {y}, this time as {g}, and {a} carries it.",)
UNLIKE = ("{t} is a change after {x} and {y}: {g}, picked because {a} is what you notice.",)
NO_GENRE = ("{t} should follow {x} and {y} nicely, and {a} is what you will notice.",)
ONE_FILM = ("{t} is a good step on from {x}, and {a} is what you will notice.",)
NO_HISTORY = ("{t} is a good place to begin, and {a} is what you will notice.",)


@dataclass(frozen=True, slots=True)
class Truth:
    """What the teacher meant for one case, and where it lied."""

    aspect: str
    """The noun it speaks of: a planted aspect, or a genre or decade of the user's history."""
    genre: str
    """The genre it names, empty where the item has none."""
    cited: tuple[Item, ...]
    """The films it names as watched, in the order of the text; the false one is among them."""
    false_title: Item | None
    """A film it says was watched, and was not."""
    false_genre: str
    """The genre it names and the item does not have; empty where the claim is true."""
    director: str
    """The shared director it names, else empty."""


class ScriptedTeacher:
    """Each text follows from the case and the seed alone."""

    prompt_version = "faithful-v1"
    budget: int | None = None
    reads_user = True
    chunk = 256
    """It writes thousands a second: what a death costs is nothing, what a write to the disk costs is much."""

    def __init__(
        self,
        catalogue: Iterable[Item],
        *,
        hallucination_rate: float = 0.0,
        misclaim_rate: float = 0.0,
        aspects: Aspects = "history",
        seed: int = 0,
    ) -> None:
        self.catalogue = tuple(sorted(catalogue, key=lambda item: item.id))
        for name, rate in (("hallucination_rate", hallucination_rate), ("misclaim_rate", misclaim_rate)):
            if not 0 <= rate <= 1:
                raise ValueError(f"{name} is a share from 0 to 1, not {rate}")
        if hallucination_rate > 0 and not self.catalogue:
            raise ValueError(
                "a hallucination_rate above 0 needs a catalogue: there must be films to name falsely"
            )
        if aspects not in ("planted", "history"):
            raise ValueError(
                f"aspects is 'planted' (the built-in corpus) or 'history' (any log), not {aspects!r}"
            )
        self.hallucination_rate, self.misclaim_rate = hallucination_rate, misclaim_rate
        self.aspects, self.seed = aspects, seed
        self.genres = tuple(sorted({genre for item in self.catalogue for genre in item.genres}))
        self._rarity = Counter(genre for item in self.catalogue for genre in item.genres)
        self._by_genre: dict[str, list[Item]] = {}
        self._by_label: dict[str, list[Item]] = {}
        for item in self.catalogue:
            self._by_label.setdefault(item.label, []).append(item)
            for genre in dict.fromkeys(item.genres):
                self._by_genre.setdefault(genre, []).append(item)
        self.signature = Signature(
            system=LABEL,
            version=VERSION,
            parameters={
                "offline": True,
                "aspects": aspects,
                "hallucination_rate": hallucination_rate,
                "misclaim_rate": misclaim_rate,
                "catalogue": _fingerprint(self.catalogue),
                "seed": seed,
            },
        )

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def write(
        self,
        cases: Sequence[Case],
        prompts: Sequence[Prompt],
        *,
        decoding: Decoding | None = None,
        seed: int = 0,
    ) -> list[Draft]:
        """Follow the rules; `decoding` and `seed` are a network's and are not read, the rules have their
        own seed."""
        shown = [prompt.n_dropped for prompt in prompts] if prompts else [0] * len(cases)
        return [Draft(self._write(case, n_dropped)) for case, n_dropped in zip(cases, shown, strict=True)]

    def truth(self, case: Case, n_dropped: int = 0) -> Truth:
        """What the text for this case says and which of it is planted falsehood: the key to check others
        by."""
        return self._plan(case, n_dropped)[0]

    def aspect(self, case: Case) -> str:
        """What the teacher speaks of to this user."""
        return aspect_of(case.user) if self.aspects == "planted" else aspect_in_history(case)

    def _write(self, case: Case, n_dropped: int) -> str:
        truth, template = self._plan(case, n_dropped)
        names = dict(zip("xy", (item.label for item in truth.cited), strict=False))
        return template.format(
            t=case.item.label,
            g=_kind(truth.genre),
            a=self._aspect_words(truth.aspect),
            d=truth.director,
            e=_decade(case.item),
            **names,
        )

    def _aspect_words(self, aspect: str) -> str:
        if self.aspects == "planted" or not aspect:
            return f"the {aspect or 'mood'}"
        return f"the {aspect.lower()} {'feel' if aspect[0].isdigit() else 'side'}"

    def _plan(self, case: Case, n_dropped: int) -> tuple[Truth, str]:
        rng = np.random.default_rng(_number(f"{self.seed}:{case.id}:{n_dropped}"))
        draws = rng.random(3)  # drawn before anything depends on the case, so a rate moves no other draw
        shown = case.history[n_dropped:]
        cited = self._nearest(case.item, shown)
        genre = self._genre(case.item, cited)
        templates, director = _templates(case.item, cited, genre)
        false_title, false_genre = None, ""
        if len(cited) == 2 and draws[0] < self.hallucination_rate:
            false_title = self._unwatched(case, genre, rng)
        if genre and draws[1] < self.misclaim_rate and set(self.genres) - set(case.item.genres):
            others = [name for name in self.genres if name not in case.item.genres]
            genre = false_genre = others[int(rng.integers(len(others)))]
        if false_title is not None:
            slot = int(rng.integers(2))
            cited = (false_title, cited[1]) if slot == 0 else (cited[0], false_title)
        truth = Truth(self.aspect(case), genre, cited, false_title, false_genre, director)
        return truth, templates[int(draws[2] * len(templates))]

    def _nearest(self, item: Item, history: Sequence[Item]) -> tuple[Item, ...]:
        """The two films of the history that share most with the item; the newer first where they share
        as much."""
        different = {
            past.id: past for past in history if past.id != item.id
        }  # a film watched twice counts once
        newest_first = list(different.values())[::-1]
        return tuple(sorted(newest_first, key=lambda past: -likeness(past, item))[:2])

    def _genre(self, item: Item, cited: Sequence[Item]) -> str:
        """The rarest genre the item shares with both films, else its own rarest."""
        shared = [genre for genre in item.genres if all(genre in past.genres for past in cited)]
        return min(shared or item.genres, key=lambda genre: (self._rarity[genre], genre), default="")

    def _unwatched(self, case: Case, genre: str, rng: np.random.Generator) -> Item | None:
        """A film outside the history that could pass: of the same genre if there is one."""
        shown = {past.id for past in (*case.history, case.item)}
        shown |= {
            other.id for past in (*case.history, case.item) for other in self._by_label.get(past.label, ())
        }
        return _draw(self._by_genre.get(genre, ()), shown, rng) or _draw(self.catalogue, shown, rng)


def load(
    *,
    catalogue: Iterable[Item] = (),
    hallucination_rate: float = 0.0,
    misclaim_rate: float = 0.0,
    aspects: Aspects = "history",
    seed: int = 0,
) -> ScriptedTeacher:
    """The offline teacher.

    Args:
        catalogue: the films it may name falsely; needed with `hallucination_rate`.
        hallucination_rate: share of texts in which one of the two films named was never watched.
        misclaim_rate: share of texts that name a genre the item does not have.
        aspects: "planted" on the built-in corpus; "history" reads the user's commonest genre or decade.
    """
    return ScriptedTeacher(
        catalogue,
        hallucination_rate=hallucination_rate,
        misclaim_rate=misclaim_rate,
        aspects=aspects,
        seed=seed,
    )


def _draw(pool: Sequence[Item], without: Collection[str], rng: np.random.Generator) -> Item | None:
    """One of `pool`, which is in the order of ids, none of them in `without`; looks only at what is left out."""
    places = sorted({bisect_left(pool, name, key=lambda item: item.id) for name in without})
    gone = [place for place in places if place < len(pool) and pool[place].id in without]
    if len(gone) == len(pool):
        return None
    chosen = int(rng.integers(len(pool) - len(gone)))
    for place in gone:
        chosen += place <= chosen
    return pool[chosen]


def likeness(past: Item, item: Item) -> float:
    """How much two films have in common: directors most, then genres, then the decade."""
    directors = len(set(past.directors) & set(item.directors))
    genres = len(set(past.genres) & set(item.genres))
    same_decade = _decade(past) == _decade(item) != ""
    return 3.0 * directors + genres + 0.5 * same_decade


def aspect_in_history(case: Case) -> str:
    """The commonest genre or decade of the user's history that the item has too; empty where they share
    none."""
    counts = Counter(value for past in case.history for value in (*past.genres, _decade(past)) if value)
    own = [value for value in (*case.item.genres, _decade(case.item)) if counts[value]]
    return min(own, key=lambda value: (-counts[value], value), default="")


def _templates(item: Item, cited: Sequence[Item], genre: str) -> tuple[tuple[str, ...], str]:
    """The templates that are true of these films, and the director they may name."""
    if len(cited) < 2:
        return (ONE_FILM if cited else NO_HISTORY), ""
    if not genre:
        return NO_GENRE, ""
    if shared := [name for name in item.directors if name in cited[0].directors]:
        return DIRECTED, shared[0]
    if all(genre in past.genres for past in cited):
        return SHARED, ""
    if all(_decade(past) == _decade(item) != "" for past in cited):
        return SAME_DECADE, ""
    return UNLIKE, ""


def _kind(genre: str) -> str:
    """A genre as people say it: "a crime film"."""
    if genre == "Film-Noir":
        return "a film-noir"
    word = "children's" if genre == "Children" else genre.lower()
    return f"{'an' if word[:1] in 'aeiou' else 'a'} {word} film"


def _decade(item: Item) -> str:
    return "" if item.year is None else f"{item.year // 10 * 10}s"


def _fingerprint(catalogue: Sequence[Item]) -> str:
    text = "\n".join(f"{item.id}\t{item.label}\t{item.genres}\t{item.directors}" for item in catalogue)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
