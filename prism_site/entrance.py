"""Who stands at the door: somebody a study invited is told nothing of the software or of how texts came to be."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.http import HttpRequest

from annotation.views.joining import INVITED

STUDY_PATHS = ("/join/", "/rate/")
"""Where annotators are on their way to when they are asked who they are."""


def invited(request: HttpRequest) -> dict[str, Callable[[], bool]]:
    """For templates: `invited` is True for whoever comes from an invitation; asked only where a page needs it."""
    return {"invited": lambda: _comes_to_judge(request)}


def _comes_to_judge(request: HttpRequest) -> bool:
    onward = request.POST.get("next") or request.GET.get("next", "")
    if urlsplit(onward).path.startswith(STUDY_PATHS):
        return True
    return bool(getattr(request, "session", {}).get(INVITED))
