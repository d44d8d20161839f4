"""What an annotator may see: frozen values built from an allow-list, and the normalisation of texts."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class BlindedItem:
    """A film as an annotator reads it."""

    label: str
    """Title and year."""
    genres: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Level:
    """One point of a scale, with its word and an example explanation that deserves it."""

    value: int
    label: str
    example: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class BlindedCriterion:
    key: str
    name: str
    definition: str
    question: str
    levels: tuple[Level, ...]
    """Lowest point first."""


@dataclass(frozen=True, slots=True)
class BlindedCard:
    """Everything an annotator's page is drawn from. Adding a field here is a decision about blindness."""

    token: str
    """The placement's token; a calibration card's own token during calibration."""
    study_title: str
    language: str
    case_history: tuple[BlindedItem, ...]
    """Newest first."""
    item: BlindedItem
    explanation: str
    position: int
    """From 1."""
    total: int
    criteria: tuple[BlindedCriterion, ...]
    """In this annotator's own order."""
    ratings: Mapping[str, int | None] = field(default_factory=dict)
    """Criterion key to mark, for criteria already answered; None is "cannot judge"."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Criterion key to why it could not be judged."""
    version: int = 0
    """How often marks of this card were stored; sent back with a submit, it exposes a stale page."""


ITEM_FIELDS = ("title", "year", "genres")
"""All that is ever read of a stored item for a page."""


def blinded_item(stored: Mapping[str, Any]) -> BlindedItem:
    """Read the allowed fields of a stored item and nothing else."""
    title, year, genres = (stored.get(name) for name in ITEM_FIELDS)
    label = f"{title} ({year})" if year is not None else str(title)
    return BlindedItem(label=label, genres=tuple(str(genre) for genre in genres or ()))


def blinded_history(stored: Iterable[Mapping[str, Any]]) -> tuple[BlindedItem, ...]:
    """Turn a history stored oldest first into what is shown: newest first."""
    return tuple(blinded_item(item) for item in stored)[::-1]


_SELF_INTRODUCTION = re.compile(
    r"^\s*as an? (?:ai|artificial intelligence|large language model|language model)\b[^,.:;]*[,.:;]\s*",
    re.IGNORECASE,
)
_GENERIC_PREFIX = re.compile(
    r"^\s*(?:explanation|recommendation|answer|output|response)\s*[:：]\s*", re.IGNORECASE
)
_SPACE = re.compile(r"\s+")
_QUOTES = {'"': '"', "“": "”", "'": "'", "‘": "’"}


def normalise(text: str, prefixes: Iterable[str] = ()) -> str:
    """Take off a text what tells its writer without being part of the explanation.

    White space is collapsed; a leading "As an AI…", "Explanation:" or one of `prefixes` followed by a colon
    or dash, and quotation marks around the whole text, are removed; the first letter is then a capital.
    Nothing inside the text is touched, and a text that would be left empty is kept but for white space.

    Args:
        text: what the system wrote.
        prefixes: names a system may announce itself by, such as its own name and label.
    """
    plain = _SPACE.sub(" ", text).strip()
    named = [
        re.compile(rf"^\s*\[?{re.escape(name)}\]?\s*[:：\-–—]\s*", re.IGNORECASE) for name in prefixes if name
    ]
    result, before = plain, ""
    while result != before:
        before = result
        for pattern in (_SELF_INTRODUCTION, _GENERIC_PREFIX, *named):
            result = pattern.sub("", result, count=1)
        if len(result) > 2 and _QUOTES.get(result[0]) == result[-1] and result[0] not in result[1:-1]:
            result = result[1:-1].strip()
    if not result:
        return plain
    return result if result == plain else result[0].upper() + result[1:]
