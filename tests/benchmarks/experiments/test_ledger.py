from pathlib import Path

import pytest

from benchmarks.experiments.ledger import CELLS, DamagedLedger, Ledger


def test_a_cell_that_was_finished_is_there_after_a_kill(tmp_path: Path) -> None:
    Ledger(tmp_path).append({"id": "a", "value": 1})
    with (tmp_path / CELLS).open("a") as stream:
        stream.write('{"id": "b", "val')  # the kill
    again = Ledger(tmp_path)
    assert set(again.cells) == {"a"}
    again.append({"id": "b", "value": 2})
    assert Ledger(tmp_path).cells == {"a": {"id": "a", "value": 1}, "b": {"id": "b", "value": 2}}


def test_ledgers_of_two_machines_are_one_when_they_lie_together(tmp_path: Path) -> None:
    (tmp_path / "here.jsonl").write_text('{"id": "a", "value": 1}\n{"id": "b", "value": 2}\n')
    (tmp_path / "there.jsonl").write_text('{"id": "b", "value": 9}\n{"id": "c", "value": 3}\n')
    assert {name: cell["value"] for name, cell in Ledger(tmp_path).cells.items()} == {"a": 1, "b": 2, "c": 3}


def test_a_broken_line_in_the_middle_is_named_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / CELLS).write_text('{"id": "a"}\nnonsense\n{"id": "c"}\n')
    with pytest.raises(DamagedLedger, match=r"cells\.jsonl, line 2: .*Delete this line"):
        Ledger(tmp_path)
