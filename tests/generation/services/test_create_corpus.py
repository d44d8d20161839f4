"""A log as people upload it: zips of every kind, and nothing half kept."""

import io
import zipfile
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from generation.models import Corpus
from generation.services import create_corpus as service
from generation.services.create_corpus import create_corpus
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
    keep = service._keep
    monkeypatch.setattr(
        service, "_keep", lambda files: inside.append(connection.in_atomic_block) or keep(files)
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
