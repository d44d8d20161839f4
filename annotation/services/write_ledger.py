from typing import Any

from django.utils import timezone

from annotation.models.ledger import LedgerLine, line_hash
from annotation.models.study import Study


def write_ledger(
    *, study_id: int, act: str, by_id: int | None, reason: str = "", facts: dict[str, Any] | None = None
) -> None:
    """Add a line to the study's ledger, chained to the one before. Call it inside the act's own
    transaction."""
    Study.objects.select_for_update().get(pk=study_id)  # one writer at a time, or two lines claim one number
    last = LedgerLine.objects.filter(study_id=study_id).order_by("-number").first()
    line = LedgerLine(
        study_id=study_id,
        number=last.number + 1 if last else 1,
        act=act,
        by_id=by_id,
        at=timezone.now(),
        reason=reason,
        facts=facts or {},
        previous_hash=last.hash if last else "",
    )
    line.hash = line_hash(line)
    line.save()
