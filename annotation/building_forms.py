"""What owners send to build a study: its plan, and where its explanations come from."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.design.plan import LONGEST_TEXT
from annotation.design.sources import Form


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
        help_text=gettext_lazy(
            "A tag such as en, zh-Hans or ar. Criteria, guidelines and consent come in English and Simplified Chinese; "
            "write your own over them in any other."
        ),
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
                    _(
                        "Byte %(byte)s is not UTF-8. Save the file as CSV or JSON lines in UTF-8 and send it again."
                    )
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


def form_of(content: str) -> Form:
    """ "jsonl" where the first line is an object, otherwise "csv"."""
    return "jsonl" if content.lstrip("\ufeff \t\r\n").startswith("{") else "csv"
