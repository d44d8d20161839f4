"""The annotator's way over REST: join, consent, read, practise, rate. Everything shown is blind."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from annotation import calibration_queries, card_queries, journey_queries
from annotation.api.room import (
    CONFLICT,
    STAGES,
    BlindedItemSerializer,
    CriterionSerializer,
    GuidelinesSerializer,
    MarkField,
    MayRate,
    RoomView,
    checked,
)
from annotation.design.blinding import BlindedCard
from annotation.services.answer_calibration import answer_calibration
from annotation.services.claim_placement import claim_placement
from annotation.services.enrol_annotator import enrol_annotator
from annotation.services.give_consent import give_consent
from annotation.services.read_guidelines import read_guidelines
from annotation.services.refusals import OutOfTurn
from annotation.services.submit_rating import submit_rating
from annotation.services.withdraw_consent import withdraw_consent


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
    side_by_side = serializers.BooleanField(help_text="The texts of a case come together, as a board.")


class RatingProgressSerializer(serializers.Serializer):
    """In cards; side by side, in boards."""

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
        child=MarkField(allow_null=True),
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
    marks = serializers.DictField(child=MarkField())
    attempt = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=32_767,
        help_text="The journey's attempt when the card was fetched; an answer sent again is then never taken "
        "for one of the next attempt.",
    )


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
        found = journey_queries.enrolment_of(study_id, self.request.user.pk)
        if found is None:
            raise PermissionDenied("You do not take part in this study.")
        return found

    def own_card(self, study_id: int, token: str) -> BlindedCard:
        self.enrolment(study_id)
        card = card_queries.blinded_card(token, self.request.user.pk)
        if card is None:
            raise PermissionDenied("This card is not yours, or does not exist. Nothing was stored.")
        return card


class InvitationViewSerializer(serializers.Serializer):
    study_title = serializers.CharField()
    description = serializers.CharField()
    usable = serializers.BooleanField()
    why_not = serializers.CharField(help_text="Empty while it can be used.")


class JoinView(RoomView):
    """An invitation, as the person who follows its link meets it."""

    def get_permissions(self) -> list[BasePermission]:
        return [AllowAny() if self.request.method == "GET" else IsAuthenticated()]

    @extend_schema(auth=[{}], responses=InvitationViewSerializer)
    def get(self, request: Request, token: str) -> Response:
        """What the invitation leads to; anybody with the link may read it."""
        return Response(InvitationViewSerializer(self.invitation(token)).data)

    @extend_schema(request=None, responses={200: JourneySerializer, **CONFLICT})
    def post(self, request: Request, token: str) -> Response:
        """Join the study. Any signed-in person may, owners excepted; joining twice joins once."""
        self.invitation(token)
        enrolment_id = enrol_annotator(token=token, annotator_id=request.user.pk)
        return Response(JourneySerializer(journey_queries.journey(enrolment_id)).data)

    @staticmethod
    def invitation(token: str) -> journey_queries.InvitationView:
        found = journey_queries.invitation(token)
        if found is None:
            raise NotFound("There is no such invitation. Check that the link was copied whole.")
        return found


class MyStudiesView(AnnotatorView):
    """The studies the caller takes part in."""

    @extend_schema(responses=MyStudySerializer(many=True))
    def get(self, request: Request) -> Response:
        return Response(MyStudySerializer(journey_queries.my_studies(request.user.pk), many=True).data)


class JourneyView(AnnotatorView):
    """Where the caller stands in one study."""

    @extend_schema(responses={200: JourneySerializer})
    def get(self, request: Request, study_id: int) -> Response:
        return Response(JourneySerializer(journey_queries.journey(self.enrolment(study_id))).data)


class ConsentView(AnnotatorView):
    @extend_schema(request=VersionSerializer, responses={200: JourneySerializer, **CONFLICT})
    def post(self, request: Request, study_id: int) -> Response:
        enrolment_id = self.enrolment(study_id)
        give_consent(enrolment_id=enrolment_id, **checked(VersionSerializer(data=request.data)))
        return Response(JourneySerializer(journey_queries.journey(enrolment_id)).data)


class WithdrawalSerializer(serializers.Serializer):
    erase = serializers.BooleanField(
        required=False, default=False, help_text="Also ask that the marks be erased."
    )


class WithdrawalView(AnnotatorView):
    @extend_schema(request=WithdrawalSerializer, responses={200: JourneySerializer})
    def post(self, request: Request, study_id: int) -> Response:
        """Withdraw consent, for good: no mark counts from now on."""
        enrolment_id = self.enrolment(study_id)
        withdraw_consent(enrolment_id=enrolment_id, **checked(WithdrawalSerializer(data=request.data)))
        return Response(JourneySerializer(journey_queries.journey(enrolment_id)).data)


class GuidelinesReadView(AnnotatorView):
    @extend_schema(request=VersionSerializer, responses={200: JourneySerializer, **CONFLICT})
    def post(self, request: Request, study_id: int) -> Response:
        enrolment_id = self.enrolment(study_id)
        read_guidelines(enrolment_id=enrolment_id, **checked(VersionSerializer(data=request.data)))
        return Response(JourneySerializer(journey_queries.journey(enrolment_id)).data)


class CalibrationView(AnnotatorView):
    """The next practice card; 204 when this attempt is complete or there is no set."""

    @extend_schema(responses={200: CardSerializer, 204: None})
    def get(self, request: Request, study_id: int) -> Response:
        enrolment_id = self.enrolment(study_id)
        if journey_queries.standing(enrolment_id).stage != "calibration":
            return Response(status=status.HTTP_204_NO_CONTENT)
        card = calibration_queries.calibration_card(enrolment_id)
        return Response(CardSerializer(card).data) if card else Response(status=status.HTTP_204_NO_CONTENT)


class PracticeView(AnnotatorView):
    @extend_schema(operation_id="annotation_rate_calibration_feedback", responses=FeedbackSerializer)
    def get(self, request: Request, study_id: int, token: str) -> Response:
        """The caller's last answer to a practice card beside the reference.

        404 before it is answered, and amid the rating where the plan shows cards of the practice again.
        """
        feedback = calibration_queries.calibration_feedback(self.enrolment(study_id), token)
        if feedback is None:
            raise NotFound(
                "You have not answered such a practice card, or it may come again among your cards."
            )
        return Response(FeedbackSerializer(feedback).data)

    @extend_schema(request=PracticeSerializer, responses={200: FeedbackSerializer, **CONFLICT})
    def post(self, request: Request, study_id: int, token: str) -> Response:
        """Answer one practice card; the comparison with the reference comes back.

        Sent again, nothing changes: the first answer stands, since its comparison has been read.
        """
        enrolment_id = self.enrolment(study_id)
        sent = checked(PracticeSerializer(data=request.data))
        outcome = answer_calibration(
            enrolment_id=enrolment_id,
            card_token=token,
            marks=sent["marks"],
            attempt=sent.get("attempt"),
        )
        feedback = calibration_queries.calibration_feedback(enrolment_id, token, outcome.attempt)
        if feedback is None:
            raise OutOfTurn("The first answer stands; its comparison is not shown while you rate.")
        return Response(FeedbackSerializer(feedback).data)


class NextCardView(AnnotatorView):
    """Claim and fetch the next card; 204 when nothing is left for this annotator."""

    @extend_schema(request=None, responses={200: CardSerializer, 204: None, **CONFLICT})
    def post(self, request: Request, study_id: int) -> Response:
        enrolment_id = self.enrolment(study_id)
        if journey_queries.standing(enrolment_id).side_by_side:
            raise OutOfTurn("This study shows the texts of a case side by side: ask for the next board.")
        token = claim_placement(enrolment_id=enrolment_id)
        if token is None:
            return Response(status=status.HTTP_204_NO_CONTENT)
        return Response(CardSerializer(self.own_card(study_id, token)).data)


class CardView(AnnotatorView):
    """One of the caller's own cards: read it, or store marks of it."""

    @extend_schema(responses={200: CardSerializer})
    def get(self, request: Request, study_id: int, token: str) -> Response:
        return Response(CardSerializer(self.own_card(study_id, token)).data)

    @extend_schema(request=SubmitSerializer, responses={200: SubmitResultSerializer, **CONFLICT})
    def post(self, request: Request, study_id: int, token: str) -> Response:
        self.enrolment(study_id)
        sent = checked(SubmitSerializer(data=request.data))
        result = submit_rating(
            placement_token=token,
            annotator_id=request.user.pk,
            study_id=study_id,
            marks=sent["marks"],
            reasons=sent.get("reasons"),
            seconds=sent.get("seconds"),
            key=sent["key"],
            version=sent.get("version"),
            finish=sent["finish"],
        )
        return Response(SubmitResultSerializer(result).data)


