"""REST endpoints of this room: owners run studies, annotators rate. Refusals are those of the pages."""

from collections.abc import Mapping
from typing import Any, get_args

from django.core.exceptions import ObjectDoesNotExist
from django.urls import URLPattern, path
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, NotFound, PermissionDenied, ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation import queries
from annotation.design.scales import OutOfScale
from annotation.design.sources import parse
from annotation.models.frozen import StudyFrozen
from annotation.queries import StudySummary
from annotation.services.answer_calibration import answer_calibration
from annotation.services.build_study import StudySettings, build_study
from annotation.services.claim_placement import claim_placement
from annotation.services.close_study import close_study
from annotation.services.enrol_annotator import enrol_annotator
from annotation.services.give_consent import give_consent
from annotation.services.invite import invite
from annotation.services.open_study import open_study
from annotation.services.read_guidelines import read_guidelines
from annotation.services.refusals import BadSource, ForeignPlacement, NotReady, Refused
from annotation.services.submit_rating import submit_rating
from annotation.services.unblind_study import unblind_study

# ---- who may, and how a refusal is told


class MayOwn(BasePermission):
    """Owners of studies."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return bool(request.user and request.user.has_perm("annotation.own"))


class MayRate(BasePermission):
    """Annotators."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return bool(request.user and request.user.has_perm("annotation.rate"))


class Conflict(APIException):
    """The request was understood and refused: the study, the card or the journey is not where it assumes."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class Unprocessable(ValidationError):
    """A field holds what the scale or the plan does not allow; the answer names it."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY


class RoomView(APIView):
    """Turns refusals into status codes: 403 foreign, 409 stale or out of turn, 422 off the scale."""

    def handle_exception(self, exc: Exception) -> Response:
        match exc:
            case OutOfScale():
                exc = Unprocessable({exc.criterion or "marks": [str(exc)]})
            case BadSource():
                exc = Unprocessable({"source": exc.errors})
            case NotReady():
                exc = Conflict({"detail": "The study is not ready.", "missing": exc.reasons})
            case ForeignPlacement():
                exc = PermissionDenied(str(exc))
            case Refused() | StudyFrozen():
                exc = Conflict(str(exc))
        return super().handle_exception(exc)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response


class RefusalSerializer(serializers.Serializer):
    detail = serializers.CharField()


STAGES = ", ".join(get_args(queries.Stage))

REFUSALS = {
    403: OpenApiResponse(RefusalSerializer, "Not yours."),
    409: OpenApiResponse(RefusalSerializer, "Stale, closed, or out of turn. Nothing was changed."),
    422: OpenApiResponse(description="A field at fault, by name, with what to do."),
}


def checked(serializer: serializers.Serializer) -> dict[str, Any]:
    """The validated body, or 422 naming each field."""
    if not serializer.is_valid():
        raise Unprocessable(serializer.errors)
    return serializer.validated_data


# ---- annotators


class BlindedItemSerializer(serializers.Serializer):
    label = serializers.CharField()
    genres = serializers.ListField(child=serializers.CharField())


class LevelSerializer(serializers.Serializer):
    value = serializers.IntegerField()
    label = serializers.CharField()
    example = serializers.CharField()
    why = serializers.CharField()


class CriterionSerializer(serializers.Serializer):
    key = serializers.CharField()
    name = serializers.CharField()
    definition = serializers.CharField()
    question = serializers.CharField()
    levels = LevelSerializer(many=True)


class CardSerializer(serializers.Serializer):
    """A BlindedCard and nothing else."""

    token = serializers.CharField()
    study_title = serializers.CharField()
    language = serializers.CharField()
    case_history = BlindedItemSerializer(many=True)
    item = BlindedItemSerializer()
    explanation = serializers.CharField()
    position = serializers.IntegerField()
    total = serializers.IntegerField()
    criteria = CriterionSerializer(many=True)
    ratings = serializers.DictField(child=serializers.IntegerField(allow_null=True))
    reasons = serializers.DictField(child=serializers.CharField())
    version = serializers.IntegerField()


class GuidelinesSerializer(serializers.Serializer):
    version = serializers.IntegerField()
    text = serializers.CharField()
    clarification = serializers.CharField()


