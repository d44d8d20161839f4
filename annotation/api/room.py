"""What every endpoint of this room shares: who may, and how a refusal is told."""

from collections.abc import Callable
from typing import Any, ClassVar, cast, get_args

from django.http import StreamingHttpResponse
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, NotFound, PermissionDenied, ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation import journey_queries
from annotation.design.formats import CONTENT_TYPES, ExportFormat
from annotation.design.scales import OutOfScale
from annotation.models.frozen import StudyFrozen
from annotation.scale_words import scale_words
from annotation.services.refusals import BadSource, ForeignPlacement, NotBlind, NotReady, Refused
from annotation.services.row_files import Export

STAGES = ", ".join(get_args(journey_queries.Stage))


class MayOwn(BasePermission):
    """Owners of studies."""

    message = "Only owners of studies may do this."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return bool(request.user and request.user.has_perm("annotation.own"))


class MayRate(BasePermission):
    """Annotators."""

    message = "Only annotators may do this; an invitation makes one."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return bool(request.user and request.user.has_perm("annotation.rate"))


class Conflict(APIException):
    """The request was understood and refused: the study, the card or the journey is not where it assumes."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


CONFLICT = {409: OpenApiResponse(description="Stale, closed, or out of turn. Nothing was changed.")}


class RoomView(APIView):
    """Turns refusals into status codes: 403 foreign or not blind, 409 stale or out of turn, 422 off the scale."""

    def handle_exception(self, exc: Exception) -> Response:
        match exc:
            case OutOfScale():
                exc = ValidationError({exc.criterion or "marks": [scale_words(exc)]})
            case BadSource():
                exc = ValidationError({"source": exc.errors})
            case NotReady():
                exc = Conflict({"detail": "The study is not ready.", "missing": exc.reasons})
            case ForeignPlacement() | NotBlind():
                exc = PermissionDenied(str(exc))
            case Refused() | StudyFrozen():
                exc = Conflict(str(exc))
        return super().handle_exception(exc)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response


def file_of(
    what: str,
    study_id: int,
    form: str,
    export_as: Callable[[int, ExportFormat], Export],
) -> StreamingHttpResponse:
    """A table of a study as a streamed file, its number of rows in the header Rows; 404 for an unknown form."""
    if form not in CONTENT_TYPES:
        raise NotFound(f"{what.capitalize()} leave as {', '.join(CONTENT_TYPES)}.")
    kind = cast(ExportFormat, form)
    export = export_as(study_id, kind)
    headers = {
        "Content-Disposition": f'attachment; filename="{what}-study-{study_id}.{form}"',
        "Rows": str(export.n_rows),
    }
    return StreamingHttpResponse(export.pieces, content_type=CONTENT_TYPES[kind], headers=headers)


def checked(serializer: serializers.Serializer) -> dict[str, Any]:
    """The validated body, or a refusal naming each field."""
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


class MarkField(serializers.IntegerField):
    """A mark as JSON has it: a whole number, never "3", 3.0 or true. Whether it is on the scale the service
    says."""

    default_error_messages: ClassVar[dict[str, str]] = {
        "not_whole": '{sent} is no mark: send a whole number, as 3 and not as "3" or 3.0.'
    }

    def to_internal_value(self, data: object) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("not_whole", sent=repr(data)[:40])
        return super().to_internal_value(data)


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


class BlindedItemSerializer(serializers.Serializer):
    label = serializers.CharField()
    genres = serializers.ListField(child=serializers.CharField())


class GuidelinesSerializer(serializers.Serializer):
    version = serializers.IntegerField()
    text = serializers.CharField()
    clarification = serializers.CharField()
