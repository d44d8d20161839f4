import gzip
import json
from datetime import UTC, datetime

import pytest

from generation.pipeline import logs
from generation.pipeline.logs.corpus import write_corpus
from generation.pipeline.logs.rejected import ImportRefused
from generation.pipeline.records import Interaction, Item

BUSINESS = {
    "business_id": "b1",
    "name": "The UPS Store",
    "city": "Affton",
    "categories": "Shipping Centers, Printing",
}
REVIEW = {
    "review_id": "r1",
    "user_id": "u1",
    "business_id": "b1",
    "stars": 4.0,
    "date": "2018-07-07 22:09:11",
    "text": "Fine.",
}
EARLY_BUSINESS = {
    "type": "business", "business_id": "b2", "name": "Café  Noir", "city": "", "neighborhoods": [],
    "categories": ["Cafés", "Bars", "Bars"],
}  # fmt: skip
EARLY_REVIEW = {
    "type": "review", "user_id": "u2", "business_id": "b2", "stars": 5, "date": "2011-02-25", "text": "Bon!",
    "votes": {"funny": 0, "useful": 1, "cool": 0},
}  # fmt: skip


def write(folder, businesses, reviews, prefix="yelp_academic_dataset_"):
    folder.mkdir(exist_ok=True)
    for name, rows in (("business", businesses), ("review", reviews)):
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        (folder / f"{prefix}{name}.json").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def opened(folder):
    return logs.load("yelp", folder=folder)


def test_a_business_is_called_by_name_and_city_and_a_review_is_a_meeting(tmp_path):
    log = opened(write(tmp_path, [BUSINESS], [REVIEW]))
    assert [item for _, item in log.items()] == [
        Item("b1", "The UPS Store, Affton", None, ("Shipping Centers", "Printing"))
    ]
    assert [one for _, one in log.interactions()] == [
        Interaction("u1", "b1", datetime(2018, 7, 7, 22, 9, 11, tzinfo=UTC), 4.0, "Fine.")
    ]


def test_early_releases_have_types_lists_and_dates_without_a_time(tmp_path):
    log = opened(write(tmp_path, [EARLY_BUSINESS], [EARLY_REVIEW], prefix=""))
    assert [item for _, item in log.items()] == [Item("b2", "Café Noir", None, ("Cafés", "Bars"))]
    assert [one.at for _, one in log.interactions()] == [datetime(2011, 2, 25, tzinfo=UTC)]


def test_gzipped_files_are_read_as_they_are(tmp_path):
    folder = write(tmp_path, [BUSINESS], [REVIEW])
    for path in list(folder.iterdir()):
        with gzip.open(f"{path}.gz", "wb") as packed:
            packed.write(path.read_bytes())
        path.unlink()
    assert len(list(opened(folder).items())) == len(list(opened(folder).interactions())) == 1


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({**REVIEW, "stars": 6}, "stars"),
        ({**REVIEW, "date": "yesterday"}, "date"),
        ({**REVIEW, "user_id": None}, "user_id"),
        ({**REVIEW, "type": "tip"}, "type"),
        ('{"user_id": NaN}', "row"),
        ("[1]", "row"),
    ],
)
def test_a_bad_review_is_named_and_the_others_stay(tmp_path, row, field):
    log = opened(write(tmp_path, [BUSINESS], [REVIEW, row, REVIEW]))
    assert [line for line, _ in log.interactions()] == [1, 3]
    (bad,) = log.rejected.rows
    assert (bad.line, bad.field) == (2, field)


@pytest.mark.parametrize("categories", [7, ["Bars", 7], {"Bars": True}])
def test_categories_of_another_shape_are_named(tmp_path, categories):
    log = opened(write(tmp_path, [{**BUSINESS, "categories": categories}], [REVIEW]))
    assert list(log.items()) == []
    assert log.rejected.rows[0].field == "categories"


def test_a_folder_without_or_with_two_files_of_a_kind_is_refused(tmp_path):
    with pytest.raises(ImportRefused, match="no file of businesses"):
        opened(tmp_path)
    write(tmp_path, [BUSINESS], [REVIEW])
    write(tmp_path, [BUSINESS], [REVIEW], prefix="")
    with pytest.raises(ImportRefused, match="2 files here could be file of businesses"):
        opened(tmp_path)


@pytest.mark.shared
def test_the_published_sample_is_read_whole(shared_data):
    folder = shared_data / "logs" / "yelp-sample"
    log = opened(folder)
    for rows, file in ((log.items(), "business"), (log.interactions(), "review")):
        lines = (folder / f"yelp_academic_dataset_{file}.json").read_text(encoding="utf-8").splitlines()
        assert sum(1 for _ in rows) == len(lines) > 900
    assert log.rejected.count() == 0


def test_it_becomes_a_corpus(tmp_path):
    log = opened(write(tmp_path / "log", [BUSINESS, EARLY_BUSINESS], [REVIEW, EARLY_REVIEW]))
    summary = write_corpus(log, tmp_path / "corpus")
    assert (summary.n_users, summary.n_items, summary.n_interactions) == (2, 2, 2)
