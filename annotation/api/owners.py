"""What the owner's doors have in common: whose study it is, and refusals that name a field."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ObjectDoesNotExist
from rest_framework.exceptions import NotFound, ValidationError

from annotation import queries
from annotation.api.room import (
    MayOwn,
    RoomView,
)
from annotation.queries import StudySummary
from annotation.services.refusals import Refused


class OwnerView(RoomView):
    permission_classes = [MayOwn]

    def study(self, study_id: int) -> StudySummary:
        """The caller's own study, or any for an administrator; 404 otherwise."""
        try:
            found = queries.study_summary(study_id)
        except ObjectDoesNotExist:
            found = None
        if found is None or (found.owner_id != self.request.user.pk and not self.request.user.is_superuser):
            raise NotFound("You own no such study.")
        return found


@contextmanager
def refused_as(field: str) -> Iterator[None]:
    """What a service says of the words it was given is told as the fault of a field."""
    try:
        yield
    except Refused as refused:
        raise ValidationError({field: [str(refused)]}) from refused
