from datetime import UTC, datetime

import pytest

from generation.pipeline import logs
from generation.pipeline.logs.corpus import read_corpus, read_items, write_corpus
from generation.pipeline.logs.rejected import ImportRefused
from generation.pipeline.records import Interaction, Item
from tests.generation.pipeline.corpora import write_csv, write_dat


def read_all(fmt):
    return [item for _, item in fmt.items()], [interaction for _, interaction in fmt.interactions()]


def test_the_dat_edition_is_read_in_latin_1(tmp_path):
    folder = write_dat(
        tmp_path / "ml",
        movies=[
            "1::Cité des enfants perdus, La (1995)::Drama|Sci-Fi",
            "7::Mission::Impossible (1996)::Action",
        ],
        ratings=["1::7::5::978300760", "2::1::3::978300760"],
    )
    assert b"Cit\xe9" in (folder / "movies.dat").read_bytes()
    items, interactions = read_all(logs.load("movielens", folder=folder))
    assert items == [
        Item("1", "La Cité des enfants perdus", 1995, ("Drama", "Sci-Fi")),
        Item("7", "Mission::Impossible", 1996, ("Action",)),
    ]
    assert interactions[0] == Interaction("1", "7", datetime(2000, 12, 31, 22, 12, 40, tzinfo=UTC), 5.0)


def test_a_dat_edition_saved_again_as_utf_8_keeps_its_accents(tmp_path):
    folder = write_dat(tmp_path / "ml", movies=["1::Amélie (2001)::Comedy"], ratings=[], encoding="utf-8")
    assert read_all(logs.load("movielens", folder=folder))[0] == [Item("1", "Amélie", 2001, ("Comedy",))]


def test_the_csv_edition_knows_quoted_commas_quotes_and_no_genres(tmp_path):
    folder = write_csv(
        tmp_path / "ml",
        movies=[
            '11,"American President, The (1995)",Comedy|Drama',
            '12,"""Great Performances"" Cats (1998)",Musical',
            "13,Babylon 5,(no genres listed)",
        ],
        ratings=["1,11,3.5,1260759144", '"2",12,0.5,1260759145'],
    )
    items, interactions = read_all(logs.load("movielens", folder=folder))
    assert items == [
        Item("11", "The American President", 1995, ("Comedy", "Drama")),
        Item("12", '"Great Performances" Cats', 1998, ("Musical",)),
        Item("13", "Babylon 5", None, ()),
    ]
    assert [(each.user, each.rating) for each in interactions] == [("1", 3.5), ("2", 0.5)]


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ("1,1,5", "row", "has 3 fields, not 4"),
        ("1,1,5,1,1", "row", "has 5 fields, not 4"),
        ('1,"1,5,1', "row", "has a quote that does not close"),
        (",1,5,1", "userId", "is empty"),
        ("1, ,5,1", "movieId", "is empty"),
        ("1,1,nan,1", "rating", "is not finite"),
        ("1,1,,1", "rating", "is no number"),
        ("1,1,6,1", "rating", "is outside 0.5 to 5"),
        ("1,1,5,yesterday", "timestamp", "is no number"),
        ("1,1,5,-1", "timestamp", "is no time between 1970 and 2200"),
        ("1,1,5,1260759144000", "timestamp", "is no time between 1970 and 2200"),
        ("1\x00,1,5,1", "userId", "holds a control character"),
    ],
)
def test_a_bad_rating_row_is_named_and_the_rows_around_it_are_kept(tmp_path, row, field, reason):
    folder = write_csv(tmp_path / "ml", movies=["1,Alien (1979),Horror"], ratings=["1,1,5,1", row, "2,1,4,2"])
    fmt = logs.load("movielens", folder=folder)
    _, interactions = read_all(fmt)
    assert [each.user for each in interactions] == ["1", "2"]
    (rejected,) = fmt.rejected.rows
    assert (rejected.file, rejected.line, rejected.field, rejected.reason) == (
        "ratings.csv",
        3,
        field,
        reason,
    )
    assert rejected.remedy


def test_a_header_that_is_not_movielens_refuses_the_file(tmp_path):
    folder = write_csv(tmp_path / "ml", movies=["1,Alien (1979),Horror"], ratings=[])
    (folder / "ratings.csv").write_text("user;item;stars\n1;1;5\n")
    with pytest.raises(ImportRefused, match="not the header userId,movieId,rating,timestamp"):
        list(logs.load("movielens", folder=folder).interactions())


def test_a_csv_that_is_not_utf_8_is_refused_with_its_line(tmp_path):
    folder = write_csv(tmp_path / "ml", movies=["1,Alien (1979),Horror"], ratings=[])
    (folder / "movies.csv").write_bytes(
        b"movieId,title,genres\n1,Alien (1979),Horror\n2,Am\xe9lie (2001),Comedy\n"
    )
    with pytest.raises(ImportRefused, match=r"movies\.csv: line 3 is not utf-8 \(byte 0xe9") as caught:
        list(logs.load("movielens", folder=folder).items())
    assert "latin-1" in caught.value.remedy
    named = logs.load("movielens", folder=folder, encoding="latin-1")
    assert [item.title for _, item in named.items()] == ["Alien", "Amélie"]


