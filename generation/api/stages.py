"""The endpoint that says what each stage may be asked for."""

import dataclasses
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from generation.api.room import MayRunGeneration
from generation.models import Stage
from generation.services.parameters import PARAMETERS, choices_of


class ParameterSerializer(serializers.Serializer):
    name = serializers.CharField()
    label = serializers.CharField()
    help = serializers.CharField()
    type = serializers.CharField()
    default = serializers.JSONField(allow_null=True)
    choices = serializers.DictField(child=serializers.CharField())


class StageSerializer(serializers.Serializer):
    stage = serializers.CharField()
    label = serializers.CharField()
    parameters = ParameterSerializer(many=True)


class StagesView(APIView):
    """What each stage may be asked for."""

    permission_classes = [MayRunGeneration]

    @extend_schema(responses={200: StageSerializer(many=True)})
    def get(self, request: Request) -> Response:
        """The stages in order, with their parameters, defaults and choices."""
        stages = [
            {"stage": stage.value, "label": stage.label, "parameters": _parameters(stage)} for stage in Stage
        ]
        return Response(StageSerializer(stages, many=True).data)


def _parameters(stage: str) -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "label": one.metadata["label"],
            "help": one.metadata["help"],
            "type": one.type,
            "default": {} if one.default is dataclasses.MISSING else one.default,
            "choices": choices_of(one),
        }
        for one in dataclasses.fields(PARAMETERS[stage])
    ]
