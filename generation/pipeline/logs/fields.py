"""Single fields of a row: what they may be, and what to say when they are not."""

import math
import re
from datetime import UTC, datetime
from typing import Any

from generation.pipeline.storable import has_half

LATEST = datetime(2200, 1, 1, tzinfo=UTC).timestamp()
LONGEST_ID = 200
"""Characters; a case's row has room for so many."""
LARGEST_RATING = 1e30
"""Beyond it, single precision, which a corpus keeps ratings in, ends soon."""
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""What turns the direction of the text after it, beyond its own end."""


class BadField(ValueError):
    """One field makes its row unusable."""

    def __init__(self, field: str, reason: str, remedy: str) -> None:
        self.field, self.reason, self.remedy = field, reason, remedy
        super().__init__(f"{field}: {reason}")


def read_id(field: str, value: Any) -> str:
    """An id: a non-empty text or a whole number, kept as text."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadField(field, "is no id", "Give a text or a whole number")
    text = str(value).strip()
    if not text:
        raise BadField(field, "is empty", "Every row needs one")
    if not text.isprintable():
        raise BadField(field, "holds a control character", "Remove it, or export the file again")
    if len(text) > LONGEST_ID:
        raise BadField(field, f"is longer than {LONGEST_ID} characters", "Give users and items short ids")
    return text


def read_text(field: str, value: Any) -> str:
    """A text without control characters, which may be empty."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadField(field, "is no text", "Give a text in quotes, or leave it out")
    if has_half(value):
        raise BadField(field, "holds half of a character", "Export the file again as UTF-8")
    if not value.isprintable():
        value = _TURNS.sub("", _CONTROLS.sub(" ", value))
    return " ".join(value.split())


def read_rating(
    field: str, value: Any, *, lowest: float = -LARGEST_RATING, highest: float = LARGEST_RATING
) -> float:
    """A number within the scale."""
    number = _number(field, value)
    if not lowest <= number <= highest:
        raise BadField(field, f"is outside {lowest:g} to {highest:g}", "Give a rating of this log's scale")
    return number


def read_seconds(field: str, value: Any) -> datetime:
    """Seconds since 1970 in UTC."""
    number = _number(field, value)
    if not 0 <= number < LATEST:
        remedy = "Give seconds since 1970; milliseconds are divided by 1000 first"
        raise BadField(field, "is no time between 1970 and 2200", remedy)
    return datetime.fromtimestamp(number, UTC)


def read_time(field: str, value: Any) -> datetime:
    """Seconds since 1970, or ISO 8601; a time without a zone is taken as UTC."""
    if isinstance(value, str) and not value.replace(".", "", 1).isdigit():
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            remedy = "Give seconds since 1970 or ISO 8601 such as 2020-01-31T18:00:00Z"
            raise BadField(field, "is no time", remedy) from None
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
        return read_seconds(field, at.timestamp())
    return read_seconds(field, value)


def read_names(field: str, value: Any) -> tuple[str, ...]:
    """A list of texts, such as genres; None is an empty one."""
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise BadField(field, "is no list of texts", 'Give a list such as ["Drama", "War"], or leave it out')
    return tuple(dict.fromkeys(filter(None, (read_text(field, name) for name in value))))


def read_year(field: str, value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1800 <= value <= 2200:
        raise BadField(field, "is no year", "Give a whole number such as 1999, or leave it out")
    return value


def _number(field: str, value: Any) -> float:
    try:
        if isinstance(value, bool):
            raise ValueError
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise BadField(field, "is no number", "Give a plain number") from None
    if not math.isfinite(number):
        raise BadField(field, "is not finite", "Give a plain number")
    return number
