"""What is sent and answered about a study as a whole."""

from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from rest_framework import serializers

from annotation.api.room import (
    CriterionSerializer,
    GuidelinesSerializer,
)
from annotation.design.plan import DESIGNS, LONGEST_TEXT

LANGUAGE_TAG = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$"


class StudySerializer(serializers.Serializer):
    id = serializers.IntegerField()
    title = serializers.CharField()
    description = serializers.CharField()
    language = serializers.CharField()
    status = serializers.CharField(help_text="draft, open, closed or unblinded")
    simulated = serializers.BooleanField()
    k = serializers.IntegerField()
    n_annotators = serializers.IntegerField()
    n_cases = serializers.IntegerField()
    n_cards = serializers.IntegerField()
    n_systems = serializers.IntegerField()
    n_calibration = serializers.IntegerField()
    design = serializers.CharField()
    gap = serializers.IntegerField()
    seed = serializers.IntegerField()
    n_done = serializers.IntegerField()
    n_target = serializers.IntegerField()
    gold_missing = serializers.IntegerField()
    notes = serializers.ListField(child=serializers.CharField())
    frozen_hash = serializers.CharField()
    created_at = serializers.DateTimeField()
    opened_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    unblinded_at = serializers.DateTimeField(allow_null=True)


class DetectabilitySerializer(serializers.Serializer):
    accuracy = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    chance = serializers.FloatField()
    n_texts = serializers.IntegerField()
    n_cases = serializers.IntegerField()
    telling = serializers.ListField(child=serializers.CharField())


class StudyDetailSerializer(StudySerializer):
    """The whole plan, texts and questions included; which systems are compared is not in it."""

    lease_hours = serializers.IntegerField()
    gate_in_words = serializers.CharField()
    consent = serializers.CharField()
    detectability = DetectabilitySerializer(
        allow_null=True, help_text="How well systems can be told apart by the surface of their texts."
    )
    guidelines = GuidelinesSerializer(many=True, help_text="The newest first.")
    criteria = CriterionSerializer(many=True)


class PlanSerializer(serializers.Serializer):
    """What every new study states, wherever its explanations come from."""

    title = serializers.CharField(max_length=200)
    description = serializers.CharField(required=False, default="", allow_blank=True, max_length=LONGEST_TEXT)
    language = serializers.RegexField(LANGUAGE_TAG, max_length=20, required=False, default="en")
    k = serializers.IntegerField(min_value=1, max_value=100, required=False, default=3)
    n_annotators = serializers.IntegerField(min_value=1, max_value=1000, required=False, default=6)
    design = serializers.ChoiceField(choices=DESIGNS, required=False, default="paired")
    gap = serializers.IntegerField(min_value=1, max_value=1000, required=False, default=8)
    seed = serializers.IntegerField(
        min_value=0, max_value=2**63 - 1, required=False, allow_null=True, default=None
    )
    n_cases = serializers.IntegerField(min_value=1, required=False, allow_null=True, default=None)
    n_calibration = serializers.IntegerField(
        min_value=0,
        required=False,
        allow_null=True,
        default=None,
        help_text="Ten, and no more than a quarter of the cases, when it is left out.",
    )
    hypotheses = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=LONGEST_TEXT,
        help_text="What the study is to confirm, one a line: criterion: system > other system, or !=.",
    )

    def validate(self, plan: dict[str, Any]) -> dict[str, Any]:
        k, n = plan["k"], plan["n_annotators"]
        if n < k:
            raise serializers.ValidationError(
                {"n_annotators": [f"{k} annotators a card need at least {k} in all, not {n}."]}
            )
        if plan["n_calibration"] is None:
            del plan["n_calibration"]
            plan["calibration_follows"] = True
        return super().validate(plan)


class RowsSerializer(serializers.Serializer):
    """Lines of a file, as text in a JSON body or as the file itself in a multipart one."""

    rows = serializers.CharField(required=False, default="", allow_blank=True, trim_whitespace=False)
    rows_format = serializers.ChoiceField(
        choices=["csv", "jsonl"],
        required=False,
        help_text="Told from the first character when it is left out.",
    )
    file = serializers.FileField(required=False, help_text="UTF-8; multipart only.")

    def validate(self, sent: dict[str, Any]) -> dict[str, Any]:
        """`content` and `form` out of whichever was sent; both empty when nothing was."""
        content = sent.pop("rows")
        if "file" in sent:
            if content.strip():
                raise serializers.ValidationError({"rows": ["Send the file or its lines, not both."]})
            content = _decoded(sent.pop("file"))
        first = content.lstrip("\ufeff \t\r\n")[:1]
        form = sent.pop("rows_format", None) or ("jsonl" if first == "{" else "csv")
        return super().validate({**sent, "content": content, "form": form})


