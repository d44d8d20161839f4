"""Which kind each system is: told after unblinding, kept in the ledger, read by analysis; and guesses as files."""

import csv
import io
import json

import pyarrow.parquet as pq
import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from annotation import unblinding
from annotation.design.guessing import GuessPlan
from annotation.guess_queries import guess_cards
from annotation.models.ledger import LedgerLine, broken_at
from annotation.models.provenance import Provenance
from annotation.models.study import Study
from annotation.services.answer_guess import answer_guess
from annotation.services.close_study import close_study
from annotation.services.exclude_annotator import exclude_annotator
from annotation.services.refusals import OutOfTurn, Refused
from annotation.services.tell_kinds import tell_kinds, writers
from annotation.services.unblind_study import unblind_study
from annotation.services.withdraw_consent import withdraw_consent
from tests import builders
from tests.annotation import studies
from tests.annotation.studies import LOUD_SYSTEMS

pytestmark = pytest.mark.django_db

KINDS = {"Thunderclap": "person", "Foghorn": "large-model", "Megaphone": ""}


def guessed(olga, *, n=3):
    """A study in which everybody guessed "person" three times; people by name."""
    study = studies.opened(owner=olga, n_cases=3, guess=GuessPlan(n_cards=3), k=n, n_annotators=n)
    people = []
    for number in range(n):
        person = studies.enrol(study=study, person=builders.user(f"p{number}", role="annotator"))
        studies.rate_all(enrolment=person)
        person.refresh_from_db()
        answer_guess(
            enrolment_id=person.pk, guesses={card.token: "person" for card in guess_cards(person.pk)}
        )
        people.append(person)
    return study, people


def unblind(study, olga):
    close_study(study_id=study.pk, by_id=olga.pk)
    unblind_study(study_id=study.pk, by_id=olga.pk, reason="All is judged.")


def test_nothing_is_told_before_unblinding(olga):
    study, _ = guessed(olga, n=2)
    for act in (writers, unblinding.guesses):
        with pytest.raises((OutOfTurn, unblinding.NotUnblinded)):
            act(study.pk)
    with pytest.raises(OutOfTurn, match="Unblind the study first"):
        tell_kinds(study_id=study.pk, by_id=olga.pk, kinds=KINDS)


def test_the_last_word_counts_and_the_ledger_has_all(olga):
    study, _ = guessed(olga, n=2)
    unblind(study, olga)
    assert [(one.name, one.kind, one.told) for one in writers(study.pk)] == [
        (name, "", False) for name in sorted(LOUD_SYSTEMS)
    ]
    assert set(unblinding.guesses(study.pk)["kind"]) == {""}
    tell_kinds(study_id=study.pk, by_id=olga.pk, kinds=dict.fromkeys(KINDS, "person"))
    tell_kinds(study_id=study.pk, by_id=olga.pk, kinds=KINDS)
    found = unblinding.guesses(study.pk)
    assert len(found) == 6
    assert all(KINDS[row.system] == row.kind for row in found.itertuples())
    lines = list(LedgerLine.objects.filter(study=study))
    assert [line.facts["kinds"]["Foghorn"] for line in lines if line.act == "kinds"] == [
        "person",
        "large-model",
    ]
    assert broken_at(lines) is None
    systems = {row.card_id: row.system for row in Provenance.objects.filter(card__study=study)}
    own = studies.Enrolment.objects.get(index=0).placements.filter(done_at__isnull=False)
    assert set(found["system"]) <= {systems[placement.card_id] for placement in own}


@pytest.mark.parametrize(
    "kinds",
    [{}, {**KINDS, "Whisper": "person"}, {**KINDS, "Foghorn": "parrot"}, {"Foghorn": "person"}],
)
def test_half_a_word_is_refused(olga, kinds):
    study, _ = guessed(olga, n=2)
    unblind(study, olga)
    with pytest.raises(Refused):
        tell_kinds(study_id=study.pk, by_id=olga.pk, kinds=kinds)
    assert not LedgerLine.objects.filter(act="kinds").exists()


