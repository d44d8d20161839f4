"""What owners send of a study they have: its texts, reference marks, exclusions and last words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django import forms
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.building_forms import PlanForm, form_of
from annotation.design.exclusions import RULES
from annotation.design.gate import GateRule
from annotation.design.plan import LONGEST_TEXT
from annotation.design.scales import POINTS
from annotation.design.sources import Form


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


class GateForm(forms.Form):
    """What it takes to pass the calibration; frozen when the study opens."""

    share = forms.FloatField(
        min_value=0,
        max_value=100,
        widget=forms.NumberInput(attrs={"step": "any"}),
        label=gettext_lazy("Marks near the reference, at least (%)"),
    )
    tolerance = forms.IntegerField(
        min_value=0,
        max_value=len(POINTS) - 1,
        label=gettext_lazy("Near is at most so many points from it"),
    )
    kappa = forms.FloatField(
        required=False,
        min_value=0,
        max_value=1,
        label=gettext_lazy("Quadratic-weighted kappa with the reference on each criterion, at least"),
        help_text=gettext_lazy(
            "Empty asks for none: with few calibration cards it can hardly be told from chance."
        ),
    )
    attempts = forms.IntegerField(min_value=1, max_value=10, label=gettext_lazy("Attempts"))

    @classmethod
    def initial_of(cls, rule: GateRule) -> dict[str, object]:
        kappa = rule.kappa if rule.kappa >= 0 else None
        share = f"{100 * rule.share:.6g}"
        return {"share": share, "tolerance": rule.tolerance, "kappa": kappa, "attempts": rule.attempts}

    def rule(self) -> GateRule:
        """The rule as it was sent, once the form is valid."""
        sent = self.cleaned_data
        kappa = -1.0 if sent["kappa"] is None else sent["kappa"]
        return GateRule(sent["tolerance"], sent["share"] / 100, kappa, sent["attempts"])


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
                _(
                    "Byte %(byte)s is not UTF-8. Save the file as CSV or JSON lines in UTF-8 and send it again."
                )
                % {"byte": error.start}
            ) from None
        return sent

    @property
    def form(self) -> Form:
        return form_of(self.content)


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
