"""What every database can keep: no NUL, no half of a character, no infinite number."""

import math
import re
from typing import Any

_HALF = re.compile("[\ud800-\udfff]")
"""Halves of a surrogate pair, which JSON can write and UTF-8 cannot."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def fault_in(value: Any) -> str:
    """What in a value read from JSON cannot be kept, in words; empty where all can.

    Raises:
        RecursionError: it is nested too deeply to be looked at.
    """
    match value:
        case str():
            if "\0" in value:
                return "the character NUL"
            return "half of a character (a lone surrogate)" if has_half(value) else ""
        case float():
            return "" if math.isfinite(value) else "a number too large to be kept"
        case list() | tuple():
            return next(filter(None, map(fault_in, value)), "")
        case dict():
            return fault_in([*value.keys(), *value.values()])
    return ""


def has_half(text: str) -> bool:
    return not text.isascii() and _HALF.search(text) is not None


def storable(text: str) -> str:
    """The text with a question mark in a diamond for what no database keeps."""
    return _UNSTORABLE.sub("\ufffd", text)
