"""Keep the files somebody uploads beside the artefacts until they are read."""

import errno
import lzma
import shutil
import uuid
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from django.core.files.uploadedfile import UploadedFile

from generation.pipeline.storable import storable
from generation.pipeline.stores.interface import StoreRefused, StoreUnreachable
from generation.services.folders import artefact_store
from generation.services.parameters import BadParameters

MOST_BYTES = 20 * 2**30
"""A zip that unpacks to more than this is refused before it is unpacked."""
LONGEST_NAME = 255
"""Bytes of a file's name that file systems keep."""
BYTES_A_WRITE = 2**20


def keep_uploads(files: Iterable[UploadedFile]) -> dict[str, str]:
    """The corpus's options: where the files lie on this machine, and under which name others find them in the store.

    Raises:
        BadParameters: a file cannot be unpacked or kept, or two have one name; nothing of them is left.
    """
    store, upload = artefact_store(), f"uploads/{uuid.uuid4().hex}"
    folder = store.root / upload
    folder.mkdir(parents=True)
    try:
        for file in files:
            if (file.name or "").lower().endswith(".zip"):
                _unpack(file, folder)
            else:
                _write(file.chunks(), folder, file.name or "", "the upload")
        for path in sorted(folder.iterdir()):
            store.push(path)
    except (StoreUnreachable, StoreRefused) as trouble:
        shutil.rmtree(folder, ignore_errors=True)
        raise BadParameters("uploads", f"the log could not be kept: {trouble}") from trouble
    except OSError as trouble:
        shutil.rmtree(folder, ignore_errors=True)
        if trouble.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise BadParameters(
            "uploads", "this server has no room left for the log; ask whoever runs it to make some"
        ) from trouble
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)  # half a log is no log, and nothing would ever point to it
        raise
    return {"folder": str(folder), "upload": upload}


def forget_uploads(options: Mapping[str, str]) -> None:
    """Remove files that no corpus points to."""
    shutil.rmtree(options["folder"], ignore_errors=True)


def _unpack(file: UploadedFile, folder: Path) -> None:
    """Files only, by their plain names: a zip cannot write outside its folder or make links."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = [
                member for member in archive.infolist() if not member.is_dir() and not _of_finder(member)
            ]
            if sum(member.file_size for member in members) > MOST_BYTES:
                raise BadParameters("uploads", f"{file.name} unpacks to more than {MOST_BYTES // 2**30} GiB")
            for member in members:
                with archive.open(member) as source:
                    pieces = iter(lambda source=source: source.read(BYTES_A_WRITE), b"")  # type: ignore[misc]
                    _write(pieces, folder, member.filename, file.name or "the zip")
    except (RuntimeError, NotImplementedError):  # zipfile's words for "encrypted" and "an unknown method"
        raise BadParameters(
            "uploads", f"{file.name} is encrypted or packed in an unusual way; pack it again, plainly"
        ) from None
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, UnicodeDecodeError):
        raise _no_zip(file) from None
    except OSError as trouble:
        if trouble.errno is not None:  # the disk's, not bzip2's word for rubbish
            raise
        raise _no_zip(file) from None


def _of_finder(member: zipfile.ZipInfo) -> bool:
    """macOS packs a second, hidden file of the same ending beside each."""
    return member.filename.startswith("__MACOSX/")


def _no_zip(file: UploadedFile) -> BadParameters:
    return BadParameters("uploads", f"{file.name} is not a zip file that can be read; pack it again")


def _write(pieces: Iterable[bytes], folder: Path, named: str, where: str) -> None:
    """Write a file under the last part of its name; `where` it comes from is told in a refusal."""
    name = Path(named).name
    if name in ("", "..") or storable(name) != name or len(name.encode()) > LONGEST_NAME:
        raise BadParameters("uploads", f"{where} holds a file named {storable(name[:40])!r}; rename it")
    try:
        with (folder / name).open("xb") as target:
            for piece in pieces:
                target.write(piece)
    except FileExistsError:
        raise BadParameters(
            "uploads", f"{where} holds a second file called {name}; give each file its own name"
        ) from None