class NewStudySerializer(RowsSerializer, PlanSerializer):
    """A plan, and either explain runs or the lines of a CSV or JSONL file."""

    explain_run_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        required=False,
        default=list,
        help_text="From sources/: one a system, all over the same cases.",
    )


class GateSerializer(serializers.Serializer):
    """What it takes to pass the calibration."""

    tolerance = serializers.IntegerField(
        min_value=0, max_value=4, default=1, help_text="Points; near is no further."
    )
    share = serializers.FloatField(
        min_value=0, max_value=1, default=0.8, help_text="Of marks that must be near."
    )
    kappa = serializers.FloatField(
        min_value=-1, max_value=1, default=0.6, help_text="Least on each criterion; -1 asks for none."
    )
    attempts = serializers.IntegerField(min_value=1, max_value=10, default=2)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and (unknown := sorted(set(map(str, data)) - set(self.fields))):
            raise serializers.ValidationError(dict.fromkeys(unknown, "The gate has no such part."))
        return super().to_internal_value(data)


class EditStudySerializer(serializers.Serializer):
    """A draft's words and gate; what is left out stays."""

    title = serializers.CharField(max_length=200, required=False)
    description = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_TEXT)
    language = serializers.RegexField(LANGUAGE_TAG, max_length=20, required=False)
    consent = serializers.CharField(required=False, max_length=LONGEST_TEXT)
    guidelines = serializers.CharField(required=False, max_length=LONGEST_TEXT)
    lease_hours = serializers.IntegerField(min_value=1, max_value=8760, required=False)
    hypotheses = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_TEXT)
    gate = GateSerializer(required=False)


class PointSerializer(serializers.Serializer):
    label = serializers.CharField(max_length=60)
    example = serializers.CharField(max_length=LONGEST_TEXT)
    why = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)


class EditCriterionSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=80)
    question = serializers.CharField(max_length=300)
    definition = serializers.CharField(max_length=600)
    levels = serializers.ListField(
        child=PointSerializer(), min_length=5, max_length=5, help_text="The lowest point first."
    )


class AmendSerializer(serializers.Serializer):
    clarification = serializers.CharField(
        max_length=LONGEST_TEXT, help_text="What is new; everybody reads it before their next card."
    )
    text = serializers.CharField(
        required=False,
        max_length=LONGEST_TEXT,
        help_text="The whole new text; the old one when left out.",
    )


class SourceSerializer(serializers.Serializer):
    """A finished explain run that a study can be built from."""

    id = serializers.IntegerField()
    system = serializers.CharField()
    label = serializers.CharField()
    corpus = serializers.CharField()
    case_run_id = serializers.IntegerField()
    n_ok = serializers.IntegerField()
    n_cases = serializers.IntegerField()
    offline = serializers.BooleanField(help_text="Does the offline teacher stand behind it?")
    signature = serializers.CharField()
    finished_at = serializers.DateTimeField()


class LedgerLineSerializer(serializers.Serializer):
    number = serializers.IntegerField()
    act = serializers.CharField()
    by = serializers.CharField()
    at = serializers.DateTimeField()
    reason = serializers.CharField()
    hash = serializers.CharField()


class UnblindSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=1000)


class BlindCheckSerializer(serializers.Serializer):
    n_addresses = serializers.IntegerField()
    n_secrets = serializers.IntegerField(help_text="Names, labels, case keys and signatures looked for.")
    leaks = serializers.ListField(child=serializers.CharField(), help_text="Where an annotator can read one.")
    not_looked_for = serializers.ListField(
        child=serializers.CharField(), help_text="Too short or too common."
    )


class CloseSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=1000, required=False, default="", allow_blank=True)


def _decoded(file: UploadedFile) -> str:
    try:
        return file.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise serializers.ValidationError(
            {
                "file": [
                    f"Byte {error.start} is not UTF-8. Save the file as CSV or JSON lines in UTF-8 and send it again."
                ]
            }
        ) from None
