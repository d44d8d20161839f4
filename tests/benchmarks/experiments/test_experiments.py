"""The whole way at a size from which nothing can be read: cells, tables, figures."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.experiments import capacity, cold_start, efficiency, noise_filter, pool, user_ablation
from benchmarks.experiments.__main__ import plan
from benchmarks.experiments.contestants import Contestant, contestants, measure
from benchmarks.experiments.ledger import Ledger
from benchmarks.experiments.setting import SMOKE, Setting

SEEDS = range(1)
EXPERIMENTS = {
    "noise_filter": noise_filter.main,
    "user_ablation": user_ablation.main,
    "capacity": capacity.main,
    "cold_start": cold_start.main,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every cell of every experiment once, by one worker; and one setting that no student can follow."""
    out: Path = tmp_path_factory.mktemp("experiments")
    settings = [setting.but(**SMOKE) for setting in plan(SEEDS)]
    impossible = Setting(**{**SMOKE, "n_users": 0})
    assert not pool.run([impossible, *settings], Ledger(out), jobs=1), (
        "the impossible one was reported as done"
    )
    return out


def test_a_setting_that_fails_takes_no_other_along_and_leaves_no_cell(folder: Path) -> None:
    found = Ledger(folder).cells
    assert set(found) == {setting.but(**SMOKE).id for setting in plan(SEEDS)}


def test_what_is_finished_is_not_run_again(folder: Path) -> None:
    settings = [setting.but(**SMOKE) for setting in plan(SEEDS)]
    assert pool.run(settings, Ledger(folder), jobs=0), (
        "with no worker at all, only finished cells can be done"
    )


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_writes_a_table_and_a_figure_with_its_text_alternative(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main: Callable[[list[str]], None] = EXPERIMENTS[name]
    main(["--smoke", "--seeds", "1", "--out", str(folder), "--only-write"])
    assert "cells are missing" not in capsys.readouterr().err
    rows = list(csv.DictReader((folder / f"{name}.csv").open(encoding="utf-8")))
    assert rows
    assert (folder / f"{name}.md").read_text(encoding="utf-8").count("\n| ") == len(rows) + 1
    root = ElementTree.parse(folder / f"{name}.svg").getroot()  # noqa: S314 - our own file
    title, description = root[0], root[1]
    assert title.tag.endswith("title")
    assert title.text
    assert description.tag.endswith("desc")
    assert "not measured" not in (description.text or "not measured")


def test_the_table_says_what_the_cells_say(folder: Path) -> None:
    noise_filter.main(["--smoke", "--seeds", "1", "--out", str(folder), "--only-write"])
    rows = list(csv.DictReader((folder / "noise_filter.csv").open(encoding="utf-8")))
    row = next(
        r
        for r in rows
        if (r["start"], r["steps"], r["planted"], r["decoding"]) == ("copying", "800", "30%", "greedy")
    )
    cell = Ledger(folder).cells[Setting(rate=0.3).but(**SMOKE).id]
    own, teacher = cell["student"]["greedy"]["all"]["hallucinated"], cell["teacher"]["all"]["hallucinated"]
    assert float(row["student invents"]) == pytest.approx(own, rel=1e-5)
    assert float(row["difference"]) == pytest.approx(own - teacher, rel=1e-5)


def test_cells_that_are_missing_are_missing_in_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capacity.main(["--smoke", "--seeds", "1", "--out", str(tmp_path), "--only-write"])
    assert "cells are missing" in capsys.readouterr().err
    assert (tmp_path / "capacity.csv").read_text(encoding="utf-8").strip() == ""


def test_a_contestant_writes_as_many_tokens_as_it_must_and_is_counted() -> None:
    cell = measure(
        Contestant(name="Prism", precision="fp32", runs=2, prompt_tokens=5, new_tokens=3, smoke=True), "cpu"
    )
    assert cell["n_runs"] == 2
    assert cell["seconds"]["p50"] <= cell["seconds"]["p95"]
    assert cell["parameters"] > 0


def test_a_teacher_timed_in_slices_is_extrapolated_layer_by_layer_and_says_so(tmp_path: Path) -> None:
    """One layer a side takes 3 s, two take 5: each further one 2, so twenty-four take 3 + 23 x 2 = 49."""
    cells = []
    for contestant in contestants("cpu", smoke=False, runs=1, seconds=1, seed=0):
        if contestant.name not in ("FLAN-T5-XXL", "Prism") or contestant.batch != 1:
            continue
        seconds = {1: 3.0, 2: 5.0, 0: 0.5}[contestant.layers]
        cells.append(_cell(contestant, seconds))
    table = efficiency.tables(cells)[0]
    row = next(row for row in table.rows if row["name"] == "FLAN-T5-XXL")
    assert (row["ms mean"], row["times Prism"]) == ("49000.0", "98.0")
    assert "extrapolated" in str(row["how"])
    assert "extrapolated" in efficiency.figure(cells)


def _cell(contestant: Contestant, seconds: float) -> dict[str, object]:
    from dataclasses import asdict

    return {
        "id": f"{contestant.id}/cpu",
        "contestant": asdict(contestant),
        "n_runs": 5,
        "seconds": {"mean": seconds, "sd": 0.0, "p50": seconds, "p95": seconds},
        "parameters": 1000 * max(1, contestant.layers),
        "user_parameters": 0,
        "peak_bytes": 10**9,
        "machine": {"name": "a machine", "device": "cpu", "torch": "2"},
    }


def test_a_result_is_json_all_the_way(folder: Path) -> None:
    for cell in Ledger(folder).cells.values():
        assert json.loads(json.dumps(cell, allow_nan=False)) == cell


PUBLISHED = Path(__file__).resolve().parents[3] / "docs/figures"


@pytest.mark.parametrize(
    ("main", "seeds"),
    [
        (noise_filter.main, ("0", "5")),
        (user_ablation.main, ("0", "5")),
        (capacity.main, ("0", "5")),
        (cold_start.main, ("21", "5")),
        (efficiency.main, ("0", "5")),
    ],
    ids=["noise_filter", "user_ablation", "capacity", "cold_start", "efficiency"],
)
def test_the_published_tables_and_figures_are_what_the_published_cells_say(
    main: Callable[[list[str]], None], seeds: tuple[str, str], tmp_path: Path
) -> None:
    shutil.copy(PUBLISHED / "cells.jsonl", tmp_path)
    main(["--seed", seeds[0], "--seeds", seeds[1], "--out", str(tmp_path), "--only-write"])
    written = [path for path in tmp_path.iterdir() if path.suffix in (".csv", ".svg")]
    assert len(written) >= 2
    for path in written:
        assert path.read_bytes() == (PUBLISHED / path.name).read_bytes(), path.name
