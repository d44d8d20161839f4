import gzip
import json
from datetime import UTC, datetime

import pytest

from generation.pipeline import logs
from generation.pipeline.logs.rejected import ImportRefused
from generation.pipeline.records import Interaction, Item

AT = datetime(2014, 7, 23, tzinfo=UTC)
SECONDS = int(AT.timestamp())
OLD_META = (
    "{'asin': 'A1', 'title': 'Salt &amp; Pepper', 'brand': u'X', "
    "'categories': [['Kitchen', 'Mills'], ['Kitchen', 'Sets']]}"
)
OLD_REVIEW = (
    "{'reviewerID': 'U1', 'asin': 'A1', 'helpful': [0, 1], 'reviewText': \"It's fine\", "
    f"'overall': 5.0, 'unixReviewTime': {SECONDS}}}"
)
META_2018 = {"asin": "A1", "title": "Rock &amp;amp; Roll", "category": ["Music", "<span>junk</span>"]}
REVIEW_2018 = {"reviewerID": "U1", "asin": "A1", "overall": 4.0, "unixReviewTime": SECONDS}
META_2023 = {"parent_asin": "P1", "title": "Lamp", "categories": ["Home", "Lamps"], "main_category": "Home"}
REVIEW_2023 = {
    "user_id": "U1", "asin": "A9", "parent_asin": "P1", "rating": 3.0, "timestamp": SECONDS * 1000,
    "title": "OK", "text": "Bright &lt;3",
}  # fmt: skip


def write(folder, meta, reviews, *, end=".json.gz"):
    folder.mkdir(exist_ok=True)
    for name, rows in (("meta_Beauty", meta), ("reviews_Beauty_5", reviews)):
        text = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n"
        raw = text.encode()
        (folder / f"{name}{end}").write_bytes(gzip.compress(raw) if end.endswith(".gz") else raw)
    return folder


def read(folder):
    log = logs.load("amazon", folder=folder)
    return log, [item for _, item in log.items()], [one for _, one in log.interactions()]


def test_python_literals_of_2014_are_read_as_data(tmp_path):
    log, items, interactions = read(write(tmp_path, [OLD_META], [OLD_REVIEW]))
    assert items == [Item("A1", "Salt & Pepper", None, ("Kitchen", "Mills", "Sets"))]
    assert interactions == [Interaction("U1", "A1", AT, 5.0, "It's fine")]
    assert log.rejected.count() == 0


def test_a_literal_that_would_do_something_does_nothing(tmp_path):
    place = tmp_path / "touched"
    evil = f"{{'asin': __import__('pathlib').Path({str(place)!r}).touch()}}"
    log, items, _ = read(write(tmp_path / "log", [OLD_META, evil, "(" * 5000], [OLD_REVIEW]))
    assert len(items) == 1
    assert not place.exists()
    assert [row.line for row in log.rejected.rows] == [2, 3]


def test_2018_has_one_list_of_categories_and_entities_escaped_twice(tmp_path):
    _, items, interactions = read(write(tmp_path, [META_2018], [REVIEW_2018]))
    assert items == [Item("A1", "Rock & Roll", None, ("Music",))]
    assert interactions == [Interaction("U1", "A1", AT, 4.0, "")]


def test_2023_goes_by_the_parent_and_counts_in_milliseconds(tmp_path):
    _, items, interactions = read(write(tmp_path, [META_2023], [REVIEW_2023], end=".jsonl"))
    assert items == [Item("P1", "Lamp", None, ("Home", "Lamps"))]
    assert interactions == [Interaction("U1", "P1", AT, 3.0, "Bright <3")]


def test_a_product_without_a_title_says_so_in_its_name(tmp_path):
    _, items, _ = read(write(tmp_path, [{"asin": "A1"}], [REVIEW_2018]))
    assert items == [Item("A1", "Untitled product A1")]


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({**REVIEW_2018, "overall": 0}, "overall"),
        ({**REVIEW_2018, "unixReviewTime": None}, "unixReviewTime"),
        ({**REVIEW_2023, "timestamp": "today"}, "timestamp"),
        ({**REVIEW_2023, "timestamp": SECONDS * 10**6}, "timestamp"),
        ({"overall": 5}, "reviewerID"),
        ("not a row", "row"),
    ],
)
def test_a_bad_review_is_named_and_the_others_stay(tmp_path, row, field):
    log, _, interactions = read(write(tmp_path, [META_2018], [row, REVIEW_2018]))
    assert len(interactions) == 1
    (bad,) = log.rejected.rows
    assert (bad.line, bad.field) == (1, field)


def test_the_files_are_found_or_their_want_is_told(tmp_path):
    with pytest.raises(ImportRefused, match="no file of products"):
        read(tmp_path)
    folder = write(tmp_path, [META_2018], [REVIEW_2018])
    (folder / "another.json").write_text("{}")
    with pytest.raises(ImportRefused, match="2 files here could be file of reviews"):
        read(folder)
