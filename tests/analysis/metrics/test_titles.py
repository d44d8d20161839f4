"""Titles are found as a careful reader would find them, and not where the words only happen to stand."""

import pytest

from analysis.metrics.titles import TitleFinder, names
from generation.pipeline.records import Item


def item(title: str, year: int | None = None) -> Item:
    return Item(id=f"{title}-{year}", title=title, year=year)


FINDER = TitleFinder(
    [
        item("The Matrix", 1999),
        item("Alien", 1979),
        item("Aliens", 1986),
        item("Toy Story", 1995),
        item("Toy Story 2", 1999),
        item("Big", 1988),
        item("The Game", 1997),
        item("Casablanca", 1942),
        item("Sabrina", 1954),
        item("Sabrina", 1995),
        item("1984", 1984),
        item("Amélie (Le Fabuleux destin d'Amélie Poulain)", 2001),
        item("City of Lost Children, The (Cité des enfants perdus, La)", 1995),
        item("Ferris Bueller's Day Off", 1986),
        item("Monsters & Men", 2018),
    ]
)


def found(text: str) -> list[str]:
    return [" ".join(mention.name) for mention in FINDER.find(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("You loved The Matrix, so try this.", ["the matrix"]),
        ("you loved the matrix", ["the matrix"]),
        ("It is as bleak as Alien.", ["alien"]),
        ("Alienation is its theme.", []),
        ("Aliens is louder than Alien", ["aliens", "alien"]),
        ("After Toy Story 2 you will want more.", ["toy story 2"]),
        ("Toy Story, then Toy Story 2!", ["toy story", "toy story 2"]),
        ("AMELIE is sweet; amélie too.", ["amelie", "amelie"]),
        ("You liked Le fabuleux destin d’Amélie Poulain.", ["le fabuleux destin d amelie poulain"]),
        ("Like La Cité des Enfants Perdus", ["la cite des enfants perdus"]),
        ("Like the City of Lost Children", ["city of lost children"]),
        ("You watched Ferris Bueller’s Day Off twice.", ["ferris bueller s day off"]),
        ("Monsters and Men is next.", ["monsters and men"]),
        ("Casablanca is a classic.", ["casablanca"]),
        ("", []),
    ],
)
def test_a_title_is_found_where_it_is_named(text: str, expected: list[str]) -> None:
    if "City of Lost" in text:
        expected = ["the city of lost children"]
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "It has a big heart.",
        "Big fans of comedy will smile.",
        "It changed the game.",
        "Big.",
        "It made 1984 dollars.",
    ],
)
def test_an_ordinary_word_is_not_a_title(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("You enjoyed Big so much.", "big"),
        ('"Big" is a comedy.', "big"),
        ("If you like big (1988), watch this.", "big"),
        ("Twisty like The Game.", "the game"),
        ("You read ‘1984’ as a film.", "1984"),
    ],
)
def test_an_ordinary_word_is_a_title_when_the_text_marks_it_as_one(text: str, name: str) -> None:
    assert found(text) == [name]


LARGE = TitleFinder(
    [
        item("Made", 2001),
        item("They", 2002),
        item("May", 2002),
        item("Friday", 1995),
        item("The Jerk", 1979),
        item("Saw", 2004),
        item("Vertigo", 1958),
    ]
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Vertigo is well made, and most people who saw it say that they liked it.", ["vertigo"]),
        ("It may be something for a Friday night, or for May, unless your boss is the jerk.", []),
        ("You watched Made and Saw, so They (2002) should follow.", ["made", "saw", "they"]),
        ("Your 'May' and “Friday” were fun, and The Jerk too.", ["may", "friday", "the jerk"]),
        ("Vertigo, always vertigo.", ["vertigo", "vertigo"]),
        ("you loved vertigo", ["vertigo"]),
    ],
)
def test_a_large_catalogue_turns_no_small_word_into_a_title(text: str, expected: list[str]) -> None:
    assert [" ".join(mention.name) for mention in LARGE.find(text)] == expected


def test_a_stated_year_decides_between_two_films_of_one_name() -> None:
    (mention,) = FINDER.find("You liked Sabrina (1995).")
    assert [bearer.year for bearer in mention.items] == [1995]
    (mention,) = FINDER.find("You liked Sabrina.")
    assert [bearer.year for bearer in mention.items] == [1954, 1995]


def test_positions_point_at_the_words_of_the_text() -> None:
    text = "First Alien, then Toy Story 2 (1999)."
    assert [text[mention.start : mention.end] for mention in FINDER.find(text)] == ["Alien", "Toy Story 2"]


def test_an_inverted_article_is_put_in_front() -> None:
    assert names(item("Matrix, The (1999)")) == (("the", "matrix"),)
    assert names(item("Seven (a.k.a. Se7en)")) == (("seven",), ("se7en",))


def test_an_empty_catalogue_finds_nothing() -> None:
    assert TitleFinder([]).find("The Matrix") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Big is a popular film.", ["big"]),
        ("It is fun. Heat is next, and Friday after it.", ["heat", "friday"]),
        ("The Game is on.", ["the game"]),
        ("It has a big heart, and heat.", []),
        ("You may say that they are well made, for a Monday in May. I say so.", []),
    ],
)
def test_an_ordinary_title_that_the_card_shows_needs_no_more_than_a_capital(
    text: str, expected: list[str]
) -> None:
    shown = [item("Big", 1988), item("Heat", 1995), item("The Game", 1997), item("Friday", 1995), item("I")]
    others = [item("Made", 2001), item("They", 2002), item("May", 2002), item("Monday", 2000)]
    finder = TitleFinder([*shown, *others])
    assert [" ".join(mention.name) for mention in finder.find(text, shown=shown)] == expected
    assert finder.find("Big is a popular film.", shown=others) == []
