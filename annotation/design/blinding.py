"""What an annotator may see: frozen values built from an allow-list, and the normalisation of texts."""

import re
import unicodedata
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


@dataclass(frozen=True, slots=True)
class BlindedColumn:
    """One text of a board."""

    token: str
    """The placement's token, as on a card of its own."""
    explanation: str
    ratings: Mapping[str, int | None] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    version: int = 0


@dataclass(frozen=True, slots=True)
class BlindedBoard:
    """All texts of a case side by side, and everything else the page is drawn from; fields as those of a card."""

    token: str
    """That of the first column; the token of any column leads to the board."""
    study_title: str
    language: str
    case_history: tuple[BlindedItem, ...]
    item: BlindedItem
    columns: tuple[BlindedColumn, ...]
    """In the order drawn for this annotator and case."""
    position: int
    """From 1, counted in boards."""
    total: int
    criteria: tuple[BlindedCriterion, ...]


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


_VISIBLE_FORMATS = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
"""Signs of category Cf that are drawn, such as the Arabic sign of a number."""
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Marks and letters that are drawn as nothing; not of category Cf."""
_VARIANTS = re.compile("[\u180b-\u180f\ufe00-\ufe0e\ufff0-\ufff8\U000e0000-\U000e0fff]")
"""Selectors of a drawing that a page may ignore, and code points kept free for more of them."""
_EMOJI_SELECTOR = re.compile("(?<![\u203c-\u32ff\U0001f000-\U0001faff])\ufe0f(?!\u20e3)")
_JOINERS = re.compile("[\u200c\u200d]+")
_JOINED_SCRIPTS = (
    *((0x0620, 0x08FF), (0xFB50, 0xFDFF), (0xFE70, 0xFEFE)),  # Arabic and its kin, from Persian to N'Ko
    *((0x0900, 0x0DFF), (0x0F00, 0x109F), (0x1780, 0x18AF)),  # Indic; Tibetan, Burmese; Khmer, Mongolian
    *((0x1B00, 0x1B7F), (0xA8E0, 0xA8FF), (0x11000, 0x114DF)),  # Balinese; later signs of the same scripts
)


def visible(text: str) -> str:
    """The text in NFC without characters that nobody sees: by those a writer could be told, or a name hidden.

    Format characters (Unicode category Cf: direction overrides, zero-width space, byte order mark, soft
    hyphen, tags), controls but for newline and tab, fillers and stray variation selectors go. The joiners
    ZWJ and ZWNJ stay, one at a time, between letters of scripts that are written with them, and ZWJ inside
    an emoji sequence; format characters that are drawn, as the Arabic number signs, stay too. Any other
    white space is kept; an empty result means that there was nothing to read.
    """
    before = None
    while text != before:  # taking one away can bring two together that compose
        before, text = text, unicodedata.normalize("NFC", _without_unseen(text))
    return text


def comparable(text: str) -> str:
    """What two texts are compared by where a difference must be seen: NFKC, case folded, no joiners, single
    spaces."""
    folded = unicodedata.normalize("NFKC", visible(text)).casefold()
    return _SPACE.sub(" ", _JOINERS.sub("", folded)).strip()


def _without_unseen(text: str) -> str:
    kept = "".join(filter(_is_seen, text.replace("\r\n", "\n").replace("\u2800", " ")))
    kept = _EMOJI_SELECTOR.sub("", _VARIANTS.sub("", kept))
    return _JOINERS.sub(_joiner, kept)


def _is_seen(sign: str) -> bool:
    if sign.isspace() or sign in "\u200c\u200d" or sign in _VISIBLE_FORMATS:
        return True
    return unicodedata.category(sign) not in {"Cf", "Cc"} and sign not in _BLANKS


def _joiner(run: re.Match[str]) -> str:
    """The run's last joiner where it joins something, otherwise nothing."""
    text, joiner = run.string, run[0][-1]
    before, after = text[: run.start()][-1:], text[run.end() :][:1]
    if _is_joined(before) and _is_joined(after):
        return joiner
    if joiner == "\u200d" and before and unicodedata.combining(before) == _VIRAMA:
        return joiner  # a half form at the end of a word
    if joiner == "\u200d" and _is_emoji(before, "\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"):
        return joiner if _is_emoji(after, "\u2194\u2195") else ""
    return ""


_VIRAMA = 9
"""The combining class of the sign that takes a letter's vowel away."""


def _is_joined(sign: str) -> bool:
    return (
        bool(sign)
        and unicodedata.category(sign)[0] in "LM"
        and any(first <= ord(sign) <= last for first, last in _JOINED_SCRIPTS)
    )


def _is_emoji(sign: str, besides: str) -> bool:
    return bool(sign) and (sign in besides or (unicodedata.category(sign) == "So" and sign >= "\u2190"))


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

    Characters that nobody sees go (see `visible`) and white space is collapsed; a leading "As an AI…",
    "Explanation:" or one of `prefixes` followed by a colon or dash, and quotation marks around the whole text,
    are removed; the first letter is then a capital. Nothing else inside the text is touched, and a text of which
    only its opening would be left is kept. A text in which nothing can be seen comes out empty.

    Args:
        text: what the system wrote.
        prefixes: names a system may announce itself by, such as its own name and label.
    """
    plain = _SPACE.sub(" ", visible(text)).strip()
    named = [
        re.compile(rf"^\s*\[?{re.escape(visible(name))}\]?\s*[:：\-–—]\s*", re.IGNORECASE)
        for name in prefixes
        if visible(name)
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
