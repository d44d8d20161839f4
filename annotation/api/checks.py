"""What is hidden among the cards over REST, for owners."""

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.owners import OwnerView, refused_as
from annotation.api.room import CONFLICT, checked
from annotation.design.checks import (
    MOST_CARDS,
    MOST_SHARE,
    Amount,
    AttentionText,
    CheckPlan,
    ExclusionRules,
    Recheck,
    attention_texts,
)
from annotation.design.plan import LONGEST_TEXT
from annotation.design.scales import POINTS
from annotation.services.plan_checks import plan_checks


class AmountSerializer(serializers.Serializer):
    """A number of an annotator's cards, or a share of them; one of the two."""

    n = serializers.IntegerField(min_value=0, max_value=MOST_CARDS, required=False, default=0)
    share = serializers.FloatField(min_value=0, max_value=MOST_SHARE, required=False, default=0.0)

    def validate(self, sent: dict[str, Any]) -> dict[str, Any]:
        if sent["n"] and sent["share"]:
            raise serializers.ValidationError({"share": ["Send a number or a share, not both."]})
        return super().validate(sent)


class AttentionTextSerializer(serializers.Serializer):
    text = serializers.CharField(max_length=LONGEST_TEXT, help_text="Says in figures the mark it asks for.")
    mark = serializers.IntegerField(min_value=POINTS[0], max_value=POINTS[-1])


class RecheckSerializer(serializers.Serializer):
    """Cards of the calibration set, shown again one after the other."""

    after = serializers.IntegerField(min_value=1, max_value=10_000, help_text="Main cards before it.")
    n = serializers.IntegerField(min_value=1, max_value=MOST_CARDS, required=False, default=3)
    feedback = serializers.BooleanField(
        required=False, default=False, help_text="Show the reference after each."
    )


class RulesSerializer(serializers.Serializer):
    """What makes an annotator a candidate for exclusion; null is no rule. A person excludes."""

    attention_failed = serializers.IntegerField(
        min_value=0, max_value=MOST_CARDS, required=False, allow_null=True, default=None
    )
    gold_near = serializers.FloatField(
        min_value=0, max_value=1, required=False, allow_null=True, default=None
    )
    repeats_near = serializers.FloatField(
        min_value=0, max_value=1, required=False, allow_null=True, default=None
    )


class CheckPlanSerializer(serializers.Serializer):
    repeats = AmountSerializer(required=False)
    repeat_gap = serializers.IntegerField(min_value=1, max_value=1000, required=False, default=10)
    attention = serializers.IntegerField(
        min_value=0, max_value=MOST_CARDS, required=False, default=0, help_text="Everybody meets each once."
    )
    texts = AttentionTextSerializer(
        many=True, required=False, help_text="They take turns; the shipped ones when left out."
    )
    gold = AmountSerializer(required=False)
    recheck = RecheckSerializer(required=False, allow_null=True, default=None)
    rules = RulesSerializer(required=False)


class ChecksView(OwnerView):
    @extend_schema(operation_id="annotation_studies_checks", responses={200: CheckPlanSerializer})
    def get(self, request: Request, study_id: int) -> Response:
        """What is hidden among the cards: repeats, attention checks, gold cards, a re-check."""
        plan = self.study(study_id).checks or CheckPlan()
        return Response(CheckPlanSerializer(asdict(plan)).data)

    @extend_schema(request=CheckPlanSerializer, responses={200: CheckPlanSerializer, **CONFLICT})
    def put(self, request: Request, study_id: int) -> Response:
        """Plan it in a draft; 409 once it was opened, 422 with every reason why it cannot be."""
        study = self.study(study_id)
        sent = checked(CheckPlanSerializer(data=request.data))
        texts = tuple(AttentionText(**one) for one in sent.get("texts") or ())
        if sent["attention"] and not texts:
            texts = attention_texts(study.language)
        plan = CheckPlan(
            repeats=Amount(**sent.get("repeats", {})),
            repeat_gap=sent["repeat_gap"],
            attention=sent["attention"],
            texts=texts if sent["attention"] else (),
            gold=Amount(**sent.get("gold", {})),
            recheck=Recheck(**sent["recheck"]) if sent["recheck"] else None,
            rules=ExclusionRules(**sent.get("rules", {})),
        )
        with refused_as("checks"):
            plan_checks(study_id=study.id, plan=plan)
        return self.get(request, study_id)

    @extend_schema(responses={204: None, **CONFLICT})
    def delete(self, request: Request, study_id: int) -> Response:
        """Hide nothing among the cards of a draft."""
        plan_checks(study_id=self.study(study_id).id, plan=None)
        return Response(status=status.HTTP_204_NO_CONTENT)
