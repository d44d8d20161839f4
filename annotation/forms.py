"""What people send: an annotator's marks and consent, an owner's plan, reference marks, invitations and last words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django import forms
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.design.blinding import BlindedCriterion
from annotation.design.exclusions import RULES
from annotation.design.plan import LONGEST_TEXT
from annotation.design.scales import POINTS
from annotation.design.sources import Form

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


class PlanForm(forms.Form):
    """What every new study states, wherever its explanations come from."""

    title = forms.CharField(
        max_length=200,
        label=gettext_lazy("Public title"),
        help_text=gettext_lazy("Annotators read it, so it must not name a system."),
    )
    description = forms.CharField(
        required=False,
        max_length=LONGEST_TEXT,
        label=gettext_lazy("What annotators are told first"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Shown on the invitation page."),
    )
    language = forms.RegexField(
        r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        initial="en",
        max_length=20,
        label=gettext_lazy("Language of the explanations"),
        help_text=gettext_lazy("A tag such as en, zh-Hans or ar."),
    )
    n_cases = forms.IntegerField(
        required=False,
        min_value=1,
        label=gettext_lazy("Cases"),
        help_text=gettext_lazy("All complete cases when empty."),
    )
    n_calibration = forms.IntegerField(
        required=False,
        min_value=0,
        label=gettext_lazy("Calibration cases"),
        help_text=gettext_lazy(
            "Kept out of the main study. When empty, 10, and no more than a quarter of the cases there are."
        ),
    )
    k = forms.IntegerField(
        min_value=1,
        max_value=100,
        initial=3,
        label=gettext_lazy("Annotators a card"),
        help_text=gettext_lazy("Exactly so many."),
    )
    n_annotators = forms.IntegerField(
        min_value=1,
        max_value=1000,
        initial=6,
        label=gettext_lazy("Annotators in all"),
        help_text=gettext_lazy(
            "How many people share the cards: as many as annotators a card, and everybody judges every case; "
            "twice as many, and each judges half. 3 to 12 is usual."
        ),
    )
    design = forms.ChoiceField(
        choices=[
            ("paired", gettext_lazy("Paired: all systems of a case")),
            ("latin", gettext_lazy("Latin square: one system of a case")),
            ("side_by_side", gettext_lazy("Side by side: all systems of a case on one page")),
        ],
        initial="paired",
        label=gettext_lazy("Design"),
        help_text=gettext_lazy(
            "Paired needs fewer people and compares within a person. In a Latin square nobody meets a case twice, so "
            "no text is remembered beside its rivals; it needs annotators a card times systems people or more. Side by "
            "side shows differences best, and every mark depends on the texts beside it."
        ),
    )
    gap = forms.IntegerField(
        min_value=1,
        max_value=1000,
        initial=8,
        label=gettext_lazy("Gap"),
        help_text=gettext_lazy(
            "So many cards at least lie between two cards of one case, so that texts are not compared side by "
            "side. 8 is good; a study of few cases takes a smaller one. Of no use in the design side by side."
        ),
    )
    seed = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=2**63 - 1,
        label=gettext_lazy("Seed"),
        help_text=gettext_lazy(
            "The number all shuffling starts from. Leave it empty and one is drawn and kept; give one only to "
            "build the same plan again."
        ),
    )

    hypotheses = forms.CharField(
        required=False,
        max_length=LONGEST_TEXT,
        label=gettext_lazy("What the study is to confirm"),
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"}),
        help_text=gettext_lazy(
            "One hypothesis a line: criterion: system > other system, or != where either may be higher. Fixed when the "
            "study opens, tested as a family of their own; all other comparisons explore. Annotators never see it."
        ),
    )

    def clean(self) -> dict[str, object]:
        plan = super().clean() or {}
        k, n = plan.get("k"), plan.get("n_annotators")
        if k and n and n < k:
            self.add_error(
                "n_annotators",
                _("%(k)s annotators a card need at least %(k)s in all, not %(n)s.") % {"k": k, "n": n},
            )
        return plan


class StudyFromRuns(PlanForm):
    """A study of explanations made here; the view says which runs there are."""

    runs = forms.MultipleChoiceField(
        label=gettext_lazy("Explain runs, one a system, all of the same cases"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one run of each system to compare.")},
    )
    field_order = ["title", "runs"]

    def __init__(self, *args: object, runs: Sequence[tuple[str, str]], **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.fields["runs"].choices = list(runs)  # type: ignore[attr-defined]


class StudyFromFile(PlanForm):
    """A study of anybody's explanations: a file, or its lines, so that faults are put right in place."""

    file = forms.FileField(
        required=False,
        label=gettext_lazy("File, CSV or JSONL"),
        help_text=gettext_lazy(
            "Columns case, system, text; optional history (titles separated by |, oldest first), item, "
            "reference, user."
        ),
    )
    rows = forms.CharField(
        required=False,
        strip=False,
        label=gettext_lazy("Or the lines themselves"),
        widget=forms.Textarea(attrs={"rows": 8, "class": "mono", "spellcheck": "false", "wrap": "off"}),
    )
    field_order = ["title", "file", "rows"]

    content = ""
    """What was sent, decoded; set by clean."""

    def clean(self) -> dict[str, object]:
        plan = super().clean()
        sent = plan.get("file")
        if sent is not None:
            try:
                self.content = sent.read().decode("utf-8-sig")  # type: ignore[attr-defined]
            except UnicodeDecodeError as error:
                self.add_error(
                    "file",
                    _("Byte %(byte)s is not UTF-8. Save the file as UTF-8 and send it again.")
                    % {"byte": error.start},
                )
        else:
            self.content = str(plan.get("rows") or "")
            if not self.content.strip():
                self.add_error("file", _("Choose a file, or paste its lines below."))
        return plan

    @property
    def form(self) -> Form:
        return form_of(self.content)


