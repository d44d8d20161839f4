"""Simulated annotators who take a study through its real pages, so that a design can be tried before people come.

Each one reads what the page shows and nothing else, marks what a plain rule finds in the text, adds a severity and
a noise that are known, and posts the form as a browser would. Their ratings are marked as simulated wherever they
appear: they test the study and the report, they say nothing about the systems.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin

import numpy as np
import requests
from lxml import html

from analysis.metrics.titles import TitleFinder, names
from generation.pipeline.records import Item

LOWEST, HIGHEST = 1, 5
LABEL = re.compile(r"^(?P<title>.*?)(?: \((?P<year>\d{4})\))?$")
ASKS = re.compile(r"(?:choose|选择)\s*(?P<mark>[1-5])(?!\d)")
"""A text that asks for a mark is an attention check, whatever else it says."""
MORE_PAGES_THAN_ANY_STUDY = 20_000


class RehearsalFailed(RuntimeError):
    """A page did not behave; says which, and what it answered."""


@dataclass(frozen=True)
class Reading:
    """What a careful reader finds in one explanation; each mark on the scale from 1 to 5."""

    named: int
    """Films of the history the text names; one that it calls by two names counts once."""
    invented: int
    """Films it names that were not shown."""
    names_item: bool
    n_words: int
    shared_genres: int
    """Genres the recommended item shares with the history and the text names."""

    @property
    def marks(self) -> dict[str, float]:
        faithfulness = 5.0 - 3.0 * min(self.invented, 1) - max(0, self.invented - 1)
        if not self.named and not self.invented:
            faithfulness = 4.0  # nothing is wrong, and nothing is supported
        personalization = 1.0 + 1.3 * min(self.named, 2) + 0.7 * min(self.shared_genres, 2)
        persuasiveness = (
            1.5 + 0.8 * min(self.named, 2) + 0.6 * self.names_item + 0.5 * (12 <= self.n_words <= 45)
        )
        return {
            "persuasiveness": persuasiveness,
            "personalization": personalization,
            "faithfulness": faithfulness,
        }


class Reader:
    """Reads as somebody who knows the catalogue: an invented title is one that was not shown."""

    def __init__(self, catalogue: Iterable[Item]) -> None:
        self._catalogue = tuple(catalogue)
        self._finder = TitleFinder(self._catalogue)

    def read(self, *, history: Mapping[str, str], item: tuple[str, str], explanation: str) -> Reading:
        """History and item as the page shows them: label -> genres in words."""
        past = {label: set(names(_item(label))) for label in history}
        target = set(names(_item(item[0])))
        known = target.union(*past.values())
        mentions = self._finder.find(explanation, shown=map(_item, [*history, item[0]]))
        said = {mention.name for mention in mentions} - target
        text = explanation.casefold()
        liked = {genre for genres in history.values() for genre in _genres(genres)}
        return Reading(
            named=sum(bool(said & name) for name in past.values()),
            invented=len({mention.items for mention in mentions if mention.name not in known}),
            names_item=any(mention.name in target for mention in mentions),
            n_words=len(explanation.split()),
            shared_genres=sum(genre in text for genre in liked & set(_genres(item[1]))),
        )


def gold(reading: Reading) -> dict[str, int]:
    """The reading without severity or noise, as whole marks: what a rehearsal's calibration cards are held against."""
    return {key: _on_scale(value) for key, value in reading.marks.items()}


