from collections import Counter, defaultdict
from itertools import islice, pairwise

import numpy as np
import pytest

from generation.pipeline import logs, prompts
from generation.pipeline.logs.builtin.catalogue import catalogue
from generation.pipeline.logs.builtin.tastes import ASPECTS, FEWEST_FILMS, aspect_of, favourites, values_of
from generation.pipeline.logs.corpus import read_corpus, write_corpus
from generation.pipeline.logs.splits import split
from generation.pipeline.rankers.cases import training_cases

GENRES = {
    *("Action", "Adventure", "Animation", "Children", "Comedy", "Crime", "Documentary", "Drama", "Fantasy"),
    *("Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"),
}
"""MovieLens's eighteen."""


def test_the_catalogue_is_whole_and_has_no_film_twice():
    films = catalogue()
    assert len(films) >= 200
    assert len({film.id for film in films}) == len({film.title for film in films}) == len(films)
    for film in films:
        assert film.title == film.title.strip()
        assert 1940 <= film.year <= 2023
        assert film.genres
        assert set(film.genres) <= GENRES
        assert film.directors
        assert len(set(film.genres)) == len(film.genres)


def test_the_catalogue_spreads_over_decades_and_has_directors_with_several_films():
    decades = Counter(film.year // 10 for film in catalogue())
    assert all(decades[decade] >= 20 for decade in range(194, 202))
    directors = Counter(name for film in catalogue() for name in film.directors)
    assert sum(n >= 3 for n in directors.values()) >= 40


@pytest.mark.parametrize(
    ("title", "year", "director"),
    [
        ("Casablanca", 1942, "Michael Curtiz"),
        ("Seven Samurai", 1954, "Akira Kurosawa"),
        ("The Matrix", 1999, "Lana Wachowski"),
        ("Spirited Away", 2001, "Hayao Miyazaki"),
        ("Parasite", 2019, "Bong Joon Ho"),
    ],
)
def test_well_known_films_have_their_year_and_director(title, year, director):
    (film,) = (film for film in catalogue() if film.title == title)
    assert film.year == year
    assert director in film.directors


def test_the_same_seed_makes_the_same_world_and_another_seed_another():
    one, same, other = (list(logs.load("builtin", n_users=5, seed=seed).interactions()) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_more_users_leave_the_first_ones_as_they_were():
    few = list(logs.load("builtin", n_users=3).interactions())
    many = logs.load("builtin", n_users=6).interactions()
    assert list(islice(many, len(few))) == few


def test_histories_are_drawn_from_the_taste_that_is_told():
    world = logs.load("builtin", n_users=150)
    tastes, films = world.tastes(), {film.id: film for _, film in world.items()}
    watched = defaultdict(list)
    for _, each in world.interactions():
        watched[each.user].append(films[each.item])
    assert watched.keys() == tastes.keys()
    lifts = []
    for user, history in watched.items():
        assert len({film.id for film in history}) == len(history)
        assert 12 <= len(history) <= 40
        base = np.mean([tastes[user].likes(film) for film in films.values()])
        lifts.append(np.mean([tastes[user].likes(film) for film in history]) / base)
    assert np.median(lifts) > 2
    assert {taste.kind for taste in tastes.values()} == {"director", "genre", "decade"}


def test_some_times_tie_and_none_goes_back():
    world = logs.load("builtin", n_users=50)
    by_user = defaultdict(list)
    for _, each in world.interactions():
        by_user[each.user].append(each.at)
    gaps = [b - a for times in by_user.values() for a, b in pairwise(times)]
    tied = np.mean([gap.total_seconds() == 0 for gap in gaps])
    assert 0.1 < tied < 0.3
    assert min(gap.total_seconds() for gap in gaps) >= 0


def test_a_favourite_has_enough_films():
    for kind, values in favourites(catalogue()).items():
        for value in values:
            assert sum(value in values_of(film, kind) for film in catalogue()) >= FEWEST_FILMS


def test_the_aspect_belongs_to_the_user_and_each_has_its_share():
    counts = Counter(aspect_of(f"user-{index:05d}") for index in range(3000))
    assert set(counts) == set(ASPECTS)
    assert min(counts.values()) > 400  # 500 expected; 400 is five standard deviations below
    assert logs.load("builtin", n_users=4, seed=3).tastes()["user-00002"].aspect == aspect_of("user-00002")


def test_the_aspect_can_be_known_from_the_user_alone(tmp_path):
    """Not from a prompt, which never states it; not from the favourite, which tells nothing about it."""
    world = logs.load("builtin", n_users=400, shortest=5, longest=8)
    write_corpus(world, tmp_path)
    corpus = read_corpus(tmp_path)
    for case in training_cases(corpus, split(corpus)):
        for version in prompts.PROMPTS:
            text = prompts.render(case, version).text.lower()
            assert case.user not in text
            assert not any(f"the {aspect}" in text for aspect in ASPECTS)
    tastes = list(world.tastes().values())
    majority = Counter(taste.aspect for taste in tastes).most_common(1)[0][1]
    by_favourite = defaultdict(Counter)
    for taste in tastes:
        by_favourite[taste.kind][taste.aspect] += 1
    guessed = sum(counts.most_common(1)[0][1] for counts in by_favourite.values())
    assert guessed - majority < 0.06 * len(tastes)


@pytest.mark.parametrize(
    "options", [{"n_users": 0}, {"seed": -1}, {"shortest": 9, "longest": 8}, {"longest": 9999}]
)
def test_an_impossible_world_is_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        logs.load("builtin", **options)
