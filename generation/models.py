"""Rows of the generation room: logs, runs of a stage, the shards workers claim, what the runs leave behind.

What must always hold is a constraint of the database; what a person did or a worker reported is a column.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Stage(models.TextChoices):
    """The steps from a log to explanations, in the order they are taken."""

    IMPORT_LOG = "import_log", "Log"
    SELECT_CASES = "select_cases", "Cases"
    DISTIL_TEACHER = "distil_teacher", "Teacher"
    TRAIN_STUDENT = "train_student", "Student"
    EXPLAIN_CASES = "explain_cases", "Explanations"


class Status(models.TextChoices):
    """Where a run or a shard stands. A queued run whose needs are not done yet waits for them."""

    QUEUED = "queued", "queued"
    RUNNING = "running", "running"
    DONE = "done", "done"
    FAILED = "failed", "failed"
    CANCELLED = "cancelled", "cancelled"


OPEN = (Status.QUEUED, Status.RUNNING)
"""Statuses from which work may still finish."""


def one_of(field: str, choices: type[models.TextChoices], model: str) -> models.CheckConstraint:
    """A check that the column holds one of the choices, whoever writes it."""
    return models.CheckConstraint(
        condition=Q(**{f"{field}__in": choices.values}), name=f"{model}_{field}_known"
    )


class Corpus(models.Model):
    """A log and where its imported form lies. The artefact is empty until an import_log run is done."""

    name = models.CharField(max_length=120, unique=True)
    log_format = models.CharField(max_length=40)
    options = models.JSONField(
        default=dict, blank=True, help_text="What the log format was given: path, seed, sizes."
    )
    artefact = models.CharField(max_length=255, blank=True, help_text="Folder below PRISM_ARTEFACTS.")
    sha256 = models.CharField(max_length=64, blank=True)
    n_users = models.PositiveBigIntegerField(default=0)
    n_items = models.PositiveBigIntegerField(default=0)
    n_interactions = models.PositiveBigIntegerField(default=0)
    n_rejected = models.PositiveBigIntegerField(default=0)
    provenance = models.JSONField(
        default=dict, blank=True, help_text="Terms, origin and labels, as the format tells them."
    )
    facts = models.JSONField(
        default=dict,
        blank=True,
        help_text="Histories, ratings, time span, leaks of the splits, what was rejected and why: bounded lists.",
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "corpora"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="corpus_named"),
            models.CheckConstraint(
                condition=Q(artefact="") | ~Q(sha256=""), name="corpus_artefact_has_sha256"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def imported(self) -> bool:
        return bool(self.artefact)


class RunQuerySet(models.QuerySet["Run"]):
    def ready(self) -> RunQuerySet:
        """Runs a worker may work on: open, and everything they need is done."""
        unmet = Need.objects.filter(run=models.OuterRef("pk")).exclude(on__status=Status.DONE)
        return self.filter(~models.Exists(unmet), status__in=OPEN)

    def with_progress(self) -> RunQuerySet:
        """Adds `n_done`, `n_total`, `n_shards` over the run's shards, without a query a run."""
        shards = Shard.objects.filter(run=models.OuterRef("pk")).order_by().values("run")

        def total(expression: models.expressions.Combinable) -> models.Subquery:
            return models.Subquery(
                shards.annotate(value=expression).values("value"), output_field=models.BigIntegerField()
            )

        return self.annotate(
            n_done=total(models.Sum("n_done")),
            n_total=total(models.Sum("n_total")),
            n_shards=total(models.Count("pk")),
        )


class Run(models.Model):
    """One execution of one stage: what was asked for, how far it is, what it left behind."""

    corpus = models.ForeignKey(Corpus, models.PROTECT, related_name="runs")
    stage = models.CharField(max_length=20, choices=Stage.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    parameters = models.JSONField(default=dict, blank=True)
    seed = models.PositiveBigIntegerField(default=0)
    needs = models.ManyToManyField("self", through="Need", symmetrical=False, related_name="needed_by")
    error = models.TextField(blank=True, help_text="What happened and what to do about it.")
    artefact = models.CharField(max_length=255, blank=True, help_text="Folder below PRISM_ARTEFACTS.")
    sha256 = models.CharField(max_length=64, blank=True)
    counts = models.JSONField(default=dict, blank=True, help_text="Whole numbers the stage counted.")
    report = models.JSONField(
        default=dict, blank=True, help_text="Rejected rows, losses, signature: bounded lists."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    enqueued_at = models.DateTimeField(
        null=True, blank=True, help_text="When a message for it was last sent."
    )
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["status", "stage"], name="run_status_stage")]
        constraints = [
            one_of("stage", Stage, "run"),
            one_of("status", Status, "run"),
            models.CheckConstraint(
                condition=~Q(status=Status.FAILED) | ~Q(error=""), name="run_failure_has_words"
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.DONE) | Q(finished_at__isnull=False), name="run_done_has_time"
            ),
        ]

    def __str__(self) -> str:
        return f"Run {self.pk}: {self.title}"

    @property
    def title(self) -> str:
        """The stage and what distinguishes this run of it, for lists and the admin."""
        name = Stage(self.stage).label
        if self.stage == Stage.EXPLAIN_CASES:
            return f"{name}: {self.parameters.get('system', '?')}"
        if self.stage == Stage.TRAIN_STUDENT:
            return f"{name}: {'prism' if self.parameters.get('with_user', True) else 'prism-nouser'}"
        if self.stage == Stage.DISTIL_TEACHER:
            return f"{name}: {self.parameters.get('teacher', '?')}"
        return name

    @property
    def is_open(self) -> bool:
        return self.status in OPEN


