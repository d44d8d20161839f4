"""`manage.py analyse`: a file in, a folder out, or exit code 2 and nothing written."""

import json
from pathlib import Path

import pytest
from django.core.management import call_command

from analysis.report.findings.study import StudyFindings
from tests.analysis.report import ratings


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    path = tmp_path / "evening.csv"
    ratings.frame(simulated=True).to_csv(path, index=False)
    return path


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    with pytest.raises(SystemExit) as exit_:
        call_command("analyse", *map(str, arguments))
    assert exit_.value.code == 2
    return capsys.readouterr().err


def test_a_file_becomes_a_folder_without_a_database(csv: Path, tmp_path: Path) -> None:
    scores = tmp_path / "scores.csv"
    ratings.scores().to_csv(scores, index=False)
    out = tmp_path / "reports" / "first"
    call_command("analyse", str(csv), "--scores", str(scores), "--out", str(out), "--seed", "9")
    found = StudyFindings.from_json((out / "report.json").read_text(encoding="utf-8"))
    assert (found.meta.title, found.meta.seed, found.meta.simulated) == ("evening", 9, True)
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    wanted = {"report.html", "README.txt", "manifest.json", "data/ratings.csv", "data/scores.csv"}
    assert names >= wanted | {"tables/overview.csv", "tables/overview.tex", "figures/ratings.svg"}
    assert [path.name for path in out.parent.iterdir()] == ["first"]


def test_the_page_stands_alone_and_says_simulated(csv: Path, tmp_path: Path) -> None:
    call_command("analyse", str(csv), "--out", str(tmp_path / "out"))
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    for foreign in ("<script", "<link", 'src="', "@import", "url("):
        assert foreign not in page
    assert "Simulated ratings" in page
    assert "--paper:" in page
    assert "tables/overview.csv" in page


