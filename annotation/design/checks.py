"""What a plan hides among the cards of the main study, and when an annotator's marks may be left out for it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from annotation.design.blinding import visible
from annotation.design.repeats import Hidden, most_repeats
from annotation.design.scales import POINTS

MOST_CARDS = 100
"""Of one kind, for one annotator."""
MOST_SHARE = 0.5
SIDE_BY_SIDE = "side_by_side"


@dataclass(frozen=True, slots=True)
class Amount:
    """So many cards, or a share of an annotator's main cards; one of the two."""

    n: int = 0
    share: float = 0.0

    def of(self, n_main: int) -> int:
        """How many these are for somebody with n_main cards; a share is rounded, halves up."""
        return self.n or int(self.share * n_main + 0.5)

    @property
    def planned(self) -> bool:
        return bool(self.n or self.share)

    @classmethod
    def read(cls, text: str) -> Amount:
        """ "3", "5%" or nothing.

        Raises:
            ValueError: none of these.
        """
        text = text.strip()
        if not text:
            return cls()
        if not re.fullmatch(r"[0-9]+|[0-9]*[.]?[0-9]+ ?%", text):
            raise ValueError(text)
        if text.endswith("%"):
            return cls(share=float(text[:-1]) / 100)
        return cls(n=int(text))

    def __str__(self) -> str:
        return f"{self.share * 100:g}%" if self.share else str(self.n)


@dataclass(frozen=True, slots=True)
class AttentionText:
    """The text of an attention check, and the mark it asks for on every question."""

    text: str
    mark: int


ATTENTION_TEXTS: dict[str, tuple[AttentionText, ...]] = {
    "en": (
        AttentionText(
            "This text explains nothing: it is here to see that every text is read to its end. Please choose 2 for "
            "every question on this page.",
            2,
        ),
        AttentionText(
            "Whoever reads this is reading with care. It explains no recommendation at all; for every question, "
            "please choose 4.",
            4,
        ),
    ),
    "zh": (
        AttentionText(
            "这段文字并不解释任何内容，只是为了确认每段文字都被读完。请在本页的每个问题上都选择 2。", 2
        ),
        AttentionText("读到这里，说明您在认真阅读。这并不是对推荐内容的解释；请在每个问题上都选择 4。", 4),
    ),
}
"""By language. An owner may write their own."""


def attention_texts(language: str) -> tuple[AttentionText, ...]:
    """The shipped texts in a study's language, in English where there are none."""
    return ATTENTION_TEXTS.get(language.lower().split("-")[0], ATTENTION_TEXTS["en"])


@dataclass(frozen=True, slots=True)
class Recheck:
    """Cards of the calibration set shown again in the middle of the study."""

    after: int
    """Main cards before it."""
    n: int = 3
    feedback: bool = False
    """Whether the reference is shown after each of them, as in calibration."""


@dataclass(frozen=True, slots=True)
class ExclusionRules:
    """What makes an annotator a candidate for exclusion; None where the plan says nothing. A person decides."""

    attention_failed: int | None = None
    """More attention checks failed than this."""
    gold_near: float | None = None
    """A smaller share of marks on gold cards near the reference."""
    repeats_near: float | None = None
    """A smaller share of marks on repeats within one of the first."""


@dataclass(frozen=True, slots=True)
class CheckPlan:
    """What is hidden, as the study's plan holds it and freezes it."""

    repeats: Amount = Amount()
    repeat_gap: int = 10
    """A repeat comes at least so many cards after what it repeats."""
    attention: int = 0
    """Attention checks of every annotator; the texts take turns."""
    texts: tuple[AttentionText, ...] = ()
    gold: Amount = Amount()
    """Cards of the calibration set shown again, anywhere."""
    recheck: Recheck | None = None
    rules: ExclusionRules = field(default_factory=ExclusionRules)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, plan: Mapping[str, Any]) -> CheckPlan | None:
        """What a study's plan says; None where nothing is hidden."""
        kept = plan.get("checks")
        if not kept:
            return None
        return cls(
            repeats=Amount(**kept["repeats"]),
            repeat_gap=kept["repeat_gap"],
            attention=kept["attention"],
            texts=tuple(AttentionText(**one) for one in kept["texts"]),
            gold=Amount(**kept["gold"]),
            recheck=Recheck(**kept["recheck"]) if kept["recheck"] else None,
            rules=ExclusionRules(**kept["rules"]),
        )

    @property
    def hides_anything(self) -> bool:
        return bool(self.repeats.planned or self.attention or self.gold.planned or self.recheck)

    def cards(self) -> list[AttentionText]:
        """The text of each attention check, in turns."""
        return [self.texts[i % len(self.texts)] for i in range(self.attention)]

    def hidden(self, n_main: int, *, case_gap: int, n_reference: int) -> Hidden:
        """How much of it fits an annotator with n_main cards (boards, side by side): all, as long as it fits.

        Only who takes over what others left has fewer cards than the plan was held against.
        """
        recheck = self.recheck if self.recheck and self.recheck.after < n_main else None
        n_recheck = min(recheck.n, n_reference) if recheck else 0
        return Hidden(
            n_repeats=min(self.repeats.of(n_main), most_repeats(n_main, self.repeat_gap)),
            repeat_gap=self.repeat_gap,
            case_gap=case_gap,
            n_attention=self.attention,
            n_gold=min(self.gold.of(n_main), n_reference - n_recheck),
            n_reference=n_reference,
            n_recheck=n_recheck,
            recheck_after=recheck.after if recheck else 0,
        )


