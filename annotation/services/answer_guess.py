from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from annotation.design.guessing import CANNOT_SAY, GuessPlan
from annotation.design.scales import OutOfScale
from annotation.guess_queries import asked_about
from annotation.models.guess import Guess, GuessSheet
from annotation.models.study import Enrolment, Study
from annotation.services.check_blindness import check_blindness
from annotation.services.refusals import (
    WITHDREW,
    ForeignPlacement,
    OutOfTurn,
    StaleWrite,
    StudyClosed,
)


@transaction.atomic
def answer_guess(*, enrolment_id: int, guesses: Mapping[str, str]) -> int:
    """Store which kind of writer an annotator took for the writer of each card, once; says how many guesses.

    An empty answer passes the question over. The same answer again changes nothing.

    Args:
        guesses: placement token -> key of a kind of the plan, or cannot-say. Some of the cards or all.

    Raises:
        OutOfTurn: the study asks nothing, the cards are not finished, or the annotator withdrew.
        StudyClosed: the study takes nothing any more.
        NotBlind: the annotator has become somebody who may know the systems.
        ForeignPlacement: a card the annotator was not asked about.
        OutOfScale: a kind that the study does not offer.
        StaleWrite: the question was answered otherwise before.
    """
    enrolment = Enrolment.objects.select_for_update().get(pk=enrolment_id)
    study = Study.objects.get(pk=enrolment.study_id)
    if enrolment.withdrawn_at is not None:
        raise OutOfTurn(WITHDREW)
    plan = GuessPlan.of(study.plan)
    if plan is None:
        raise OutOfTurn(_("This study does not ask who wrote the texts. Nothing was stored."))
    if enrolment.finished_at is None:
        raise OutOfTurn(_("Finish your cards first: who wrote them is asked at the end. Nothing was stored."))
    own = {placement.token: placement for placement in asked_about(enrolment)}
    if set(guesses) - set(own):
        raise ForeignPlacement(_("You were not asked about one of these cards. Nothing was stored."))
    offered = {kind.key for kind in plan.kinds} | {CANNOT_SAY}
    for kind in guesses.values():
        if kind not in offered:
            message = f"{kind!r} is not offered here: choose one of {', '.join(offered)}."
            raise OutOfScale("guesses", message, "not-offered", key=repr(kind))
    earlier = GuessSheet.objects.filter(enrolment=enrolment).first()
    if earlier is not None:
        if dict(earlier.guesses.values_list("placement__token", "kind")) != dict(guesses):
            raise StaleWrite(
                _("You answered this before, and your first answer is kept. Nothing was changed.")
            )
        return len(guesses)
    if study.status != Study.Status.OPEN:
        raise StudyClosed(_("The study is closed: this answer came too late and was not stored."))
    check_blindness(study_id=study.pk, person_id=enrolment.annotator_id)
    sheet = GuessSheet.objects.create(enrolment=enrolment)
    Guess.objects.bulk_create(
        Guess(sheet=sheet, placement=own[token], kind=kind) for token, kind in guesses.items()
    )
    return len(guesses)
