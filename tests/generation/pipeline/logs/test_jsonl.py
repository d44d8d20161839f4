import gzip
from datetime import UTC, datetime

import pytest

from generation.pipeline import logs
from generation.pipeline.logs.fields import BadField, read_names, read_text
from generation.pipeline.logs.lines import read_lines
from generation.pipeline.logs.rejected import ImportRefused
from generation.pipeline.records import Interaction, Item
from tests.generation.pipeline.corpora import write_jsonl

FILM = {"item": "a", "title": "Alien", "year": 1979, "genres": ["Horror"], "directors": ["Ridley Scott"]}
VISIT = {"user": "u", "item": "a", "timestamp": 0}


def test_every_field_arrives(tmp_path):
    visit = {**VISIT, "rating": 4, "text": "Great.\nAgain!", "source": "web"}
    fmt = logs.load("jsonl", folder=write_jsonl(tmp_path / "log", items=[FILM], interactions=[visit]))
    assert list(fmt.items()) == [(1, Item("a", "Alien", 1979, ("Horror",), ("Ridley Scott",)))]
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert list(fmt.interactions()) == [(1, Interaction("u", "a", epoch, 4.0, "Great. Again!"))]


def test_only_the_required_fields_are_required(tmp_path):
    items = [{"item": 7, "title": "Up"}, {"item": "b", "title": "M", "year": None, "genres": None}]
    fmt = logs.load("jsonl", folder=write_jsonl(tmp_path / "log", items=items, interactions=[VISIT]))
    assert [item for _, item in fmt.items()] == [Item("7", "Up"), Item("b", "M")]


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (3600, "1970-01-01T01:00:00+00:00"),
        ("3600.5", "1970-01-01T01:00:00.500000+00:00"),
        ("2020-02-29T12:00:00Z", "2020-02-29T12:00:00+00:00"),
        ("2020-02-29T12:00:00+02:00", "2020-02-29T10:00:00+00:00"),
        ("2020-02-29 12:00:00", "2020-02-29T12:00:00+00:00"),
        ("2020-02-29", "2020-02-29T00:00:00+00:00"),
    ],
)
def test_times_are_seconds_or_iso_and_end_in_utc(tmp_path, time, expected):
    visit = {**VISIT, "timestamp": time}
    fmt = logs.load("jsonl", folder=write_jsonl(tmp_path / "log", items=[FILM], interactions=[visit]))
    ((_, interaction),) = fmt.interactions()
    assert interaction.at.isoformat() == expected


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ("{", "row", "is no JSON"),
        ('{"user": NaN}', "row", "is no JSON"),
        ("[" * 100_000, "row", "is no JSON"),
        ("[1, 2]", "row", "is no JSON object"),
        ({"item": "a", "timestamp": 0}, "user", "is missing"),
        ({**VISIT, "user": None}, "user", "is missing"),
        ({**VISIT, "user": True}, "user", "is no id"),
        ({**VISIT, "user": ["u"]}, "user", "is no id"),
        ({**VISIT, "item": ""}, "item", "is empty"),
        ({**VISIT, "timestamp": "soon"}, "timestamp", "is no time"),
        ({**VISIT, "timestamp": True}, "timestamp", "is no number"),
        ({**VISIT, "timestamp": 1e300}, "timestamp", "is no time between 1970 and 2200"),
        ({**VISIT, "rating": "good"}, "rating", "is no number"),
        ({**VISIT, "rating": "inf"}, "rating", "is not finite"),
        ({**VISIT, "text": 5}, "text", "is no text"),
    ],
)
def test_a_bad_interaction_is_named_and_its_neighbours_are_kept(tmp_path, row, field, reason):
    folder = write_jsonl(
        tmp_path / "log", items=[FILM], interactions=[VISIT, "", row, {**VISIT, "user": "v"}]
    )
    fmt = logs.load("jsonl", folder=folder)
    assert [(line, each.user) for line, each in fmt.interactions()] == [(1, "u"), (4, "v")]
    (rejected,) = fmt.rejected.rows
    assert (rejected.file, rejected.line) == ("interactions.jsonl", 3)
    assert (rejected.field, rejected.reason) == (field, reason)
    assert len(rejected.text) <= 201


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ({"item": "b"}, "title", "is missing"),
        ({"item": "b", "title": "  "}, "title", "is empty"),
        ({"item": "b", "title": 5}, "title", "is no text"),
        ({**FILM, "year": "1979"}, "year", "is no year"),
        ({**FILM, "year": 79}, "year", "is no year"),
        ({**FILM, "genres": "Horror|Sci-Fi"}, "genres", "is no list of texts"),
        ({**FILM, "directors": [1]}, "directors", "is no list of texts"),
    ],
)
def test_a_bad_item_is_named(tmp_path, row, field, reason):
    fmt = logs.load("jsonl", folder=write_jsonl(tmp_path / "log", items=[row], interactions=[VISIT]))
    assert list(fmt.items()) == []
    (rejected,) = fmt.rejected.rows
    assert (rejected.file, rejected.field, rejected.reason) == ("items.jsonl", field, reason)


