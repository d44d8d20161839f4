"""The owner's studies over REST: build, edit, open, invite, amend, close, unblind, discard."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings

from annotation import overview, queries
from annotation.api.room import (
    CONFLICT,
    Conflict,
    CriterionSerializer,
    GuidelinesSerializer,
    MayOwn,
    RoomView,
    checked,
)
from annotation.design.plan import DESIGNS, LONGEST_TEXT, StudySettings
from annotation.design.sources import parse
from annotation.queries import StudySummary
from annotation.services.amend_guidelines import amend_guidelines
from annotation.services.build_study import build_study
from annotation.services.check_pages import check_pages
from annotation.services.close_study import close_study
from annotation.services.discard_draft import discard_draft
from annotation.services.edit_draft import edit_criterion, edit_draft
from annotation.services.open_study import open_study
from annotation.services.refusals import Refused
from annotation.services.unblind_study import unblind_study
from generation.queries import explain_runs

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


class EditStudySerializer(serializers.Serializer):
    """A draft's words; what is left out stays."""

    title = serializers.CharField(max_length=200, required=False)
    description = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_TEXT)
    language = serializers.RegexField(LANGUAGE_TAG, max_length=20, required=False)
    consent = serializers.CharField(required=False, max_length=LONGEST_TEXT)
    guidelines = serializers.CharField(required=False, max_length=LONGEST_TEXT)
    lease_hours = serializers.IntegerField(min_value=1, max_value=8760, required=False)
    hypotheses = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_TEXT)


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


class SourcesView(OwnerView):
    @extend_schema(responses=SourceSerializer(many=True))
    def get(self, request: Request) -> Response:
        """What studies can be built from: finished explain runs, the newest first."""
        return Response(SourceSerializer(explain_runs(), many=True).data)


class StudiesView(OwnerView):
    parser_classes = [*api_settings.DEFAULT_PARSER_CLASSES, MultiPartParser]

    @extend_schema(responses=StudySerializer(many=True))
    def get(self, request: Request) -> Response:
        """The caller's studies, the newest first."""
        rows = queries.studies(None if request.user.is_superuser else request.user.pk)
        return Response(StudySerializer(rows, many=True).data)

    @extend_schema(request=NewStudySerializer, responses={201: StudyDetailSerializer})
    def post(self, request: Request) -> Response:
        """Build a draft from explain runs or from a file. A faulty file is refused whole, line by line."""
        plan = checked(NewStudySerializer(data=request.data))
        content, form, runs = (plan.pop(name) for name in ("content", "form", "explain_run_ids"))
        built = build_study(
            owner_id=request.user.pk,
            settings=StudySettings(**plan),
            explain_run_ids=runs,
            upload=parse(content, form) if content.strip() else None,
        )
        return Response(
            StudyDetailSerializer(self.study(built.study_id)).data, status=status.HTTP_201_CREATED
        )


