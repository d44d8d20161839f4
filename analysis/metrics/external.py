"""Names in a text that it was not given: quoted or capitalised spans that are of nothing shown.

What a catalogue does not hold no list of titles can find: an invented film, an actor, a director of another film. Such
names give themselves away by quotation marks and capitals.
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.metrics.interface import MetricSignature, Text
from analysis.metrics.ordinary_words import ORDINARY_WORDS
from analysis.metrics.titles import ARTICLES, LARGE_ANYWHERE, SENTENCE_ENDS, names
from analysis.metrics.words import Word, composed, forms, words
from generation.pipeline.records import Item

MOST_WORDS = 12
"""A longer quotation is speech, no name."""
_QUOTED = re.compile(
    r"[\"“„«]([^\"“”„«»\n]{2,120})[\"”“»]|(?<!\w)[‘']([A-Z][^‘’'\n]{1,80})[’'](?!\w)|\*([^*\n]{2,120})\*"
)
_JOINING = frozenset(
    ["a", "an", "and", "at", "by", "de", "for", "in", "la", "of", "on", "s", "the", "to", "van", "von"]
)
"""Small words inside names; the s of a genitive is cut off as a word."""
_GAPS = frozenset([" ", "-", ": ", " & ", "'", "’"])
_OPENING = frozenset(
    re.findall(
        r"\w+",
        "after also as because both but by enjoy fans for from given having he here i if in it its just like "
        "loved much not of on she since so that there these they this those to try watch we what when while who "
        "with you your",
    )
)
"""With articles and ordinary words, what opens a sentence with a capital that is not its own."""


class ExternalSpan:
    """1 when a text has a quoted or Title-Case span that is of nothing it was shown, else 0; NaN for an empty one.

    Shown are the titles of history and item, whole or two words of them in a row, with their years, genres and
    directors. A Title-Case span has two capitalised words or more besides; months, weekdays, nationalities and an
    ordinary word that opens a sentence are none. An actor of the recommended film is external too, however true: the
    text was not given the name. The mean over texts is the rate of such texts: a sign of invention, not its measure.
    """

    def __init__(self) -> None:
        self.signature = MetricSignature(
            "external-span", "1", {"shown": "history,item", "spans": "quoted,title-case"}
        )

    def score(self, texts: Sequence[Text]) -> NDArray[np.float64]:
        scores = np.full(len(texts), np.nan)
        for row, text in enumerate(texts):
            if text.explanation.strip():
                scores[row] = float(bool(external_spans(text)))
        return scores


def external_spans(text: Text) -> list[str]:
    """The spans that are of nothing shown, in the text's own words, quoted ones first, each once."""
    written = composed(text.explanation)
    cut = words(written)
    own = _of_something_shown(cut, {run for item in (*text.history, text.item) for run in _runs(item)})
    found = []
    for start, end in _quotations(written):
        inside = [at for at, word in enumerate(cut) if start <= word.start and word.end <= end]
        large = [at for at in inside if written[cut[at].start].isupper() and cut[at].form != "i"]
        if large and len(inside) <= MOST_WORDS and not own.issuperset(large):
            found.append(written[start:end].strip(" .,!?;:"))
    found += [written[cut[run[0]].start : cut[run[-1]].end] for run in _title_case(written, cut, own)]
    return [span for at, span in enumerate(found) if not any(span in other for other in found[:at])]


def _runs(item: Item) -> Iterator[tuple[str, ...]]:
    """What may be said of an item: each of its names with the year behind it, and its features."""
    for name in names(item):
        yield name
        if item.year is not None:
            yield (*name, str(item.year))
    for feature in (*item.genres, *item.directors):
        yield tuple(forms(feature))


def _of_something_shown(cut: Sequence[Word], shown: set[tuple[str, ...]]) -> set[int]:
    """Places of the words that lie in something shown: in the whole of it, or in two of its words in a row."""
    parts = {
        run[start:end] for run in shown for start in range(len(run)) for end in range(start + 2, len(run) + 1)
    } | shown
    parts |= {run[1:] for run in shown if len(run) > 1 and run[0] in ARTICLES}
    longest = max(map(len, parts), default=0)
    held: set[int] = set()
    for start in range(len(cut)):
        for length in range(min(longest, len(cut) - start), 0, -1):
            if tuple(word.form for word in cut[start : start + length]) in parts:
                held.update(range(start, start + length))
                break
    return held


def _quotations(written: str) -> Iterator[tuple[int, int]]:
    for match in _QUOTED.finditer(written):
        group = next(number for number in (1, 2, 3) if match.group(number) is not None)
        yield match.span(group)


def _title_case(written: str, cut: Sequence[Word], own: set[int]) -> Iterator[list[int]]:
    """Runs of words with two capitals that are nobody's, small words that join them included."""
    run: list[int] = []
    for at in range(len(cut) + 1):
        goes_on = (
            at < len(cut)
            and at not in own
            and (written[cut[at].start].isupper() or (bool(run) and cut[at].form in _JOINING))
        )
        follows = bool(run) and at < len(cut) and written[cut[run[-1]].end : cut[at].start] in _GAPS
        if run and not (goes_on and follows):
            yield from _name(written, cut, run)
            run = []
        if goes_on and (run or written[cut[at].start].isupper()):
            run.append(at)


def _name(written: str, cut: Sequence[Word], run: list[int]) -> Iterator[list[int]]:
    while run and cut[run[-1]].form in _JOINING:
        run = run[:-1]
    if run and _opens_a_sentence(written, cut[run[0]]) and _is_no_name(cut[run[0]].form):
        run = run[1:]
    large = [at for at in run if written[cut[at].start].isupper() and cut[at].form not in LARGE_ANYWHERE]
    if len([at for at in large if cut[at].form not in _JOINING]) >= 2:
        yield run


def _opens_a_sentence(written: str, word: Word) -> bool:
    before = written[: word.start].rstrip(" \t\"'“”‘’*(")
    return not before or before[-1] in SENTENCE_ENDS


def _is_no_name(form: str) -> bool:
    return form in _OPENING or form in ORDINARY_WORDS or form in ARTICLES
