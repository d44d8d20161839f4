"""Text files one line at a time, each with its number; a wrong encoding is named by its line."""

import gzip
import zlib
from collections.abc import Iterator
from io import BufferedIOBase
from pathlib import Path

from generation.pipeline.logs.rejected import LONGEST_TEXT, ImportRefused, Rejected

ENCODINGS = ("utf-8", "latin-1", "cp1252", "gb18030", "shift_jis")
"""Those whose lines end in the one byte of a new line, which no part of another character is."""
LONGEST_LINE = 2**20
"""Bytes, line end included. No row of a log is so long; a line without end would exhaust the memory."""


def read_lines(
    path: Path, *, encoding: str = "utf-8", rejected: Rejected | None = None, most_bytes: int | None = None
) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, text without its line end); `.gz` is unpacked on the way, a BOM is dropped.

    A line of more than `LONGEST_LINE` bytes is passed over without being held, and told to `rejected`.

    Args:
        most_bytes: stop as if the file ended once so many are read, for a look at a file of any size.

    Raises:
        ImportRefused: the file is missing, unreadable, or not in `encoding`.
    """
    number = n_read = 0
    enough = float("inf") if most_bytes is None else most_bytes
    try:
        with gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb") as stream:
            while n_read < enough and (raw := stream.readline(LONGEST_LINE + 1)):
                number += 1
                n_read += len(raw)
                if len(raw) > LONGEST_LINE:
                    n_read += _pass_over(stream, raw, enough - n_read)
                    if rejected is not None:
                        reason = f"is longer than {LONGEST_LINE:,} bytes"
                        shown = raw[: 4 * LONGEST_TEXT].decode(encoding, errors="replace")
                        rejected.add(path.name, number, "row", reason, "End each row with a new line", shown)
                    continue
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


def _pass_over(stream: BufferedIOBase, raw: bytes, most_bytes: float) -> int:
    """Read on to the end of the line whose beginning is `raw`, a piece at a time; how many bytes that were."""
    n_read = 0
    while raw and not raw.endswith(b"\n") and n_read < most_bytes:
        raw = stream.readline(LONGEST_LINE)
        n_read += len(raw)
    return n_read


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