def test_the_same_file_seed_and_time_make_the_same_folder(csv: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        call_command("analyse", str(csv), "--out", str(tmp_path / name), "--created", "2026-01-01")
    files = [path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file()]
    assert len(files) > 10
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_bad_rows_are_named_by_line_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(
        "annotator,case,system,criterion,value\nA,1,x,c,3\nA,2,x,c,7\nA,1,x,c,2.5\n", encoding="utf-8"
    )
    words = refused(capsys, path, "--out", tmp_path / "out")
    assert "line 3, value" in words
    assert "line 4, value" in words
    assert [found.name for found in tmp_path.iterdir()] == ["bad.csv"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"annotator;case\n1;2\n", "separated by ;: use commas"),
        (b"annotator\tcase\n1\t2\n", "separated by tabs: use commas"),
        (
            b'annotator,case,system,criterion,value\nA,1,x,"c,3\nA,2,x,c,3\n',
            "opened in row 2 is never closed",
        ),
        (b"annotator,case,system,criterion,value\nA,1,x,c,9\n", "1 problem in the ratings"),
        (b"", "the file is empty"),
        ("annotator,case,system,criterion,value\nJos\xe9,1,x,c,3\n".encode("latin-1"), "UTF-8"),
        (b"annotator,case,system,criterion,value\n", "no rows"),
        (b"annotator,case,system,criterion,value\nA,1,x,c,3,\nA,2,x,c,3,\n", "more fields than the header"),
        (b"annotator,case,system,criterion,value,value\nA,1,x,c,3,4\n", "two columns are called value"),
    ],
)
def test_a_file_that_is_no_ratings_is_refused(
    content: bytes, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    assert words in refused(capsys, path, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_exists_is_never_touched(
    csv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep")
    assert "exists already" in refused(capsys, csv, "--out", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_missing_files_and_bad_scores_and_scales_are_refused(
    csv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert "no such file" in refused(capsys, tmp_path / "none.csv", "--out", out)
    assert "two different points" in refused(capsys, csv, "--out", out, "--levels", "3")
    assert "whole numbers" in refused(capsys, csv, "--out", out, "--levels", "1,a")
    assert "stands twice" in refused(capsys, csv, "--out", out, "--levels", "1,2,2")
    assert "points lie between" in refused(capsys, csv, "--out", out, "--levels", f"1,2,{10**30}")
    assert "--seed -5" in refused(capsys, csv, "--out", out, "--seed", "-5")
    scores = tmp_path / "scores.csv"
    scores.write_text("case,system,metric,value\ncase 1,prism,m,many\n", encoding="utf-8")
    assert "line 2, value" in refused(capsys, csv, "--scores", scores, "--out", out)
    scores.write_text("case,system,metric,value\ncase 1,prism,m,1e308\n", encoding="utf-8")
    assert "line 2, value" in refused(capsys, csv, "--scores", scores, "--out", out)
    assert not out.exists()


def test_a_folder_is_no_file_of_ratings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is a folder" in refused(capsys, tmp_path, "--out", tmp_path / "out")


def test_a_place_that_cannot_hold_the_report_is_refused_before_anything_is_computed(
    csv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def computed(*_: object, **__: object) -> None:
        raise AssertionError("it was computed")

    monkeypatch.setattr("analysis.management.commands.analyse.analyse", computed)
    assert "is a file; choose another --out" in refused(capsys, csv, "--out", csv / "out")
    assert "choose another --out" in refused(capsys, csv, "--out", tmp_path / ("x" * 300))
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert "exists already" in refused(capsys, csv, "--out", tmp_path / "link")


def test_who_wrote_the_references_is_asked_for_and_then_left_out(
    csv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = tmp_path / "scores.csv"
    ratings.scores().to_csv(scores, index=False)
    given = (str(csv), "--scores", str(scores))
    call_command("analyse", *given, "--out", str(tmp_path / "unsaid"))
    assert "Nobody said who wrote the references of rouge-l" in capsys.readouterr().out
    assert "name it with --reference-system" in (tmp_path / "unsaid" / "report.html").read_text()
    call_command("analyse", *given, "--out", str(tmp_path / "said"), "--reference-system", "teacher")
    found = StudyFindings.from_json((tmp_path / "said" / "report.json").read_text(encoding="utf-8"))
    assert found.meta.notes == ()
    assert {row.number.n for row in found.correlations if row.level == "text"} == {7}
    assert any("leave out teacher" in sentence for sentence in found.methods)
    out = ("--out", tmp_path / "out")
    assert "never rated" in refused(capsys, *given, *out, "--reference-system", "nobody")
    words = refused(capsys, *given, *out, "--reference-system", "teacher", "--reference-metrics", "rouge")
    assert "no such scores; there are rouge-l, distinct-1" in words


@pytest.mark.shared
def test_hanna_comes_out_as_published(shared_data: Path, tmp_path: Path) -> None:
    """Six kappas, ordinal alphas, 66 means and 30 paired tests to 1e-9 of the golden files beside the data."""
    import pandas as pd

    from tests.reference.hanna_long import write_long

    folder = shared_data / "ratings" / "hanna"
    write_long(folder / "ratings_wide.csv", tmp_path / "hanna.csv")
    call_command("analyse", str(tmp_path / "hanna.csv"), "--slots", "--out", str(tmp_path / "out"))
    found = StudyFindings.from_json((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    golden = json.loads((folder / "golden_agreement.json").read_text(encoding="utf-8"))
    assert {row.criterion for row in found.agreement} == set(golden)
    for row in found.agreement:
        wanted = golden[row.criterion]
        assert row.fleiss.value == pytest.approx(wanted["fleiss"], abs=1e-9)
        assert row.z == pytest.approx(wanted["z"], abs=1e-9)
        assert row.alpha_ordinal.value == pytest.approx(wanted["alpha"]["ordinal"], abs=1e-9)
        assert row.ac1.value == pytest.approx(wanted["AC1"], abs=1e-9)
        assert row.free_marginal.value == pytest.approx(wanted["randolph"], abs=1e-9)
        assert [kappa.value for kappa in row.categories] == pytest.approx(wanted["kappa_j"], abs=1e-9)
    means = {(row.system, row.criterion): row.ratings for row in found.descriptions}
    cells = pd.read_csv(folder / "golden_system_descriptives.csv")
    assert len(cells) == len(means) == 66
    for cell in cells.itertuples():
        spread = means[cell.system, cell.crit]
        assert spread.mean.value == pytest.approx(cell.mean, abs=1e-9)
        assert spread.sd == pytest.approx(cell.std, abs=1e-9)
        assert spread.median == cell.median
    pairs = {(row.first, row.second, row.criterion): (row, 1) for row in found.comparisons}
    pairs |= {(b, a, criterion): (row, -1) for (a, b, criterion), (row, _) in pairs.items()}
    for test in pd.read_csv(folder / "golden_paired_tests.csv").itertuples():
        row, sign = pairs[test.a, test.b, test.criterion]
        assert sign * row.t == pytest.approx(test.t, abs=1e-9)
        assert row.p == pytest.approx(test.p, abs=1e-9)
        assert sign * row.dz.value == pytest.approx(test.dz, abs=1e-9)
