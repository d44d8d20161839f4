"""What owners send about the blind guess: what is asked, and which kind each system is."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.design.guessing import MOST_CARDS, GuessPlan, WriterKind, kinds_of
from annotation.services.tell_kinds import Writer

NONE = "(none)"
"""A system that is none of the kinds; no kind has this key."""


class GuessForm(forms.Form):
    """What a draft asks after the last card."""

    asked = forms.BooleanField(
        required=False, label=gettext_lazy("Ask annotators which kind of writer wrote a few of their cards")
    )
    n_cards = forms.IntegerField(
        min_value=1,
        max_value=MOST_CARDS,
        label=gettext_lazy("Cards"),
        help_text=gettext_lazy("Drawn by the seed from each annotator's own."),
    )
    kinds = forms.CharField(
        label=gettext_lazy("Kinds of writers"),
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy(
            "One a line; none may name a system. “I cannot say” is offered beside them. The shipped ones are read in "
            "the annotator's language, your own as you write them."
        ),
    )

    def plan(self) -> GuessPlan | None:
        """What was sent; None where nothing shall be asked."""
        sent = self.cleaned_data
        if not sent["asked"]:
            return None
        labels = [line.strip() for line in sent["kinds"].splitlines() if line.strip()]
        return GuessPlan(sent["n_cards"], kinds_of(labels))


class KindsForm(forms.Form):
    """Which kind of writer each system of an unblinded study is."""

    def __init__(
        self, *args: object, writers: Sequence[Writer], kinds: Sequence[WriterKind], **options: object
    ) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.names = [writer.name for writer in writers]
        choices = [("", _("choose")), *((kind.key, kind.label) for kind in kinds), (NONE, _("none of these"))]
        for number, writer in enumerate(writers):
            self.fields[f"kind-{number}"] = forms.ChoiceField(
                choices=choices, label=writer.label, initial=writer.kind or (NONE if writer.told else "")
            )

    def kinds(self) -> dict[str, str]:
        chosen = {name: self.cleaned_data[f"kind-{number}"] for number, name in enumerate(self.names)}
        return {name: "" if key == NONE else key for name, key in chosen.items()}
