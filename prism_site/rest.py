"""What all rooms' REST endpoints share by way of settings: reading bodies, telling refusals, pages, the schema."""

from typing import Any

from django.core.exceptions import SuspiciousOperation
from rest_framework import exceptions, parsers, status
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from generation.pipeline.storable import fault_in

FARTHEST = 2**31 - 1
"""Rows nobody has; a larger offset would not fit every database's integers."""


class StorableJSONParser(parsers.JSONParser):
    """JSON whose every value a database can keep: no NUL, no half of a character, no infinite number."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            body = super().parse(stream, media_type, parser_context)
            fault = fault_in(body)
        except RecursionError:
            raise exceptions.ParseError("JSON parse error - the body is nested too deeply.") from None
        if fault:
            raise exceptions.ParseError(f"The body holds {fault}; take it out.")
        return body


class MayReadSchema(BasePermission):
    """Whoever may not see which system wrote a card reads no list of the systems either."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return request.user.has_perm("generation.run") or request.user.has_perm("analysis.read")


class Pages(LimitOffsetPagination):
    """Rows in pages of `limit`, from `offset` on; larger numbers than there can be are cut to what can."""

    max_limit = 1000

    def get_offset(self, request: Request) -> int:
        return min(super().get_offset(request), FARTHEST)


def tell_refusal(refused: Exception, context: dict[str, Any]) -> Response | None:
    """A body that cannot be read is 400; one that can and may not be followed is 422 and names its fields."""
    from rest_framework.views import exception_handler  # its module reads the settings that name this one

    if isinstance(refused, exceptions.ValidationError):
        refused.status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    if isinstance(refused, SuspiciousOperation):
        refused = exceptions.ParseError("The request is larger or stranger than this server reads.")
    return exception_handler(refused, context)


DETAIL = {
    "type": "object",
    "properties": {
        "detail": {"type": "string", "description": "Why, and what to do."},
        "missing": {
            "type": "array",
            "items": {"type": "string"},
            "description": "All that a draft lacks to be opened.",
        },
    },
    "required": ["detail"],
}
FIELDS = {
    "type": "object",
    "additionalProperties": {},
    "description": "What is wrong, by field: a list of sentences, nested as the body is.",
}


def add_refusals(result: dict[str, Any], **about: Any) -> dict[str, Any]:
    """Write into each operation the answers that any endpoint may give; a hook of drf-spectacular."""
    result["components"]["schemas"] |= {"Detail": DETAIL, "FieldErrors": FIELDS}
    for path, operations in result["paths"].items():
        for operation in operations.values():
            answers = operation["responses"]
            for code, (component, words) in _refusals(path, operation).items():
                answers.setdefault(code, {"description": words, "content": _json(component)})
            if "409" in answers:
                answers["409"].setdefault("content", _json("Detail"))
            operation["responses"] = dict(sorted(answers.items()))
    return result


def _json(component: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{component}"}}}


def _refusals(path: str, operation: dict[str, Any]) -> dict[str, tuple[str, str]]:
    told = {"429": ("Detail", "Too many requests; Retry-After says when to come back.")}
    if {} not in operation.get("security", [{}]):
        told["401"] = ("Detail", "Not signed in, or the token is not known.")
        told["403"] = ("Detail", "Not for this role, or not the caller's.")
    if "{" in path:
        told["404"] = ("Detail", "There is none, or it belongs to somebody else.")
    asks = any(parameter["in"] == "query" for parameter in operation.get("parameters", []))
    if "requestBody" in operation:
        told["400"] = ("Detail", "The body cannot be read.")
        told["415"] = ("Detail", "The body is of a type this endpoint does not read.")
    if asks or "requestBody" in operation:
        told["422"] = ("FieldErrors", "A field at fault, by name, with what to do.")
    return told
