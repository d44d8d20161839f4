"""Scores, reports and bundles of a real study: blind while it is blind, the same twice, whole or not at "
"all."""

import datetime
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from analysis import metrics
from analysis.models import Report, Score
from analysis.report.findings.study import StudyFindings
from analysis.report.prose import opening
from analysis.report.rescoring import as_text, rescored
from analysis.report.unpacking import unpacked
from analysis.report.verify import verify
from analysis.report_file import html
from analysis.services.analyse_study import LEASE, analyse_study
from analysis.services.export_report import NotReady, export_report
from analysis.services.request_report import NothingToAnalyse, request_report
from analysis.services.score_explanations import GOLDEN, reference_writer, score_explanations
from annotation.services.close_study import close_study
from annotation.services.unblind_study import unblind_study
from annotation.unblinding import NotUnblinded
from tests import builders
from tests.analysis import reports
from tests.annotation import studies

pytestmark = pytest.mark.django_db

WITHOUT_MODELS = {
    name
    for name, entry in metrics.METRICS.items()
    if set(entry.needs) <= {"catalogue"} and not entry.reads_influence  # texts of a file have no ranker
}


def test_every_text_gets_every_score_and_again_the_same(olga: User) -> None:
    study = reports.rated(owner=olga)
    n = score_explanations(study_id=study.pk)
    by_text = [name for name in WITHOUT_MODELS if metrics.METRICS[name].level == "case"]
    of_corpus = [name for name in WITHOUT_MODELS if metrics.METRICS[name].level == "corpus"]
    assert n == 6 * 3 * len(by_text) + 3 * len(of_corpus)
    before = list(
        Score.objects.order_by("case", "system", "metric").values_list("case", "system", "metric", "value")
    )
    score_explanations(study_id=study.pk)
    after = list(
        Score.objects.order_by("case", "system", "metric").values_list("case", "system", "metric", "value")
    )
    assert before == after
    rouge = Score.objects.filter(metric="rouge-l").first()
    assert "stemmer:true" in rouge.signature
    assert rouge.references == GOLDEN


def test_scores_of_a_blind_study_are_not_made(olga: User) -> None:
    study = reports.rated(owner=olga, unblinded=False)
    with pytest.raises(NotUnblinded):
        score_explanations(study_id=study.pk)
    assert not Score.objects.exists()


def test_the_writer_of_the_references_is_known_by_its_texts() -> None:
    frame = pd.DataFrame(
        {
            "system": ["teacher", "prism"] * 2,
            "explanation": ["You will like it.", "Good.", "A fine film!", "Fine."],
            "reference": ["You will like it", "You will like it", "A fine film.", "A fine film."],
        }
    )
    assert reference_writer(frame) == "teacher"
    assert reference_writer(frame[frame["system"] == "prism"]) == GOLDEN
    assert reference_writer(frame.assign(reference="")) == GOLDEN


def test_an_unblinded_study_gets_a_full_report(olga: User) -> None:
    study = reports.rated(owner=olga)
    report = reports.report(study=study)
    found = StudyFindings.from_json(report.findings_json)
    assert (report.kind, report.status, report.seed) == ("unblinded", "done", study.seed)
    assert {system.name for system in found.systems} == set(studies.LOUD_SYSTEMS)
    assert found.counts.n_annotators == 3
    assert found.counts.n_cases == 6
    assert found.counts.n_cannot_judge == 3 * 3
    assert len(found.comparisons) == 3 * 3
    assert {metric.name for metric in found.metrics} == WITHOUT_MODELS
    assert found.meta.created.endswith("+00:00")


def test_a_blind_study_gets_a_report_that_names_nobody(olga: User) -> None:
    study = reports.rated(owner=olga, unblinded=False)
    report = reports.report(study=study)
    assert report.kind == "pooled"
    for name in studies.LOUD_SYSTEMS:
        assert name.lower() not in report.findings_json.lower()
    found = StudyFindings.from_json(report.findings_json)
    assert (found.counts.n_cases, found.counts.n_cards) == (6, 18)
    with zipfile.ZipFile(export_report(report_id=report.pk)) as archive:
        for member in archive.namelist():
            for name in studies.LOUD_SYSTEMS:
                assert name.lower().encode() not in archive.read(member).lower(), (member, name)


def test_agreement_is_the_same_before_and_after_unblinding(olga: User) -> None:
    study = reports.rated(owner=olga, unblinded=False)
    blind = StudyFindings.from_json(reports.report(study=study).findings_json)
    close_study(study_id=study.pk, by_id=olga.pk)
    unblind_study(study_id=study.pk, by_id=olga.pk, reason="Done.")
    seen = StudyFindings.from_json(reports.report(study=study).findings_json)
    values = [
        {row.criterion: (row.fleiss.value, row.ac1.value, row.n_cards) for row in found.agreement}
        for found in (blind, seen)
    ]
    assert values[0].keys() == values[1].keys()
    for criterion, wanted in values[0].items():
        assert values[1][criterion] == pytest.approx(wanted, abs=1e-12)


