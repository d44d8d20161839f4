"""What the process that serves a student says of a request it cannot take: it has no pages to say it on."""

from typing import Any

from django.http import HttpRequest, JsonResponse


def bad_request(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Such as for a host that is not in PRISM_HOSTS."""
    return _said(400, "This request cannot be read, or is for a host this server is not.")


def permission_denied(request: HttpRequest, exception: Exception) -> JsonResponse:
    return _said(403, "You may not do this.")


def page_not_found(request: HttpRequest, exception: Exception) -> JsonResponse:
    return _said(404, "There is no such endpoint.")


def server_error(request: HttpRequest, *args: Any) -> JsonResponse:
    return _said(500, "Something went wrong here; its log says what.")


def _said(status: int, words: str) -> JsonResponse:
    return JsonResponse({"detail": words}, status=status)
