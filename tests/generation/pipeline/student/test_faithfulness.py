from collections.abc import Sequence

import numpy as np
import pytest

from generation.pipeline.student.faithfulness import Lexicon, shares, strict, user_effect
from tests.generation.pipeline.films import FILMS, case

LEXICON = Lexicon(FILMS)
ONE = case("Alien (1979)", "Aliens (1986)", "Heat (1995)", "It (2017)", item="Blade Runner (1982)")


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("Aliens (1986) after Alien (1979)", ["Aliens (1986)", "Alien (1979)"]),
        ("The Big Lebowski, and then Heat.", ["The Big Lebowski (1998)", "Heat (1995)"]),
        ("In the heat, an alien: it is here. It is good.", []),
        ("It (2017) is good.", ["It (2017)"]),
        ("Alienated by Psychology", []),
        ("You saw The Long Night (1971).", ["The Long Night (1971)"]),
        ("Solaris (1972) is not Solaris (2002)", ["Solaris (1972)", "Solaris (2002)"]),
    ],
)
def test_films_are_found_in_free_text(text: str, labels: list[str]) -> None:
    found = [mention.label for mention in LEXICON.mentions(text)]
    assert [label.split(" saw ")[-1] for label in found] == labels


def test_a_film_nobody_knows_is_an_invented_one() -> None:
    found = LEXICON.mentions("Like The Long Night (1971)")
    assert [mention.known for mention in found] == [False]
    assert len(strict("Blade Runner (1982), like The Long Night (1971)", ONE, LEXICON).invented) == 1


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("Blade Runner (1982) is a sci-fi film like Alien (1979) and Aliens (1986).", True),
        ("Blade Runner is a sci-fi film like Alien and Aliens.", True),
        ("Blade Runner (1982) is a sci-fi film by Ridley Scott like Alien (1979) and Heat (1995).", True),
        ("Solaris (1972) is a sci-fi film like Alien (1979) and Aliens (1986).", False),
        ("A sci-fi film like Alien (1979) and Aliens (1986).", False),
        ("Blade Runner (1982) is a sci-fi film like Alien (1979) and Alien (1979).", False),
        ("Blade Runner (1982) is a sci-fi film like Alien (1979) and Psycho (1960).", False),
        ("Blade Runner (1982) is a sci-fi film like Alien (1979), Heat (1995) and Psycho (1960).", False),
        ("Blade Runner (1982) is a comedy film like Alien (1979) and Aliens (1986).", False),
        ("Blade Runner (1982) is a sci-fi comedy like Alien (1979) and Aliens (1986).", False),
        ("Blade Runner (1982) is like Alien (1979) and Aliens (1986).", False),
        ("Blade Runner (1982) is a sci-fi film by James Cameron like Alien (1979) and Heat (1995).", False),
        ("", False),
    ],
)
def test_the_strict_measure_holds_only_where_all_is_true(text: str, holds: bool) -> None:
    assert strict(text, ONE, LEXICON).holds is holds


def test_the_parts_tell_repetition_from_invention() -> None:
    repeated = strict("Blade Runner (1982): like Heat (1995) and Heat (1995).", ONE, LEXICON)
    assert (repeated.repeated, repeated.watched, repeated.invented) == (True, 1, ())
    invented = strict("Blade Runner (1982): like Heat (1995) and Vertigo (1958).", ONE, LEXICON)
    assert (invented.repeated, invented.watched, invented.invented) == (False, 1, ("Vertigo (1958)",))


def test_links_are_told_from_claims() -> None:
    linked = strict("Blade Runner (1982) is a sci-fi film like Alien (1979) and Aliens (1986).", ONE, LEXICON)
    loose = strict("Blade Runner (1982) is a sci-fi film like Alien (1979) and Heat (1995).", ONE, LEXICON)
    assert linked.genre_shared
    assert loose.holds
    assert not loose.genre_shared
    unlinked = strict("Blade Runner (1982) is Ridley Scott again, as in Heat (1995).", ONE, LEXICON)
    assert unlinked.unlinked_directors == ("Ridley Scott",)


def test_shares_are_counted_over_all_texts() -> None:
    texts = [
        "Blade Runner (1982) is a sci-fi film like Alien (1979) and Aliens (1986).",
        "Blade Runner (1982) is a sci-fi film like Alien (1979) and Psycho (1960).",
        "Blade Runner (1982) is a sci-fi film like Alien (1979) and Alien (1979).",
        "Nothing.",
    ]
    found = shares(texts, [ONE] * 4, LEXICON)
    assert (found.n, found.strict, found.target) == (4, 0.25, 0.75)
    assert (found.hallucinated, found.repeated, found.genres_right) == (0.25, 0.25, 0.75)
    with pytest.raises(ValueError, match="one text a case"):
        shares(texts, [ONE], LEXICON)
    with pytest.raises(ValueError, match="at least one"):
        shares([], [], LEXICON)


def test_a_writer_that_knows_its_users_is_told_from_one_that_does_not() -> None:
    words = {0: "music", 1: "music", 2: "acting", 3: "pacing"}
    rows, aspects = [1, 2, 3] * 10, ["music", "acting", "pacing"] * 10

    def knows(given: Sequence[int]) -> list[str]:
        return [f"the {words[row]} is good" for row in given]

    def ignores(given: Sequence[int]) -> list[str]:
        return ["the music is good"] * len(given)

    kept = {"all_aspects": ["music", "acting", "pacing"], "rng": np.random.default_rng(0)}
    knowing = user_effect(knows, rows, aspects, **kept)  # type: ignore[arg-type]
    ignoring = user_effect(ignores, rows, aspects, **kept)  # type: ignore[arg-type]
    assert (knowing.true, knowing.permuted) == (1.0, 0.0)
    assert knowing.zero == pytest.approx(1 / 3)
    assert ignoring.true == ignoring.zero == ignoring.permuted == pytest.approx(1 / 3)
