"""The front door: sends each person to the room their role works in."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from prism_site import front_door


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Owners see all three rooms; a person with one role goes straight to their own page."""
    if request.user.has_perm("annotation.own"):
        return render(request, "home.html", {"rooms": front_door.rooms()})
    if request.user.has_perm("analysis.read"):
        return redirect("analysis:reports")
    if request.user.has_perm("annotation.rate"):
        return redirect("annotation:my-studies")
    return render(request, "no_role.html")


def healthz(request: HttpRequest) -> HttpResponse:
    """200 when the web process answers and its database does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """What this installation stores of the people who judge in it; readable before signing up."""
    return render(request, "privacy.html", {"contact": settings.PRISM_CONTACT})
