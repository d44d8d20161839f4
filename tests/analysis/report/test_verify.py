"""A bundle that was touched does not pass, wherever it was touched; one that was not, does."""

import hashlib
import json
import stat
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.management import call_command

from analysis.report import unpacking
from analysis.report.analyse import Subject, analyse
from analysis.report.bundle import bundle, data_files, zipped
from analysis.report.differences import Compared, differences
from analysis.report.findings.study import StudyFindings
from analysis.report.scores import ScoreTable
from analysis.report.unpacking import UnsafeBundle, unpacked
from analysis.report.verify import verify
from analysis.stats.ratings import RatingTable
from tests.analysis.report import ratings

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def whole() -> Files:
    table = RatingTable.from_frame(ratings.frame())
    scores = ScoreTable.from_frame(ratings.scores(), systems=table.systems)
    findings = analyse(table, scores, subject=Subject("Films"), seed=5, created=ratings.CREATED)
    return bundle(findings, data=data_files(ratings=ratings.frame(), scores=ratings.scores()))


def resealed(files: Files) -> Files:
    """The same with a manifest that says what a careful forger would have it say."""
    manifest = json.loads(files["manifest.json"])
    manifest["sha256"] = {
        name: hashlib.sha256(content).hexdigest()
        for name, content in sorted(files.items())
        if name != "manifest.json"
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"
    return files | {"manifest.json": text.encode()}


def rewritten(files: Files, change: Callable[[dict], None]) -> Files:
    """A report whose JSON was changed, with all tables, drawings and hashes made to fit."""
    raw = json.loads(files["report.json"])
    change(raw)
    data = {name: content for name, content in files.items() if name.startswith("data/")}
    return bundle(StudyFindings.from_json(json.dumps(raw)), data=data)


def test_an_untouched_bundle_holds_as_zip_and_as_folder(whole: Files, tmp_path: Path) -> None:
    path = tmp_path / "report.zip"
    path.write_bytes(zipped(whole))
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "folder")
    for place in (path, tmp_path / "folder"):
        found = verify(unpacked(place))
        assert found.problems == ()
        assert found.n_files == len(whole) - 1
        assert found.n_values > 500
        assert found.largest == 0


def test_a_changed_byte_is_named_by_its_file(whole: Files) -> None:
    touched = whole | {"figures/ratings.svg": whole["figures/ratings.svg"] + b" "}
    assert "figures/ratings.svg: sha256 is not what manifest.json says" in verify(touched).problems


def test_a_changed_rating_shows_in_the_numbers_even_when_all_hashes_fit(whole: Files) -> None:
    lines = whole["data/ratings.csv"].split(b"\n")
    lines[3] = lines[3].replace(b",2.0,", b",4.0,")
    touched = resealed(whole | {"data/ratings.csv": b"\n".join(lines)})
    assert touched["data/ratings.csv"] != whole["data/ratings.csv"]
    problems = verify(touched).problems
    assert problems
    assert all(problem.startswith(("report.json: ", "… and")) for problem in problems)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda raw: raw["comparisons"][0].update(p=raw["comparisons"][0]["p"] + 1e-6), "comparisons[0: "),
        (lambda raw: raw["comparisons"][0].update(p=None), "p: nothing (undefined), computed 4.17"),
        (lambda raw: raw["comparisons"][1].update(t=0.0), "0.0, computed nothing (undefined)"),
        (lambda raw: raw["counts"].update(n_ratings=97), "counts.n_ratings: 97, computed"),
        (lambda raw: raw["agreement"].pop(), "agreement: 1 entries, computed 2"),
        (lambda raw: raw["agreement"][0].update(landis_koch="perfect"), "landis_koch: 'perfect'"),
        (lambda raw: raw["methods"].append("All of it is true."), "methods: "),
    ],
)
def test_a_changed_number_or_word_is_named_by_its_key(
    whole: Files, change: Callable[[dict], None], named: str
) -> None:
    problems = verify(rewritten(whole, change)).problems
    assert any(named in problem for problem in problems), problems


def test_what_rounding_may_change_passes_and_is_told(whole: Files) -> None:
    def nudge(raw: dict) -> None:
        number = raw["agreement"][0]["fleiss"]
        number["value"] *= 1 + 1e-11

    found = verify(rewritten(whole, nudge))
    assert found.problems == ()
    assert found.largest == pytest.approx(1e-11, rel=0.01)