class CardFeedbackView(AnnotatorView):
    @extend_schema(responses={200: FeedbackSerializer})
    def get(self, request: Request, study_id: int, token: str) -> Response:
        """The caller's marks of a card beside the reference, where the study shows it after the card; 404 elsewhere."""
        self.own_card(study_id, token)
        feedback = calibration_queries.recheck_feedback(token, request.user.pk)
        if feedback is None:
            raise NotFound("Of this card no comparison is shown.")
        return Response(FeedbackSerializer(feedback).data)


class PreviousCardView(AnnotatorView):
    @extend_schema(responses={200: CardSerializer, 204: None})
    def get(self, request: Request, study_id: int, token: str) -> Response:
        """The card before one of the caller's own, to look at it again; 204 when it is the first."""
        self.own_card(study_id, token)
        earlier = card_queries.previous_token(token, request.user.pk)
        if earlier is None:
            return Response(status=status.HTTP_204_NO_CONTENT)
        return Response(CardSerializer(self.own_card(study_id, earlier)).data)


class ProgressView(AnnotatorView):
    @extend_schema(responses={200: RatingProgressSerializer})
    def get(self, request: Request, study_id: int) -> Response:
        return Response(RatingProgressSerializer(card_queries.progress(self.enrolment(study_id))).data)
