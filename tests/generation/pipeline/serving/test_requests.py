import pytest

from generation.pipeline.records import Item
from generation.pipeline.serving.requests import BadRequest, read_requests
from tests.generation.pipeline.films import FILMS

ITEMS = {film.id: film for film in FILMS}
ONE, TWO, THREE = (film.id for film in FILMS[:3])


def faults(body: object) -> dict[str, str]:
    with pytest.raises(BadRequest) as refusal:
        read_requests(body, ITEMS)
    return refusal.value.faults


def test_ids_of_the_catalogue_and_items_told_whole_make_one_case() -> None:
    told = {"title": "A New Film", "year": 2026, "genres": ["Drama"]}
    (case,) = read_requests({"user": "u1", "history": [ONE, told], "item": TWO}, ITEMS)
    assert case.history == (ITEMS[ONE], Item("A New Film", "A New Film", 2026, ("Drama",)))
    assert (case.user, case.item) == ("u1", ITEMS[TWO])


def test_nobody_is_a_user_too() -> None:
    (case,) = read_requests({"history": [ONE], "item": TWO}, ITEMS)
    assert case.user == ""


def test_a_list_keeps_its_order() -> None:
    some = read_requests([{"history": [ONE], "item": TWO}, {"history": [TWO], "item": THREE}], ITEMS)
    assert [case.item.id for case in some] == [TWO, THREE]


def test_every_fault_is_named_by_its_path() -> None:
    body = [
        {"history": [ONE], "item": TWO},
        {
            "user": 7,
            "history": [ONE, "nothing", {"title": " "}],
            "item": {"title": "X", "year": True},
            "k": 1,
        },
    ]
    assert set(faults(body)) == {
        "[1].user", "[1].history[1]", "[1].history[2].title", "[1].item.year", "[1].k",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ([], "requests"),
        ([{"history": [ONE], "item": TWO}] * 65, "requests"),
        ("text", ""),
        (None, ""),
        ({"history": [], "item": TWO}, "history"),
        ({"history": [ONE] * 501, "item": TWO}, "history"),
        ({"history": [ONE]}, "item"),
        ({"history": [ONE], "item": {"title": "X" * 301}}, "item.title"),
        ({"history": [ONE], "item": {"title": "X", "genres": "Drama"}}, "item.genres"),
        ({"history": [ONE], "item": {"title": "X", "id": ""}}, "item.id"),
        ({"history": [ONE], "item": {"title": "X", "path": "/etc"}}, "item.path"),
    ],
)
def test_rubbish_is_refused_at_its_place(body: object, path: str) -> None:
    assert path in faults(body)
