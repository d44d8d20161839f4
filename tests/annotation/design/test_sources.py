import json

import pytest

from annotation.design.sources import Source, SourceCase, SourceSystem, SourceText, parse, without_blanks

CSV = """case,system,text,history,item
c1,a,"Fine, really.",Heat (1995)|Alien,Moon (2009)
c1,b,Good.,,
c2,a,Only one system wrote here.,,
"""


def test_csv_becomes_cases_and_incomplete_ones_are_dropped_and_counted() -> None:
    parsed = parse(CSV, "csv")
    assert parsed.errors == ()
    (case,) = parsed.source.cases
    assert [(item["title"], item["year"]) for item in case.history] == [("Heat", 1995), ("Alien", None)]
    assert case.item["title"] == "Moon"
    assert {name: text.text for name, text in case.texts.items()} == {"a": "Fine, really.", "b": "Good."}
    assert parsed.source.n_dropped == 1
    assert parsed.source.dropped_by_system == {"a": 0, "b": 1}


def test_a_text_in_which_nothing_can_be_seen_is_no_text() -> None:
    parsed = parse("case,system,text\nc1,a,\u200b\nc1,b,Good.\n", "csv")
    assert parsed.errors == ("Line 2, text: is empty or not a text; every row needs one.",)


def test_a_case_in_which_a_system_wrote_nothing_to_see_is_dropped_and_counted() -> None:
    cases = tuple(
        SourceCase(
            key=key, user="", history=(), item={}, texts={"a": SourceText(text), "b": SourceText("Good.")}
        )
        for key, text in (("c1", "Fine."), ("c2", "\ufeff\u200b"))
    )
    source = Source(cases, {"a": SourceSystem("A"), "b": SourceSystem("B")}, 1, {"a": 1})
    left = without_blanks(source)
    assert [case.key for case in left.cases] == ["c1"]
    assert (left.n_dropped, left.dropped_by_system) == (2, {"a": 2, "b": 0})


def test_jsonl_takes_items_with_genres_and_separators_inside_texts() -> None:
    row = {
        "case": 7,
        "system": "a",
        "text": "One\u2028two",
        "history": [{"title": "Heat", "genres": ["Crime"], "id": "42"}, "Alien (1979)"],
    }
    parsed = parse(json.dumps(row, ensure_ascii=False) + "\n\n", "jsonl")
    assert parsed.errors == ()
    (case,) = parsed.source.cases
    assert case.key == "7"
    assert case.history[0] == {
        "id": "42",
        "title": "Heat",
        "year": None,
        "genres": ["Crime"],
        "directors": [],
    }
    assert case.history[1]["year"] == 1979


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("c1,a,", "Line 3, text: is empty"),
        (",a,x", "Line 3, case: is empty"),
        ("c0,a,again", "Line 3, system: 'a' explained case 'c0' before"),
        ("c1,a,x,y", "Line 3: more fields than columns"),
    ],
)
def test_every_faulty_row_is_told_with_line_and_field(row: str, words: str) -> None:
    parsed = parse(f"case,system,text\nc0,a,fine\n{row}\n", "csv")
    assert len(parsed.errors) == 1
    assert parsed.errors[0].startswith(words)
    assert len(parsed.source.cases) == 1


def test_facts_of_one_case_must_not_differ() -> None:
    parsed = parse("case,system,text,item\nc1,a,x,Heat\nc1,b,y,Alien\n", "csv")
    assert parsed.errors == ("Line 3, item: differs from line 2, same case 'c1'; make it equal.",)


def test_columns_are_checked_before_rows() -> None:
    assert "no column text" in parse("case,system,words\na,b,c\n", "csv").errors[0]
    assert "unknown column model" in parse("case,system,text,model\na,b,c,d\n", "csv").errors[0]
    assert parse("", "csv").errors[0].startswith("The file has no row")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "Line 1: this is not JSON"),
        ("[1]", "Line 1: is not an object"),
        ('{"case": "c", "system": "a", "text": "x", "histroy": []}', "Line 1: unknown field histroy"),
        (
            '{"case": "c", "system": "a", "text": "x", "history": [{"year": 3}]}',
            "Line 1, history: write a title",
        ),
        ('{"case": "c", "system": "a", "text": "x", "item": {"title": "T", "year": "1999"}}', "whole number"),
        ('{"case": "c", "system": true, "text": "x"}', "Line 1, system: is empty or not a text"),
    ],
)
def test_faulty_json_lines_are_told(line: str, words: str) -> None:
    assert words in parse(line, "jsonl").errors[0]


def test_a_flood_of_errors_is_counted_and_not_listed() -> None:
    parsed = parse("case,system,text\n" + "c,,x\n" * 250, "csv")
    assert len(parsed.errors) == 101
    assert parsed.errors[-1] == "… and 150 more errors."


def test_a_column_named_twice_and_a_list_nested_too_deeply_are_refused() -> None:
    assert parse("case,system,text,text\nc1,a,x,y\n", "csv").errors == (
        "Line 1: two columns are called text; keep one of each.",
    )
    row = {"case": "c1", "system": "a", "text": "x", "history": "[" * 100_000}
    assert "not a JSON list" in parse(json.dumps(row), "jsonl").errors[0]
    row = {"case": "c1", "system": "a", "text": "x", "item": '{"a":' * 100_000}
    assert "not a JSON object" in parse(json.dumps(row), "jsonl").errors[0]
