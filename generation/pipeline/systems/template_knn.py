"""The grounded floor: name the nearest films of the history and what they truly share with the item."""

from collections.abc import Iterable, Mapping, Sequence
from math import sqrt

from generation.pipeline import prompts
from generation.pipeline.records import Case, Explanation, Item, Prompt
from generation.pipeline.systems.answering import answer, signed
from generation.pipeline.teacher.interface import Draft
from generation.pipeline.teacher.scripted import likeness

NAME = "template-knn"
VERSION = "1"
PROMPT_VERSION = "compact-v1"
"""It reads no prompt; this one stands in the records for what it was shown."""


class TemplateKnn:
    """Every word it says follows from the case; the same case gives the same text, whatever came before."""

    def __init__(self, watched_by: Mapping[str, frozenset[int]], *, max_titles: int | None = None) -> None:
        """`watched_by`: item id -> users who met it; empty where likeness has to do alone."""
        self.watched_by, self.max_titles = watched_by, max_titles
        similarity = "likeness" if not watched_by else "cosine+likeness"
        self.signature = signed(
            NAME,
            VERSION,
            prompt=PROMPT_VERSION,
            decoding=None,
            seed=0,
            similarity=similarity,
            max_titles=max_titles,
        )

    def explain(self, cases: Sequence[Case]) -> list[Explanation]:
        return answer(
            cases,
            render=lambda case: prompts.render(case, version=PROMPT_VERSION, max_titles=self.max_titles),
            write=lambda some, shown: [
                Draft(self.text(case, prompt)) for case, prompt in zip(some, shown, strict=True)
            ],
            signature=self.signature,
        )

    def text(self, case: Case, prompt: Prompt) -> str:
        near = self.nearest(case.item, case.history[prompt.n_dropped :])
        label = case.item.label
        if not near:
            return f"{label} is recommended to you, though there is no history yet to explain it by."
        names = " and ".join(item.label for item in near)
        if reason := shared_traits(case.item, near):
            return f"{label} is recommended because you watched {names}: {reason}."
        return f"{label} is recommended because you watched {names}, the nearest to it in your history."

    def nearest(self, item: Item, history: Sequence[Item]) -> list[Item]:
        """The two nearest films, each once; the newer first where two are as near."""
        newest_first = list(
            {past.label: past for past in history if past.id != item.id and past.label != item.label}.values()
        )[::-1]
        ranked = sorted(newest_first, key=lambda past: (-likeness(past, item), -self._cosine(past, item)))
        return ranked[:2]

    def _cosine(self, past: Item, item: Item) -> float:
        """Of the two items' columns in the user-item table, 0 where either was met by nobody."""
        a, b = self.watched_by.get(past.id, frozenset()), self.watched_by.get(item.id, frozenset())
        return len(a & b) / sqrt(len(a) * len(b)) if a and b else 0.0


def load(
    *,
    interactions: Iterable[tuple[int, str]] = (),
    max_titles: int | None = None,
) -> TemplateKnn:
    """The floor.

    Args:
        interactions: (user code, item id) of the training part of a log: item-item similarity, which orders
            films that are equally alike. Without them genres, directors and decades decide alone.
    """
    users: dict[str, set[int]] = {}
    for user, item in interactions:
        users.setdefault(item, set()).add(user)
    return TemplateKnn({item: frozenset(met) for item, met in users.items()}, max_titles=max_titles)


def shared_traits(item: Item, near: Sequence[Item]) -> str:
    """What the item has in common with all the films named, in words; empty where it is nothing."""
    them = "both" if len(near) == 2 else "that film"
    directors = [name for name in item.directors if all(name in past.directors for past in near)]
    genres = [name for name in item.genres if all(name in past.genres for past in near)]
    parts = []
    if directors:
        parts.append(f"directed by {_listed(directors)}")
    if genres:
        parts.append(f"filed under {_listed([name.lower() for name in genres])}")
    return f"like {them}, it is {' and '.join(parts)}" if parts else ""


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
