"""The blind guess over REST, for annotators: what is asked, and the answer, once."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from annotation import journey_queries
from annotation.api.rating import AnnotatorView, JourneySerializer
from annotation.api.room import CONFLICT, BlindedItemSerializer, checked
from annotation.design.guessing import LONGEST_LABEL
from annotation.guess_queries import guess_cards, guess_plan
from annotation.services.answer_guess import answer_guess
from annotation.services.check_blindness import check_blindness


class WriterKindSerializer(serializers.Serializer):
    key = serializers.SlugField(max_length=40)
    label = serializers.CharField(max_length=LONGEST_LABEL)


class GuessCardSerializer(serializers.Serializer):
    """A GuessCard and nothing else."""

    token = serializers.CharField()
    item = BlindedItemSerializer()
    explanation = serializers.CharField()
    language = serializers.CharField()


class AskedSerializer(serializers.Serializer):
    kinds = WriterKindSerializer(many=True, help_text="`cannot-say` is offered beside them.")
    cards = GuessCardSerializer(many=True)


class AnswerSerializer(serializers.Serializer):
    guesses = serializers.DictField(
        child=serializers.CharField(max_length=40),
        help_text="Token of a card to the key of a kind, or `cannot-say`; empty passes the question over.",
    )


class GuessView(AnnotatorView):
    @extend_schema(responses={200: AskedSerializer, 204: None})
    def get(self, request: Request, study_id: int) -> Response:
        """Which cards the writer is asked for, and among which kinds; 204 unless it is the caller's next step."""
        enrolment_id = self.enrolment(study_id)
        plan = guess_plan(study_id)
        if plan is None or journey_queries.standing(enrolment_id).stage != "guess":
            return Response(status=status.HTTP_204_NO_CONTENT)
        check_blindness(study_id=study_id, person_id=request.user.pk)
        return Response(AskedSerializer({"kinds": plan.kinds, "cards": guess_cards(enrolment_id)}).data)

    @extend_schema(request=AnswerSerializer, responses={200: JourneySerializer, **CONFLICT})
    def post(self, request: Request, study_id: int) -> Response:
        """Answer it, once. The same answer sent again changes nothing; another one is refused."""
        enrolment_id = self.enrolment(study_id)
        answer_guess(enrolment_id=enrolment_id, **checked(AnswerSerializer(data=request.data)))
        return Response(JourneySerializer(journey_queries.journey(enrolment_id)).data)
