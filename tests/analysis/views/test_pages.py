"""Researchers' pages and REST: who may read what, and what stands on them."""

import json
import re

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from analysis.models import Report
from tests.analysis import reports
from tests.annotation import studies

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(client: Client, rosa: User) -> Client:
    client.force_login(rosa)
    return client


def test_the_list_leads_to_studies_while_there_is_nothing(client: Client, olga: User, rosa: User) -> None:
    client.force_login(olga)
    assert "Go to studies" in client.get("/reports/").content.decode()
    client.force_login(rosa)
    page = client.get("/reports/").content.decode()
    assert "Nothing to report yet" in page
    assert "Go to studies" not in page


def test_a_full_report_reads_like_a_results_section(reader: Client, olga: User) -> None:
    report = reports.report(study=reports.rated(owner=olga))
    page = reader.get(f"/reports/{report.pk}/").content.decode()
    headings = re.findall(r"<h2 id=\"[\w-]+\">([^<]+)</h2>", page)
    assert headings == [
        "Results", "Use of the scale", "Agreement", "Annotators", "Ratings",
        "Differences between systems", "All systems at once", "All ratings at once", "Automatic metrics", "Methods",
    ]  # fmt: skip
    assert "style=" not in page
    assert "3 annotators gave" in page
    for name in studies.LOUD_SYSTEMS:
        assert name in page
    targets = set(re.findall(r'popovertarget="([^"]+)"', page))
    assert targets <= set(re.findall(r'popover id="([^"]+)"', page))
    assert len(targets) > 50
    for link in set(re.findall(r'href="(/reports/[^"]+)"', page)):
        assert reader.get(link).status_code == 200, link


def test_a_blind_report_names_no_system_on_any_page(reader: Client, olga: User) -> None:
    report = reports.report(study=reports.rated(owner=olga, unblinded=False))
    pages = ["/reports/", f"/reports/{report.pk}/", f"/reports/{report.pk}/report.json"]
    pages += [f"/reports/{report.pk}/tables/agreement.csv", f"/api/analysis/reports/{report.pk}/findings/"]
    for url in pages:
        response = reader.get(url)
        assert response.status_code == 200
        for name in studies.LOUD_SYSTEMS:
            assert name.lower() not in response.content.decode().lower()
    assert reader.get(f"/reports/{report.pk}/tables/overview.csv").status_code == 404
    assert "This study is blind" in reader.get(f"/reports/{report.pk}/").content.decode()


def test_a_rehearsal_says_so_loudly(reader: Client, olga: User) -> None:
    report = reports.report(study=reports.rated(owner=olga, simulated=True))
    page = reader.get(f"/reports/{report.pk}/").content.decode()
    assert '<div class="simulated" role="note"><strong>Simulated ratings</strong>' in page
    assert "3 simulated annotators" in page
    assert page.count("Simulated ratings: no person gave them.") >= 5
    assert "simulated ratings" in reader.get("/reports/").content.decode()


