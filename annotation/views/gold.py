"""The owner's pages of a calibration set: its reference marks, one by one or from a file."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from types import MappingProxyType

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from annotation import overview
from annotation.design.scales import POINTS, OutOfScale
from annotation.forms import (
    GateForm,
    GoldFile,
    read_gold,
)
from annotation.models.frozen import StudyFrozen
from annotation.queries import StudySummary
from annotation.services.edit_draft import edit_draft
from annotation.services.import_calibration import import_calibration
from annotation.services.refusals import BadSource, Refused
from annotation.services.set_gold import set_gold
from annotation.views.owners import line_faults, on_study


@on_study
@require_http_methods(["GET", "HEAD", "POST"])
def study_calibration(request: HttpRequest, study: StudySummary) -> HttpResponse:
    """The calibration cards with their reference marks; each card is saved on its own."""
    keys = [criterion.key for criterion in study.criteria]
    fault: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        token = request.POST.get("card", "")
        marks, rationales = read_gold(request.POST, keys)
        try:
            if study.status != "draft":
                raise StudyFrozen(
                    _("The study was opened: its reference marks are frozen. Nothing was changed.")
                )
            set_gold(study_id=study.id, card_token=token, marks=marks, rationales=rationales)
        except StudyFrozen as frozen:
            fault, status = {"card": token, "text": str(frozen)}, 409
        except OutOfScale as wrong:
            fault, status = {"card": token, "text": str(wrong), "field": wrong.criterion}, 422
        except Refused as refused:
            fault, status = {"card": token, "text": str(refused)}, 409
        else:
            saved = next(card for card in overview.gold_cards(study.id) if card.token == token)
            given = sum(mark.value is not None for mark in saved.marks)
            words = {"n": saved.number, "given": given, "total": len(saved.marks)}
            if given == len(saved.marks):
                messages.success(request, _("Card %(n)s is saved: all %(total)s marks.") % words)
            else:
                messages.warning(request, _("Card %(n)s is saved with %(given)s of %(total)s marks.") % words)
            return redirect(f"{reverse('annotation:study-calibration', args=[study.id])}#card-{token}")
    sent = request.POST if status == 422 else {}
    return _calibration_page(request, study, GoldFile(criteria=keys), fault=fault, sent=sent, status=status)


@on_study
@require_http_methods(["GET", "HEAD", "POST"])
def study_gate(request: HttpRequest, study: StudySummary) -> HttpResponse:
    """What it takes to pass the calibration, in a draft."""
    form = GateForm(request.POST or None, initial=GateForm.initial_of(overview.gate_rule(study.id)))
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            edit_draft(study_id=study.id, gate=asdict(form.rule()))
        except StudyFrozen as frozen:
            form.add_error(None, str(frozen))
            status = 409
        else:
            messages.success(request, _("The gate is saved."))
            return redirect("annotation:study", study_id=study.id)
    page = {"study": study, "form": form, "here": "plan", "heading": _("Gate after calibration")}
    return render(request, "annotation/study_edit.html", page, status=status)


@on_study
@require_POST
def study_calibration_file(request: HttpRequest, study: StudySummary) -> HttpResponse:
    """Replace a draft's calibration set by a file's. A faulty one is refused whole, line by line."""
    form = GoldFile(request.POST, request.FILES, criteria=[criterion.key for criterion in study.criteria])
    faults: list[dict[str, str]] = []
    status = 422
    if form.is_valid():
        try:
            n = import_calibration(study_id=study.id, content=form.content, form=form.form)
        except BadSource as bad:
            faults = line_faults(bad, form)
        except StudyFrozen as frozen:
            form.add_error(None, str(frozen))
            status = 409
        else:
            words = ngettext(
                "The calibration set is now the file's: %(n)s card with its reference marks.",
                "The calibration set is now the file's: %(n)s cards with their reference marks.",
                n,
            )
            messages.success(request, words % {"n": n})
            return redirect("annotation:study-calibration", study_id=study.id)
    return _calibration_page(request, study, form, faults=faults, status=status)


def _calibration_page(
    request: HttpRequest,
    study: StudySummary,
    form: GoldFile,
    *,
    fault: dict[str, str] | None = None,
    sent: Mapping[str, str] = MappingProxyType({}),
    faults: Sequence[dict[str, str]] = (),
    status: int = 200,
) -> HttpResponse:
    levels = {criterion.key: criterion.levels for criterion in study.criteria}
    cards = [
        {
            "card": card,
            "rows": [
                {
                    "mark": _as_sent(mark, sent) if sent.get("card") == card.token else mark,
                    "levels": levels[mark.criterion],
                }
                for mark in card.marks
            ],
            "given": sum(mark.value is not None for mark in card.marks),
        }
        for card in overview.gold_cards(study.id)
    ]
    page = {
        "study": study,
        "here": "calibration",
        "cards": cards,
        "form": form,
        "fault": fault or {},
        "line_errors": faults,
        "n_line_errors": len(faults),
        "editable": study.status == "draft",
    }
    page["disagreement"] = _disagreement(study) if study.status != "draft" else []
    return render(request, "annotation/study_calibration.html", page, status=status)


def _as_sent(mark: overview.GoldMark, sent: Mapping[str, str]) -> overview.GoldMark:
    """What was typed for a card that was refused, to be corrected and not typed again."""
    value = sent.get(f"mark-{mark.criterion}", "")
    return replace(
        mark,
        value=int(value) if value in {str(point) for point in POINTS} else None,
        rationale=sent.get(f"rationale-{mark.criterion}", ""),
    )


def _disagreement(study: StudySummary) -> list[dict[str, object]]:
    """Rows of cards, cells of criteria: how far first attempts were from the reference."""
    rows: dict[int, dict[str, object]] = {}
    names = {criterion.key: criterion.name for criterion in study.criteria}
    for cell in overview.calibration_disagreement(study.id):
        row = rows.setdefault(cell.card, {"card": cell.card, "cells": []})
        points = [
            {"value": value, "n": n, "gold": value == cell.gold}
            for value, n in enumerate(cell.counts, start=1)
        ]
        row["cells"].append(
            {"name": names[cell.criterion], "points": points, "n_far": cell.n_far, "n": sum(cell.counts)}
        )  # type: ignore[attr-defined]
    return list(rows.values())