class JourneySerializer(serializers.Serializer):
    study_id = serializers.IntegerField()
    study_title = serializers.CharField()
    description = serializers.CharField()
    language = serializers.CharField()
    stage = serializers.CharField(help_text=STAGES)
    consent = serializers.CharField()
    consent_version = serializers.IntegerField()
    guidelines = GuidelinesSerializer(many=True)
    guidelines_unread = serializers.BooleanField()
    criteria = CriterionSerializer(many=True)
    n_calibration = serializers.IntegerField()
    attempt = serializers.IntegerField()
    attempts = serializers.IntegerField()
    gate_in_words = serializers.CharField()
    gate_feedback = serializers.ListField(child=serializers.CharField())
    completion_code = serializers.CharField(help_text="Empty until the study is finished.")
    simulated = serializers.BooleanField()


class RatingProgressSerializer(serializers.Serializer):
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    seconds_median = serializers.FloatField(allow_null=True)
    minutes_left = serializers.IntegerField(allow_null=True)


class MyStudySerializer(serializers.Serializer):
    study_id = serializers.IntegerField()
    title = serializers.CharField()
    stage = serializers.CharField(help_text=STAGES)
    progress = RatingProgressSerializer()
    simulated = serializers.BooleanField()


class VersionSerializer(serializers.Serializer):
    version = serializers.IntegerField(help_text="The version of the text that was read.")


class SubmitSerializer(serializers.Serializer):
    marks = serializers.DictField(
        child=serializers.IntegerField(allow_null=True),
        help_text="Criterion key to 1 … 5, or null for “cannot judge”. Some criteria or all.",
    )
    reasons = serializers.DictField(child=serializers.CharField(), required=False)
    seconds = serializers.FloatField(required=False, allow_null=True, min_value=0, max_value=86_400)
    key = serializers.CharField(
        max_length=80, help_text="New for each submit; the same when it is sent again."
    )
    version = serializers.IntegerField(
        required=False,
        allow_null=True,
        help_text="The card's version as it was fetched; refuses a stale write.",
    )
    finish = serializers.BooleanField(
        required=False, default=True, help_text="False saves without ending the card."
    )


class SubmitResultSerializer(serializers.Serializer):
    version = serializers.IntegerField()
    missing = serializers.ListField(child=serializers.CharField())
    card_done = serializers.BooleanField()
    study_done = serializers.BooleanField()
    replayed = serializers.BooleanField()


class PracticeSerializer(serializers.Serializer):
    marks = serializers.DictField(child=serializers.IntegerField())


class FeedbackCriterionSerializer(serializers.Serializer):
    key = serializers.CharField()
    name = serializers.CharField()
    own = serializers.IntegerField()
    gold = serializers.IntegerField()
    band = serializers.ListField(child=serializers.IntegerField(), min_length=2, max_length=2)
    distance = serializers.IntegerField(help_text="Own minus reference.")
    near = serializers.BooleanField()
    rationale = serializers.CharField()


class FeedbackSerializer(serializers.Serializer):
    card = CardSerializer()
    criteria = FeedbackCriterionSerializer(many=True)
    attempt = serializers.IntegerField()
    last = serializers.BooleanField()


class AnnotatorView(RoomView):
    permission_classes = [MayRate]

    def enrolment(self, study_id: int) -> int:
        """The key of the caller's own enrolment in the study; 403 without one."""
        found = queries.enrolment_of(study_id, self.request.user.pk)
        if found is None:
            raise PermissionDenied("You do not take part in this study.")
        return found

    def own_card(self, study_id: int, token: str) -> queries.BlindedCard:
        self.enrolment(study_id)
        card = queries.blinded_card(token, self.request.user.pk)
        if card is None:
            raise PermissionDenied("This card is not yours, or does not exist. Nothing was stored.")
        return card


class JoinView(RoomView):
    """Join a study by an invitation. Any signed-in person may; joining twice joins once."""

    @extend_schema(request=None, responses={200: JourneySerializer, 409: REFUSALS[409]})
    def post(self, request: Request, token: str) -> Response:
        enrolment_id = enrol_annotator(token=token, annotator_id=request.user.pk)
        return Response(JourneySerializer(queries.journey(enrolment_id)).data)


