"""What all endpoints of this room share: who may use them, and how a refusal is said."""

from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from generation.services.parameters import BadParameters


class MayRunGeneration(BasePermission):
    """Owners only."""

    message = "Only owners may run generation."

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user and request.user.has_perm("generation.run"))


class Conflict(APIException):
    """The run is not where the request assumes."""

    status_code = status.HTTP_409_CONFLICT


CONFLICT = OpenApiResponse(description="Not where the request assumes it. Nothing was changed.")


def validated(serializer: type[serializers.Serializer], request: Request) -> dict[str, Any]:
    checked = serializer(data=request.data)
    checked.is_valid(raise_exception=True)
    return checked.validated_data


def refused(refusal: BadParameters) -> ValidationError:
    return ValidationError({refusal.field: [str(refusal)]})


def whole_number(request: Request, name: str, *, default: int, most: int) -> int:
    """A query parameter that is a number of rows, or a refusal that names it."""
    given = request.query_params.get(name, str(default))
    if not (given.isascii() and given.isdigit() and len(given) < 10 and int(given) <= most):
        raise ValidationError({name: [f"must be a whole number from 0 to {most:,}, not {given[:40]!r}"]})
    return int(given)


def chosen(request: Request, name: str, known: Iterable[str]) -> str:
    """A query parameter that is one of the known words, empty where it is not given."""
    value = request.query_params.get(name, "")
    if value and value not in (names := list(known)):
        raise ValidationError({name: [f"unknown {name} {value[:40]!r}. Known: {', '.join(names)}."]})
    return value