class DraftForm(forms.Form):
    """The texts of a draft; frozen when it opens."""

    title = PlanForm.base_fields["title"]
    description = PlanForm.base_fields["description"]
    consent = forms.CharField(
        max_length=LONGEST_TEXT,
        label=gettext_lazy("Consent text"),
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    guidelines = forms.CharField(
        max_length=LONGEST_TEXT,
        label=gettext_lazy("Guidelines"),
        widget=forms.Textarea(attrs={"rows": 10}),
    )
    hypotheses = PlanForm.base_fields["hypotheses"]


class CriterionForm(forms.Form):
    """One criterion of a draft: its question, and for each of the five points a label, an example and why."""

    name = forms.CharField(max_length=80, label=gettext_lazy("Name"))
    question = forms.CharField(max_length=300, label=gettext_lazy("Question"))
    definition = forms.CharField(max_length=600, label=gettext_lazy("Definition, in one line"))

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        for point in POINTS:
            self.fields[f"label_{point}"] = forms.CharField(
                max_length=60, label=_("Word for %(n)s") % {"n": point}
            )
            self.fields[f"example_{point}"] = forms.CharField(
                max_length=LONGEST_TEXT,
                label=_("Example of %(n)s") % {"n": point},
                widget=forms.Textarea(attrs={"rows": 2}),
            )
            self.fields[f"why_{point}"] = forms.CharField(
                required=False, max_length=300, label=_("Why it deserves %(n)s") % {"n": point}
            )


class AmendForm(forms.Form):
    clarification = forms.CharField(
        max_length=LONGEST_TEXT,
        label=gettext_lazy("What is new"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "Everybody reads it before their next card; each later mark carries the new version."
        ),
    )


class TypedConfirmation(forms.Form):
    """What cannot be undone asks for the study's title, typed."""

    typed = forms.CharField(
        label=gettext_lazy("Type the study's title to confirm"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: object, title: str, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.title = title
        self.fields["typed"].help_text = escape(title)  # help texts are drawn as they are, with their markup

    def clean_typed(self) -> str:
        typed = str(self.cleaned_data["typed"])
        if typed.split() != self.title.split():
            raise forms.ValidationError(
                _("This is not the title. Type it as it stands: %(title)s"), params={"title": self.title}
            )
        return typed


class CloseForm(TypedConfirmation):
    reason = forms.CharField(
        required=False,
        max_length=1000,
        label=gettext_lazy("Reason"),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    field_order = ["reason", "typed"]


class UnblindForm(TypedConfirmation):
    reason = forms.CharField(
        max_length=1000,
        label=gettext_lazy("Why now"),
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Kept in the study's ledger for good."),
    )
    field_order = ["reason", "typed"]


class GoldFile(forms.Form):
    """A calibration set made elsewhere, with its reference marks."""

    file = forms.FileField(label=gettext_lazy("File, CSV or JSONL"))

    content = ""
    """What was sent, decoded; set by clean."""

    def __init__(self, *args: object, criteria: Sequence[str], **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.fields["file"].help_text = _(
            "Columns text, %(criteria)s; optional history (titles separated by |, oldest first), item, and "
            "after each criterion's name _why: the sentence annotators read. With a column expert, a row an "
            "expert and card: the reference is their consensus."
        ) % {"criteria": ", ".join(criteria)}

    def clean_file(self) -> object:
        sent = self.cleaned_data["file"]
        try:
            self.content = sent.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise forms.ValidationError(
                _("Byte %(byte)s is not UTF-8. Save the file as UTF-8 and send it again.")
                % {"byte": error.start}
            ) from None
        return sent

    @property
    def form(self) -> Form:
        return form_of(self.content)


def form_of(content: str) -> Form:
    """ "jsonl" where the first line is an object, otherwise "csv"."""
    return "jsonl" if content.lstrip("\ufeff \t\r\n").startswith("{") else "csv"


def read_gold(sent: Mapping[str, str], criteria: Sequence[str]) -> tuple[dict[str, object], dict[str, str]]:
    """The reference marks and rationales of one calibration card; criteria left open are left out."""
    marks: dict[str, object] = {}
    for key in criteria:
        value = sent.get(f"mark-{key}", "")
        if value:
            marks[key] = int(value) if value.isdecimal() and len(value) < 10 else value
    return marks, {key: sent.get(f"rationale-{key}", "") for key in marks}


class ExcludeForm(forms.Form):
    """Why an annotator's marks are left out, or counted again."""

    annotator = forms.TypedChoiceField(coerce=int, label=gettext_lazy("Annotator"))
    rule = forms.ChoiceField(choices=list(RULES.items()), label=gettext_lazy("Rule"))
    reason = forms.CharField(max_length=500, label=gettext_lazy("Reason"))

    def __init__(self, *args: object, annotators: Sequence[tuple[int, str]], **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.fields["annotator"].choices = list(annotators)  # type: ignore[attr-defined]
