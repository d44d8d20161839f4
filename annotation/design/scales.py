"""The five-point scale: what a mark may be."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

POINTS = (1, 2, 3, 4, 5)
LONGEST_REASON = 300


class OutOfScale(ValueError):
    """A mark that is not on the scale; `criterion` names the field at fault.

    `why` and `words` say the same for who writes it in another language; `why` is empty where the message is final.
    """

    def __init__(self, criterion: str, message: str, why: str = "", **words: object) -> None:
        super().__init__(message)
        self.criterion = criterion
        self.why = why
        self.words = words


@dataclass(frozen=True, slots=True)
class Mark:
    """A validated answer: a point of the scale, or None with the reason it could not be judged."""

    value: int | None
    reason: str = ""


def validate(
    marks: Mapping[str, object], criteria: Collection[str], reasons: Mapping[str, str] | None = None
) -> dict[str, Mark]:
    """Check the marks of one submit.

    Args:
        marks: criterion key to 1 … 5, or to None for "cannot judge". A page may send some criteria only.
        criteria: the keys the study asks about.
        reasons: criterion key to why it could not be judged; needed where the mark is None.

    Raises:
        OutOfScale: an unknown criterion, a value off the scale (also True, 3.0 and "3"), a missing or
        overlong
            reason, a reason beside a mark, or nothing at all.
    """
    if not marks:
        raise OutOfScale("", "Nothing was marked: send at least one criterion.", "nothing")
    reasons = reasons or {}
    for key in reasons:
        if key not in marks:
            raise OutOfScale(key, f"{key}: a reason came without its mark.", "reason-alone", key=key)
    return {key: _mark(key, value, criteria, reasons.get(key, "").strip()) for key, value in marks.items()}


def _mark(key: str, value: object, criteria: Collection[str], reason: str) -> Mark:
    if key not in criteria:
        message = f"{key!r} is not a criterion of this study; it asks about {', '.join(criteria)}."
        raise OutOfScale(key, message, "not-asked", key=repr(key), known=tuple(criteria))
    if value is None:
        if not reason:
            raise OutOfScale(key, f"{key}: say in a few words why you cannot judge.", "no-reason", key=key)
        if len(reason) > LONGEST_REASON:
            n = len(reason)
            message = f"{key}: the reason has {n} characters; at most {LONGEST_REASON} fit."
            raise OutOfScale(key, message, "reason-long", key=key, n=n, most=LONGEST_REASON)
        if "\0" in reason:
            message = f"{key}: the reason holds the character NUL; take it out."
            raise OutOfScale(key, message, "reason-nul", key=key)
        return Mark(None, reason)
    if isinstance(value, bool) or not isinstance(value, int) or value not in POINTS:
        low, high = POINTS[0], POINTS[-1]
        message = f"{key}: {value!r} is not on the scale; choose {low} to {high}."
        raise OutOfScale(key, message, "off-scale", key=key, value=repr(value), low=low, high=high)
    if reason:
        message = f"{key}: a reason is for “cannot judge”; take the reason or the mark away."
        raise OutOfScale(key, message, "reason-beside", key=key)
    return Mark(value)


def check_labels(name: str, labels: Sequence[object]) -> str | None:
    """Say what a criterion's labels lack, or None when each of the five points has its own word."""
    words = [str(label).strip() for label in labels]
    if len(words) != len(POINTS):
        return f"{name}: {len(words)} labels for {len(POINTS)} points."
    if not all(words):
        return f"{name}: point {words.index('') + 1} has no label."
    if len(set(words)) != len(words):
        return f"{name}: two points carry the same label."
    return None
