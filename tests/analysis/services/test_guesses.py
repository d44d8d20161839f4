"""From guesses of annotators to indices in a report and a bundle that holds together."""

import pytest
from django.test import Client
from django.urls import reverse

from analysis.report.findings.study import StudyFindings
from analysis.report.unpacking import unpacked
from analysis.report.verify import verify
from analysis.report_file import html
from analysis.services.export_report import export_report
from annotation.design.guessing import GuessPlan
from annotation.guess_queries import guess_cards
from annotation.models.provenance import Provenance
from annotation.models.study import Enrolment
from annotation.services.answer_guess import answer_guess
from annotation.services.close_study import close_study
from annotation.services.tell_kinds import tell_kinds
from annotation.services.unblind_study import unblind_study
from tests.analysis import reports

pytestmark = pytest.mark.django_db

KINDS = {"Thunderclap": "person", "Foghorn": "large-model", "Megaphone": ""}


def test_a_report_says_how_well_the_blinding_held(olga, client: Client, tmp_path):
    study = reports.rated(owner=olga, unblinded=False, guess=GuessPlan(n_cards=6))
    writer = {row.card_id: row.system for row in Provenance.objects.filter(card__study=study)}
    for place, person in enumerate(Enrolment.objects.filter(study=study)):
        placed = {one.token: writer[one.card_id] for one in person.placements.all()}
        said = {card.token: KINDS[placed[card.token]] or "cannot-say" for card in guess_cards(person.pk)}
        answer_guess(enrolment_id=person.pk, guesses={} if place == 2 else said)
    close_study(study_id=study.pk, by_id=olga.pk)
    unblind_study(study_id=study.pk, by_id=olga.pk, reason="All cards are rated.")
    tell_kinds(study_id=study.pk, by_id=olga.pk, kinds=KINDS)
    report = reports.report(study=study)
    found = StudyFindings.from_json(report.findings_json).blinding
    assert [kind.key for kind in found.kinds] == ["person", "large-model", "small-model"]
    assert (found.n_annotators, found.n_passed_over) == (2, 1)
    assert found.n_guesses + found.n_untold == 12
    assert found.james.value == pytest.approx(0)
    assert [row.bang.value for row in found.guessed[:2]] == [1, 1]
    assert "nobody was asked" in found.guessed[2].bang.undefined
    client.force_login(olga)
    page = client.get(reverse("analysis:report", args=[report.pk])).content.decode()
    assert "Did the blinding hold?" in page
    (tmp_path / "bundle.zip").write_bytes(export_report(report_id=report.pk).getvalue())
    files = unpacked(tmp_path / "bundle.zip")
    assert "data/guesses.csv" in files
    assert verify(files, page=html).problems == ()