class MyStudiesView(AnnotatorView):
    """The studies the caller takes part in."""

    @extend_schema(responses=MyStudySerializer(many=True))
    def get(self, request: Request) -> Response:
        return Response(MyStudySerializer(queries.my_studies(request.user.pk), many=True).data)


class JourneyView(AnnotatorView):
    """Where the caller stands in one study."""

    @extend_schema(responses={200: JourneySerializer, 403: REFUSALS[403]})
    def get(self, request: Request, study_id: int) -> Response:
        return Response(JourneySerializer(queries.journey(self.enrolment(study_id))).data)


class ConsentView(AnnotatorView):
    @extend_schema(request=VersionSerializer, responses={200: JourneySerializer, **REFUSALS})
    def post(self, request: Request, study_id: int) -> Response:
        enrolment_id = self.enrolment(study_id)
        give_consent(enrolment_id=enrolment_id, **checked(VersionSerializer(data=request.data)))
        return Response(JourneySerializer(queries.journey(enrolment_id)).data)


class GuidelinesReadView(AnnotatorView):
    @extend_schema(request=VersionSerializer, responses={200: JourneySerializer, **REFUSALS})
    def post(self, request: Request, study_id: int) -> Response:
        enrolment_id = self.enrolment(study_id)
        read_guidelines(enrolment_id=enrolment_id, **checked(VersionSerializer(data=request.data)))
        return Response(JourneySerializer(queries.journey(enrolment_id)).data)


class CalibrationView(AnnotatorView):
    """The next practice card; 204 when this attempt is complete or there is no set."""

    @extend_schema(responses={200: CardSerializer, 204: None, 403: REFUSALS[403]})
    def get(self, request: Request, study_id: int) -> Response:
        enrolment_id = self.enrolment(study_id)
        if queries.journey(enrolment_id).stage != "calibration":
            return Response(status=status.HTTP_204_NO_CONTENT)
        card = queries.calibration_card(enrolment_id)
        return Response(CardSerializer(card).data) if card else Response(status=status.HTTP_204_NO_CONTENT)


class PracticeView(AnnotatorView):
    """Answer one practice card; the comparison with the reference comes back."""

    @extend_schema(request=PracticeSerializer, responses={200: FeedbackSerializer, **REFUSALS})
    def post(self, request: Request, study_id: int, token: str) -> Response:
        enrolment_id = self.enrolment(study_id)
        marks = checked(PracticeSerializer(data=request.data))["marks"]
        outcome = answer_calibration(enrolment_id=enrolment_id, card_token=token, marks=marks)
        feedback = queries.calibration_feedback(enrolment_id, token, outcome.attempt)
        return Response(FeedbackSerializer(feedback).data)


class NextCardView(AnnotatorView):
    """Claim and fetch the next card; 204 when nothing is left for this annotator."""

    @extend_schema(request=None, responses={200: CardSerializer, 204: None, **REFUSALS})
    def post(self, request: Request, study_id: int) -> Response:
        token = claim_placement(enrolment_id=self.enrolment(study_id))
        if token is None:
            return Response(status=status.HTTP_204_NO_CONTENT)
        return Response(CardSerializer(self.own_card(study_id, token)).data)


class CardView(AnnotatorView):
    """One of the caller's own cards: read it, or store marks of it."""

    @extend_schema(responses={200: CardSerializer, 403: REFUSALS[403]})
    def get(self, request: Request, study_id: int, token: str) -> Response:
        return Response(CardSerializer(self.own_card(study_id, token)).data)

    @extend_schema(request=SubmitSerializer, responses={200: SubmitResultSerializer, **REFUSALS})
    def post(self, request: Request, study_id: int, token: str) -> Response:
        self.enrolment(study_id)
        sent = checked(SubmitSerializer(data=request.data))
        result = submit_rating(
            placement_token=token,
            annotator_id=request.user.pk,
            marks=sent["marks"],
            reasons=sent.get("reasons"),
            seconds=sent.get("seconds"),
            key=sent["key"],
            version=sent.get("version"),
            finish=sent["finish"],
        )
        return Response(SubmitResultSerializer(result).data)


