"""Study, Criterion, Guidelines, Invitation, Enrolment: the plan, its seed, who takes part, gate status."""

import secrets
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from annotation.models.frozen import Frozen


def new_token() -> str:
    return secrets.token_urlsafe(16)


def new_code() -> str:
    """A completion code a person can copy by hand."""
    return "".join(secrets.choice("ABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(8))


def default_gate_rule() -> dict[str, Any]:
    return {"tolerance": 1, "share": 0.8, "kappa": 0.6, "attempts": 2}


class Study(Frozen):
    """A frozen copy of cases by systems and the plan for judging them: draft, open, closed, unblinded."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        OPEN = "open", "Open"
        CLOSED = "closed", "Closed"
        UNBLINDED = "unblinded", "Unblinded"

    class Design(models.TextChoices):
        PAIRED = "paired", "Paired: every annotator rates all systems of a case"
        LATIN = "latin", "Latin square: every annotator meets a case once, under one system"
        SIDE_BY_SIDE = "side_by_side", "Side by side: all texts of a case on one page, in random columns"

    study_path = ""
    may_change: ClassVar[frozenset[str]] = frozenset(
        {"status", "guidelines_version", "opened_at", "closed_at", "unblinded_at", "frozen_hash"}
    )

    title = models.CharField(max_length=200, help_text="Annotators read it: it must not name a system.")
    description = models.TextField(blank=True)
    language = models.CharField(max_length=20, default="en", help_text="Language tag of the explanations.")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    design = models.CharField(max_length=12, choices=Design.choices, default=Design.PAIRED)
    k = models.PositiveSmallIntegerField(default=3, help_text="Annotators a card, exactly.")
    n_annotators = models.PositiveSmallIntegerField(help_text="Seats: how many annotators the plan is for.")
    n_systems = models.PositiveSmallIntegerField(default=0, help_text="Cards a case.")
    gap = models.PositiveSmallIntegerField(
        help_text="Cards of one case are at least this many positions apart."
    )
    seed = models.PositiveBigIntegerField()
    lease_hours = models.PositiveSmallIntegerField(
        default=72, help_text="Idle seats return after so many hours."
    )
    gate_rule = models.JSONField(default=default_gate_rule)
    consent = models.TextField()
    consent_version = models.PositiveSmallIntegerField(default=1)
    guidelines_version = models.PositiveSmallIntegerField(default=1)
    simulated = models.BooleanField(default=False, help_text="Rehearsal: rated by simulated annotators.")
    plan = models.JSONField(
        default=dict, blank=True, help_text="Counts and notes of building; the analysis plan."
    )
    frozen_hash = models.CharField(
        max_length=64, blank=True, help_text="sha256 of plan and texts at opening."
    )
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    unblinded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "studies"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["draft", "open", "closed", "unblinded"]), name="study_status_known"
            ),
            models.CheckConstraint(
                condition=Q(design__in=["paired", "latin", "side_by_side"]), name="study_design_known"
            ),
            models.CheckConstraint(condition=Q(k__gte=1), name="study_k_positive"),
            models.CheckConstraint(
                condition=Q(n_annotators__gte=models.F("k")), name="study_annotators_at_least_k"
            ),
            models.CheckConstraint(condition=Q(gap__gte=1), name="study_gap_positive"),
            models.CheckConstraint(
                condition=Q(status="draft") | (Q(opened_at__isnull=False) & ~Q(frozen_hash="")),
                name="study_opened_is_frozen",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "open"]) | Q(closed_at__isnull=False),
                name="study_closed_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(status="unblinded") | Q(unblinded_at__isnull=False),
                name="study_unblinded_has_time",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def cards_a_slot(self) -> int:
        """How many cards of a case one annotator rates."""
        return 1 if self.design == self.Design.LATIN else self.n_systems

    @property
    def side_by_side(self) -> bool:
        """Whether an annotator judges all texts of a case on one page, the board."""
        return self.design == self.Design.SIDE_BY_SIDE

    @property
    def slots_a_block(self) -> int:
        """How many annotators a case has, so that each of its cards has k."""
        return self.k * self.n_systems // max(self.cards_a_slot, 1)


class Criterion(Frozen):
    """One question asked of every card, with words for each of its five points."""

    study = models.ForeignKey(Study, models.CASCADE, related_name="criteria")
    key = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    definition = models.TextField()
    question = models.TextField()
    labels = models.JSONField(help_text="Five labels, lowest point first.")
    examples = models.JSONField(help_text="Five examples, one a point: {explanation, why}.")
    position = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name_plural = "criteria"
        ordering = ["study", "position"]
        constraints = [
            models.UniqueConstraint(fields=["study", "key"], name="criterion_key_once_a_study"),
            models.UniqueConstraint(fields=["study", "position"], name="criterion_position_once_a_study"),
        ]

    def __str__(self) -> str:
        return self.name


class Guidelines(Frozen):
    """One version of what annotators are told; an opened study gets new versions, never changed ones."""

    grows = True

    study = models.ForeignKey(Study, models.CASCADE, related_name="guidelines")
    version = models.PositiveSmallIntegerField()
    text = models.TextField()
    clarification = models.TextField(blank=True, help_text="What this version adds; shown to everyone.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "guidelines"
        ordering = ["study", "version"]
        constraints = [
            models.UniqueConstraint(fields=["study", "version"], name="guidelines_version_once_a_study"),
            models.CheckConstraint(condition=Q(version__gte=1), name="guidelines_version_positive"),
        ]

    def __str__(self) -> str:
        return f"version {self.version}"


class Invitation(models.Model):
    """A link into a study, for so many people, until a time."""

    study = models.ForeignKey(Study, models.CASCADE, related_name="invitations")
    token = models.CharField(max_length=43, unique=True, default=new_token)
    label = models.CharField(max_length=120, blank=True)
    max_uses = models.PositiveSmallIntegerField(default=1)
    uses = models.PositiveSmallIntegerField(default=0)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(uses__lte=models.F("max_uses")), name="invitation_not_overused"
            )
        ]

    def __str__(self) -> str:
        return self.label or f"link {self.pk}"

    @property
    def why_unusable(self) -> str:
        """Why nobody can join by this invitation now, in words; empty when one can."""
        if self.study.status == Study.Status.DRAFT:
            return _("The study is not open yet.")
        if self.study.status != Study.Status.OPEN:
            return _("The study is closed.")
        if self.revoked_at is not None:
            return _("This link was withdrawn.")
        if self.expires_at is not None and self.expires_at <= timezone.now():
            return _("This link has expired.")
        if self.uses >= self.max_uses:
            return _("Everybody this link was for has joined.")
        return ""


class Enrolment(models.Model):
    """One annotator in one study: how far on the journey, and whether the gate is passed."""

    class Gate(models.TextChoices):
        PENDING = "pending", "Calibrating"
        PASSED = "passed", "Passed"
        FAILED = "failed", "Not passed"

    study = models.ForeignKey(Study, models.PROTECT, related_name="enrolments")
    annotator = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    index = models.PositiveIntegerField(help_text="Order of arrival; names the annotator's random stream.")
    invitation = models.ForeignKey(
        Invitation, models.PROTECT, null=True, blank=True, related_name="enrolments"
    )
    criteria_order = models.JSONField(
        default=list, help_text="Keys of the criteria as this annotator sees them."
    )
    consented_at = models.DateTimeField(null=True, blank=True)
    consent_version = models.PositiveSmallIntegerField(null=True, blank=True)
    guidelines_read_at = models.DateTimeField(null=True, blank=True)
    guidelines_version = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Newest version read."
    )
    gate = models.CharField(max_length=8, choices=Gate.choices, default=Gate.PENDING)
    attempt = models.PositiveSmallIntegerField(default=1)
    gate_results = models.JSONField(default=list, blank=True, help_text="One entry an attempt.")
    gate_at = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(
        null=True, blank=True, help_text="When consent was withdrawn; no mark counts since."
    )
    erasure_asked_at = models.DateTimeField(null=True, blank=True)
    excluded_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When an owner left the marks out of all results; the ledger says why.",
    )
    erased_at = models.DateTimeField(null=True, blank=True, help_text="When the marks were erased.")
    completion_code = models.CharField(max_length=12, default=new_code)
    simulated = models.BooleanField(default=False)
    enrolled_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["study", "index"]
        constraints = [
            models.UniqueConstraint(fields=["study", "annotator"], name="enrolment_once_a_study"),
            models.UniqueConstraint(fields=["study", "index"], name="enrolment_index_once_a_study"),
            models.CheckConstraint(
                condition=Q(gate__in=["pending", "passed", "failed"]), name="enrolment_gate_known"
            ),
            models.CheckConstraint(condition=Q(attempt__gte=1), name="enrolment_attempt_positive"),
            models.CheckConstraint(
                condition=Q(consented_at__isnull=True) | Q(consent_version__isnull=False),
                name="enrolment_consent_has_version",
            ),
            models.CheckConstraint(
                condition=Q(guidelines_read_at__isnull=True) | Q(guidelines_version__isnull=False),
                name="enrolment_reading_has_version",
            ),
            models.CheckConstraint(
                condition=Q(erased_at__isnull=True) | Q(withdrawn_at__isnull=False),
                name="enrolment_erased_is_withdrawn",
            ),
        ]

    def __str__(self) -> str:
        return self.pseudonym

    @property
    def pseudonym(self) -> str:
        """What owners and researchers call this person: the order of arrival, no name."""
        return f"A{self.index + 1:02d}"
