"""The owner's pages: building, gold, opening, links, the monitor, and the acts that cannot be undone."""

import re

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from annotation import overview
from annotation.models.card import CalibrationGold, Card
from annotation.models.study import Criterion, Guidelines, Invitation, Study
from annotation.services.claim_placement import claim_placement
from annotation.services.close_study import close_study
from annotation.services.refusals import Refused
from annotation.services.set_gold import set_gold
from annotation.services.submit_rating import submit_rating
from annotation.views.watching import watch
from tests import builders
from tests.annotation.loud import LOUD_SYSTEMS, enrolled, explanation_file, loud_study

pytestmark = pytest.mark.django_db

PLAN = {
    "title": "Why this film?",
    "language": "en",
    "n_cases": "4",
    "n_calibration": "2",
    "k": "2",
    "n_annotators": "2",
    "design": "paired",
    "gap": "1",
    "seed": "11",
}


@pytest.fixture(autouse=True)
def _olga_is_signed_in(client: Client, olga: User) -> None:
    client.force_login(olga)


def test_an_owner_without_a_study_is_told_what_to_do_next(client: Client) -> None:
    page = client.get(reverse("annotation:studies")).content.decode()
    assert "No study yet" in page
    assert reverse("annotation:study-new") in page


def test_a_file_becomes_a_draft_with_the_plan_as_stated(client: Client, olga: User) -> None:
    upload = SimpleUploadedFile("texts.jsonl", explanation_file(n_cases=6).encode())
    response = client.post(reverse("annotation:study-upload"), {**PLAN, "file": upload})
    study = Study.objects.get()
    assert response["Location"] == reverse("annotation:study", args=[study.pk])
    assert (study.k, study.n_annotators, study.seed, study.owner, study.status) == (2, 2, 11, olga, "draft")
    assert Card.objects.filter(block__kind="main").count() == 8


def test_a_study_side_by_side_is_built_and_says_what_it_is(client: Client) -> None:
    rows = {"rows": explanation_file(n_cases=6), "design": "side_by_side", "gap": "8"}
    page = client.get(client.post(reverse("annotation:study-upload"), {**PLAN, **rows})["Location"])
    assert (Study.objects.get().design, Study.objects.get().gap) == ("side_by_side", 1)
    assert "judges all texts of a case on one page" in page.content.decode()


def test_a_faulty_file_is_refused_whole_with_each_line_and_nothing_is_lost(client: Client) -> None:
    lines = explanation_file(n_cases=6).split("\n")
    lines[2] = '{"case": "case-001", "system": "", "text": "Hello"}'
    lines[5] = "not json"
    upload = SimpleUploadedFile("texts.jsonl", "\n".join(lines).encode())
    response = client.post(reverse("annotation:study-upload"), {**PLAN, "file": upload})
    page = response.content.decode()
    assert response.status_code == 422
    assert "2 things to correct in the file" in page
    assert re.search(r'<td class="number">3</td><td class="mono">system</td>', page)
    assert re.search(r'<td class="number">6</td>', page)
    assert 'value="Why this film?"' in page
    assert "not json" in page.split('name="rows"')[1]
    assert not Study.objects.exists()
    lines[2], lines[5] = (
        explanation_file(n_cases=6).split("\n")[2],
        explanation_file(n_cases=6).split("\n")[5],
    )
    assert (
        client.post(reverse("annotation:study-upload"), {**PLAN, "rows": "\n".join(lines)}).status_code == 302
    )


