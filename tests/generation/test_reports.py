"""Any report can be read: whatever a stage leaves behind becomes facts, tables or, at worst, its JSON."""

import json

import pytest
from django.template.loader import render_to_string

from generation.reports import CELL, ROWS_SHOWN, Block, blocks


def words(found: list[Block]) -> str:
    return render_to_string(
        "generation/_report.html", {"blocks": found, "run": {"pk": 1, "report": {"a": 1}}}
    )


def test_single_values_are_facts_under_words() -> None:
    [block] = blocks({"best_valid_loss": 0.70625, "stopped": "patience", "offline": True, "n_steps": 12345})
    assert block.facts == (
        ("best valid loss", "0.70625"), ("stopped", "patience"), ("offline", "yes"), ("n steps", "12,345"),
    )  # fmt: skip


def test_nothing_and_empty_are_said_not_left_blank() -> None:
    [block] = blocks({"a": None, "b": [], "c": {}, "d": ""})
    assert [value for _, value in block.facts] == ["–", "none", "none", "none"]


def test_rows_become_a_table_whose_numbers_are_known_as_numbers() -> None:
    [block] = blocks({"rejected_texts": [{"case": "c1", "n": 3}, {"case": "c2", "reason": "too short"}]})
    assert [(cell.words, cell.number) for cell in block.columns] == [
        ("case", False), ("n", True), ("reason", False),
    ]  # fmt: skip
    assert [[cell.words for cell in row] for row in block.rows] == [
        ["c1", "3", "–"],
        ["c2", "–", "too short"],
    ]


def test_lists_of_lists_of_unequal_length_become_a_table_too() -> None:
    [block] = blocks({"looks": [[10, 2.5], [20, 1.5, "best"]]})
    assert [[cell.words for cell in row] for row in block.rows] == [["10", "2.5", "–"], ["20", "1.5", "best"]]


def test_long_tables_end_with_how_much_more_there_is_and_long_values_are_cut() -> None:
    [block] = blocks({"rows": [{"text": "x" * 1000}] * 1234})
    assert len(block.rows) == ROWS_SHOWN
    assert block.n_more == 1234 - ROWS_SHOWN
    assert len(block.rows[0][0].words) == CELL


def test_what_lies_deep_keeps_the_names_on_its_way_and_ends_as_json() -> None:
    deep = {"a": {"b": {"c": {"d": {"e": {"f": [1]}}}}}}
    found = blocks(deep)
    assert found[-1].name.startswith("a, b")
    assert json.loads(found[-1].text)


@pytest.mark.parametrize(
    "value",
    ["<b>&", 3, -0.5, 1e300, True, None, [1, "a"], [[1], {"a": 2}], [[]], [{}], {"x": {"y": [[1, [2]]]}}, [None]]
)  # fmt: skip
def test_no_report_breaks_the_page_and_none_is_left_out(value: object) -> None:
    html = words(blocks({"odd": value}))
    assert "odd" in html
    assert "<b>" not in html


def test_what_the_page_shows_elsewhere_is_left_to_it() -> None:
    assert blocks({"losses": [[1, 2]]}, without=("losses",)) == []
