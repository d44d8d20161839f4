"""CrowdLink, CrowdPerson: people whom a crowd service sends, by an id of that service that is never stored."""

from django.db import models
from django.db.models import Q

from annotation.models.study import Enrolment, Invitation, Study, new_code


class CrowdLink(models.Model):
    """What makes an invitation one for a crowd service: the id in its address, and the codes it pays by."""

    invitation = models.OneToOneField(Invitation, models.CASCADE, related_name="crowd")
    id_parameter = models.CharField(
        max_length=40, default="PROLIFIC_PID", help_text="Of the address: holds the person's id there."
    )
    return_url = models.CharField(
        max_length=300, blank=True, help_text="Where people go back to; {code} stands for the code."
    )
    code_complete = models.CharField(max_length=40, default=new_code)
    code_screened_out = models.CharField(
        max_length=40, default=new_code, help_text="No place was left, or the study closed."
    )
    code_no_consent = models.CharField(max_length=40, default=new_code)
    code_failed_gate = models.CharField(max_length=40, default=new_code)

    def __str__(self) -> str:
        return f"crowd link of {self.invitation}"


class CrowdPerson(models.Model):
    """Who came by a crowd link: a keyed hash of the service's id, so that one person takes part once."""

    study = models.ForeignKey(Study, models.PROTECT, related_name="+")
    enrolment = models.OneToOneField(Enrolment, models.PROTECT, related_name="crowd")
    key = models.CharField(max_length=64, help_text="HMAC of study and id; the id is not stored.")
    may_return = models.BooleanField(
        default=False, help_text="The owner lets this person in once from another browser."
    )

    class Meta:
        verbose_name_plural = "crowd people"
        constraints = [
            models.UniqueConstraint(fields=["study", "key"], name="crowd_person_once_a_study"),
            models.CheckConstraint(condition=~Q(key=""), name="crowd_person_has_key"),
        ]

    def __str__(self) -> str:
        return self.enrolment.pseudonym
