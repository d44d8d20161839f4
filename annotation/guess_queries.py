"""What pages read of the blind guess: what is asked, of which cards, and how many answered. Never a writer."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from annotation.design.blinding import blinded_item
from annotation.design.guessing import SHIPPED_KINDS, GuessCard, GuessPlan, WriterKind, drawn
from annotation.models.card import Placement
from annotation.models.guess import Guess, GuessSheet
from annotation.models.study import Enrolment, Study


@dataclass(frozen=True, slots=True)
class GuessCount:
    """How the question was received; pooled over systems and kinds."""

    n_answered: int
    n_passed_over: int
    n_guesses: int


def guess_due(row: Enrolment) -> bool:
    """Whether this annotator, finished with the cards, has yet to answer the question or pass it over."""
    asked = GuessPlan.of(row.study.plan)
    if asked is None or row.study.status != Study.Status.OPEN:
        return False
    return not GuessSheet.objects.filter(enrolment=row).exists()


def asked_about(row: Enrolment) -> list[Placement]:
    """The annotator's own cards whose writer is asked for, in the order they are shown."""
    plan = GuessPlan.of(row.study.plan)
    if plan is None:
        return []
    own = Placement.objects.filter(enrolment=row, done_at__isnull=False, withdrawn_at__isnull=True)
    own = own.filter(kind=Placement.Kind.MAIN).select_related("card__block").order_by("position")
    cards = list(own)
    return [cards[place] for place in drawn(len(cards), plan, seed=row.study.seed, index=row.index)]


def guess_cards(enrolment_id: int) -> tuple[GuessCard, ...]:
    """The same, as the page shows them."""
    row = Enrolment.objects.select_related("study").get(pk=enrolment_id)
    return tuple(
        GuessCard(
            token=placement.token,
            item=blinded_item(placement.card.block.item),
            explanation=placement.card.explanation,
            language=row.study.language,
        )
        for placement in asked_about(row)
    )


def guess_plan(study_id: int) -> GuessPlan | None:
    """What the study asks; None where it asks nothing."""
    return GuessPlan.of(Study.objects.values_list("plan", flat=True).get(pk=study_id))


def guess_count(study_id: int) -> GuessCount:
    """Sheets and guesses of those who did not withdraw."""
    sheets = GuessSheet.objects.filter(enrolment__study_id=study_id, enrolment__withdrawn_at__isnull=True)
    n_passed_over = sheets.filter(guesses__isnull=True).count()
    n_guesses = Guess.objects.filter(sheet__in=sheets).count()
    return GuessCount(sheets.count() - n_passed_over, n_passed_over, n_guesses)


def kind_words(kind: WriterKind) -> str:
    """The label as it is read: a shipped one in the reader's language, an owner's own as it stands."""
    shipped = {
        "person": _("A person"),
        "large-model": _("A large language model"),
        "small-model": _("A small model or a template"),
    }
    return shipped[kind.key] if kind in SHIPPED_KINDS else kind.label