def faults_of(plan: CheckPlan, *, design: str, n_least: int, n_reference: int) -> list[str]:
    """Why this cannot be hidden, a sentence each.

    Args:
        design: of the study.
        n_least: main cards of the annotator who has fewest; side by side, boards.
        n_reference: cards of the calibration set.
    """
    errors = _senseless(plan)
    if design == SIDE_BY_SIDE and (plan.attention or plan.gold.planned or plan.recheck):
        errors.append(
            "Side by side all texts of a case stand on one page: an attention check or a card with reference marks "
            "would stand alone on its own and be told from the others at a glance. Plan repeats, which come as whole "
            "pages, or choose another design."
        )
    if errors:
        return errors
    wanted = Hidden(
        n_repeats=plan.repeats.of(n_least),
        repeat_gap=plan.repeat_gap,
        n_gold=plan.gold.of(n_least),
        n_reference=n_reference,
        n_recheck=plan.recheck.n if plan.recheck else 0,
    )
    most = most_repeats(n_least, plan.repeat_gap)
    if wanted.n_repeats > most:
        errors.append(
            f"Somebody has {n_least} cards: with at least {plan.repeat_gap} places between a card and its repeat, "
            f"{most} can be repeated and not {wanted.n_repeats}. Plan fewer repeats, or let them come sooner."
        )
    if plan.repeats.share and not wanted.n_repeats:
        errors.append(f"{plan.repeats} of {n_least} cards is less than one repeat: plan a number.")
    if plan.gold.share and not wanted.n_gold:
        errors.append(f"{plan.gold} of {n_least} cards is less than one gold card: plan a number.")
    if wanted.n_gold + wanted.n_recheck > n_reference:
        errors.append(
            f"Gold cards and those of the re-check are cards of the calibration set, none of them twice: "
            f"{wanted.n_gold + wanted.n_recheck} are planned, and the set has {n_reference}."
        )
    if plan.recheck and plan.recheck.after >= n_least:
        errors.append(
            f"A re-check after {plan.recheck.after} cards is never reached by somebody who has {n_least}: let it come "
            "sooner."
        )
    return errors


def texts_of(plan: CheckPlan) -> dict[str, str]:
    """Every text an annotator reads, by what it is."""
    return {
        f"text {number} of the attention checks": one.text for number, one in enumerate(plan.texts, start=1)
    }


def passed(marks: Sequence[int | None], wanted: int) -> bool:
    """Whether an attention check was answered as its text asks: on every question."""
    return all(mark == wanted for mark in marks)


def _senseless(plan: CheckPlan) -> list[str]:
    """What is wrong with the plan whatever the study."""
    errors = []
    for what, amount in (("repeats", plan.repeats), ("gold cards", plan.gold)):
        if not 0 <= amount.n <= MOST_CARDS:
            errors.append(f"The number of {what} lies from 0 to {MOST_CARDS}, not {amount.n}.")
        if not 0 <= amount.share <= MOST_SHARE:
            errors.append(f"The share of {what} lies from 0% to {MOST_SHARE:.0%}, not {amount.share:.0%}.")
    if not 1 <= plan.repeat_gap <= 1000:
        errors.append(f"The gap before a repeat lies from 1 to 1000 cards, not {plan.repeat_gap}.")
    if not 0 <= plan.attention <= MOST_CARDS:
        errors.append(f"The number of attention checks lies from 0 to {MOST_CARDS}, not {plan.attention}.")
    if plan.attention and not plan.texts:
        errors.append("Attention checks are planned without a text: write one that asks for a mark.")
    if len(plan.texts) > MOST_CARDS:
        return [*errors, f"{MOST_CARDS} texts of attention checks can be kept, not {len(plan.texts)}."]
    for number, one in enumerate(plan.texts, start=1):
        if not visible(one.text).strip():
            errors.append(f"Text {number} of the attention checks is empty: write one.")
        elif one.mark not in POINTS:
            errors.append(
                f"Text {number} of the attention checks asks for {one.mark}, which is not on the scale from "
                f"{POINTS[0]} to {POINTS[-1]}."
            )
        elif set(re.findall(r"\d+", one.text)) != {str(one.mark)}:
            errors.append(
                f"Text {number} of the attention checks must say the mark it asks for, {one.mark}, and no other number."
            )
    if plan.recheck and (plan.recheck.after < 1 or not 1 <= plan.recheck.n <= MOST_CARDS):
        errors.append("A re-check comes after one card or more, and shows one or more.")
    return errors + _idle_rules(plan)


def _idle_rules(plan: CheckPlan) -> list[str]:
    rules, errors = plan.rules, []
    if rules.attention_failed is not None:
        if not plan.attention:
            errors.append("A rule speaks of attention checks, and none is planned.")
        elif not 0 <= rules.attention_failed < plan.attention:
            errors.append(
                f"With {plan.attention} attention checks nobody can fail more than {rules.attention_failed}: "
                f"let the rule say 0 to {plan.attention - 1}."
            )
    if rules.gold_near is not None and not (plan.gold.planned or plan.recheck):
        errors.append("A rule speaks of gold cards, and none is planned.")
    if rules.repeats_near is not None and not plan.repeats.planned:
        errors.append("A rule speaks of repeats, and none is planned.")
    for what, share in (("gold cards", rules.gold_near), ("repeats", rules.repeats_near)):
        if share is not None and not 0 < share <= 1:
            errors.append(f"The rule about {what} names a share above 0% and up to 100%, not {share:.0%}.")
    return errors