def test_a_csv_is_read_as_such_and_latin_1_is_named(client: Client) -> None:
    rows = "case,system,text\n" + "\n".join(
        f"c{i},{s},Text {s} {i}" for i in range(6) for s in ("sys1", "sys2")
    )
    assert client.post(reverse("annotation:study-upload"), {**PLAN, "rows": rows}).status_code == 302
    upload = SimpleUploadedFile("texts.csv", "case,system,text\nc1,sys1,Am\xe9lie".encode("latin-1"))
    response = client.post(reverse("annotation:study-upload"), {**PLAN, "file": upload})
    assert response.status_code == 422
    assert "is not UTF-8" in response.content.decode()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"title": "Is system-loud-teacher better?"}, "names the system"),
        ({"n_annotators": "1"}, "at least 2 in all"),
        ({"n_cases": "50"}, "complete cases"),
        ({"rows": ""}, "Choose a file"),
        ({"language": "English!"}, "Enter a valid value"),
        ({"seed": "-1"}, "greater than or equal to 0"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_in_words(
    client: Client, change: dict[str, str], words: str
) -> None:
    plan = {**PLAN, "rows": explanation_file(n_cases=6), **change}
    response = client.post(reverse("annotation:study-upload"), plan)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not Study.objects.exists()


def test_without_finished_runs_the_page_says_where_to_get_them(client: Client) -> None:
    page = client.get(reverse("annotation:study-new")).content.decode()
    assert "No finished explanations" in page
    assert reverse("generation:runs") in page


def test_explain_runs_become_a_draft(client: Client) -> None:
    cases = builders.case_run(n_cases=6)
    runs = [builders.explain_run(over=cases, system=name) for name in ("prism", "template-knn")]
    page = client.get(reverse("annotation:study-new")).content.decode()
    assert all(f'value="{run.pk}"' in page for run in runs)
    response = client.post(reverse("annotation:study-new"), {**PLAN, "runs": [run.pk for run in runs]})
    assert response.status_code == 302
    assert Card.objects.filter(block__kind="main").count() == 8
    assert client.post(reverse("annotation:study-new"), PLAN).status_code == 422


def test_opening_lists_everything_that_is_missing_and_changes_nothing(client: Client, olga: User) -> None:
    study_id = loud_study(olga, opened=False)
    CalibrationGold.objects.filter(criterion__key="faithfulness").delete()
    Guidelines.objects.update(text="")
    response = client.post(reverse("annotation:study-open", args=[study_id]))
    page = response.content.decode()
    assert response.status_code == 409
    assert "2 of 6 reference marks" in page
    assert "The guidelines are empty." in page
    assert Study.objects.get().status == "draft"


def test_gold_is_entered_card_by_card_and_frozen_by_opening(client: Client, olga: User) -> None:
    study_id = loud_study(olga, opened=False)
    CalibrationGold.objects.all().delete()
    url = reverse("annotation:study-calibration", args=[study_id])
    page = client.get(url).content.decode()
    assert "6 marks missing" in page
    for number, card in enumerate(Card.objects.filter(block__kind="calibration")):
        keys = ("persuasiveness", "personalization", "faithfulness")
        body = {f"mark-{key}": str(2 + number) for key in keys} | {
            f"rationale-{key}": "Because." for key in keys
        }
        refused = client.post(url, {"card": card.token, **body, "mark-faithfulness": "7"})
        assert refused.status_code == 422
        assert "not on the scale" in refused.content.decode()
        assert client.post(url, {"card": card.token, **body}).status_code == 302
    assert client.post(reverse("annotation:study-open", args=[study_id])).status_code == 302
    assert client.post(url, {"card": card.token, **body}).status_code == 409


def test_texts_and_criteria_of_a_draft_can_be_edited_until_it_opens(client: Client, olga: User) -> None:
    study_id = loud_study(olga, opened=False)
    texts = {"title": "Better?", "description": "", "consent": "Consent.", "guidelines": "Read closely."}
    edit = reverse("annotation:study-edit", args=[study_id])
    refused = client.post(edit, {**texts, "title": "Is SYSTEM-LOUD-TEACHER better?"})
    assert refused.status_code == 422
    assert "names the system" in refused.content.decode()
    assert client.post(edit, texts).status_code == 302
    assert (Study.objects.get().title, Guidelines.objects.get().text) == ("Better?", "Read closely.")
    url = reverse("annotation:study-criterion", args=[study_id, "faithfulness"])
    body = {"name": "Truth", "question": "Is it true?", "definition": "Whether it is true."}
    body |= {f"label_{n}": f"word {n}" for n in range(1, 6)} | {
        f"example_{n}": f"text {n}" for n in range(1, 6)
    }
    doubled = client.post(url, {**body, "label_2": "word 1"})
    assert doubled.status_code == 422
    assert "two points carry the same label" in doubled.content.decode()
    assert client.post(url, body).status_code == 302
    assert Criterion.objects.get(key="faithfulness").labels == [f"word {n}" for n in range(1, 6)]
    client.post(reverse("annotation:study-open", args=[study_id]))
    assert client.post(edit, texts).status_code == 409
    assert client.post(url, body).status_code == 409


def test_the_gate_of_a_draft_is_changed_until_it_opens(client: Client, olga: User) -> None:
    study_id = loud_study(olga, opened=False)
    url = reverse("annotation:study-gate", args=[study_id])
    page = client.get(url).content.decode()
    assert re.search(r'name="share" value="80"', page)
    assert client.post(url, {"share": 120, "tolerance": 1, "attempts": 2}).status_code == 422
    alone = {"share": 70, "tolerance": 2, "kappa": "", "attempts": 3}
    assert client.post(url, alone).status_code == 302
    rule = {"tolerance": 2, "share": 0.7, "kappa": -1.0, "attempts": 3}
    assert Study.objects.get().gate_rule == rule
    told = client.get(reverse("annotation:study", args=[study_id])).content.decode()
    assert "70% of the marks at most 2 from the reference; 3 attempts" in told
    assert "kappa" not in told.split("<dt>Gate</dt>")[1].split("</dd>")[0]
    client.post(reverse("annotation:study-open", args=[study_id]))
    assert client.post(url, alone | {"share": 10}).status_code == 409
    assert Study.objects.get().gate_rule == rule


def test_links_are_made_shown_whole_and_withdrawn(client: Client, olga: User) -> None:
    study_id = loud_study(olga)
    url = reverse("annotation:study-invitations", args=[study_id])
    assert client.post(url, {"label": "Seminar", "max_uses": "0"}).status_code == 422
    client.post(url, {"label": "Seminar", "max_uses": "30"})
    link = Invitation.objects.get()
    assert f"http://testserver/join/{link.token}/" in client.get(url).content.decode()
    client.post(reverse("annotation:study-revoke", args=[study_id, link.pk]))
    assert "withdrawn" in client.get(url).content.decode()
    other = loud_study(olga)
    kept = Invitation.objects.create(study_id=other, created_by=olga)
    client.post(reverse("annotation:study-revoke", args=[study_id, kept.pk]))
    kept.refresh_from_db()
    assert kept.revoked_at is None


def test_closing_and_unblinding_ask_for_the_title_and_a_reason(client: Client, olga: User) -> None:
    study_id = loud_study(olga)
    close, unblind = (reverse(f"annotation:study-{act}", args=[study_id]) for act in ("close", "unblind"))
    early = client.post(unblind, {"unblind-typed": "Why this film?", "unblind-reason": "Now."})
    assert early.status_code == 409
    assert client.post(close, {"close-typed": "why this"}).status_code == 422
    assert Study.objects.get().status == "open"
    assert client.post(close, {"close-typed": "Why this film?"}).status_code == 302
    assert client.post(unblind, {"unblind-typed": "Why this film?"}).status_code == 422
    assert Study.objects.get().status == "closed"
    assert (
        client.post(unblind, {"unblind-typed": "Why this film?", "unblind-reason": "Done."}).status_code
        == 302
    )
    assert Study.objects.get().status == "unblinded"
    page = client.get(reverse("annotation:study", args=[study_id])).content.decode()
    assert "Unblinded" in page
    assert "Done." in page


def test_a_draft_is_discarded_and_an_opened_study_is_not(client: Client, olga: User) -> None:
    draft, opened = loud_study(olga, opened=False), loud_study(olga)
    assert client.post(reverse("annotation:study-discard", args=[draft])).status_code == 302
    assert client.post(reverse("annotation:study-discard", args=[opened])).status_code == 409
    assert list(Study.objects.values_list("pk", flat=True)) == [opened]


def test_the_monitor_shows_pooled_figures_and_flags_in_words(
    client: Client, olga: User, ada: User, ben: User
) -> None:
    study_id = loud_study(olga, n_cases=4, k=2, n_annotators=2)
    values = {ada: 4, ben: 5}
    for person, value in values.items():
        enrolment_id = enrolled(study_id, person, stage="rating")
        while (token := claim_placement(enrolment_id=enrolment_id)) is not None:
            marks = dict.fromkeys(("persuasiveness", "personalization", "faithfulness"), value)
            seconds = 4.0 if person is ada else 60.0
            submit_rating(
                placement_token=token, annotator_id=person.pk, marks=marks, seconds=seconds, key=token
            )
    page = client.get(reverse("annotation:study-monitor", args=[study_id])).content.decode()
    assert "100% of the target" in page
    assert "0% exactly alike, 24 pairs, pooled" in page
    assert "fast: a median of 4 s a card, that of the others is 60 s" in page
    assert "the mark 4 in 100% of 24 marks" in page
    assert "One mark: the same mark in 90% or more of at least 20 marks." in page
    assert "<dd>4 cases</dd>" in page
    fragment = client.get(
        reverse("annotation:study-monitor", args=[study_id]), headers={"HX-Request": "true"}
    )
    assert "<html" not in fragment.content.decode()
    assert 'hx-trigger="every 10s"' in fragment.content.decode()


def test_two_who_are_both_too_fast_are_both_flagged(client: Client, olga: User, ada: User, ben: User) -> None:
    study_id = loud_study(olga, n_cases=4, k=2, n_annotators=2)
    for person in (ada, ben):
        enrolment_id = enrolled(study_id, person, stage="rating")
        for number in range(4):
            token = claim_placement(enrolment_id=enrolment_id)
            marks = {"persuasiveness": 1 + number, "personalization": 2, "faithfulness": 3}
            submit_rating(
                placement_token=token,
                annotator_id=person.pk,
                marks=marks,
                seconds=2.9 if person is ada and number else 0.4,
                key=token,
            )
    watched = watch(study_id)
    assert sorted((flag.who, flag.text) for flag in watched.flags) == [
        ("A01", "fast: a median of 2.9 s a card; nobody reads one in under 3 s"),
        ("A02", "fast: a median of 0.4 s a card; nobody reads one in under 3 s"),
    ]
    assert [figure.value for figure in watched.figures if figure.label == "Alerts"] == ["2"]
    assert "Fast: a median under 3 seconds a card, from 3 cards on." in watched.rules


def test_three_seconds_and_varied_marks_raise_no_flag(client: Client, olga: User, ada: User) -> None:
    study_id = loud_study(olga, n_cases=4)
    enrolment_id = enrolled(study_id, ada, stage="rating")
    while (token := claim_placement(enrolment_id=enrolment_id)) is not None:
        marks = {"persuasiveness": 4, "personalization": 2, "faithfulness": 4}
        submit_rating(placement_token=token, annotator_id=ada.pk, marks=marks, seconds=3.0, key=token)
    assert watch(study_id).flags == ()


GOLD_FILE = b"text,history,persuasiveness,personalization,faithfulness\nYou saw Heat.,Heat (1995),2,3,5\n"


def upload(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="text/csv")


def test_a_draft_takes_its_calibration_set_from_a_file(client: Client, olga: User) -> None:
    study_id = loud_study(olga, opened=False)
    url = reverse("annotation:study-calibration-file", args=[study_id])
    assert url in client.get(reverse("annotation:study-calibration", args=[study_id])).content.decode()
    page = client.post(url, {"file": upload("gold.csv", GOLD_FILE)}, follow=True).content.decode()
    assert "the file&#x27;s: 1 card with its reference marks" in page
    assert "You saw Heat." in page
    assert "complete" in page


def test_a_faulty_calibration_file_is_refused_line_by_line(client: Client, olga: User) -> None:
    study_id = loud_study(olga, opened=False)
    url = reverse("annotation:study-calibration-file", args=[study_id])
    before = overview.gold_cards(study_id)
    answer = client.post(url, {"file": upload("gold.csv", GOLD_FILE.replace(b"2,3,5", b"2,9,5"))})
    assert answer.status_code == 422
    assert "9 is not on the scale" in answer.content.decode()
    assert client.post(url, {}).status_code == 422
    broken = client.post(url, {"file": upload("gold.csv", b"text\xff")})
    assert "Byte 4 is not UTF-8" in broken.content.decode()
    assert overview.gold_cards(study_id) == before


def test_an_opened_study_takes_no_calibration_file(client: Client, olga: User) -> None:
    study_id = loud_study(olga)
    page = client.get(reverse("annotation:study-calibration", args=[study_id])).content.decode()
    url = reverse("annotation:study-calibration-file", args=[study_id])
    assert url not in page
    answer = client.post(url, {"file": upload("gold.csv", GOLD_FILE)})
    assert answer.status_code == 409


def test_a_card_with_some_of_its_marks_says_how_many(client: Client, olga: User) -> None:
    study_id = loud_study(olga, opened=False)
    CalibrationGold.objects.filter(card__study=study_id).delete()
    url = reverse("annotation:study-calibration", args=[study_id])
    token = overview.gold_cards(study_id)[0].token
    page = client.post(url, {"card": token, "mark-faithfulness": "4"}, follow=True).content.decode()
    assert "Card 1 is saved with 1 of 3 marks." in page
    assert ">1 of 3 marks</span>" in page
    full = {f"mark-{key}": "4" for key in ("persuasiveness", "personalization", "faithfulness")}
    assert (
        "Card 1 is saved: all 3 marks."
        in client.post(url, {"card": token, **full}, follow=True).content.decode()
    )


def test_simulated_annotators_are_labelled(client: Client, olga: User, ada: User) -> None:
    study_id = loud_study(olga, simulated=True)
    enrolled(study_id, ada)
    for name in ("studies", "study", "study-monitor"):
        url = reverse(f"annotation:{name}", args=[study_id] if name != "studies" else [])
        assert "simulated" in client.get(url).content.decode(), name


def test_no_page_of_a_blind_study_names_a_system_not_even_to_its_owner(
    client: Client, olga: User, ada: User
) -> None:
    study_id = loud_study(olga)
    enrolled(study_id, ada, stage="rating")
    close_study(study_id=study_id, by_id=olga.pk)
    for name in ("study", "study-calibration", "study-invitations", "study-monitor"):
        page = client.get(reverse(f"annotation:{name}", args=[study_id])).content.decode()
        assert not any(system.lower() in page.lower() for system in LOUD_SYSTEMS), name


def test_the_disagreement_matrix_counts_first_attempts(client: Client, olga: User, ada: User) -> None:
    study_id = loud_study(olga)
    enrolled(study_id, ada, stage="rating")
    page = client.get(reverse("annotation:study-calibration", args=[study_id])).content.decode()
    assert "First attempts against the reference" in page
    assert page.count('<span class="gold">') == 6


def test_a_title_is_shown_as_text_wherever_it_stands(client: Client, olga: User) -> None:
    study = loud_study(olga, title="<b>Why</b> this film?")
    page = client.get(reverse("annotation:study", args=[study])).content.decode()
    assert "&lt;b&gt;Why&lt;/b&gt;" in page
    assert "<b>Why</b>" not in page


def test_a_rationale_no_database_keeps_is_refused(client: Client, olga: User) -> None:
    study = loud_study(olga, opened=False)
    card = Card.objects.filter(study=study, block__kind="calibration").first()
    assert card is not None
    sent = {"card": card.token, "mark-faithfulness": "3", "rationale-faithfulness": "a\0b"}
    response = client.post(reverse("annotation:study-calibration", args=[study]), sent)
    assert response.status_code == 422
    page = response.content.decode()
    assert "holds the character NUL" in page
    assert re.search(r'name="mark-faithfulness" value="3" checked', page)
    none = client.post(
        reverse("annotation:study-calibration", args=[study]),
        {"card": card.token, "mark-faithfulness": "9", "rationale-faithfulness": "It invents a film."},
    )
    assert none.status_code == 422
    assert 'value="It invents a film."' in none.content.decode()
    with pytest.raises(Refused, match="not a calibration card"):
        set_gold(study_id=study, card_token="a\0", marks={"faithfulness": 3})


def test_calibration_left_open_follows_the_cases_of_a_small_file(client: Client) -> None:
    plan = {**PLAN, "rows": explanation_file(n_cases=8), "n_calibration": "", "n_cases": ""}
    assert client.post(reverse("annotation:study-upload"), plan).status_code == 302
    study = Study.objects.get()
    assert study.blocks.filter(kind="calibration").count() == 2
    assert any("2 calibration cards are few" in note for note in study.plan["notes"])
    assert "Too few cases" in client.get(reverse("annotation:study", args=[study.pk])).content.decode()


def test_links_are_offered_for_the_seats_that_are_free(client: Client) -> None:
    client.post(reverse("annotation:study-upload"), {**PLAN, "rows": explanation_file(n_cases=8)})
    study = Study.objects.get()
    page = client.get(reverse("annotation:study-invitations", args=[study.pk]))
    free = study.n_annotators
    assert (page.context["form"]["max_uses"].value(), page.context["crowd_form"]["max_uses"].value()) == (
        free,
        free,
    )
