"""The owner's calibration set and monitor over REST; everything is pooled over systems."""

from dataclasses import fields

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings

from annotation import overview
from annotation.api.owners import OwnerView
from annotation.api.room import CONFLICT, STAGES, BlindedItemSerializer, Conflict, MarkField, checked, file_of
from annotation.api.study_serializers import RowsSerializer, StudySerializer
from annotation.design.exclusions import RULES
from annotation.design.formats import CONTENT_TYPES
from annotation.services.exclude_annotator import exclude_annotator, readmit_annotator
from annotation.services.export_ratings import export_ratings
from annotation.services.import_calibration import import_calibration
from annotation.services.set_gold import set_gold
from annotation.services.withdraw_consent import erase_marks
from annotation.views.watching import watch


class NearSerializer(serializers.Serializer):
    """How many marks on hidden cards lie near what they are held against."""

    n_cards = serializers.IntegerField()
    n_marks = serializers.IntegerField()
    exact = serializers.FloatField()
    near = serializers.FloatField()
    interval = serializers.ListField(
        child=serializers.FloatField(), min_length=2, max_length=2, help_text="95%, of near."
    )
    leaning = serializers.FloatField(help_text="Mean of the own mark less the other: above 0 is higher.")


class ChangeSerializer(serializers.Serializer):
    """A mean difference in points of the scale."""

    n = serializers.IntegerField()
    value = serializers.FloatField()
    interval = serializers.ListField(
        child=serializers.FloatField(), min_length=2, max_length=2, allow_null=True, help_text="95%."
    )


class DriftSerializer(serializers.Serializer):
    n_cards = serializers.IntegerField()
    slope = ChangeSerializer(help_text="Over the whole session, by least squares.")
    ends = ChangeSerializer(help_text="The last third of the cards less the first.")


class JudgingSerializer(serializers.Serializer):
    """How an annotator judges: main cards, and hidden ones beside them."""

    entropy = serializers.FloatField(allow_null=True, help_text="Of the marks, in bits; at most 2.32.")
    severity = ChangeSerializer(allow_null=True, help_text="From others on the same cards; above 0 is mild.")
    drift = DriftSerializer(allow_null=True)
    repeats = NearSerializer(allow_null=True)
    gold = NearSerializer(allow_null=True)
    attention = serializers.ListField(
        child=serializers.BooleanField(), help_text="Each attention check answered so far: passed or not."
    )
    recheck = ChangeSerializer(
        allow_null=True, help_text="How much further from the reference than in calibration."
    )
    all_answered = serializers.BooleanField(help_text="No hidden card waits for its answer.")


class AnnotatorSerializer(serializers.Serializer):
    pseudonym = serializers.CharField()
    username = serializers.CharField()
    stage = serializers.CharField(help_text=STAGES)
    gate = serializers.CharField()
    attempt = serializers.IntegerField()
    gate_share = serializers.FloatField(allow_null=True)
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    seconds_median = serializers.FloatField(allow_null=True)
    cards_an_hour = serializers.FloatField(allow_null=True)
    cannot_judge = serializers.IntegerField()
    same_mark_share = serializers.FloatField(allow_null=True)
    judging = JudgingSerializer()
    last_seen_at = serializers.DateTimeField()
    simulated = serializers.BooleanField()


class DistributionSerializer(serializers.Serializer):
    key = serializers.CharField()
    name = serializers.CharField()
    labels = serializers.ListField(child=serializers.CharField())
    counts = serializers.ListField(child=serializers.IntegerField(), min_length=5, max_length=5)
    cannot_judge = serializers.IntegerField()
    mean = serializers.FloatField(allow_null=True)


class CoverageSerializer(serializers.Serializer):
    n_raters = serializers.IntegerField()
    n_cases = serializers.IntegerField(help_text="Cases rated completely by so many annotators.")


class FigureSerializer(serializers.Serializer):
    label = serializers.CharField()
    value = serializers.CharField()
    unit = serializers.CharField()
    note = serializers.CharField()


class FlagSerializer(serializers.Serializer):
    who = serializers.CharField()
    text = serializers.CharField()


class ProposedSerializer(serializers.Serializer):
    """Somebody whom a rule of the plan would exclude, if the owner does so."""

    enrolment_id = serializers.IntegerField()
    who = serializers.CharField()
    rule = serializers.ChoiceField(choices=list(RULES))
    text = serializers.CharField()


class MonitorSerializer(serializers.Serializer):
    """Pooled over systems, before and after unblinding."""

    study = StudySerializer()
    seats_taken = serializers.IntegerField()
    annotators = AnnotatorSerializer(many=True)
    criteria = DistributionSerializer(many=True)
    coverage = CoverageSerializer(many=True)
    gate_passed = serializers.IntegerField()
    gate_failed = serializers.IntegerField()
    gate_pending = serializers.IntegerField()
    n_withdrawn = serializers.IntegerField()
    figures = FigureSerializer(many=True)
    flags = FlagSerializer(many=True, help_text="What an owner may want to look at; nobody is excluded.")
    candidates = ProposedSerializer(
        many=True, help_text="Whom the plan's rules would exclude; PUT …/exclusion/ confirms it."
    )


class MonitorView(OwnerView):
    @extend_schema(responses=MonitorSerializer)
    def get(self, request: Request, study_id: int) -> Response:
        """How the study goes: figures, flags, a line an annotator, marks pooled over systems."""
        seen = watch(self.study(study_id).id)
        told = {field.name: getattr(seen.monitor, field.name) for field in fields(seen.monitor)}
        told |= {"figures": seen.figures, "flags": seen.flags, "candidates": seen.candidates}
        return Response(MonitorSerializer(told).data)