class Need(models.Model):
    """This run starts when that one is done. The earlier run cannot be deleted from under it."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="+")
    on = models.ForeignKey(Run, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "on"], name="need_once"),
            models.CheckConstraint(condition=~Q(run=F("on")), name="need_not_itself"),
        ]

    def __str__(self) -> str:
        return f"run {self.run_id} needs run {self.on_id}"


class Shard(models.Model):
    """The part of a run that one worker claims. `claimed_by` is the token of the claim with the lease."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="shards")
    index = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    claimed_by = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    n_done = models.PositiveBigIntegerField(default=0)
    n_total = models.PositiveBigIntegerField(default=0, help_text="0 until the worker knows.")
    moved_at = models.DateTimeField(null=True, blank=True, help_text="When n_done last changed.")
    marks = models.JSONField(
        default=list, blank=True, help_text="[seconds of the clock, done by then] over the last minute."
    )
    result = models.JSONField(
        default=dict, blank=True, help_text="What the stage needs to put the shards together."
    )
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["run", "index"]
        indexes = [models.Index(fields=["status", "lease_until"], name="shard_status_lease")]
        constraints = [
            models.UniqueConstraint(fields=["run", "index"], name="shard_index_once_a_run"),
            one_of("status", Status, "shard"),
            models.CheckConstraint(
                condition=(Q(status=Status.RUNNING) & Q(lease_until__isnull=False) & ~Q(claimed_by=""))
                | (~Q(status=Status.RUNNING) & Q(lease_until__isnull=True)),
                name="shard_running_holds_a_lease",
            ),
        ]

    def __str__(self) -> str:
        return f"shard {self.index} of run {self.run_id}"


class RunEvent(models.Model):
    """A line of a run's log: queued, claimed, expired, done. Append-only."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="events")
    at = models.DateTimeField(auto_now_add=True)
    text = models.TextField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text


class Split(models.TextChoices):
    TRAIN = "train"
    VALID = "valid"
    TEST = "test"
    COLD = "cold"


class Case(models.Model):
    """A case people may judge: a user, the history, the recommended item. Its texts are frozen here."""

    run = models.ForeignKey(Run, models.PROTECT, related_name="cases")
    case_id = models.CharField(
        max_length=64, help_text="Hash of user, history and item: the same in every run."
    )
    position = models.PositiveIntegerField()
    user = models.CharField(max_length=200)
    split = models.CharField(max_length=5, choices=Split.choices)
    history = models.JSONField(help_text="Items, oldest first.")
    item = models.JSONField()
    influence = models.JSONField(
        null=True,
        blank=True,
        help_text="How much each item of the history weighed in the ranker's choice; empty where it does not say.",
    )

    class Meta:
        ordering = ["run", "position"]
        constraints = [
            models.UniqueConstraint(fields=["run", "case_id"], name="case_once_a_run"),
            models.UniqueConstraint(fields=["run", "position"], name="case_position_once_a_run"),
            one_of("split", Split, "case"),
        ]

    def __str__(self) -> str:
        return self.case_id


class TextStatus(models.TextChoices):
    OK = "ok"
    EMPTY = "empty"
    FILTERED = "filtered"
    ERROR = "error"


class Explanation(models.Model):
    """One text by one system for one case. Only those with status ok are offered to studies."""

    run = models.ForeignKey(Run, models.PROTECT, related_name="explanations")
    case = models.ForeignKey(Case, models.PROTECT, related_name="explanations")
    text = models.TextField(blank=True)
    status = models.CharField(max_length=8, choices=TextStatus.choices)
    reason = models.TextField(blank=True, help_text="Why the status is not ok.")
    signature = models.JSONField()
    n_history_shown = models.PositiveIntegerField(default=0)
    unknown_user = models.BooleanField(default=False)

    class Meta:
        ordering = ["run", "case"]
        constraints = [
            models.UniqueConstraint(fields=["run", "case"], name="explanation_once_a_case_and_run"),
            one_of("status", TextStatus, "explanation"),
            models.CheckConstraint(
                condition=~Q(status=TextStatus.OK) | ~Q(text=""), name="explanation_ok_has_text"
            ),
            models.CheckConstraint(
                condition=Q(status=TextStatus.OK) | ~Q(reason=""), name="explanation_not_ok_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return self.text[:80]


class Checkpoint(models.Model):
    """The weights a train_student run left behind."""

    run = models.OneToOneField(Run, models.PROTECT, related_name="checkpoint")
    artefact = models.CharField(max_length=255, help_text="Folder below PRISM_ARTEFACTS.")
    sha256 = models.CharField(max_length=64)
    metrics = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"checkpoint of run {self.run_id}"


def note(run_id: int, text: str) -> None:
    """Append a line to a run's log."""
    RunEvent.objects.create(run_id=run_id, text=text)


def note_all(run_ids: Iterable[int], text: str) -> None:
    RunEvent.objects.bulk_create([RunEvent(run_id=run_id, text=text) for run_id in run_ids])