def test_whose_marks_do_not_count_guessed_nothing(olga):
    study, (gone, out, _) = guessed(olga)
    withdraw_consent(enrolment_id=gone.pk)
    exclude_annotator(study_id=study.pk, enrolment_id=out.pk, by_id=olga.pk, rule="speed", reason="Fast.")
    unblind(study, olga)
    assert set(unblinding.guesses(study.pk)["annotator"]) == {"A03"}


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_every_guess_leaves_as_a_row_without_a_system(olga, client, form):
    study, (gone, _) = guessed(olga, n=2)
    withdraw_consent(enrolment_id=gone.pk)
    client.force_login(olga)
    answer = client.get(f"/studies/{study.pk}/guesses.{form}")
    body = b"".join(answer.streaming_content)
    assert not any(name.encode() in body for name in LOUD_SYSTEMS)
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(body.decode())))
    elif form == "jsonl":
        rows = [json.loads(line) for line in body.decode().splitlines()]
    else:
        rows = pq.read_table(io.BytesIO(body)).to_pylist()
    assert len(rows) == int(answer["Rows"]) == 6
    assert [str(row["counted"]) for row in rows] == ["False"] * 3 + ["True"] * 3
    assert {row["guess"] for row in rows} == {"person"}
    assert client.get(f"/studies/{study.pk}/guesses.xls").status_code == 404
    rest = APIClient()
    rest.force_authenticate(olga)
    assert (
        b"".join(rest.get(f"/api/annotation/studies/{study.pk}/guesses.{form}").streaming_content)[:4]
        == body[:4]
    )


def test_an_owner_switches_it_on_and_tells_the_kinds_on_one_page(olga, client: Client):
    study = studies.draft(owner=olga, n_cases=3)
    page = reverse("annotation:study-guess", args=[study.pk])
    client.force_login(olga)
    assert "A large language model" in client.get(page).content.decode()
    sent = {"asked": "on", "n_cards": "2", "kinds": "A person\nA parrot\n"}
    assert client.post(page, {**sent, "kinds": "A person\nFoghorn"}).status_code == 422
    assert client.post(page, {**sent, "n_cards": "99"}).status_code == 422
    assert client.post(page, sent).status_code == 302
    study.refresh_from_db()
    assert [kind["key"] for kind in study.plan["guess"]["kinds"]] == ["person", "kind-2"]
    assert "2 of one's own cards" in client.get(reverse("annotation:study", args=[study.pk])).content.decode()
    studies.open_study(study_id=study.pk, by_id=olga.pk)
    assert client.post(page, sent).status_code == 409
    shown = client.get(page).content.decode()
    assert "A parrot" in shown
    assert not any(name in shown for name in LOUD_SYSTEMS)
    Study.objects.filter(pk=study.pk).update(status="open")
    unblind(study, olga)
    shown = client.get(page).content.decode()
    assert all(name in shown for name in LOUD_SYSTEMS)
    said = {"kind-0": "person", "kind-1": "kind-2"}
    assert client.post(page, said).status_code == 422
    assert client.post(page, {**said, "kind-2": "(none)"}).status_code == 302
    assert '<option value="(none)" selected>' in client.get(page).content.decode()
    assert LedgerLine.objects.get(act="kinds").facts["kinds"] == {
        "Foghorn": "person",
        "Megaphone": "kind-2",
        "Thunderclap": "",
    }


def test_the_same_over_rest(olga):
    study = studies.draft(owner=olga, n_cases=3)
    client = APIClient()
    client.force_authenticate(olga)
    at = f"/api/annotation/studies/{study.pk}"
    assert client.get(f"{at}/guess/").json()["asked"] is False
    assert client.put(f"{at}/guess/", {"n_cards": 2}, format="json").json()["n_cards"] == 2
    assert len(client.get(f"{at}/guess/").json()["kinds"]) == 3
    bad = {"kinds": [{"key": "a", "label": "Foghorn"}, {"key": "b", "label": "B"}]}
    assert client.put(f"{at}/guess/", bad, format="json").status_code == 422
    assert client.delete(f"{at}/guess/").status_code == 204
    client.put(f"{at}/guess/", {}, format="json")
    studies.open_study(study_id=study.pk, by_id=olga.pk)
    assert client.delete(f"{at}/guess/").status_code == 409
    assert client.get(f"{at}/kinds/").status_code == 409
    unblind(study, olga)
    assert len(client.get(f"{at}/kinds/").json()) == 3
    told = client.put(f"{at}/kinds/", {"kinds": KINDS}, format="json")
    assert {one["name"]: one["kind"] for one in told.json()} == KINDS
