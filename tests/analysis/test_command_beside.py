"""Guesses and excluded ratings as files of the command, and as a bundle brings them back."""

import json
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.analysis.report import ratings
from tests.analysis.report.test_guessing import guesses
from tests.analysis.report.test_sensitivity import straight


def test_what_a_bundle_holds_beside_its_ratings_gives_the_same_report(tmp_path: Path) -> None:
    frames = {"ratings": ratings.frame(4), "guesses": guesses(), "excluded": straight()[:32]}
    frames["excluded"] = frames["excluded"][frames["excluded"]["case"] < "case 4"]
    for name, frame in frames.items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    beside = [f"--guesses={tmp_path / 'guesses.csv'}", f"--excluded={tmp_path / 'excluded.csv'}"]
    call_command("analyse", tmp_path / "ratings.csv", *beside, out=tmp_path / "out", seed=3)
    report = (tmp_path / "out/report.json").read_text()
    found = json.loads(report)
    assert found["blinding"]["n_guesses"] == 24
    assert [one["annotator"] for one in found["sensitivity"]["excluded"]] == ["A9"]
    data = tmp_path / "out/data"
    beside = [f"--guesses={data / 'guesses.csv'}", f"--excluded={data / 'excluded.csv'}"]
    like = tmp_path / "out/report.json"
    call_command("analyse", data / "ratings.csv", *beside, like=like, out=tmp_path / "again")
    assert (tmp_path / "again/report.json").read_text() == report


def test_faulty_guesses_are_refused_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ratings.frame(3).to_csv(tmp_path / "ratings.csv", index=False)
    given = guesses()
    given.loc[1, "guess"] = ""
    given.to_csv(tmp_path / "guesses.csv", index=False)
    with pytest.raises(SystemExit):
        call_command(
            "analyse", tmp_path / "ratings.csv", guesses=tmp_path / "guesses.csv", out=tmp_path / "out"
        )
    assert "guesses, line 3, guess: '' was not among" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