class MarksView(OwnerView):
    @extend_schema(responses={204: None, **CONFLICT})
    def delete(self, request: Request, study_id: int, enrolment_id: int) -> Response:
        """Erase the marks of an annotator who withdrew and asked for it."""
        erase_marks(study_id=self.study(study_id).id, enrolment_id=enrolment_id, by_id=request.user.pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ExclusionSerializer(serializers.Serializer):
    rule = serializers.ChoiceField(choices=list(RULES))
    reason = serializers.CharField(max_length=500)


class ReadmissionSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=500)


class CountedSerializer(serializers.Serializer):
    marks = serializers.IntegerField()


class ExclusionView(OwnerView):
    @extend_schema(request=ExclusionSerializer, responses={200: CountedSerializer, **CONFLICT})
    def put(self, request: Request, study_id: int, enrolment_id: int) -> Response:
        """Leave an annotator's marks out of all results from now on; the ledger keeps rule and reason."""
        own = self.study(study_id).id
        said = checked(ExclusionSerializer(data=request.data))
        n = exclude_annotator(study_id=own, enrolment_id=enrolment_id, by_id=request.user.pk, **said)
        return Response({"marks": n})

    @extend_schema(
        request=None,
        parameters=[OpenApiParameter("reason", required=True)],
        responses={200: CountedSerializer, **CONFLICT},
    )
    def delete(self, request: Request, study_id: int, enrolment_id: int) -> Response:
        """Take an exclusion back."""
        own = self.study(study_id).id
        said = checked(ReadmissionSerializer(data=request.query_params))
        n = readmit_annotator(study_id=own, enrolment_id=enrolment_id, by_id=request.user.pk, **said)
        return Response({"marks": n})


class RatingsView(OwnerView):
    @extend_schema(
        responses={(200, kind): OpenApiTypes.BINARY for kind in CONTENT_TYPES.values()},
        parameters=[OpenApiParameter("form", enum=list(CONTENT_TYPES), location="path")],
    )
    def get(self, request: Request, study_id: int, form: str) -> StreamingHttpResponse:
        """Every mark as a file, without systems, withdrawn ones marked; the header Rows says how many there are."""
        return file_of("ratings", self.study(study_id).id, form, export_ratings)


class GoldMarkSerializer(serializers.Serializer):
    criterion = serializers.CharField()
    name = serializers.CharField()
    value = serializers.IntegerField(allow_null=True)
    rationale = serializers.CharField()
    experts = serializers.DictField(
        child=serializers.IntegerField(), help_text="Expert to mark, where the reference is a consensus."
    )


class GoldCardSerializer(serializers.Serializer):
    """A calibration card as the owner marks it: as blind as everybody."""

    token = serializers.CharField()
    number = serializers.IntegerField()
    case_history = BlindedItemSerializer(many=True)
    item = BlindedItemSerializer()
    explanation = serializers.CharField()
    marks = GoldMarkSerializer(many=True)


class SetGoldSerializer(serializers.Serializer):
    marks = serializers.DictField(
        child=MarkField(), help_text="Criterion key to 1 … 5; some criteria or all."
    )
    rationales = serializers.DictField(
        child=serializers.CharField(allow_blank=True), required=False, help_text="Why, by criterion key."
    )


class DisagreementSerializer(serializers.Serializer):
    """First attempts at one card on one criterion."""

    card = serializers.IntegerField(help_text="The card's number.")
    criterion = serializers.CharField()
    gold = serializers.IntegerField()
    counts = serializers.ListField(child=serializers.IntegerField(), min_length=5, max_length=5)
    n_far = serializers.IntegerField(help_text="Marks further from the reference than the gate tolerates.")


class CalibrationSetView(OwnerView):
    parser_classes = [*api_settings.DEFAULT_PARSER_CLASSES, MultiPartParser]

    @extend_schema(responses=GoldCardSerializer(many=True))
    def get(self, request: Request, study_id: int) -> Response:
        """The calibration cards with the reference marks given so far."""
        return Response(GoldCardSerializer(overview.gold_cards(self.study(study_id).id), many=True).data)

    @extend_schema(
        operation_id="annotation_studies_calibration_import",
        request=RowsSerializer,
        responses={200: GoldCardSerializer(many=True), **CONFLICT},
    )
    def put(self, request: Request, study_id: int) -> Response:
        """Replace a draft's calibration set by a file of texts, items, marks and reasons.

        A faulty file is refused whole, line by line, and the old set is kept.
        """
        study = self.study(study_id)
        import_calibration(study_id=study.id, **checked(RowsSerializer(data=request.data)))
        return Response(GoldCardSerializer(overview.gold_cards(study.id), many=True).data)


class GoldView(OwnerView):
    @extend_schema(request=SetGoldSerializer, responses={200: GoldCardSerializer, **CONFLICT})
    def put(self, request: Request, study_id: int, token: str) -> Response:
        """Store the reference marks of one calibration card of a draft."""
        study = self.study(study_id)
        if token not in {card.token for card in overview.gold_cards(study.id)}:
            raise NotFound("This is not a calibration card of this study.")
        if study.status != "draft":
            raise Conflict("The study was opened: its reference marks are frozen. Nothing was changed.")
        set_gold(study_id=study.id, card_token=token, **checked(SetGoldSerializer(data=request.data)))
        stored = next(card for card in overview.gold_cards(study.id) if card.token == token)
        return Response(GoldCardSerializer(stored).data)


class DisagreementView(OwnerView):
    @extend_schema(responses=DisagreementSerializer(many=True))
    def get(self, request: Request, study_id: int) -> Response:
        """Where annotators left the reference in their first attempt, by card and criterion."""
        cells = overview.calibration_disagreement(self.study(study_id).id)
        return Response(DisagreementSerializer(cells, many=True).data)
