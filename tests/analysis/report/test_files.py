"""Tables, figures, scores files and the bundle: full numbers for machines, clean words for people."""

import csv
import hashlib
import io
import json
import re
import shlex
import xml.etree.ElementTree as ElementTree
import zipfile
from dataclasses import replace

import pandas as pd
import pytest

from analysis.report.analyse import Subject
from analysis.report.bundle import bundle, data_files, zipped
from analysis.report.cells import Cell, Column, Table
from analysis.report.figures import all_figures
from analysis.report.findings.subject import System
from analysis.report.page import sections
from analysis.report.scores import BadScores, ScoreTable
from analysis.report.svg import ink
from analysis.report.tables import all_tables, folded, overview
from analysis.report.words import MINUS, number, p_value
from tests.analysis.report import ratings


def test_csv_holds_numbers_in_full_and_empty_cells_for_none() -> None:
    found = ratings.findings()
    for table in all_tables(found):
        rows = list(csv.DictReader(io.StringIO(table.to_csv())))
        assert len(rows) == len(table.rows)
        assert len({column.key for column in table.columns}) == len(table.columns)
    differences = next(table for table in all_tables(found) if table.key == "comparisons")
    rows = list(csv.DictReader(io.StringIO(differences.to_csv())))
    faithful = next(row for row in found.comparisons if row.criterion == "faithfulness")
    written = next(row for row in rows if row["criterion"] == "faithfulness")
    assert float(written["difference"]) == faithful.difference.value
    assert float(written["p"]) == faithful.p
    assert next(row for row in rows if row["criterion"] == "personalisation")["t"] == ""


