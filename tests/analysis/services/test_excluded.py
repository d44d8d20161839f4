"""A report of a study with an excluded annotator: numbers without them, and each result with them beside it."""

import pytest
from django.test import Client
from django.urls import reverse

from analysis.report.findings.study import StudyFindings
from analysis.report.findings.subject import Excluded
from annotation import queries, unblinding
from annotation.models.rating import Rating
from annotation.models.study import Enrolment
from annotation.services.exclude_annotator import exclude_annotator
from annotation.services.withdraw_consent import withdraw_consent
from tests.analysis import reports

pytestmark = pytest.mark.django_db


def exclude(study, index: int, rule: str) -> None:
    row = Enrolment.objects.get(study=study, index=index)
    exclude_annotator(
        study_id=study.pk, enrolment_id=row.pk, by_id=study.owner_id, rule=rule, reason="As the monitor says."
    )


def test_a_report_shows_each_result_with_and_without_the_excluded(olga, client: Client):
    study = reports.rated(owner=olga)
    n_before = Rating.objects.count()
    exclude(study, 1, "speed")
    report = reports.report(study=study)
    found = StudyFindings.from_json(report.findings_json)
    assert found.counts.n_annotators == 2
    [out] = found.sensitivity.excluded
    assert (out.annotator, out.rule, out.after_unblinding) == ("A02", "Too fast to have read", True)
    assert out.n_ratings > 0
    assert len(found.sensitivity.differences) == len(found.comparisons)
    assert len(found.sensitivity.agreement) >= 6 * len(found.agreement)
    assert set(report.data.values_list("name", flat=True)) >= {"data/ratings.csv", "data/excluded.csv"}
    assert Rating.objects.count() == n_before
    client.force_login(olga)
    assert (
        "With and without the excluded"
        in client.get(reverse("analysis:report", args=[report.pk])).content.decode()
    )


def test_the_doors_give_those_who_count_or_those_who_do_not(olga):
    study = reports.rated(owner=olga)
    assert queries.exclusions(study.pk) == ()
    exclude(study, 0, "one-mark")
    exclude(study, 1, "other")
    withdraw_consent(enrolment_id=Enrolment.objects.get(study=study, index=1).pk)
    for door in (unblinding.ratings, queries.pooled_ratings):
        assert set(door(study.pk)["annotator"]) == {"A03"}
        assert set(door(study.pk, excluded=True)["annotator"]) == {"A01"}
    assert [(one.annotator, one.rule) for one in queries.exclusions(study.pk)] == [
        ("A01", "The same mark everywhere")
    ]


def test_a_blind_report_numbers_cards_alike_in_both_readings(olga):
    study = reports.rated(owner=olga, unblinded=False)
    exclude(study, 2, "alike")
    found = StudyFindings.from_json(reports.report(study=study).findings_json)
    assert found.meta.kind == "pooled"
    assert found.sensitivity.excluded[0] == Excluded(
        "A03", "Every question answered alike", False, found.sensitivity.excluded[0].n_ratings
    )
    assert found.sensitivity.differences == ()
    counted = {row.criterion: row.fleiss.value for row in found.agreement}
    for row in found.sensitivity.agreement:
        if row.coefficient == "fleiss":
            assert row.counted.value == counted[row.criterion]