def test_a_folder_that_is_missing_empty_or_ambiguous_is_refused(tmp_path):
    with pytest.raises(ImportRefused, match="no such folder"):
        logs.load("movielens", folder=tmp_path / "nowhere")
    with pytest.raises(ImportRefused, match=r"no ratings\.dat, ratings\.csv or u\.data"):
        logs.load("movielens", folder=tmp_path)
    folder = write_dat(tmp_path / "ml", movies=["1::Alien (1979)::Horror"], ratings=["1::1::5::1"])
    write_csv(folder, movies=["1,Alien (1979),Horror"], ratings=["9,1,5,1"])
    with pytest.raises(ImportRefused, match="Say which with edition"):
        logs.load("movielens", folder=folder)
    assert read_all(logs.load("movielens", folder=folder, edition="csv"))[1][0].user == "9"


def test_ratings_without_movies_are_refused(tmp_path):
    folder = write_dat(tmp_path / "ml", movies=[], ratings=["1::1::5::1"])
    (folder / "movies.dat").unlink()
    with pytest.raises(ImportRefused, match=r"movies\.dat: the file is missing"):
        logs.load("movielens", folder=folder)


@pytest.mark.shared
def test_the_2016_small_edition_is_read_whole(shared_data, tmp_path):
    fmt = logs.load("movielens", folder=shared_data / "logs" / "ml-latest-small-2016")
    summary = write_corpus(fmt, tmp_path)
    # The counts of its own README.
    assert (summary.n_users, summary.n_items, summary.n_interactions) == (671, 9125, 100_004)
    assert summary.n_rejected == 0
    corpus = read_corpus(tmp_path)
    titles = {item.id: item.label for item in corpus.items}
    assert titles["29"] == "The City of Lost Children (La Cité des enfants perdus) (1995)"
    assert not any(item.genres == ("(no genres listed)",) for item in corpus.items)


@pytest.mark.shared
def test_the_real_movies_of_the_1m_edition_are_read_in_latin_1(shared_data, tmp_path):
    movies = (shared_data / "logs" / "ml-1m" / "movies.dat").read_bytes()
    folder = write_dat(tmp_path / "ml", movies=[], ratings=["1::1193::5::978300760", "1::661::3::978302109"])
    (folder / "movies.dat").write_bytes(movies)
    fmt = logs.load("movielens", folder=folder)
    assert write_corpus(fmt, tmp_path / "corpus").n_items == 3883
    assert {item.id: item.title for item in read_items(tmp_path / "corpus")}["73"] == "Les Misérables"
    assert fmt.rejected.count() == 0


def write_100k(folder, movies, ratings):
    folder.mkdir()
    (folder / "u.item").write_bytes("".join(f"{line}\n" for line in movies).encode("latin-1"))
    (folder / "u.data").write_text("".join(f"{line}\n" for line in ratings))
    return folder


def flags(*places):
    return "|".join("1" if place in places else "0" for place in range(19))


def test_the_100k_edition_spells_its_genres_as_flags(tmp_path):
    folder = write_100k(
        tmp_path / "ml",
        movies=[
            f"2|City of Lost Children, The (Cité des enfants perdus, La) (1995)|01-Jan-1995||http://x|{flags(2, 15)}",
            f"267|unknown||||{flags(0)}",
            "3|too|few",
        ],
        ratings=["196\t2\t3\t881250949", "186\t267\t4\t891717742", "1 2 3 4"],
    )
    log = logs.load("movielens", folder=folder)
    items, interactions = read_all(log)
    assert items == [
        Item("2", "The City of Lost Children (La Cité des enfants perdus)", 1995, ("Adventure", "Sci-Fi")),
        Item("267", "unknown", None, ()),
    ]
    assert interactions[0] == Interaction("196", "2", datetime(1997, 12, 4, 15, 55, 49, tzinfo=UTC), 3.0)
    assert [(row.file, row.line) for row in log.rejected.rows] == [("u.item", 3), ("u.data", 3)]


def test_two_editions_in_one_folder_want_a_choice(tmp_path):
    folder = write_100k(tmp_path / "ml", movies=[f"1|A (1995)||||{flags(8)}"], ratings=["1\t1\t5\t881250949"])
    write_csv(folder, movies=["9,B (1996),Drama"], ratings=["1,9,5,881250949"])
    with pytest.raises(ImportRefused, match=r"both u\.data and ratings\.csv are here"):
        logs.load("movielens", folder=folder)
    assert read_all(logs.load("movielens", folder=folder, edition="100k"))[0][0].id == "1"