class ProgressView(AnnotatorView):
    @extend_schema(responses={200: RatingProgressSerializer, 403: REFUSALS[403]})
    def get(self, request: Request, study_id: int) -> Response:
        return Response(RatingProgressSerializer(queries.progress(self.enrolment(study_id))).data)


# ---- owners


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


class NewStudySerializer(serializers.Serializer):
    """A plan, and either explain runs or the lines of a CSV or JSONL file."""

    title = serializers.CharField(max_length=200)
    description = serializers.CharField(required=False, default="", allow_blank=True)
    language = serializers.CharField(max_length=20, required=False, default="en")
    k = serializers.IntegerField(min_value=1, max_value=100, required=False, default=3)
    n_annotators = serializers.IntegerField(min_value=1, max_value=1000, required=False, default=6)
    gap = serializers.IntegerField(min_value=1, max_value=1000, required=False, default=8)
    seed = serializers.IntegerField(
        min_value=0, max_value=2**63 - 1, required=False, allow_null=True, default=None
    )
    n_cases = serializers.IntegerField(min_value=1, required=False, allow_null=True, default=None)
    n_calibration = serializers.IntegerField(min_value=0, required=False, default=10)
    explain_run_ids = serializers.ListField(child=serializers.IntegerField(), required=False, default=list)
    rows = serializers.CharField(required=False, default="", allow_blank=True, trim_whitespace=False)
    rows_format = serializers.ChoiceField(choices=["csv", "jsonl"], required=False, default="jsonl")


class UnblindSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=1000)


class CloseSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=1000, required=False, default="", allow_blank=True)


class InviteSerializer(serializers.Serializer):
    label = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)
    max_uses = serializers.IntegerField(min_value=1, max_value=10_000, required=False, default=1)
    expires_in_days = serializers.IntegerField(
        min_value=1, max_value=3650, required=False, allow_null=True, default=None
    )


class InvitationSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    token = serializers.CharField()
    label = serializers.CharField()
    uses = serializers.IntegerField()
    max_uses = serializers.IntegerField()
    expires_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)
    usable = serializers.BooleanField()


class AnnotatorSerializer(serializers.Serializer):
    pseudonym = serializers.CharField()
    stage = serializers.CharField(help_text=STAGES)
    gate = serializers.CharField()
    attempt = serializers.IntegerField()
    gate_share = serializers.FloatField(allow_null=True)
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    seconds_median = serializers.FloatField(allow_null=True)
    cannot_judge = serializers.IntegerField()
    same_mark_share = serializers.FloatField(allow_null=True)
    last_seen_at = serializers.DateTimeField()
    simulated = serializers.BooleanField()


class DistributionSerializer(serializers.Serializer):
    key = serializers.CharField()
    name = serializers.CharField()
    counts = serializers.ListField(child=serializers.IntegerField(), min_length=5, max_length=5)
    cannot_judge = serializers.IntegerField()
    mean = serializers.FloatField(allow_null=True)


class MonitorSerializer(serializers.Serializer):
    """Pooled over systems, before and after unblinding."""

    study = StudySerializer()
    seats_taken = serializers.IntegerField()
    annotators = AnnotatorSerializer(many=True)
    criteria = DistributionSerializer(many=True)
    gate_passed = serializers.IntegerField()
    gate_failed = serializers.IntegerField()
    gate_pending = serializers.IntegerField()
    n_withdrawn = serializers.IntegerField()


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


class StudiesView(OwnerView):
    """The caller's studies; a new draft."""

    @extend_schema(responses=StudySerializer(many=True))
    def get(self, request: Request) -> Response:
        rows = queries.studies(None if request.user.is_superuser else request.user.pk)
        return Response(StudySerializer(rows, many=True).data)

    @extend_schema(request=NewStudySerializer, responses={201: StudySerializer, 422: REFUSALS[422]})
    def post(self, request: Request) -> Response:
        sent: Mapping[str, Any] = checked(NewStudySerializer(data=request.data))
        plan = {name: sent[name] for name in sent if name not in {"explain_run_ids", "rows", "rows_format"}}
        built = build_study(
            owner_id=request.user.pk,
            settings=StudySettings(**plan),
            explain_run_ids=sent["explain_run_ids"],
            upload=parse(sent["rows"], sent["rows_format"]) if sent["rows"].strip() else None,
        )
        return Response(
            StudySerializer(queries.study_summary(built.study_id)).data, status=status.HTTP_201_CREATED
        )