def test_asking_for_a_report_queues_it_and_its_page_waits(
    reader: Client, olga: User, django_capture_on_commit_callbacks, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    study = reports.rated(owner=olga)
    sent: list[int] = []
    monkeypatch.setattr("analysis.tasks.analyse_study.delay_on_commit", sent.append)
    response = reader.post(f"/reports/studies/{study.pk}/analyse/")
    report = Report.objects.get()
    assert sent == [report.pk]
    assert response.headers["Location"] == f"/reports/{report.pk}/"
    page = reader.get(f"/reports/{report.pk}/").content.decode()
    assert "Waiting for a worker" in page
    assert "every 2s" in page
    fragment = reader.get(f"/reports/{report.pk}/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    from analysis.tasks import analyse_study

    analyse_study(report.pk)
    done = reader.get(f"/reports/{report.pk}/", headers={"HX-Request": "true"})
    assert done.headers["HX-Refresh"] == "true"


def test_a_failed_report_says_what_happened_and_what_to_do(reader: Client, olga: User) -> None:
    report = reports.report(study=reports.rated(owner=olga), done=False)
    Report.objects.filter(pk=report.pk).update(status="failed", error="the disk is full")
    page = reader.get(f"/reports/{report.pk}/").content.decode()
    assert "the disk is full" in page
    assert "Ask again" in page
    assert "every 2s" not in page
    assert reader.get(f"/reports/{report.pk}/bundle.zip").status_code == 404


def test_a_study_nobody_rated_is_answered_in_words(reader: Client, olga: User) -> None:
    study = studies.opened(owner=olga)
    page = reader.post(f"/reports/studies/{study.pk}/analyse/", follow=True).content.decode()
    assert "Nobody has rated a card" in page
    assert reader.post("/reports/studies/999/analyse/").status_code == 404


def test_annotators_and_strangers_read_nothing(client: Client, olga: User, ada: User) -> None:
    study = reports.rated(owner=olga)
    report = reports.report(study=study)
    urls = [
        "",
        f"{report.pk}/",
        f"{report.pk}/report.json",
        f"{report.pk}/bundle.zip",
        f"{report.pk}/tables/overview.csv",
    ]
    rest = [
        "",
        f"{report.pk}/",
        f"{report.pk}/findings/",
        f"{report.pk}/bundle/",
        f"{report.pk}/tables/overview/",
    ]
    for url in urls:
        assert client.get(f"/reports/{url}").status_code == 302
    for url in rest:
        assert client.get(f"/api/analysis/reports/{url}").status_code in (401, 403)
    client.force_login(ada)
    for url in urls:
        assert client.get(f"/reports/{url}").status_code == 403
    for url in rest:
        assert client.get(f"/api/analysis/reports/{url}").status_code == 403
    assert client.post(f"/reports/studies/{study.pk}/analyse/").status_code == 403
    assert client.post("/api/analysis/reports/", {"study": study.pk}).status_code == 403


def test_rest_gives_the_same_as_the_pages(
    reader: Client, olga: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analysis.tasks.analyse_study.delay_on_commit", lambda report_id: None)
    study = reports.rated(owner=olga)
    report = reports.report(study=study)
    (line,) = reader.get("/api/analysis/reports/").json()
    assert (line["id"], line["status"], line["kind"]) == (report.pk, "done", "unblinded")
    assert reader.get(f"/api/analysis/reports/{report.pk}/findings/").content.decode() == report.findings_json
    csv = reader.get(f"/api/analysis/reports/{report.pk}/tables/comparisons/")
    assert csv.content == reader.get(f"/reports/{report.pk}/tables/comparisons.csv").content
    bundle = b"".join(reader.get(f"/api/analysis/reports/{report.pk}/bundle/").streaming_content)
    assert bundle[:2] == b"PK"
    asked = reader.post("/api/analysis/reports/", {"study": study.pk}, content_type="application/json")
    assert asked.status_code == 202
    assert asked.json()["status"] == "queued"
    tex = reader.get(f"/api/analysis/reports/{report.pk}/tables/comparisons/latex/")
    assert tex.content == reader.get(f"/reports/{report.pk}/tables/comparisons.tex").content
    keys = [table["key"] for table in reader.get(f"/api/analysis/reports/{report.pk}/tables/").json()]
    assert {"overview", "comparisons"} <= set(keys)
    assert [one["reports"][-1]["id"] for one in reader.get("/api/analysis/studies/").json()] == [report.pk]
    unknown = reader.post("/api/analysis/reports/", {"study": 999}, content_type="application/json")
    assert (unknown.status_code, list(unknown.json())) == (422, ["study"])
    assert reader.get("/api/analysis/reports/999/").status_code == 404
    assert json.loads(reader.get(f"/reports/{report.pk}/report.json").content)["meta"]["seed"] == study.seed


def test_the_main_table_of_chosen_reports_on_page_file_and_rest(reader: Client, olga: User) -> None:
    assert "No full report yet" in reader.get("/reports/table3/").content.decode()
    report = reports.report(study=reports.rated(owner=olga))
    assert 'name="report"' in reader.get("/reports/table3/").content.decode()
    query = f"?report={report.pk}&name-{report.pk}=Yelp&metric=rouge-l&metric=words"
    page = reader.get(f"/reports/table3/{query}").content.decode()
    for name in (*studies.LOUD_SYSTEMS, "Automatic metrics", "Human evaluation", "ROUGE-L", "Words"):
        assert name in page
    for link in re.findall(r'href="(/reports/table3[^"]+)"', page):
        assert reader.get(link.replace("&amp;", "&")).status_code == 200
    for form in ("csv", "tex", "html"):
        file = reader.get(f"/reports/table3.{form}{query}")
        assert file.content == reader.get(f"/api/analysis/table3/{query}&as={form}").content
    assert "Yelp,Foghorn" in reader.get(f"/api/analysis/table3/{query}").content.decode()
    for wrong in ("?report=999", "?report=x", f"?report={report.pk}&metric=none", f"?report={'9' * 30}", ""):
        assert reader.get(f"/api/analysis/table3/{wrong}").status_code == 422
        assert reader.get(f"/reports/table3/{wrong}").status_code == (422 if wrong else 200)
    reader.logout()
    assert reader.get("/reports/table3/").status_code == 302


def test_the_datasheet_of_a_report_on_page_and_rest(reader: Client, olga: User) -> None:
    report = reports.report(study=reports.rated(owner=olga))
    text = reader.get(f"/reports/{report.pk}/heds.md").content.decode()
    assert "Human Evaluation Datasheet 3.0: Evening films" in text
    assert "Thunderclap" in text
    sheet = reader.get(f"/api/analysis/reports/{report.pk}/datasheet/")
    assert sheet.content == reader.get(f"/reports/{report.pk}/heds.json").content
    asked = sheet.json()["heds-criteria-criterion-response_elicitation-verbatim_question"]["data"]
    assert all(question.endswith("?") for question in asked.values())
    assert reader.get("/reports/999/heds.md").status_code == 404
    assert reader.get(f"/reports/{report.pk}/heds.txt").status_code == 404


def test_the_schema_of_this_room_is_clean(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", "--validate", "--file", "/dev/null")
    assert "analysis" not in capsys.readouterr().err


def test_not_even_an_administrator_edits_or_deletes_a_report(client: Client, olga: User) -> None:
    report = reports.report(study=reports.rated(owner=olga), done=False)
    client.force_login(User.objects.create_superuser("root"))
    address = f"/admin/analysis/report/{report.pk}"
    assert client.get(f"{address}/change/").status_code == 200
    assert client.post(f"{address}/change/", {"seed": "4"}).status_code == 403
    assert client.post(f"{address}/delete/", {"post": "yes"}).status_code == 403
    assert Report.objects.filter(pk=report.pk, seed=report.seed).exists()