@dataclass
class SimulatedAnnotator:
    """A browser without a screen, and the person in front of it."""

    name: str
    password: str
    severity: float
    """Added to every mark: below 0 a harsh annotator, above 0 a mild one."""
    noise: float
    """Standard deviation of what varies from mark to mark."""
    reader: Reader
    rng: np.random.Generator
    base_url: str
    reads_on: bool = True
    """Whether a text that asks for a mark gets it; who does not read on judges it like any other."""
    n_rated: int = 0
    session: requests.Session = field(default_factory=requests.Session)

    def take_part(self, join_path: str) -> None:
        """Sign in and go from the invitation to the finish page, or to a polite exit at the gate.

        Raises:
            RehearsalFailed: a page answered with an error, or the way led nowhere.
        """
        page = self._get(f"/accounts/login/?next={join_path}")
        for _ in range(MORE_PAGES_THAN_ANY_STUDY):
            onward = self._onward(page)
            if onward is None:
                return
            page = onward
        raise RehearsalFailed(f"{self.name} was still clicking after {MORE_PAGES_THAN_ANY_STUDY} pages")

    def _onward(self, page: "Page") -> "Page | None":
        """Do what a person does on this page; None where there is nothing left to do."""
        form = page.form
        if form is not None and any(name.startswith("mark-") for name in form.fields):
            return self._judge(page)
        if form is not None and "login" in form.fields:
            form.fields.update({"login": self.name, "password": self.password})
            return self._submit(page)
        if form is not None:
            for box in form.xpath(".//input[@type='checkbox']"):
                box.checked = True
            return self._submit(page)
        step = page.link_onward
        return self._get(step) if step else None

    def _judge(self, page: "Page") -> "Page":
        form = page.form
        assert form is not None
        history, item = dict(page.labels(".history li")), next(iter(page.labels(".recommended")))
        texts = page.texts(".explanation p[lang]")
        for number, text in enumerate(texts, start=1):
            column = f"{number}-" if len(texts) > 1 else ""  # a board has several, side by side
            asked = ASKS.search(text) if self.reads_on else None
            reading = self.reader.read(history=history, item=item, explanation=text)
            for key, mark in reading.marks.items():
                noise = self.rng.normal(0, self.noise) if self.noise else 0.0
                given = asked["mark"] if asked else str(_on_scale(mark + self.severity + noise))
                form.fields[f"mark-{column}{key}"] = given
        if "seconds" in form.fields:
            each = self.rng.lognormal(np.log(20), 0.4, len(texts))
            form.fields["seconds"] = str(round(float(each.sum()), 1))
        self.n_rated += len(texts)
        return self._submit(page)

    def _get(self, path: str) -> "Page":
        return self._read(self.session.get(urljoin(self.base_url, path), timeout=60))

    def _submit(self, page: "Page") -> "Page":
        form = page.form
        assert form is not None
        address = urljoin(page.url, form.action or page.url)
        answer = self.session.post(
            address, data=form.form_values(), headers={"Referer": page.url}, timeout=60
        )
        return self._read(answer)

    def _read(self, answer: requests.Response) -> "Page":
        page = Page(answer.url, html.fromstring(answer.content))
        if answer.status_code != 200:
            said = " ".join(page.document.text_content().split())[:300]
            raise RehearsalFailed(f"{self.name}: {answer.url} answered {answer.status_code}: {said}")
        return page


@dataclass
class Page:
    url: str
    document: html.HtmlElement

    @property
    def form(self) -> html.FormElement | None:
        """The form of the page's main part that posts, if it has one."""
        return next((form for form in self.document.xpath("//main//form") if form.method == "POST"), None)

    @property
    def link_onward(self) -> str | None:
        links = self.document.cssselect("main a.button.primary")
        return urljoin(self.url, links[0].get("href")) if links else None

    def texts(self, selector: str) -> list[str]:
        return [element.text_content().strip() for element in self.document.cssselect(selector)]

    def labels(self, selector: str) -> Iterable[tuple[str, str]]:
        """(label, what stands small beside it) of each item the page shows."""
        for element in self.document.cssselect(selector):
            small = " ".join(part.text_content() for part in element.cssselect("small"))
            bold = element.cssselect("b")
            label = bold[0].text_content() if bold else element.text_content().removesuffix(small)
            yield label.strip(), small.strip()


def _item(label: str) -> Item:
    match = LABEL.match(label)
    assert match
    year = match["year"]
    return Item(id=label, title=match["title"], year=int(year) if year else None)


def _genres(words: str) -> list[str]:
    return [genre.strip().casefold() for genre in words.split(",") if genre.strip()]


def _on_scale(value: float) -> int:
    return int(np.clip(np.floor(value + 0.5), LOWEST, HIGHEST))
