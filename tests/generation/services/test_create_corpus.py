"""A log as people upload it: zips of every kind, and nothing half kept."""

import errno
import io
import json
import zipfile
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from generation.models import Corpus
from generation.services import create_corpus as service
from generation.services.create_corpus import create_corpus
from generation.services.import_log import import_log
from generation.services.map_columns import map_columns, see_tables
from generation.services.parameters import BadParameters

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def artefacts(settings, tmp_path: Path) -> Path:
    settings.PRISM_ARTEFACTS = tmp_path / "artefacts"
    return settings.PRISM_ARTEFACTS


def packed(name: str = "items.jsonl", content: bytes = b"hello " * 200) -> bytearray:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return bytearray(kept.getvalue())


def encrypted() -> bytearray:
    data = packed()
    data[6] |= 1
    data[data.find(b"PK\x01\x02") + 8] |= 1
    return data


def unknown_method() -> bytearray:
    data = packed()
    data[8] = data[data.find(b"PK\x01\x02") + 10] = 99
    return data


def damaged() -> bytearray:
    data = packed(content=bytes(range(256)) * 9)
    data[45:60] = b"\xff" * 15
    return data


def cut() -> bytearray:
    return packed()[:40]


def twice(*names: str) -> bytearray:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        for name in names:
            archive.writestr(name, "{}")
    return bytearray(kept.getvalue())


def spoilt(method: int) -> bytearray:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", method) as archive:
        archive.writestr("items.jsonl", bytes(range(256)) * 40)
    data = bytearray(kept.getvalue())
    data[120:150] = b"\xff" * 30
    return data


def misnamed() -> bytearray:
    return bytearray(bytes(packed("\u00e9tems.jsonl")).replace("\u00e9".encode(), b"\xff\xfe"))


def upload(data: bytearray) -> SimpleUploadedFile:
    return SimpleUploadedFile("log.zip", bytes(data))


def test_a_zip_is_unpacked_flat_whatever_its_members_are_called(artefacts: Path) -> None:
    made, _ = create_corpus(name="Log", log_format="jsonl", uploads=[upload(packed("../../x/items.jsonl"))])
    folder = Path(made.options["folder"])
    assert folder.is_relative_to(artefacts)
    assert [path.name for path in folder.iterdir()] == ["items.jsonl"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (encrypted(), "encrypted or packed in an unusual way"),
        (unknown_method(), "encrypted or packed in an unusual way"),
        (damaged(), "not a zip file that can be read"),
        (cut(), "not a zip file that can be read"),
        (packed("a/.."), "holds a file named"),
        (packed("x" * 300), "holds a file named"),
        (twice("2020/items.jsonl", "2021/items.jsonl"), "holds a second file called items.jsonl"),
        (spoilt(zipfile.ZIP_LZMA), "not a zip file that can be read"),
        (spoilt(zipfile.ZIP_BZIP2), "not a zip file that can be read"),
        (misnamed(), "not a zip file that can be read"),
    ],
)
def test_a_zip_that_cannot_be_unpacked_is_refused_and_leaves_nothing(
    artefacts: Path, data: bytearray, words: str
) -> None:
    with pytest.raises(BadParameters, match=words) as refused:
        create_corpus(name="Log", log_format="jsonl", uploads=[upload(data)])
    assert refused.value.field == "uploads"
    assert not Corpus.objects.exists()
    assert list((artefacts / "uploads").iterdir()) == []


@pytest.mark.django_db(transaction=True)
def test_others_can_write_while_a_log_unpacks(monkeypatch: pytest.MonkeyPatch) -> None:
    inside = []
    keep = service.keep_uploads
    monkeypatch.setattr(
        service, "keep_uploads", lambda files: inside.append(connection.in_atomic_block) or keep(files)
    )
    create_corpus(name="Log", log_format="jsonl", uploads=[upload(packed())])
    assert inside == [False]


def test_a_taken_name_is_refused_before_anything_is_kept(artefacts: Path) -> None:
    create_corpus(name="Log", log_format="builtin")
    with pytest.raises(BadParameters, match="already"):
        create_corpus(name=" Log ", log_format="jsonl", uploads=[upload(packed())])
    assert not (artefacts / "uploads").exists()


def test_a_folder_with_an_impossible_name_is_not_there(settings, tmp_path: Path) -> None:
    settings.PRISM_LOGS = tmp_path
    with pytest.raises(BadParameters, match="there is no folder"):
        create_corpus(name="Log", log_format="jsonl", folder="a" * 5000)


ROWS = "userId,itemId,timestamp,title\nu,a,0,Alien (1979)\nu,b,60,Up\n"


def test_what_somebody_uploads_is_looked_at_named_and_read_to_its_end(artefacts: Path) -> None:
    made, run = create_corpus(
        name="Log", log_format="table", uploads=[SimpleUploadedFile("a.csv", ROWS.encode())]
    )
    assert run is None
    assert see_tables(corpus=made).columns["user"] == "userId"
    import_log(run_id=map_columns(corpus=made, columns={}).pk)
    made.refresh_from_db()
    assert (made.n_users, made.n_items, made.n_interactions) == (1, 2, 2)


def test_a_zip_of_a_format_with_names_is_read_to_its_end_too(artefacts: Path) -> None:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("log/items.jsonl", json.dumps({"item": "a", "title": "Alien"}))
        archive.writestr("log/interactions.jsonl", json.dumps({"user": "u", "item": "a", "timestamp": 1}))
        archive.writestr("__MACOSX/log/._items.jsonl", b"\x00\x05")
    file = SimpleUploadedFile("log.zip", kept.getvalue())
    made, run = create_corpus(name="Log", log_format="jsonl", uploads=[file])
    import_log(run_id=run.pk)
    made.refresh_from_db()
    assert made.n_interactions == 1


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["a.csv", "a.csv"], "a second file called a.csv"),
        (["\u754c" * 84 + ".csv"], "holds a file named"),
    ],
)
def test_files_that_cannot_stand_side_by_side_are_refused(
    artefacts: Path, names: list[str], words: str
) -> None:
    files = [SimpleUploadedFile(name, ROWS.encode()) for name in names]
    with pytest.raises(BadParameters, match=words):
        create_corpus(name="Log", log_format="table", uploads=files)
    assert list((artefacts / "uploads").iterdir()) == []


def test_a_full_disk_is_told_and_any_other_end_leaves_nothing_either(
    artefacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    file = SimpleUploadedFile("a.csv", ROWS.encode())
    with monkeypatch.context() as patched:
        patched.setattr(SimpleUploadedFile, "chunks", full)
        with pytest.raises(BadParameters, match="no room left"):
            create_corpus(name="Log", log_format="table", uploads=[file])
    monkeypatch.setattr(service, "map_columns", full)
    with pytest.raises(OSError, match="No space"):
        create_corpus(name="Log", log_format="table", uploads=[file], columns={})
    assert list((artefacts / "uploads").iterdir()) == []


def test_an_upload_of_another_format_is_refused_by_its_files() -> None:
    files = [SimpleUploadedFile(f"{name}.csv", b"a,b\n1,2\n") for name in ("movies", "ratings")]
    corpus, run = create_corpus(name="Log", log_format="yelp", uploads=files)
    import_log(run_id=run.pk)
    run.refresh_from_db()
    assert run.status == "failed"
    assert run.error.startswith("The upload (movies.csv, ratings.csv): there is no file of businesses here.")
    assert corpus.options["upload"].removeprefix("uploads/") not in run.error
