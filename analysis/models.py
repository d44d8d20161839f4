"""Score, Report, ReportData, JudgeAnswer: the metrics' numbers, what was found, from what, what a judge said."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Score(models.Model):
    """One metric's number for one text, or for all texts of a system where `case` is empty."""

    study = models.ForeignKey("annotation.Study", models.PROTECT, related_name="+")
    case = models.CharField(max_length=120, blank=True)
    system = models.CharField(max_length=80)
    metric = models.CharField(max_length=60)
    value = models.FloatField(null=True, help_text="Empty where the metric is undefined for this text.")
    signature = models.TextField()
    references = models.CharField(
        max_length=120, blank=True, help_text="Who wrote the references; may be nobody."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study", "case", "system", "metric"], name="score_once_a_text_and_metric"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.metric} of {self.system}"


class Report(models.Model):
    """The findings of a study at one moment; a report is never changed, a newer one stands beside it.

    But for one thing: after an erasure it loses the rows that speak of single annotators.
    """

    class Kind(models.TextChoices):
        POOLED = "pooled", "Blind: agreement and use of the scale"
        UNBLINDED = "unblinded", "Full: systems named"

    class Status(models.TextChoices):
        QUEUED = "queued", "Waiting for a worker"
        RUNNING = "running", "Being computed"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    study = models.ForeignKey("annotation.Study", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    step = models.CharField(max_length=40, blank=True)
    error = models.TextField(blank=True)
    seed = models.PositiveBigIntegerField()
    findings_json = models.TextField(
        blank=True, help_text="What docs/report-json.md explains, byte for byte."
    )
    data_sha256 = models.JSONField(
        default=dict, blank=True, help_text="sha256 by name of every file of data it was computed from."
    )
    n_erasures = models.PositiveIntegerField(
        default=0, help_text="Annotators of the study whose marks were erased before its data were read."
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    enqueued_at = models.DateTimeField(
        default=timezone.now, editable=False, help_text="When its last message went out; the sweep reads it."
    )
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["pooled", "unblinded"]), name="report_kind_known"),
            models.CheckConstraint(
                condition=Q(status__in=["queued", "running", "done", "failed"]), name="report_status_known"
            ),
            models.CheckConstraint(
                condition=~Q(status="done") | (~Q(findings_json="") & Q(finished_at__isnull=False)),
                name="report_done_has_findings",
            ),
            models.UniqueConstraint(
                fields=["study", "kind"], condition=Q(status="queued"), name="report_waits_once_a_study"
            ),
        ]

    def __str__(self) -> str:
        return f"report {self.pk} of study {self.study_id}"


class ReportData(models.Model):
    """One file of the data a report was computed from, as its bundle holds it; removed once marks were erased."""

    report = models.ForeignKey(Report, models.CASCADE, related_name="data")
    name = models.CharField(max_length=60)
    content = models.BinaryField(help_text="The file, gzipped; the report has its sha256.")

    class Meta:
        verbose_name_plural = "report data"
        constraints = [
            models.UniqueConstraint(fields=["report", "name"], name="report_data_once_a_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} of report {self.report_id}"


class JudgeAnswer(models.Model):
    """What a language model answered to a prompt, so that it is asked once; the prompt itself is not kept."""

    key = models.CharField(
        max_length=64, unique=True, help_text="sha256 of address, model, revision and prompt."
    )
    model = models.CharField(max_length=200)
    text = models.CharField(max_length=400, help_text="As it came, also where it is no rating.")
    asked_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.model}: {self.text[:20]}"
