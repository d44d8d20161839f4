"""A page to think a design through before anybody is asked: what it costs and what it can show."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotation.design.assignment import ImpossiblePlan
from annotation.design.planning import PlannedDesign, cost_of
from annotation.planner_forms import PlannerForm
from annotation.views.owners import for_owners


@for_owners
@require_safe
def planner(request: HttpRequest) -> HttpResponse:
    """The form, and what its numbers come to; the address holds them all, to be passed on."""
    start = {name: field.initial for name, field in PlannerForm.base_fields.items()}
    form = PlannerForm({**start, **request.GET.dict()})
    page: dict[str, object] = {"form": form}
    if form.is_valid():
        plan = PlannedDesign(**form.cleaned_data)
        try:
            page |= {"cost": cost_of(plan), "plan": plan}
        except ImpossiblePlan as problem:
            form.add_error(None, str(problem))
    return render(request, "annotation/planner.html", page, status=422 if form.errors else 200)
