from collections.abc import Sequence

from django.db import transaction

from annotation.services.invite import invite


@transaction.atomic
def invite_people(
    *, study_id: int, by_id: int, people: Sequence[str], expires_in_days: int | None = None
) -> list[str]:
    """A link for one person each; returns their tokens in the order of the people.

    Raises:
        StudyClosed, Refused: as `invite`; no link is made then.
    """
    return [
        invite(study_id=study_id, by_id=by_id, label=person, expires_in_days=expires_in_days)
        for person in people
    ]
