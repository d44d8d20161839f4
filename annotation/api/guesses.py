"""The blind guess over REST, for owners: what is asked, how many answered, which kind each system is."""

from dataclasses import asdict

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.guess import WriterKindSerializer
from annotation.api.owners import OwnerView, refused_as
from annotation.api.room import CONFLICT, checked, file_of
from annotation.design.formats import CONTENT_TYPES
from annotation.design.guessing import MOST_CARDS, SHIPPED_KINDS, GuessPlan, WriterKind
from annotation.guess_queries import guess_count
from annotation.services.export_guesses import export_guesses
from annotation.services.plan_guess import plan_guess
from annotation.services.tell_kinds import tell_kinds, writers


class GuessPlanSerializer(serializers.Serializer):
    n_cards = serializers.IntegerField(min_value=1, max_value=MOST_CARDS, required=False, default=5)
    kinds = WriterKindSerializer(many=True, required=False, help_text="The shipped ones when left out.")


class AskedPlanSerializer(GuessPlanSerializer):
    """What is asked, and how it was received; pooled over systems."""

    asked = serializers.BooleanField()
    n_cards = serializers.IntegerField(help_text="0 where nothing is asked.")
    kinds = WriterKindSerializer(many=True)
    n_answered = serializers.IntegerField()
    n_passed_over = serializers.IntegerField()
    n_guesses = serializers.IntegerField()


class GuessPlanView(OwnerView):
    @extend_schema(operation_id="annotation_studies_guess_plan", responses={200: AskedPlanSerializer})
    def get(self, request: Request, study_id: int) -> Response:
        """What is asked after the last card, if anything, and how many answered."""
        study = self.study(study_id)
        plan = {"asked": study.guess is not None, "n_cards": 0, "kinds": ()}
        if study.guess is not None:
            plan |= {"n_cards": study.guess.n_cards, "kinds": study.guess.kinds}
        return Response(AskedPlanSerializer({**plan, **asdict(guess_count(study.id))}).data)

    @extend_schema(request=GuessPlanSerializer, responses={200: AskedPlanSerializer, **CONFLICT})
    def put(self, request: Request, study_id: int) -> Response:
        """Ask it, or change what is asked, in a draft; 409 once it was opened."""
        study = self.study(study_id)
        sent = checked(GuessPlanSerializer(data=request.data))
        kinds = tuple(WriterKind(**kind) for kind in sent.get("kinds") or ()) or SHIPPED_KINDS
        with refused_as("kinds"):
            plan_guess(study_id=study.id, plan=GuessPlan(sent["n_cards"], kinds))
        return self.get(request, study_id)

    @extend_schema(responses={204: None, **CONFLICT})
    def delete(self, request: Request, study_id: int) -> Response:
        """Ask nothing after the last card of a draft."""
        plan_guess(study_id=self.study(study_id).id, plan=None)
        return Response(status=status.HTTP_204_NO_CONTENT)


class WriterSerializer(serializers.Serializer):
    name = serializers.CharField()
    label = serializers.CharField()
    kind = serializers.CharField(help_text="Key of a kind; empty where it is none of them, or nobody said.")
    told = serializers.BooleanField()


class KindsSerializer(serializers.Serializer):
    kinds = serializers.DictField(
        child=serializers.CharField(max_length=40, allow_blank=True),
        help_text="Every system's name to the key of a kind, or to an empty text for none of them.",
    )


class KindsView(OwnerView):
    @extend_schema(responses={200: WriterSerializer(many=True), **CONFLICT})
    def get(self, request: Request, study_id: int) -> Response:
        """The systems of an unblinded study and what was said of them; 409 before."""
        return Response(WriterSerializer(writers(self.study(study_id).id), many=True).data)

    @extend_schema(request=KindsSerializer, responses={200: WriterSerializer(many=True), **CONFLICT})
    def put(self, request: Request, study_id: int) -> Response:
        """Say which kind of writer each system of an unblinded study is; the ledger keeps every word."""
        own = self.study(study_id).id
        tell_kinds(study_id=own, by_id=request.user.pk, **checked(KindsSerializer(data=request.data)))
        return Response(WriterSerializer(writers(own), many=True).data)


class GuessesView(OwnerView):
    @extend_schema(
        responses={(200, kind): OpenApiTypes.BINARY for kind in CONTENT_TYPES.values()},
        parameters=[OpenApiParameter("form", enum=list(CONTENT_TYPES), location="path")],
    )
    def get(self, request: Request, study_id: int, form: str) -> StreamingHttpResponse:
        """Every guess as a file, without systems; the header Rows says how many there are."""
        return file_of("guesses", self.study(study_id).id, form, export_guesses)
