"""Which titles of a catalogue does a text name? Found on normalised words, longest title first.

Method: generation notes of the project, "Entity faithfulness (titles)". Casefolded, without accents and
punctuation, without a trailing year, "Matrix, The" read as "the matrix", other names in parentheses as names
of their own. A mention starts and ends at words, and a longer title hides the shorter ones inside it.

Titles of one ordinary word ("Big", "Heat", "The Game") would be found in half of all English sentences. They
count only when quoted, when capitalised inside a sentence, or when a year follows. A catalogue of ten thousand
has titles no list foresees ("Made", "They", "May"): in a text that writes capitals, any one-word title in small
letters needs the same marks, unless the text writes it large elsewhere. A weekday, a month or a nationality is
always large, so that its capital marks nothing.

What the card itself shows is expected: a title of its item or history counts wherever it is capitalised, at the
start of a sentence too ("Big is a popular film" names Big when Big was recommended). "Big fans" then counts as
well; a text is given the benefit of that doubt, which can never make it name something foreign.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import ahocorasick

from analysis.metrics.ordinary_words import ORDINARY_WORDS
from analysis.metrics.words import Word, composed, forms, words
from generation.pipeline.records import Item

YEAR = re.compile(r"\s*[\"'”’»*]*\s*[\(\[]?\s*((?:18|19|20)\d\d)\b")
TRAILING_YEAR = re.compile(r"\s*\((?:18|19|20)\d\d\)\s*$")
PARENTHESES = re.compile(r"\(([^()]*)\)")
INVERTED = re.compile(
    r"^(.*\S), (The|A|An|Le|La|Les|L'|Un|Une|Il|Lo|I|Gli|Das|Der|Die|Ein|Eine|El|Los|Las|Den|Det|De|Het)$",
    re.IGNORECASE,
)
ARTICLES = {"the", "a", "an", "le", "la", "les", "l", "das", "der", "die", "el", "los", "las", "il"}
LARGE_ANYWHERE = frozenset(
    [
        "i",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "christmas",
        "easter",
        "halloween",
        "american",
        "british",
        "english",
        "french",
        "german",
        "italian",
        "japanese",
        "spanish",
    ]
)
QUOTES = "\"“”„«»'‘’*_"
SENTENCE_ENDS = ".!?:;—–-…\n"


@dataclass(frozen=True, slots=True)
class Mention:
    """One place where a text names a title."""

    name: tuple[str, ...]
    """The normalised words of the name."""
    items: tuple[Item, ...]
    """Every catalogue item that bears this name; narrowed to the year where the text states one that fits."""
    start: int
    end: int


@lru_cache(maxsize=100_000)
def names(item: Item) -> tuple[tuple[str, ...], ...]:
    """The normalised names of an item: its title, and what stands in parentheses inside it."""
    title = TRAILING_YEAR.sub("", composed(item.title))
    others = [
        re.sub(r"^a\.?k\.?a\.?\s*", "", other, flags=re.IGNORECASE) for other in PARENTHESES.findall(title)
    ]
    main = PARENTHESES.sub(" ", title)
    found = [tuple(forms(_uninverted(" ".join(name.split())))) for name in [main, *others]]
    return tuple(dict.fromkeys(name for name in found if name))


class TitleFinder:
    """Finds mentions of the items it was built from; built once, asked for many texts."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._bearers: dict[tuple[str, ...], list[Item]] = {}
        for item in items:
            for name in names(item):
                bearers = self._bearers.setdefault(name, [])
                if item not in bearers:
                    bearers.append(item)
        self._automaton = ahocorasick.Automaton()
        for name in self._bearers:
            self._automaton.add_word(f" {' '.join(name)} ", name)
        if self._bearers:
            self._automaton.make_automaton()

    def find(self, text: str, shown: Iterable[Item] = ()) -> list[Mention]:
        """Mentions in reading order; none overlaps another.

        Args:
            shown: the items of the card the text stands on; their names need no more than a capital.
        """
        if not self._bearers:
            return []
        text = composed(text)
        cut = words(text)
        flat = f" {' '.join(word.form for word in cut)} "
        place_of = _places(cut)
        expected = {name for item in shown for name in names(item)}
        writes_capitals = any(letter.isupper() for letter in text)
        candidates: list[tuple[int, int, tuple[str, ...], int | None]] = []
        doubtful: list[tuple[int, int, tuple[str, ...], int | None]] = []
        for last, name in self._automaton.iter(flat):
            first = place_of[last + 1 - len(" ".join(name)) - 1]
            span = cut[first : first + len(name)]
            year = _year_after(text, span[-1].end)
            candidate = (len(name), -first, name, year)
            marked = bool(year) or _stands_out(text, span) or _expected(text, span, name, expected)
            if _is_ordinary(name) and not marked:
                continue
            small = writes_capitals and _is_one_word(name) and text[span[-1].start].islower()
            (doubtful if small and not marked else candidates).append(candidate)
        written_large = {name for _, _, name, _ in candidates}
        candidates += [candidate for candidate in doubtful if candidate[2] in written_large]
        taken: set[int] = set()
        mentions = []
        for length, negative_first, name, year in sorted(
            candidates, key=lambda found: found[:2], reverse=True
        ):
            covered = range(-negative_first, -negative_first + length)
            if taken.isdisjoint(covered):
                taken.update(covered)
                mentions.append(
                    Mention(name, self._meant(name, year), cut[covered[0]].start, cut[covered[-1]].end)
                )
        return sorted(mentions, key=lambda mention: mention.start)

    def _meant(self, name: tuple[str, ...], year: int | None) -> tuple[Item, ...]:
        bearers = tuple(self._bearers[name])
        return tuple(item for item in bearers if year is not None and item.year == year) or bearers


