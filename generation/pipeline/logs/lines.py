"""Text files one line at a time, each with its number; a wrong encoding is named by its line."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from generation.pipeline.logs.rejected import ImportRefused


def read_lines(path: Path, *, encoding: str = "utf-8") -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, text without its line end); `.gz` is unpacked on the way, a BOM is dropped.

    Raises:
        ImportRefused: the file is missing, unreadable, or not in `encoding`.
    """
    number = 0
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
            for number, raw in enumerate(stream, start=1):
                if number == 1 and encoding == "utf-8":
                    raw = raw.removeprefix(b"\xef\xbb\xbf")
                yield number, raw.decode(encoding).rstrip("\r\n")
    except FileNotFoundError:
        raise ImportRefused(path.name, "the file is missing", f"Put it at {path}") from None
    except UnicodeDecodeError as problem:
        found = problem.object[problem.start : problem.start + 1].hex()
        raise ImportRefused(
            path.name,
            f"line {number} is not {encoding} (byte 0x{found} at place {problem.start + 1})",
            "Save the file as UTF-8, or name its real encoding, such as latin-1",
        ) from None
    except (OSError, EOFError, zlib.error) as problem:
        reason = f"the file cannot be read beyond line {number} ({problem})"
        raise ImportRefused(path.name, reason, "Check that it was copied whole and may be read") from None


def detect_encoding(path: Path) -> str:
    """utf-8 if the whole file is, else latin-1 (which every file is). Reads the file once."""
    try:
        for _ in read_lines(path):
            pass
    except ImportRefused as refusal:
        if "is not utf-8" in refusal.reason:
            return "latin-1"
        raise
    return "utf-8"
