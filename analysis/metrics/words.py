"""How metrics cut a text into words: one rule for lengths, diversity and titles."""

import re
import unicodedata
from dataclasses import dataclass

PIECE = re.compile(r"&|[^\W_]+")
"""A run of letters and digits, or an ampersand; apostrophes and hyphens part words."""


@dataclass(frozen=True, slots=True)
class Word:
    """A normalised word and where it stands in the composed text."""

    form: str
    start: int
    end: int


def words(text: str) -> list[Word]:
    """Casefolded, without accents, "&" read as "and". Positions point into `composed(text)`."""
    found = []
    for match in PIECE.finditer(composed(text)):
        form = "and" if match.group() == "&" else plain(match.group())
        if form:
            found.append(Word(form, match.start(), match.end()))
    return found


def forms(text: str) -> list[str]:
    """The normalised words alone."""
    return [word.form for word in words(text)]


def plain(word: str) -> str:
    """Casefold and drop accents: "Amélie" becomes "amelie"."""
    apart = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def composed(text: str) -> str:
    """Letters joined with their accents, so that no word is cut in two between them."""
    return unicodedata.normalize("NFC", text)