def test_a_study_nobody_rated_has_nothing_to_report(olga: User) -> None:
    study = studies.opened(owner=olga)
    with pytest.raises(NothingToAnalyse, match="Nobody has rated"):
        request_report(study_id=study.pk, by_id=olga.pk)
    assert not Report.objects.exists()


def test_asked_for_again_before_a_worker_began_there_is_one_report(olga: User, rosa: User) -> None:
    study = reports.rated(owner=olga)
    first = request_report(study_id=study.pk, by_id=olga.pk)
    assert request_report(study_id=study.pk, by_id=rosa.pk) == first
    Report.objects.update(status=Report.Status.RUNNING, started_at=timezone.now())
    again = request_report(study_id=study.pk, by_id=rosa.pk)  # ratings may have come since it began
    assert again != first
    assert Report.objects.count() == 2


def test_a_report_is_computed_once_however_often_the_message_arrives(olga: User) -> None:
    report = reports.report(study=reports.rated(owner=olga), done=False)
    assert analyse_study(report_id=report.pk) is True
    done = Report.objects.get(pk=report.pk)
    assert analyse_study(report_id=report.pk) is False
    assert Report.objects.get(pk=report.pk).findings_json == done.findings_json


def test_a_report_left_by_a_dead_worker_is_taken_again_after_its_lease(olga: User) -> None:
    report = reports.report(study=reports.rated(owner=olga), done=False)
    fresh = timezone.now() - LEASE + datetime.timedelta(minutes=1)
    Report.objects.filter(pk=report.pk).update(status="running", started_at=fresh)
    assert analyse_study(report_id=report.pk) is False
    Report.objects.filter(pk=report.pk).update(started_at=timezone.now() - 2 * LEASE)
    assert analyse_study(report_id=report.pk) is True


