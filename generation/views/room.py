"""What all owners' pages of this room share: who may open them, and how a refusal is shown."""

from collections.abc import Iterator
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required, permission_required
from django.http import StreamingHttpResponse
from django.utils.text import capfirst

from generation.services.parameters import BadParameters

RUNS_A_PAGE = 20


def owners_only(view: Any) -> Any:
    """Signed in and allowed to run generation: others are sent to sign in, or told no."""
    return login_required(permission_required("generation.run", raise_exception=True)(wraps(view)(view)))


def tell(form: Any, refusal: BadParameters, names: dict[str, str] | None = None) -> None:
    """Put a service's refusal beside the field it is about."""
    field = (names or {}).get(refusal.field, refusal.field)
    form.add_error(field if field in form.fields else None, capfirst(str(refusal)))


def status_of(form: Any) -> int:
    return 422 if form.is_bound and form.errors else 200


def download(parts: Iterator[str], content_type: str, name: str) -> StreamingHttpResponse:
    """A file, sent as it is made."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(parts, content_type=content_type, headers=headers)