def test_scores_that_live_near_nothing_are_not_rounded_away() -> None:
    tiny = {"metric_summaries": [{"metric": "m", "score": {"value": 3e-27}}]}
    other = {"metric_summaries": [{"metric": "m", "score": {"value": 4e-27}}]}
    assert list(differences(tiny, other, Compared())) == [
        "metric_summaries[0: m].score.value: 3e-27, computed 4e-27"
    ]


def test_a_table_that_says_other_numbers_than_the_report_is_named(whole: Files) -> None:
    table = whole["tables/overview.csv"].replace(b"prism", b"PRISM")
    touched = resealed(whole | {"tables/overview.csv": table})
    assert verify(touched).problems == ("tables/overview.csv: does not follow from report.json",)


def test_files_too_many_and_too_few_are_named(whole: Files) -> None:
    touched = resealed(whole | {"figures/extra.svg": b"<svg/>"})
    assert verify(touched).problems == ("figures/extra.svg: no file of such a bundle",)
    fewer = {name: content for name, content in whole.items() if name != "tables/agreement.csv"}
    assert "tables/agreement.csv: missing" in verify(resealed(fewer)).problems
    assert "tables/agreement.csv: named in manifest.json and not in the bundle" in verify(fewer).problems


def test_a_manifest_with_another_seed_is_named(whole: Files) -> None:
    manifest = json.loads(whole["manifest.json"]) | {"seed": 6}
    touched = whole | {"manifest.json": json.dumps(manifest).encode()}
    assert verify(touched).problems == ()  # without a page, the manifest is held to nothing but its hashes
    assert verify(touched, page=lambda findings: "").problems == (
        "manifest.json: does not follow from report.json",
    )


@pytest.mark.parametrize("name", ["manifest.json", "report.json", "data/ratings.csv"])
@pytest.mark.parametrize("content", [None, b"", b"[" * 100_000, b"\xff\xfe", b'{"meta": 3}', b"[]"])
def test_whatever_is_broken_is_said_and_never_raised(whole: Files, name: str, content: bytes | None) -> None:
    touched = {key: value for key, value in whole.items() if key != name}
    if content is not None:
        touched[name] = content
    assert verify(touched).problems


def test_other_versions_may_write_other_words_but_no_other_numbers(whole: Files) -> None:
    findings = StudyFindings.from_json(whole["report.json"].decode())
    older = replace(findings, meta=replace(findings.meta, versions=findings.meta.versions | {"numpy": "1.0"}))
    data = {name: content for name, content in whole.items() if name.startswith("data/")}
    files = bundle(replace(older, methods=("Computed long ago.",)), data=data)
    found = verify(files)
    assert found.problems == ()
    assert "numpy 1.0 (here" in found.notes[0]
    counts = replace(older.counts, n_cases=9)
    assert verify(bundle(replace(older, counts=counts), data=data)).problems


def forged(whole: Files, versions: dict[str, str]) -> Files:
    """A report made with these versions, one table and the page of which tell other numbers under hashes that fit."""
    findings = StudyFindings.from_json(whole["report.json"].decode())
    made = replace(findings, meta=replace(findings.meta, versions=findings.meta.versions | versions))
    data = {name: content for name, content in whole.items() if name.startswith("data/")}
    files = bundle(made, data=data, page=page_of(made))
    table = files["tables/descriptions.csv"]
    assert b",3." in table
    return resealed(
        files
        | {
            "tables/descriptions.csv": table.replace(b",3.", b",4."),
            "report.html": files["report.html"].replace(b"3.", b"4."),
        }
    )


def page_of(findings: StudyFindings) -> str:
    return f"<p>{findings.meta.title}: 3.12</p>"


def test_forged_tables_and_pages_are_named_whatever_the_library(whole: Files) -> None:
    found = verify(forged(whole, {"numpy": "1.0"}), page=page_of)
    assert "tables/descriptions.csv: does not follow from report.json" in found.problems
    assert "report.html: does not follow from report.json" in found.problems


def test_forged_tables_are_named_and_pages_left_unchecked_by_name_under_another_prism(whole: Files) -> None:
    found = verify(forged(whole, {"prism-explanations": "0.0.1"}), page=page_of)
    assert found.problems == ("tables/descriptions.csv: has other numbers than report.json",)
    [note] = [note for note in found.notes if "not checked:" in note]
    assert "report.html" in note


def test_a_bundle_without_plan_and_ledger_says_so(whole: Files) -> None:
    [note] = [note for note in verify(whole).notes if "data/plan.json" in note]
    assert "data/ledger.json" in note


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("levels", []),
        ("levels", [2, 1]),
        ("levels", list(range(1000))),
        ("confidence", float("nan")),
        ("confidence", 2),
    ],
)
def test_a_scale_or_level_of_confidence_that_cannot_be_is_refused(
    whole: Files, key: str, value: object
) -> None:
    raw = json.loads(whole["report.json"])
    raw["meta"][key] = value
    found = verify(resealed(whole | {"report.json": json.dumps(raw).encode()}))
    assert "report.json cannot be read" in found.problems[0]


