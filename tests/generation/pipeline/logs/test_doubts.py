"""Columns that were exchanged are noticed by what stands in them, and true ones are left in peace."""

from typing import Any

import numpy as np
import pytest

from generation.pipeline.logs.doubts import doubts

MAPPING = {"user": "u", "item": "i", "timestamp": "t", "rating": "r"}
RNG = np.random.default_rng(0)


def rows(n: int = 200, **others: Any) -> list[dict[str, Any]]:
    """Rows as a CSV gives them: texts. A column may be given as a function of the row's number."""
    made = {
        "u": lambda i: str(i // 20),
        "i": lambda i: str(int(RNG.integers(1, 4000))),
        "t": lambda i: str(978300760 + 60 * i),
        "r": lambda i: str(int(RNG.integers(1, 6))),
        **others,
    }
    return [{name: make(i) for name, make in made.items()} for i in range(n)]


def doubted(some: list[dict[str, Any]], **changes: str) -> dict[str, str]:
    return {doubt.meaning: doubt.words for doubt in doubts({**MAPPING, **changes}, some)}


def test_a_log_that_is_what_it_says_raises_no_doubt() -> None:
    assert doubted(rows()) == {}
    assert doubted(rows(t=lambda i: f"2020-01-{1 + i % 28:02d}T10:00:00", r=lambda i: "4.5")) == {}
    assert doubted(rows(t=lambda i: 1_600_000_000_000 + i, u=lambda i: f"A{i}", i=lambda i: f"B00{i}")) == {}


def test_ratings_and_times_that_were_exchanged_are_both_noticed() -> None:
    found = doubted(rows(), timestamp="r", rating="t")
    assert found["timestamp"].startswith("holds only 5 different numbers, 1 to 5, as ratings do")
    assert "look like times since 1970" in found["rating"]


@pytest.mark.parametrize("meaning", ["user", "item"])
def test_an_id_that_is_a_rating_or_a_time_is_noticed(meaning: str) -> None:
    assert "as ratings do" in doubted(rows(), **{meaning: "r"})[meaning]
    assert "look like times" in doubted(rows(), **{meaning: "t"})[meaning]


def test_few_items_in_a_file_sorted_by_item_are_no_doubt() -> None:
    assert doubted(rows(i=lambda i: str(1 + i // 50))) == {}


def test_ids_in_the_place_of_ratings_or_times_are_noticed() -> None:
    found = doubted(rows(), rating="i", timestamp="i")
    assert "as ids do" in found["rating"]
    assert "before 1973" in found["timestamp"]


def test_texts_in_the_place_of_numbers_are_quoted() -> None:
    some = rows(name=lambda i: f"Film {i}")
    assert "'Film 100', which are no numbers" in doubted(some, rating="name")["rating"]
    assert "which are no times" in doubted(some, timestamp="name")["timestamp"]


def test_the_text_that_is_quoted_is_one_that_is_no_time() -> None:
    some = rows(t=lambda i: "1587315915" if i % 3 == 0 else "2020-01-02" if i % 100 == 1 else "sometime")
    assert doubted(some)["timestamp"] == "holds texts such as 'sometime', which are no times"
    assert doubted(rows(t=lambda i: "sometime" if i % 10 == 0 else "1587315915")) == {}


def test_titles_and_years_are_looked_at_in_the_file_of_items() -> None:
    films = [{"id": str(i), "title": f"Film {i}", "year": str(1950 + i)} for i in range(60)]
    right = {**MAPPING, "catalogue_item": "id", "title": "title", "year": "year"}
    assert doubts(right, rows(), films) == []
    wrong = {**right, "catalogue_item": "title", "title": "id", "year": "id"}
    assert [doubt.meaning for doubt in doubts(wrong, rows(), films)] == ["title", "year"]


def test_too_few_rows_say_nothing() -> None:
    assert doubted(rows(10), timestamp="r", rating="t") == {}