def _uninverted(title: str) -> str:
    match = INVERTED.match(title)
    return f"{match.group(2)} {match.group(1)}" if match else title


def _places(cut: Sequence[Word]) -> dict[int, int]:
    """Offset of each word in the flat text -> its index."""
    places, offset = {}, 1
    for index, word in enumerate(cut):
        places[offset] = index
        offset += len(word.form) + 1
    return places


def _is_ordinary(name: tuple[str, ...]) -> bool:
    word = name[-1]
    ordinary = word in ORDINARY_WORDS or word in LARGE_ANYWHERE or word.isdigit() or len(word) < 3
    return _is_one_word(name) and ordinary


def _is_one_word(name: tuple[str, ...]) -> bool:
    """One word, an article in front of it left aside."""
    return len(name) == 1 or (len(name) == 2 and name[0] in ARTICLES)


def _year_after(text: str, end: int) -> int | None:
    match = YEAR.match(text, end)
    return int(match.group(1)) if match else None


def _expected(
    text: str, span: Sequence[Word], name: tuple[str, ...], expected: Collection[tuple[str, ...]]
) -> bool:
    """A name the card shows, capitalised; "I" alone is a pronoun too often."""
    return name in expected and name != ("i",) and text[span[-1].start].isupper()


def _stands_out(text: str, span: Sequence[Word]) -> bool:
    """Quoted, or capitalised where the sentence does not ask for a capital."""
    start, end = span[0].start, span[-1].end
    if start and end < len(text) and text[start - 1] in QUOTES and text[end] in f"{QUOTES},.!?":
        return True
    last = span[-1]
    capital = text[last.start].isupper() or text[last.start].isdigit()
    if len(span) == 2:  # an article stands before it: the capital cannot be the sentence's
        return text[last.start].isupper()
    before = text[:start].rstrip(" \t" + QUOTES)
    capital = capital and last.form not in LARGE_ANYWHERE
    return capital and not text[last.start].isdigit() and bool(before) and before[-1] not in SENTENCE_ENDS