@pytest.mark.parametrize("plan", [b"[]", b"3", b'{"plan": []}', b'{"plan": {"analysis": 3}}'])
def test_a_plan_of_another_shape_is_a_problem(whole: Files, plan: bytes) -> None:
    assert any(
        "data/plan.json cannot be read" in one for one in verify(whole | {"data/plan.json": plan}).problems
    )


def test_members_with_bad_names_or_corrupt_lzma_are_refused(whole: Files, tmp_path: Path) -> None:
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("räport.json", b"{}")
    path.write_bytes(path.read_bytes().replace("ä".encode(), b"\xff\xfe"))
    with pytest.raises(UnsafeBundle, match="name is no text"):
        unpacked(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("report.json", bytes(range(256)) * 40)
    content = bytearray(path.read_bytes())
    content[60:160] = bytes([255]) * 100
    path.write_bytes(bytes(content))
    with pytest.raises(UnsafeBundle):
        unpacked(path)


def member(name: str, kind: int = stat.S_IFREG) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (kind | 0o644) << 16
    return info


@pytest.mark.parametrize(
    "name", ["../x", "/etc/x", "a/../../x", "a\\x", "C:x", "a//x", "./x", "a/", "a\nx", "a/./x"]
)
def test_a_path_that_could_leave_the_bundle_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member(name), b"x")
    with pytest.raises(UnsafeBundle, match="no path inside a bundle"):
        unpacked(path)


def test_links_doubles_and_what_is_too_large_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member("link", stat.S_IFLNK), b"/etc/passwd")
    with pytest.raises(UnsafeBundle, match="'link' is a link"):
        unpacked(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", b"1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a", b"2")
    with pytest.raises(UnsafeBundle, match="twice"):
        unpacked(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", b"0" * 5000)
        archive.writestr("other", b"0" * 5000)
    monkeypatch.setattr(unpacking, "MAX_TOTAL", 9000)
    with pytest.raises(UnsafeBundle, match="its files have 10,000 bytes"):
        unpacked(path)
    monkeypatch.setattr(unpacking, "MAX_FILE", 4000)
    monkeypatch.setattr(unpacking, "MAX_TOTAL", 10_000)
    with pytest.raises(UnsafeBundle, match="'bomb' has 5,000 bytes"):
        unpacked(path)
    monkeypatch.setattr(unpacking, "MAX_FILES", 1)
    with pytest.raises(UnsafeBundle, match="holds 2 files"):
        unpacked(path)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "report.json").symlink_to("/etc/passwd")
    with pytest.raises(UnsafeBundle, match="is a link"):
        unpacked(folder)


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip at all"])
def test_what_is_no_zip_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.zip"
    path.write_bytes(content)
    with pytest.raises(UnsafeBundle, match="no whole zip"):
        unpacked(path)


def test_a_zip_with_damaged_bytes_is_refused(whole: Files, tmp_path: Path) -> None:
    content = bytearray(zipped(whole))
    content[200:260] = bytes(60)
    path = tmp_path / "bad.zip"
    path.write_bytes(bytes(content))
    with pytest.raises(UnsafeBundle):
        unpacked(path)


def test_the_command_checks_what_the_command_wrote(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    csv, scores, out = tmp_path / "films.csv", tmp_path / "scores.csv", tmp_path / "out"
    ratings.frame().to_csv(csv, index=False)
    ratings.scores().to_csv(scores, index=False)
    call_command(
        "analyse", str(csv), "--scores", str(scores), "--out", str(out), "--reference-system", "teacher"
    )
    call_command("verify_bundle", str(out))
    assert capsys.readouterr().out.endswith(f"{out} holds.\n")
    page = out / "report.html"
    page.write_text(page.read_text().replace("Films", "Filme").replace("films", "filme"))
    with pytest.raises(SystemExit) as exit_:
        call_command("verify_bundle", str(out))
    assert exit_.value.code == 1
    told = capsys.readouterr().err
    assert "report.html: sha256 is not what manifest.json says" in told
    assert "report.html: does not follow from report.json" in told
    with pytest.raises(SystemExit) as exit_:
        call_command("verify_bundle", str(tmp_path / "none.zip"))
    assert exit_.value.code == 1
    assert "no such file" in capsys.readouterr().err