def test_gzipped_files_and_a_bom_are_read(tmp_path):
    folder = write_jsonl(tmp_path / "log", items=[FILM], interactions=[VISIT])
    plain = folder / "interactions.jsonl"
    (folder / "interactions.jsonl.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    items = folder / "items.jsonl"
    items.write_bytes(b"\xef\xbb\xbf" + items.read_bytes())
    fmt = logs.load("jsonl", folder=folder)
    assert len(list(fmt.interactions())) == len(list(fmt.items())) == 1


def test_a_gzip_cut_short_is_refused(tmp_path):
    folder = write_jsonl(tmp_path / "log", items=[FILM], interactions=[VISIT])
    packed = gzip.compress((folder / "interactions.jsonl").read_bytes() * 500)
    (folder / "interactions.jsonl").unlink()
    (folder / "interactions.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(ImportRefused, match="cannot be read beyond line"):
        list(logs.load("jsonl", folder=folder).interactions())


def test_files_may_be_named_one_by_one_if_their_names_differ(tmp_path):
    folder = write_jsonl(tmp_path / "log", items=[FILM], interactions=[VISIT])
    visits = (folder / "interactions.jsonl").rename(folder / "visits.json")
    fmt = logs.load("jsonl", interactions=visits, items=folder / "items.jsonl")
    assert len(list(fmt.interactions())) == 1
    (tmp_path / "items.jsonl").write_text("")
    with pytest.raises(ValueError, match="rename one"):
        logs.load("jsonl", interactions=tmp_path / "items.jsonl", items=folder / "items.jsonl")


def test_a_missing_file_is_refused_with_where_to_put_it(tmp_path):
    with pytest.raises(ImportRefused, match=r"interactions\.jsonl: the file is missing\. Put it at"):
        logs.load("jsonl", folder=tmp_path)
    with pytest.raises(ValueError, match="name the folder"):
        logs.load("jsonl")


def test_a_gzip_damaged_inside_is_refused(tmp_path):
    whole = bytearray(gzip.compress("".join(f'{{"user": "u{n}"}}\n' for n in range(5000)).encode()))
    whole[60:70] = b"\xff" * 10
    path = tmp_path / "interactions.jsonl.gz"
    path.write_bytes(bytes(whole))
    with pytest.raises(ImportRefused, match="cannot be read beyond line"):
        list(read_lines(path))


def test_half_a_character_and_nul_never_reach_a_table():
    for read, value in ((read_text, "a\ud800"), (read_names, ["Drama", "\udfff"])):
        with pytest.raises(BadField, match="half of a character"):
            read("field", value)
    assert read_names("genres", ["Dra\x00ma", "\x00", " War "]) == ("Dra ma", "War")