FORMULAS = ["=1+1", "+1", "-1+1", "@SUM(A1)", "\tx", "\r=1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_of_a_table_is_a_formula_and_no_number_is_altered(text: str) -> None:
    columns = (Column("system", "System", numeric=False), Column(text, "Difference"))
    table = Table("k", "t", "c", columns, ((Cell(text, text), Cell("-0.35", -0.35)),))
    assert next(csv.reader(io.StringIO(table.to_csv(), newline="")))[1] == f"'{text}".replace("\r", " ")
    [row] = csv.reader(io.StringIO(table.to_csv().partition("\n")[2], newline=""))
    assert row == [f"'{text}".replace("\r", " "), "-0.35"]


def test_labels_that_are_formulas_are_texts_in_every_table() -> None:
    subject = Subject("x", systems=(System("prism", '=HYPERLINK("x")'), System("teacher", "-Teacher")))
    found = ratings.findings(subject=subject)
    cells = [
        cell
        for table in all_tables(found)
        for row in csv.reader(io.StringIO(table.to_csv()))
        for cell in row
        if cell.startswith(("=", "+", "-", "@"))
    ]
    assert cells  # the differences below 0
    for cell in cells:
        float(cell)


def test_the_data_of_a_bundle_are_exact_and_its_readme_says_so() -> None:
    scores = ratings.scores()
    scores["metric"] = "=a\r=b" + scores["metric"].astype(str)
    files = bundle(ratings.findings(), data=data_files(ratings=ratings.frame(), scores=scores))
    again = pd.read_csv(io.BytesIO(files["data/scores.csv"]))
    assert list(again["metric"]) == list(scores["metric"])
    assert "exactly as it was" in files["README.txt"].decode()


@pytest.mark.parametrize("title", ["$(touch owned) `id`", 'Rosa\'s "films"', "a\nb; rm x", "Plain"])
def test_the_command_in_the_readme_holds_nothing_of_the_title(title: str) -> None:
    readme = bundle(ratings.findings(subject=Subject(title)))["README.txt"].decode()
    [line] = [line for line in readme.splitlines() if "python manage.py analyse" in line]
    assert shlex.split(line) == [
        *("python", "manage.py", "analyse", "data/ratings.csv"),
        *("--like", "report.json", "--out", "again"),
    ]


def test_the_main_table_has_the_shape_of_the_papers() -> None:
    table = folded(overview(ratings.findings()))
    assert [column.label for column in table.columns] == [
        "System",
        "rouge-l",
        "Faithfulness",
        "Personalisation",
    ]
    assert re.fullmatch(r"\d\.\d\d ± \d\.\d\d", table.rows[0][2].text)
    assert [row[3].strong for row in table.rows] == [True, False]


def test_latex_is_escaped_and_balanced() -> None:
    subject = Subject("x", systems=(System("prism", r"Prism_50% & \co"), System("teacher", "T#1 {a}")))
    text = overview(ratings.findings(subject=subject)).to_latex()
    assert r"Prism\_50\% \& \textbackslash{}co" in text
    assert r"T\#1 \{a\}" in text
    assert r"$\pm$" in text
    assert text.count(r"\begin{") == text.count(r"\end{") == 2
    bare = text.replace(r"\{", "").replace(r"\}", "")
    assert bare.count("{") == bare.count("}")


def test_figures_are_whole_svg_without_styles_or_scripts() -> None:
    subject = Subject("x", systems=(System("prism", "<Prism> & co"), System("teacher", "Teacher")))
    figures = all_figures(ratings.findings(subject=subject))
    assert len({figure.key for figure in figures}) == len(figures) == 1 + 2 + 2 + 2 + 4 + 2 + 2
    for figure in figures:
        root = ElementTree.fromstring(figure.svg)  # noqa: S314  our own
        assert "style=" not in figure.svg
        assert root.find("{http://www.w3.org/2000/svg}title").text == figure.title  # type: ignore[union-attr]
        assert len(root.find("{http://www.w3.org/2000/svg}desc").text or "") > 20  # type: ignore[union-attr]
        assert root.get("fill") == "currentColor"
        assert "nan" not in figure.svg.lower().replace("dominant", "")


def test_every_bar_is_as_wide_as_its_share() -> None:
    found = ratings.findings(kind="pooled")
    svg = all_figures(found)[0].svg
    widths = [float(width) for width in re.findall(r'width="([\d.]+)" height="22"', svg)]
    row = found.prevalence[0]
    wanted = [230 * count / row.n_ratings for count in row.counts if count]
    assert widths[: len(wanted)] == pytest.approx(wanted, abs=0.01)


def test_letters_on_colours_can_be_read() -> None:
    assert ink("#00224E") == "#FFFFFF"
    assert ink("#F0E442") == "#000000"


def test_numbers_read_as_people_write_them() -> None:
    assert (number(-0.004), number(-0.126), number(None)) == ("0.00", f"{MINUS}0.13", "–")
    assert (p_value(0.0004), p_value(0.0456), p_value(None)) == ("< 0.001", "0.046", "–")


def test_the_bundle_is_the_same_bytes_every_time_and_its_manifest_tells_the_truth() -> None:
    found = ratings.findings(simulated=True)
    data = data_files(ratings=ratings.frame(), scores=ratings.scores())
    made = [bundle(found, data=data) for _ in range(2)]
    assert zipped(made[0]) == zipped(made[1])
    with zipfile.ZipFile(io.BytesIO(zipped(made[0]))) as archive:
        assert archive.testzip() is None
        manifest = json.loads(archive.read("manifest.json"))
        assert set(manifest["sha256"]) | {"manifest.json"} == set(archive.namelist())
        for name, digest in manifest["sha256"].items():
            assert hashlib.sha256(archive.read(name)).hexdigest() == digest
        assert b"SIMULATED RATINGS" in archive.read("README.txt")
    assert manifest["seed"] == 5


def test_marks_stand_beside_the_offline_teacher_and_the_writer_of_references() -> None:
    teacher = System("teacher", "Teacher", offline=True, wrote_references=True)
    found = ratings.findings(subject=Subject("x", systems=(System("prism", "Prism"), teacher)))
    metrics = tuple(replace(m, references="teacher") if m.name == "rouge-l" else m for m in found.metrics)
    table = folded(overview(replace(found, metrics=metrics)))
    assert [cell.mark for cell in table.rows[1][:2]] == ["offline teacher", "own references"]
    assert [cell.mark for cell in table.rows[0][:2]] == ["", ""]
    assert "offline teacher" in table.caption
    assert found.meta.offline_systems == ("teacher",)


def test_every_derivation_has_an_id_of_its_own() -> None:
    ids = [
        cell.id
        for section in sections(ratings.findings())
        for table in section.tables
        for row in table.rows
        for cell in row
        if cell.id
    ]
    assert len(ids) == len(set(ids)) > 20


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("case 1", "prism", "m", "abc"), r"line 3, value: got 'abc'"),
        (("case 1", "prism", "m", "inf"), r"line 3, value"),
        (("case 1", "nobody", "m", "1"), r"line 3, system: 'nobody' was never rated"),
        (("case 1", "", "m", "1"), r"line 3, system: empty"),
        (("case 0", "prism", "m", "1"), r"line 3, case, system, metric: also on line 2"),
    ],
)
def test_bad_scores_are_named_by_line_and_field(row: tuple[str, ...], words: str) -> None:
    frame = pd.DataFrame([("case 0", "prism", "m", "1"), row], columns=["case", "system", "metric", "value"])
    with pytest.raises(BadScores, match=words):
        ScoreTable.from_frame(frame, systems=ratings.SYSTEMS)


def test_scores_without_a_column_are_refused() -> None:
    with pytest.raises(BadScores, match="no column metric"):
        ScoreTable.from_frame(pd.DataFrame(columns=["case", "system", "value"]), systems=["a"])
