import json
import os

import pytest

from generation.pipeline import artefacts
from generation.pipeline.artefacts import (
    MANIFEST,
    DamagedArtefact,
    NotAnArtefact,
    read_manifest,
    sweep_aside,
    write_folder,
)


def write_two(folder):
    (folder / "deep").mkdir()
    (folder / "deep" / "b.txt").write_text("b")
    (folder / "a.txt").write_text("a")


def test_an_artefact_reads_back_with_its_facts_and_hashes(tmp_path):
    written = write_folder(tmp_path, "corpus", write_two, {"n_items": 2})
    read = read_manifest(written.path, verify=True)
    assert read == written
    assert read.manifest == {"n_items": 2}
    assert set(read.files) == {"a.txt", "deep/b.txt"}
    # what coreutils sha256sum prints for the letter "a"
    assert read.files["a.txt"].sha256 == "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"


def test_the_same_content_written_twice_is_one_artefact(tmp_path):
    first = write_folder(tmp_path, "corpus", write_two, {"n": 1})
    again = write_folder(tmp_path, "corpus", write_two, {"n": 1})
    assert again == first
    assert len(list((tmp_path / "corpus").iterdir())) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]


@pytest.mark.parametrize(("kind", "facts"), [("cases", {"n": 1}), ("corpus", {"n": 2})])
def test_another_kind_or_another_fact_is_another_artefact(tmp_path, kind, facts):
    first = write_folder(tmp_path, "corpus", write_two, {"n": 1})
    assert write_folder(tmp_path, kind, write_two, facts).sha256 != first.sha256


def test_a_writer_that_fails_leaves_nothing(tmp_path):
    def fail(folder):
        write_two(folder)
        raise RuntimeError("out of disk")

    with pytest.raises(RuntimeError):
        write_folder(tmp_path, "corpus", fail)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_a_manifest_is_no_artefact(tmp_path):
    write_two(tmp_path)
    with pytest.raises(NotAnArtefact, match="never finished"):
        read_manifest(tmp_path)


def test_a_half_written_manifest_is_no_artefact(tmp_path):
    written = write_folder(tmp_path, "corpus", write_two)
    text = (written.path / MANIFEST).read_text()
    (written.path / MANIFEST).write_text(text[: len(text) // 2])
    with pytest.raises(NotAnArtefact):
        read_manifest(written.path)


def test_a_writer_killed_before_the_rename_is_swept_and_never_found(tmp_path, monkeypatch):
    monkeypatch.setattr(artefacts.shutil, "rmtree", lambda *_, **__: None)  # a killed process cleans nothing
    monkeypatch.setattr(artefacts, "_rename_in", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        write_folder(tmp_path, "corpus", write_two)
    monkeypatch.undo()
    assert not (tmp_path / "corpus").exists()
    assert sweep_aside(tmp_path, older_than_seconds=3600) == 0
    left = next(tmp_path.iterdir())
    os.utime(left, (0, 0))
    assert sweep_aside(tmp_path, older_than_seconds=3600) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_broken_folder_at_the_place_is_replaced_by_a_whole_one(tmp_path):
    first = write_folder(tmp_path, "corpus", write_two)
    (first.path / "a.txt").write_text("x")  # the same size: only the hash tells
    again = write_folder(tmp_path, "corpus", write_two)
    assert again.path == first.path
    assert read_manifest(again.path, verify=True) == again


def test_a_changed_byte_is_found_when_verifying(tmp_path):
    written = write_folder(tmp_path, "corpus", write_two)
    (written.path / "a.txt").write_text("x")
    read_manifest(written.path)
    with pytest.raises(DamagedArtefact, match=r"a\.txt"):
        read_manifest(written.path, verify=True)


@pytest.mark.parametrize("verify", [False, True])
def test_missing_longer_and_extra_files_are_found_at_once(tmp_path, verify):
    written = write_folder(tmp_path, "corpus", write_two)
    extra = written.path / "c.txt"
    extra.write_text("c")
    with pytest.raises(DamagedArtefact, match=r"c\.txt"):
        read_manifest(written.path, verify=verify)
    extra.unlink()
    (written.path / "a.txt").write_text("aa")
    with pytest.raises(DamagedArtefact, match="has 2 bytes; its manifest says 1"):
        read_manifest(written.path, verify=verify)
    (written.path / "a.txt").unlink()
    with pytest.raises(DamagedArtefact, match=r"lost 'a\.txt'"):
        read_manifest(written.path, verify=verify)


def test_a_fact_edited_afterwards_is_found(tmp_path):
    written = write_folder(tmp_path, "corpus", write_two, {"n": 1})
    raw = json.loads((written.path / MANIFEST).read_text())
    raw["facts"]["n"] = 2
    (written.path / MANIFEST).write_text(json.dumps(raw))
    with pytest.raises(DamagedArtefact, match="manifest"):
        read_manifest(written.path)


@pytest.mark.parametrize("kind", ["", "../up", "a/b", "."])
def test_a_kind_that_is_no_plain_name_is_refused(tmp_path, kind):
    with pytest.raises(ValueError, match="plain name"):
        write_folder(tmp_path, kind, write_two)


def test_an_empty_folder_and_a_manifest_of_ones_own_are_refused(tmp_path):
    with pytest.raises(ValueError, match="wrote nothing"):
        write_folder(tmp_path, "corpus", lambda folder: None)
    with pytest.raises(ValueError, match=MANIFEST):
        write_folder(tmp_path, "corpus", lambda folder: (folder / MANIFEST).write_text("{}"))