def test_what_goes_wrong_is_kept_in_words(olga: User, monkeypatch: pytest.MonkeyPatch) -> None:
    report = reports.report(study=reports.rated(owner=olga), done=False)

    def broken(**_: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("analysis.services.analyse_study.score_explanations", broken)
    with pytest.raises(RuntimeError):
        analyse_study(report_id=report.pk)
    report.refresh_from_db()
    assert (report.status, report.error, report.findings_json) == ("failed", "the disk is full", "")


def test_the_bundle_holds_what_the_numbers_came_from(olga: User) -> None:
    report = reports.report(study=reports.rated(owner=olga))
    content = export_report(report_id=report.pk).read()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        ratings = pd.read_csv(archive.open("data/ratings.csv"))
        assert len(ratings) == 6 * 3 * 2 * 3
        assert archive.read("report.json").decode() == report.findings_json
        assert "user" not in pd.read_csv(archive.open("data/texts.csv")).columns
        signatures = json.loads(archive.read("manifest.json"))["signatures"]["metrics"]
        assert signatures["rouge-l"].startswith("rougeL|")
        versions = json.loads(archive.read("manifest.json"))["versions"]
        assert {"numpy", "scipy", "pandas", "rouge-score", "sacrebleu"} <= set(versions)
    assert export_report(report_id=report.pk).read() == content


@pytest.mark.parametrize("unblinded", [True, False])
def test_the_bundle_computes_itself_again_to_the_last_digit(
    olga: User, tmp_path: Path, unblinded: bool
) -> None:
    report = reports.report(study=reports.rated(owner=olga, unblinded=unblinded))
    folder, again = tmp_path / "bundle", tmp_path / "again"
    with zipfile.ZipFile(export_report(report_id=report.pk)) as archive:
        archive.extractall(folder)
        readme = archive.read("README.txt").decode()
    [line] = [line for line in readme.splitlines() if "manage.py analyse" in line]
    words = [str(folder / word) if (folder / word).exists() else word for word in line.split()[3:-1]]
    call_command("analyse", *words, str(again))
    same = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    # What comes from texts and plan, which the command is not given.
    beyond = {"data/texts.csv", "data/cases.csv", "manifest.json", "README.txt", "heds.md", "heds.json"}
    same = [path for path in same if path.as_posix() not in beyond]
    assert {"report.html", "report.json", "tables/agreement.csv"} <= {path.as_posix() for path in same}
    assert ("tables/metrics.csv" in {path.as_posix() for path in same}) == unblinded
    for name in same:
        if name.parts[0] != "data":
            assert (again / name).read_bytes() == (folder / name).read_bytes(), name


def test_a_bundle_of_a_study_holds_with_its_plan_its_ledger_and_its_scores(
    olga: User, tmp_path: Path
) -> None:
    study = reports.rated(owner=olga)
    path = tmp_path / "report.zip"
    path.write_bytes(export_report(report_id=reports.report(study=study).pk).read())
    files = unpacked(path)
    found = verify(files, page=html)
    assert found.problems == ()
    assert found.n_scores >= 6 * 3 * 4 + 3 * 6
    assert json.loads(files["data/plan.json"])["frozen_hash"] == study.frozen_hash
    ledger = json.loads(files["data/ledger.json"])
    assert [line["act"] for line in ledger["lines"]] == ["opened", "closed", "unblinded"]
    ledger["lines"][1]["reason"] = "It was finished."
    touched = files | {"data/ledger.json": json.dumps(ledger).encode()}
    assert "data/ledger.json: line 2 does not follow from those before it" in verify(touched).problems
    text = files["data/texts.csv"].replace(b"number 0 of the reasons", b"the first reason")
    assert text != files["data/texts.csv"]
    wrong = [one for one in verify(files | {"data/texts.csv": text}).problems if "data/scores.csv" in one]
    assert any("ROUGE" in one for one in wrong)


def test_metrics_without_a_model_are_computed_again_and_the_others_named(olga: User, tmp_path: Path) -> None:
    path = tmp_path / "report.zip"
    path.write_bytes(export_report(report_id=reports.report(study=reports.rated(owner=olga)).pk).read())
    files = unpacked(path)
    shown = [name for name in WITHOUT_MODELS if metrics.METRICS[name].reads_shown]
    assert {"echo-rate", "external-span", "copy-rate"} == set(shown)
    told = " ".join(verify(files).notes)
    assert "Foreign title" in told
    assert "(they want the whole catalogue)" in told
    assert not any(metrics.METRICS[name].label in told for name in (*shown, "ngram-entropy"))
    # Of one that names a model, what it scored is taken as it stands, in words.
    found = StudyFindings.from_json(files["report.json"].decode())
    by_model = replace(found.metrics[0], name="bertscore", label="BERTScore F1")
    data = {name: as_text(files[f"data/{name}.csv"]) for name in ("texts", "scores", "cases")}
    untried = rescored(replace(found, metrics=(by_model,)), data)[2]
    assert untried == ["BERTScore F1 (it wants the model that its signature names)"]
    # An older bundle does not hold what the systems were shown.
    older = {name: frame for name, frame in data.items() if name != "cases"}
    assert "Echoed prompt (they want what the systems were shown" in " ".join(rescored(found, older)[2])
    # Another history: a text that copied from it no longer does.
    other = data | {"cases": data["cases"].replace("Film", "Movie", regex=True)}
    assert any("Copied run" in one for one in rescored(found, other)[1])


def test_a_study_closed_early_says_so_and_what_became_of_its_people(olga: User) -> None:
    study = reports.rated(owner=olga, unblinded=False)
    found = StudyFindings.from_json(reports.report(study=study).findings_json)
    assert found.fieldwork is not None
    assert found.fieldwork.state == "open"
    early = studies.opened(owner=olga, n_cases=6)
    people = [builders.user(name, role="annotator") for name in ("dora", "emil", "fay")]
    dora = studies.enrol(study=early, person=people[0])
    studies.enrol(study=early, person=people[1], passed=False, gate="failed")
    studies.enrol(study=early, person=people[2])
    for _ in range(4):
        studies.rate(enrolment=dora, token=studies.claim_placement(enrolment_id=dora.pk), value=3)
    close_study(study_id=early.pk, by_id=olga.pk)
    unblind_study(study_id=early.pk, by_id=olga.pk, reason="No time.")
    found = StudyFindings.from_json(reports.report(study=early).findings_json)
    work = found.fieldwork
    assert work is not None
    assert (work.state, work.n_planned, work.n_judged, work.n_short) == ("closed early", 18, 4, 18)
    assert (work.marks_min, work.marks_max) == (0, 1)
    assert (work.n_joined, work.n_failed, work.n_finished, work.n_unfinished) == (3, 1, 0, 2)
    assert "closed early" in " ".join(opening(found))


def test_a_report_that_is_not_done_has_no_bundle(olga: User) -> None:
    report = reports.report(study=reports.rated(owner=olga), done=False)
    with pytest.raises(NotReady, match="waiting for a worker"):
        export_report(report_id=report.pk)


@pytest.mark.database
def test_the_database_refuses_what_no_report_can_be(olga: User) -> None:
    study = studies.opened(owner=olga)
    for wrong in ({"kind": "open"}, {"status": "lost"}, {"status": "done"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Report.objects.create(
                **({"study_id": study.pk, "kind": "pooled", "seed": 1, "created_by": olga} | wrong)
            )
    Score.objects.create(study_id=study.pk, case="c", system="s", metric="m", value=None, signature="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        Score.objects.create(study_id=study.pk, case="c", system="s", metric="m", value=1.0, signature="x")
