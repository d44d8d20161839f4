"""Sixteen films and cases over them, small enough to read; users u1, u2, ... watch in a seeded order."""

import numpy as np

from generation.pipeline.records import Case, Item, Split

_ROWS = """
Alien|1979|Horror,Sci-Fi|Ridley Scott
Aliens|1986|Action,Sci-Fi|James Cameron
Blade Runner|1982|Sci-Fi,Thriller|Ridley Scott
The Terminator|1984|Action,Sci-Fi|James Cameron
Heat|1995|Crime,Thriller|Michael Mann
Collateral|2004|Crime,Thriller|Michael Mann
Fargo|1996|Crime,Comedy|Joel Coen,Ethan Coen
The Big Lebowski|1998|Comedy,Crime|Joel Coen,Ethan Coen
It|2017|Horror|Andy Muschietti
Psycho|1960|Horror,Thriller|Alfred Hitchcock
Vertigo|1958|Mystery,Thriller|Alfred Hitchcock
Casablanca|1942|Drama,Romance|Michael Curtiz
Notorious|1946|Romance,Thriller|Alfred Hitchcock
Airplane!|1980|Comedy|Jim Abrahams
Solaris|1972|Drama,Sci-Fi|Andrei Tarkovsky
Solaris|2002|Drama,Sci-Fi|Steven Soderbergh
""".strip().splitlines()


def _item(row: str) -> Item:
    title, year, genres, directors = row.split("|")
    return Item(f"{title}-{year}", title, int(year), tuple(genres.split(",")), tuple(directors.split(",")))


FILMS = tuple(_item(row) for row in _ROWS)
BY_LABEL = {film.label: film for film in FILMS}


def film(label: str) -> Item:
    return BY_LABEL[label]


def case(*labels: str, item: str = "Blade Runner (1982)", user: str = "u1", split: Split = "train") -> Case:
    """A case whose history is the labels, oldest first."""
    history = tuple(film(label) for label in labels)
    return Case(Case.identify(user, history, film(item)), user, history, film(item), split)


def cases(n: int, *, n_users: int = 4, length: int = 4, seed: int = 0) -> list[Case]:
    """`n` different cases of a few users."""
    rng = np.random.default_rng(seed)
    found: dict[str, Case] = {}
    while len(found) < n:
        films = [FILMS[i].label for i in rng.permutation(len(FILMS))[: length + 1]]
        one = case(*films[:-1], item=films[-1], user=f"u{len(found) % n_users + 1}")
        found[one.id] = one
    return list(found.values())
