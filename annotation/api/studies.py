"""The owner's studies over REST: build, edit, open, amend, close, unblind, discard."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings

from annotation import overview, queries
from annotation.api.owners import OwnerView, refused_as
from annotation.api.room import (
    CONFLICT,
    Conflict,
    CriterionSerializer,
    checked,
)
from annotation.api.study_serializers import (
    AmendSerializer,
    BlindCheckSerializer,
    CloseSerializer,
    EditCriterionSerializer,
    EditStudySerializer,
    LedgerLineSerializer,
    NewStudySerializer,
    SourceSerializer,
    StudyDetailSerializer,
    StudySerializer,
    UnblindSerializer,
)
from annotation.design.plan import StudySettings
from annotation.design.sources import parse
from annotation.services.amend_guidelines import amend_guidelines
from annotation.services.build_study import build_study
from annotation.services.check_pages import check_pages
from annotation.services.close_study import close_study
from annotation.services.discard_draft import discard_draft
from annotation.services.edit_draft import edit_criterion, edit_draft
from annotation.services.open_study import open_study
from annotation.services.unblind_study import unblind_study
from generation.queries import explain_runs


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
        """Change the words or the gate of a draft; 409 once it was opened, 422 for a text that names a system."""
        study = self.study(study_id)
        sent = checked(EditStudySerializer(data=request.data, partial=True))
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
