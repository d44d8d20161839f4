import pytest

from generation.pipeline.logs.titles import split_title


@pytest.mark.parametrize(
    ("raw", "title", "year"),
    [
        ("Matrix, The (1999)", "The Matrix", 1999),
        ("Fish Called Wanda, A (1988)", "A Fish Called Wanda", 1988),
        ("American in Paris, An (1951)", "An American in Paris", 1951),
        ("Atalante, L' (1934)", "L'Atalante", 1934),
        ("Dolce vita, La (1960)", "La Dolce vita", 1960),
        (
            "City of Lost Children, The (Cité des enfants perdus, La) (1995)",
            "The City of Lost Children (La Cité des enfants perdus)",
            1995,
        ),
        ("Seven (a.k.a. Se7en) (1995)", "Seven (a.k.a. Se7en)", 1995),
        ("Good, the Bad and the Ugly, The (1966)", "The Good, the Bad and the Ugly", 1966),
        ("Crouching Tiger, Hidden Dragon (2000)", "Crouching Tiger, Hidden Dragon", 2000),
        ("(500) Days of Summer (2009)", "(500) Days of Summer", 2009),
        ("2001: A Space Odyssey (1968)", "2001: A Space Odyssey", 1968),
        ("Fawlty Towers (1975-1979)", "Fawlty Towers", 1975),
        ("Doctor Who (2005–)", "Doctor Who", 2005),
        ("1984", "1984", None),
        ("(1984)", "(1984)", None),
        ("Babylon 5", "Babylon 5", None),
        ("  Toy   Story (1995) ", "Toy Story", 1995),
    ],
)
def test_a_title_is_put_as_people_say_it_and_its_year_taken_out(raw, title, year):
    assert split_title(raw) == (title, year)
