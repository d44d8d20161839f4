from django.db import transaction

from annotation.models.ledger import LedgerLine
from annotation.services.blind_check import BlindCheck, blind_check
from annotation.services.write_ledger import write_ledger


def check_pages(*, study_id: int, by_id: int) -> BlindCheck:
    """Look through all an annotator can fetch of an opened study for names of systems, and write the outcome down.

    The ledger takes counts alone: it travels with bundles, and where a name can be read is for the owner.

    Raises:
        Study.DoesNotExist: no such study.
    """
    found = blind_check(study_id=study_id)
    facts = {
        "n_addresses": found.n_addresses,
        "n_secrets": found.n_secrets,
        "n_leaks": len(found.leaks),
        "n_not_looked_for": len(found.not_looked_for),
    }
    with transaction.atomic():
        write_ledger(study_id=study_id, act=LedgerLine.Act.CHECKED, by_id=by_id, facts=facts)
    return found