class StudyView(OwnerView):
    @extend_schema(responses=StudySerializer)
    def get(self, request: Request, study_id: int) -> Response:
        return Response(StudySerializer(self.study(study_id)).data)


class OpenView(OwnerView):
    """Open and freeze a draft; 409 lists everything that is missing."""

    @extend_schema(request=None, responses={200: StudySerializer, 409: REFUSALS[409]})
    def post(self, request: Request, study_id: int) -> Response:
        open_study(study_id=self.study(study_id).id, by_id=request.user.pk)
        return Response(StudySerializer(self.study(study_id)).data)


class CloseView(OwnerView):
    @extend_schema(request=CloseSerializer, responses={200: StudySerializer, 409: REFUSALS[409]})
    def post(self, request: Request, study_id: int) -> Response:
        sent = checked(CloseSerializer(data=request.data))
        close_study(study_id=self.study(study_id).id, by_id=request.user.pk, reason=sent["reason"])
        return Response(StudySerializer(self.study(study_id)).data)


class UnblindView(OwnerView):
    """Break the seal of a closed study; the reason goes into its ledger."""

    @extend_schema(request=UnblindSerializer, responses={200: StudySerializer, **REFUSALS})
    def post(self, request: Request, study_id: int) -> Response:
        sent = checked(UnblindSerializer(data=request.data))
        unblind_study(study_id=self.study(study_id).id, by_id=request.user.pk, reason=sent["reason"])
        return Response(StudySerializer(self.study(study_id)).data)


class InvitationsView(OwnerView):
    @extend_schema(responses=InvitationSerializer(many=True))
    def get(self, request: Request, study_id: int) -> Response:
        rows = queries.invitations(self.study(study_id).id)
        return Response(InvitationSerializer(rows, many=True).data)

    @extend_schema(request=InviteSerializer, responses={201: InvitationSerializer, **REFUSALS})
    def post(self, request: Request, study_id: int) -> Response:
        sent = checked(InviteSerializer(data=request.data))
        token = invite(study_id=self.study(study_id).id, by_id=request.user.pk, **sent)
        row = next(row for row in queries.invitations(study_id) if row.token == token)
        return Response(InvitationSerializer(row).data, status=status.HTTP_201_CREATED)


class MonitorView(OwnerView):
    @extend_schema(responses=MonitorSerializer)
    def get(self, request: Request, study_id: int) -> Response:
        return Response(MonitorSerializer(queries.monitor(self.study(study_id).id)).data)


urlpatterns: list[URLPattern] = [
    path("join/<str:token>/", JoinView.as_view()),
    path("rate/", MyStudiesView.as_view()),
    path("rate/<int:study_id>/", JourneyView.as_view()),
    path("rate/<int:study_id>/consent/", ConsentView.as_view()),
    path("rate/<int:study_id>/guidelines/", GuidelinesReadView.as_view()),
    path("rate/<int:study_id>/calibration/", CalibrationView.as_view()),
    path("rate/<int:study_id>/calibration/<str:token>/", PracticeView.as_view()),
    path("rate/<int:study_id>/next/", NextCardView.as_view()),
    path("rate/<int:study_id>/cards/<str:token>/", CardView.as_view()),
    path("rate/<int:study_id>/progress/", ProgressView.as_view()),
    path("studies/", StudiesView.as_view()),
    path("studies/<int:study_id>/", StudyView.as_view()),
    path("studies/<int:study_id>/open/", OpenView.as_view()),
    path("studies/<int:study_id>/close/", CloseView.as_view()),
    path("studies/<int:study_id>/unblind/", UnblindView.as_view()),
    path("studies/<int:study_id>/invitations/", InvitationsView.as_view()),
    path("studies/<int:study_id>/monitor/", MonitorView.as_view()),
]
