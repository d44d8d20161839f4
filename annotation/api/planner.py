"""What a design costs and can show, over REST; nothing is stored."""

from dataclasses import asdict

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.owners import OwnerView
from annotation.api.room import checked
from annotation.design.assignment import ImpossiblePlan
from annotation.design.plan import DESIGNS
from annotation.design.planning import PlannedDesign, cost_of


class PlannedDesignSerializer(serializers.Serializer):
    """A design somebody thinks of; what is left out has its default."""

    design = serializers.ChoiceField(choices=DESIGNS, required=False)
    n_cases = serializers.IntegerField(required=False, min_value=1, max_value=100_000)
    n_systems = serializers.IntegerField(required=False, min_value=1, max_value=50)
    k = serializers.IntegerField(required=False, min_value=1, max_value=100)
    n_annotators = serializers.IntegerField(required=False, min_value=1, max_value=1000)
    n_calibration = serializers.IntegerField(required=False, min_value=0, max_value=1000)
    n_hidden = serializers.IntegerField(required=False, min_value=0, max_value=1000)
    n_criteria = serializers.IntegerField(required=False, min_value=1, max_value=20)
    seconds_a_card = serializers.FloatField(required=False, min_value=1, max_value=3600)
    dz = serializers.FloatField(required=False, min_value=0.01, max_value=5)
    significance = serializers.FloatField(required=False, min_value=0.0001, max_value=0.5)
    kappa = serializers.FloatField(required=False, min_value=0, max_value=0.99)


class CostSerializer(serializers.Serializer):
    n_cards = serializers.IntegerField()
    n_ratings = serializers.IntegerField()
    cards_least = serializers.IntegerField()
    cards_most = serializers.IntegerField()
    minutes_most = serializers.FloatField()
    hours_all = serializers.FloatField()
    power = serializers.FloatField()
    cases_needed = serializers.IntegerField()
    comparisons = serializers.IntegerField()
    power_corrected = serializers.FloatField()
    kappa_low = serializers.FloatField(allow_null=True, help_text="null below two annotators a card.")
    kappa_high = serializers.FloatField(allow_null=True)


class PlannerView(OwnerView):
    @extend_schema(parameters=[PlannedDesignSerializer], responses=CostSerializer)
    def get(self, request: Request) -> Response:
        """What a design costs in people and minutes, and what it can show. Stores nothing."""
        plan = PlannedDesign(**checked(PlannedDesignSerializer(data=request.query_params)))
        try:
            cost = asdict(cost_of(plan))
        except ImpossiblePlan as problem:
            raise serializers.ValidationError({"non_field_errors": [str(problem)]}) from None
        told = {name: None if value != value else value for name, value in cost.items()}  # NaN is no JSON
        return Response(CostSerializer(told).data)
