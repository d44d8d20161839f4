"""What owners send about hidden cards: how many of which, the texts of attention checks, and the rules they serve."""

from __future__ import annotations

import re

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.design.checks import (
    MOST_CARDS,
    Amount,
    AttentionText,
    CheckPlan,
    ExclusionRules,
    Recheck,
    attention_texts,
)
from annotation.design.plan import LONGEST_TEXT


class AmountField(forms.CharField):
    """A number or a share, such as 3 or 5%."""

    def clean(self, value: object) -> Amount:
        try:
            return Amount.read(str(super().clean(value)))
        except ValueError:
            raise forms.ValidationError(_("Write a number such as 3, or a share such as 5%.")) from None


class ChecksForm(forms.Form):
    """What a draft hides among its cards."""

    repeats = AmountField(
        required=False,
        max_length=10,
        label=gettext_lazy("Repeats"),
        help_text=gettext_lazy(
            "A number of every annotator's cards, or a share of them such as 5%. They measure how far each agrees with "
            "their own first marks."
        ),
    )
    repeat_gap = forms.IntegerField(
        min_value=1,
        max_value=1000,
        label=gettext_lazy("Cards between a card and its repeat"),
        help_text=gettext_lazy("At least so many; 10 or more, so that the first mark is forgotten."),
    )
    attention = forms.IntegerField(
        min_value=0,
        max_value=MOST_CARDS,
        label=gettext_lazy("Attention checks"),
        help_text=gettext_lazy(
            "Cards whose text asks for a certain mark; everybody meets each of them once."
        ),
    )
    texts = forms.CharField(
        required=False,
        max_length=LONGEST_TEXT,
        label=gettext_lazy("Texts of the attention checks"),
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy(
            "One a line; each says in figures the mark it asks for on every question. They take turns."
        ),
    )
    gold = AmountField(
        required=False,
        max_length=10,
        label=gettext_lazy("Gold cards"),
        help_text=gettext_lazy(
            "A number or a share: cards of the calibration set met again, anywhere, without a word about the "
            "reference marks."
        ),
    )
    recheck_after = forms.IntegerField(
        required=False,
        min_value=1,
        label=gettext_lazy("A re-check after so many cards"),
        help_text=gettext_lazy("Empty: none. Cards of the calibration set, one after the other."),
    )
    recheck_n = forms.IntegerField(
        required=False, min_value=1, max_value=MOST_CARDS, label=gettext_lazy("Cards of the re-check")
    )
    recheck_feedback = forms.BooleanField(
        required=False, label=gettext_lazy("Show the reference marks after each of them, as in calibration")
    )
    attention_failed = forms.IntegerField(
        required=False,
        min_value=0,
        label=gettext_lazy("Exclude who fails more attention checks than"),
        help_text=gettext_lazy(
            "These rules name candidates on the monitor; you exclude, and the ledger says who and why. Empty: no rule."
        ),
    )
    gold_near = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=100,
        label=gettext_lazy("… whose marks on gold cards are near the reference in less than (%)"),
        help_text=gettext_lazy("Near as the gate has it; those of the re-check count too."),
    )
    repeats_near = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=100,
        label=gettext_lazy("… whose marks on repeats are within one of the first in less than (%)"),
    )

    def plan(self) -> CheckPlan | None:
        """What was sent; None where nothing shall be hidden."""
        sent = self.cleaned_data
        texts = tuple(map(asking, filter(str.strip, sent["texts"].splitlines())))
        recheck = None
        if sent["recheck_after"]:
            recheck = Recheck(
                sent["recheck_after"], sent["recheck_n"] or Recheck(1).n, sent["recheck_feedback"]
            )
        plan = CheckPlan(
            repeats=sent["repeats"],
            repeat_gap=sent["repeat_gap"],
            attention=sent["attention"],
            texts=texts if sent["attention"] else (),
            gold=sent["gold"],
            recheck=recheck,
            rules=ExclusionRules(
                attention_failed=sent["attention_failed"],
                gold_near=_share(sent["gold_near"]),
                repeats_near=_share(sent["repeats_near"]),
            ),
        )
        return plan if plan.hides_anything or plan.rules != ExclusionRules() else None


def asking(text: str) -> AttentionText:
    """A text with the mark it asks for: the only number in it, or 0, which no scale has."""
    numbers = set(re.findall(r"\d+", text))
    only = numbers.pop() if len(numbers) == 1 else ""
    return AttentionText(text.strip(), int(only) if len(only) == 1 else 0)


def initial(plan: CheckPlan | None, language: str) -> dict[str, object]:
    """What the form shows of a plan; of none, the shipped texts and usual numbers."""
    now = plan or CheckPlan()
    texts = now.texts or attention_texts(language)
    return {
        "repeats": str(now.repeats) if now.repeats.planned else "",
        "repeat_gap": now.repeat_gap,
        "attention": now.attention,
        "texts": "\n".join(one.text for one in texts),
        "gold": str(now.gold) if now.gold.planned else "",
        "recheck_after": now.recheck.after if now.recheck else None,
        "recheck_n": now.recheck.n if now.recheck else Recheck(1).n,
        "recheck_feedback": bool(now.recheck and now.recheck.feedback),
        "attention_failed": now.rules.attention_failed,
        "gold_near": _percent(now.rules.gold_near),
        "repeats_near": _percent(now.rules.repeats_near),
    }


def _share(percent: int | None) -> float | None:
    return None if percent is None else percent / 100


def _percent(share: float | None) -> int | None:
    return None if share is None else round(share * 100)