class StudyView(OwnerView):
    @extend_schema(responses=StudyDetailSerializer)
    def get(self, request: Request, study_id: int) -> Response:
        """One study: plan, texts, questions."""
        return Response(StudyDetailSerializer(self.study(study_id)).data)

    @extend_schema(request=EditStudySerializer, responses={200: StudyDetailSerializer, **CONFLICT})
    def patch(self, request: Request, study_id: int) -> Response:
        """Change the words of a draft; 409 once it was opened, 422 for a text that names a system."""
        study = self.study(study_id)
        sent = checked(EditStudySerializer(data=request.data))
        with refused_as("texts"):
            edit_draft(study_id=study.id, **sent)
        return Response(StudyDetailSerializer(self.study(study_id)).data)

    @extend_schema(responses={204: None, **CONFLICT})
    def delete(self, request: Request, study_id: int) -> Response:
        """Discard a draft; 409 once it was opened: what people judged is kept."""
        discard_draft(study_id=self.study(study_id).id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class CriterionView(OwnerView):
    @extend_schema(request=EditCriterionSerializer, responses={200: CriterionSerializer, **CONFLICT})
    def put(self, request: Request, study_id: int, key: str) -> Response:
        """Change one question of a draft: its words, and of each point a label, an example and why."""
        study = self.study(study_id)
        if key not in {criterion.key for criterion in study.criteria}:
            raise NotFound("This study asks no such question.")
        sent = checked(EditCriterionSerializer(data=request.data))
        levels = sent.pop("levels")
        with refused_as("levels"):
            edit_criterion(
                study_id=study.id,
                key=key,
                labels=[level["label"] for level in levels],
                examples=[{"explanation": level["example"], "why": level["why"]} for level in levels],
                **sent,
            )
        changed = next(one for one in self.study(study_id).criteria if one.key == key)
        return Response(CriterionSerializer(changed).data)


class GuidelinesView(OwnerView):
    @extend_schema(request=AmendSerializer, responses={200: StudyDetailSerializer, **CONFLICT})
    def post(self, request: Request, study_id: int) -> Response:
        """Give an open study's guidelines a new version; everybody reads it before their next card."""
        study = self.study(study_id)
        amend_guidelines(
            study_id=study.id, by_id=request.user.pk, **checked(AmendSerializer(data=request.data))
        )
        return Response(StudyDetailSerializer(self.study(study_id)).data)


class LedgerView(OwnerView):
    @extend_schema(responses=LedgerLineSerializer(many=True))
    def get(self, request: Request, study_id: int) -> Response:
        """What was done to a study, the oldest first; each line's hash covers the one before."""
        return Response(LedgerLineSerializer(overview.ledger(self.study(study_id).id), many=True).data)


class OpenView(OwnerView):
    """Open and freeze a draft; 409 lists everything that is missing."""

    @extend_schema(request=None, responses={200: StudyDetailSerializer, **CONFLICT})
    def post(self, request: Request, study_id: int) -> Response:
        open_study(study_id=self.study(study_id).id, by_id=request.user.pk)
        check_pages(study_id=study_id, by_id=request.user.pk)
        return Response(StudyDetailSerializer(self.study(study_id)).data)


class BlindCheckView(OwnerView):
    @extend_schema(request=None, responses={200: BlindCheckSerializer, **CONFLICT})
    def post(self, request: Request, study_id: int) -> Response:
        """Look through all an annotator of an opened study can fetch for names of systems.

        The study's ledger keeps the counts.
        """
        study = self.study(study_id)
        if study.status == "draft":
            raise Conflict("A draft is looked through when it opens.")
        found = check_pages(study_id=study.id, by_id=request.user.pk)
        return Response(BlindCheckSerializer(found).data)


class CloseView(OwnerView):
    @extend_schema(request=CloseSerializer, responses={200: StudyDetailSerializer, **CONFLICT})
    def post(self, request: Request, study_id: int) -> Response:
        study = self.study(study_id)
        sent = checked(CloseSerializer(data=request.data))
        close_study(study_id=study.id, by_id=request.user.pk, reason=sent["reason"])
        return Response(StudyDetailSerializer(self.study(study_id)).data)


class UnblindView(OwnerView):
    """Break the seal of a closed study; the reason goes into its ledger."""

    @extend_schema(request=UnblindSerializer, responses={200: StudyDetailSerializer, **CONFLICT})
    def post(self, request: Request, study_id: int) -> Response:
        study = self.study(study_id)
        sent = checked(UnblindSerializer(data=request.data))
        unblind_study(study_id=study.id, by_id=request.user.pk, reason=sent["reason"])
        return Response(StudyDetailSerializer(self.study(study_id)).data)


@contextmanager
def refused_as(field: str) -> Iterator[None]:
    """What a service says of the words it was given is told as the fault of a field."""
    try:
        yield
    except Refused as refused:
        raise ValidationError({field: [str(refused)]}) from refused


def _decoded(file: UploadedFile) -> str:
    try:
        return file.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise serializers.ValidationError(
            {"file": [f"Byte {error.start} is not UTF-8. Save the file as UTF-8 and send it again."]}
        ) from None
