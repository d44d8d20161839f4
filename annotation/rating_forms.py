"""What annotators send: consent, marks, and the end of a consent."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.design.blinding import BlindedCriterion
from annotation.design.scales import POINTS

CANNOT = "cannot"
"""The radio beside the five points: stored as missing with its reason, never as a number."""


def reasons() -> tuple[tuple[str, str], ...]:
    """Why a criterion could not be judged: what is stored, in English always, and what is read."""
    return (
        ("I do not know enough of these items", _("I do not know enough of these items")),
        ("The text cannot be understood", _("The text cannot be understood")),
        ("The question does not fit this text", _("The question does not fit this text")),
        ("Another reason", _("another reason")),
    )


@dataclass(frozen=True, slots=True)
class Marks:
    """One submit as it was sent, and what keeps it from being stored."""

    values: dict[str, object]
    """Criterion key to a whole number, to None for "cannot judge", or to the text as sent."""
    reasons: dict[str, str]
    shown: dict[str, int | str]
    """What the radios showed, to show it again."""
    errors: dict[str, str]
    seconds: float | None
    key: str
    version: int | None
    """None where the page sent none: then the write is not held against what else was stored."""

    def with_error(self, criterion: str, text: str) -> Marks:
        return replace(self, errors={**self.errors, criterion: text})


def read_marks(
    sent: Mapping[str, str], criteria: Sequence[BlindedCriterion], *, only: str = "", column: int = 0
) -> Marks:
    """Read `mark-<criterion>` and `reason-<criterion>`; with `only`, `value` and `reason` of that one.

    Of a column of a board, read `mark-<column>-<criterion>` and so on; its version too has its number.

    A criterion left open is an error. Numbers off the scale are left to the service, which
    refuses them by one rule for every way in.
    """
    answers: dict[str, tuple[str, str]] = {}
    if only:
        answers[only] = (sent.get("value", ""), sent.get("reason", ""))
    else:
        for criterion in criteria:
            field = field_of(criterion.key, column)
            answers[criterion.key] = (sent.get(f"mark-{field}", ""), sent.get(f"reason-{field}", ""))
    values: dict[str, object] = {}
    why: dict[str, str] = {}
    errors: dict[str, str] = {}
    for key, (value, reason) in answers.items():
        if value == CANNOT:
            values[key], why[key] = None, reason
            if not reason.strip():
                errors[key] = _("Choose why you cannot judge this, or choose a level.")
        elif value:
            whole = value.isascii() and value.removeprefix("-").isdecimal() and len(value) < 10
            values[key] = int(value) if whole else value
        else:
            errors[key] = _("Choose a level, or say that you cannot judge.")
    version = sent.get(field_of("version", column), "")
    return Marks(
        values=values,
        reasons=why,
        shown={
            key: CANNOT if value is None else value
            for key, value in values.items()
            if value in (None, *POINTS)
        },  # type: ignore[misc]
        errors=errors,
        seconds=_seconds(sent.get("seconds", "")),
        key=sent.get("key", "")[:80],
        version=int(version) if version.isdecimal() and len(version) < 10 else None,
    )


def field_of(name: str, column: int) -> str:
    """What a field is called in the form: its name, on a board with the number of its column before it."""
    return f"{column}-{name}" if column else name


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and 0 <= seconds < 86_400 else None


class ConsentForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)
    agrees = forms.BooleanField(
        label=gettext_lazy("I have read this and I agree to take part."),
        error_messages={
            "required": gettext_lazy("Tick this to take part, or leave the page: nothing is stored then.")
        },
    )


class WithdrawForm(forms.Form):
    """The end of a consent: asked once more, since it cannot be undone."""

    erase = forms.BooleanField(
        required=False,
        label=gettext_lazy("Also erase my marks"),
        help_text=gettext_lazy("The study's owner is asked to; copies made before may remain."),
    )
    sure = forms.BooleanField(
        label=gettext_lazy("I withdraw my consent"),
        error_messages={"required": gettext_lazy("Tick this to withdraw, or stay in the study.")},
    )
