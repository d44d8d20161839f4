"""From the study's form to the report: hypotheses are frozen and hashed when the study opens."""

import json

import pytest
from django.contrib.auth.models import User
from django.test import Client

from analysis.report.findings.study import StudyFindings
from analysis.report.unpacking import unpacked
from analysis.report.verify import verify
from analysis.services.export_report import export_report
from annotation.models.frozen import StudyFrozen
from annotation.models.study import Study
from annotation.services.edit_draft import edit_draft
from annotation.services.fingerprint import fingerprint
from annotation.services.refusals import BadSource, Refused
from tests.analysis import reports
from tests.annotation import studies

pytestmark = pytest.mark.django_db
LINES = "faithfulness: Thunderclap > Foghorn\nFaithfulness: Megaphone != Foghorn"


def test_a_report_confirms_what_the_plan_named_and_its_bundle_proves_it(olga: User, tmp_path) -> None:  # type: ignore[no-untyped-def]
    study = reports.rated(owner=olga, hypotheses=LINES)
    report = reports.report(study=study)
    found = StudyFindings.from_json(report.findings_json)
    planned = [row.planned for row in found.confirmations]
    assert [(one.first, one.second, one.expects) for one in planned] == [
        ("Thunderclap", "Foghorn", "higher"),
        ("Megaphone", "Foghorn", "different"),
    ]
    assert sum(row.status == "confirmatory" for row in found.comparisons) == 2
    path = tmp_path / "report.zip"
    path.write_bytes(export_report(report_id=report.pk).read())
    files = unpacked(path)
    assert verify(files).problems == ()
    plan = json.loads(files["data/plan.json"])
    plan["plan"]["analysis"]["hypotheses"].pop()
    touched = files | {"data/plan.json": json.dumps(plan).encode()}
    assert "report.json: confirmations are not the hypotheses of data/plan.json" in verify(touched).problems


def test_a_blind_report_says_nothing_of_them(olga: User) -> None:
    study = reports.rated(owner=olga, hypotheses=LINES, unblinded=False)
    text = reports.report(study=study).findings_json
    assert StudyFindings.from_json(text).confirmations == ()
    assert "Thunderclap" not in text


def test_they_are_hashed_at_opening_and_frozen_from_then_on(olga: User) -> None:
    draft = studies.draft(owner=olga)
    before = fingerprint(draft.pk)
    edit_draft(study_id=draft.pk, hypotheses=LINES)
    assert fingerprint(draft.pk) != before
    with pytest.raises(Refused, match="no system “Nobody”"):
        edit_draft(study_id=draft.pk, hypotheses="faithfulness: Nobody > Foghorn")
    opened = studies.opened(owner=olga)
    with pytest.raises(StudyFrozen):
        edit_draft(study_id=opened.pk, hypotheses=LINES)
    opened.plan = {**opened.plan, "analysis": {"hypotheses": []}, "notes": ["x"]}
    with pytest.raises(StudyFrozen):
        opened.save()


def test_a_plan_with_a_line_that_is_none_builds_nothing(olga: User) -> None:
    with pytest.raises(BadSource, match="Hypothesis on line 1"):
        studies.build(owner=olga, hypotheses="Thunderclap is best")
    assert not Study.objects.exists()


def test_an_owner_enters_them_on_the_page_and_over_rest(client: Client, olga: User) -> None:
    draft = studies.draft(owner=olga)
    client.force_login(olga)
    page = f"/studies/{draft.pk}/edit/"
    words = client.get(page)
    form = {
        name: words.context["form"].initial[name]
        for name in ("title", "description", "consent", "guidelines")
    }
    assert "line 1" in client.post(page, form | {"hypotheses": "x"}).content.decode()
    assert client.post(page, form | {"hypotheses": LINES}).status_code == 302
    assert "faithfulness: Thunderclap &gt; Foghorn" in client.get(page).content.decode()
    shown = client.get(f"/studies/{draft.pk}/").content.decode()
    assert "2 hypotheses" in shown
    assert "Thunderclap" not in shown
    rest = f"/api/annotation/studies/{draft.pk}/"
    answer = client.patch(rest, {"hypotheses": ""}, content_type="application/json")
    assert answer.status_code == 200
    assert "every comparison explores" in client.get(f"/studies/{draft.pk}/").content.decode()
