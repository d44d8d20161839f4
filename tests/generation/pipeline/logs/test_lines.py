"""Lines of files, however long one of them is."""

import gzip
import tracemalloc
from pathlib import Path

import pytest

from generation.pipeline.logs import jsonl
from generation.pipeline.logs.lines import LONGEST_LINE, detect_encoding, read_lines
from generation.pipeline.logs.rejected import Rejected

GOOD = b'{"user": "a", "item": "1", "timestamp": 1}\n'


def test_a_line_as_long_as_lines_may_be_is_read_and_a_longer_one_is_not(tmp_path: Path) -> None:
    path, rejected = tmp_path / "log", Rejected()
    longest, too_long = b"a" * (LONGEST_LINE - 1) + b"\n", b"b" * LONGEST_LINE + b"\n"
    path.write_bytes(b"first\r\n" + longest + too_long + b"\n" + b"last")
    read = list(read_lines(path, rejected=rejected))
    assert [(number, len(text)) for number, text in read] == [(1, 5), (2, LONGEST_LINE - 1), (4, 0), (5, 4)]
    [row] = rejected.rows
    assert (row.line, row.field, row.reason) == (3, "row", "is longer than 1,048,576 bytes")
    assert row.text.startswith("bbb")


@pytest.mark.parametrize("opened", [open, gzip.open])
def test_a_line_without_end_costs_its_own_row_and_little_memory(tmp_path: Path, opened) -> None:
    path = tmp_path / ("interactions.jsonl.gz" if opened is gzip.open else "interactions.jsonl")
    with opened(path, "wb") as stream:
        stream.write(GOOD)
        for _ in range(64):
            stream.write(b"x" * LONGEST_LINE)
        stream.write(b"\n" + GOOD)
    rejected = Rejected()
    log = jsonl.JsonLines(path, tmp_path / "items.jsonl", encoding="utf-8", rejected=rejected)
    tracemalloc.start()
    lines = [line for line, _ in log.interactions()]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert lines == [1, 3]
    assert [row.line for row in rejected.rows] == [2]
    assert peak < 16 * LONGEST_LINE


def test_a_half_character_at_the_cut_of_a_long_line_is_no_wrong_encoding(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"a" + "é".encode() * LONGEST_LINE + b"\nok\n")
    assert [text for _, text in read_lines(path)] == ["ok"]
    assert detect_encoding(path) == "utf-8"
