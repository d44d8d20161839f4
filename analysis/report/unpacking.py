"""A bundle's files read into memory, from a zip or a folder somebody sent: nothing is written, nothing is trusted."""

import lzma
import os
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

MAX_FILES = 5_000
MAX_FILE = 512 * 1024**2
MAX_TOTAL = 2 * 1024**3
"""More than any bundle of ours needs, and less than would fill a machine's memory."""


class UnsafeBundle(ValueError):
    """What was given is no bundle, or one that cannot be opened safely; the message names the member."""


def unpacked(path: Path) -> dict[str, bytes]:
    """All files by path inside the bundle.

    Raises:
        UnsafeBundle: no zip or folder, a path that leaves the bundle, a link, a file twice, too many or too large.
    """
    if path.is_dir():
        return _of_folder(path)
    try:
        with zipfile.ZipFile(path) as archive:
            return _of_zip(archive)
    except FileNotFoundError as error:
        raise UnsafeBundle(f"{path}: no such file") from error
    except OSError as error:
        raise UnsafeBundle(f"{path}: {error.strerror or error}") from error
    except zipfile.BadZipFile as error:
        raise UnsafeBundle(f"{path} is no whole zip: {error}") from error
    except UnicodeDecodeError as error:
        raise UnsafeBundle(f"{path} holds a file whose name is no text: {error}") from error
    except (zlib.error, lzma.LZMAError, EOFError, NotImplementedError) as error:
        raise UnsafeBundle(f"{path} is damaged or packed in a way of no bundle: {error}") from error


def _of_zip(archive: zipfile.ZipFile) -> dict[str, bytes]:
    members = archive.infolist()
    _refuse_amount(len(members), sum(member.file_size for member in members))
    files: dict[str, bytes] = {}
    for member in members:
        name = member.filename
        _refuse_name(name)
        if name in files:
            raise UnsafeBundle(f"{name!r} is in it twice")
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise UnsafeBundle(f"{name!r} is a link or a device, not a file")
        if member.flag_bits & 1:
            raise UnsafeBundle(f"{name!r} is encrypted")
        _refuse_size(name, member.file_size)
        with archive.open(member) as opened:
            content = opened.read(member.file_size + 1)
        if len(content) != member.file_size:
            raise UnsafeBundle(f"{name!r} has another size than the zip says")
        files[name] = content
    return files


def _of_folder(folder: Path) -> dict[str, bytes]:
    paths = []
    for where, folders, names in os.walk(folder, followlinks=False):
        paths += [Path(where) / name for name in sorted(names)]
        if any((Path(where) / name).is_symlink() for name in folders):
            raise UnsafeBundle(f"{where} holds a link to a folder")
        if len(paths) > MAX_FILES:
            break
    for path in paths:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise UnsafeBundle(f"{path} is a link or a device, not a file")
        _refuse_size(str(path), path.lstat().st_size)
    _refuse_amount(len(paths), sum(path.lstat().st_size for path in paths))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _refuse_name(name: str) -> None:
    parts = PurePosixPath(name).parts
    odd = "\\" in name or ":" in name or any(ord(letter) < 32 for letter in name)
    if not parts or odd or name.startswith("/") or ".." in parts or PurePosixPath(name).as_posix() != name:
        raise UnsafeBundle(f"{name!r} is no path inside a bundle")


def _refuse_size(name: str, size: int) -> None:
    if size > MAX_FILE:
        raise UnsafeBundle(f"{name!r} has {size:,} bytes; a file of a bundle has at most {MAX_FILE:,}")


def _refuse_amount(n_files: int, size: int) -> None:
    if n_files > MAX_FILES:
        raise UnsafeBundle(f"it holds {n_files:,} files; a bundle has at most {MAX_FILES:,}")
    if size > MAX_TOTAL:
        raise UnsafeBundle(f"its files have {size:,} bytes; those of a bundle have at most {MAX_TOTAL:,}")
