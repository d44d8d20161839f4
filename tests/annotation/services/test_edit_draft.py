import pytest
from django.contrib.auth.models import User

from annotation import queries
from annotation.models.frozen import StudyFrozen
from annotation.services.edit_draft import edit_criterion, edit_draft
from annotation.services.refusals import Refused
from tests.annotation import studies


def test_a_drafts_words_gate_and_lease_can_be_edited(olga: User) -> None:
    study = studies.draft(owner=olga)
    edit_draft(
        study_id=study.pk,
        title=" Late films ",
        guidelines="Be fair.",
        lease_hours=5,
        gate={"kappa": 0.4},
    )
    seen = queries.study_summary(study.pk)
    assert (seen.title, seen.lease_hours, seen.guidelines[0].text) == ("Late films", 5, "Be fair.")
    assert "0.4" in seen.gate_in_words
    assert seen.consent.startswith("You are invited")


@pytest.mark.parametrize(
    "change",
    [
        {"title": " "},
        {"title": "\u200b"},
        {"title": "Foghorn wins"},
        {"title": "Fog\u200bho\u00adrn wins"},
        {"guidelines": "Mind the megaphone."},
        {"guidelines": "a" * 50_001},
        {"description": "a" * 50_001},
        {"consent": "a" * 50_001},
        {"lease_hours": 0},
    ],
)
def test_what_makes_no_sense_or_names_a_system_changes_nothing(olga: User, change: dict) -> None:
    study = studies.draft(owner=olga)
    before = queries.study_summary(study.pk)
    with pytest.raises(Refused):
        edit_draft(study_id=study.pk, **change)
    assert queries.study_summary(study.pk) == before


@pytest.mark.parametrize("part", ["name", "question", "definition", "labels", "explanation", "why"])
def test_no_text_of_a_criterion_names_a_system(olga: User, part: str) -> None:
    study = studies.draft(owner=olga)
    words = {"name": "Faith", "question": "Q?", "definition": "D.", "labels": list("abcde")}
    examples = [{"explanation": f"e{i}", "why": "w"} for i in range(5)]
    if part in words:
        words[part] = "Foghorn" if part != "labels" else ["a", "b", "as Foghorn", "d", "e"]
    else:
        examples[2][part] = "Unlike the foghorn's."
    with pytest.raises(Refused, match="of faithfulness names the system “Foghorn”"):
        edit_criterion(study_id=study.pk, key="faithfulness", examples=examples, **words)
    assert queries.study_summary(study.pk).criteria[2].name == "Faithfulness"


def test_an_opened_study_is_not_edited(olga: User) -> None:
    study = studies.opened(owner=olga)
    with pytest.raises(StudyFrozen):
        edit_draft(study_id=study.pk, title="Another")


def test_a_criterion_needs_a_word_for_every_point(olga: User) -> None:
    study = studies.draft(owner=olga)
    words = {"name": "Faith", "question": "Q?", "definition": "D."}
    examples = [{"explanation": f"e{i}", "why": "w"} for i in range(5)]
    with pytest.raises(Refused, match="point 2 has no label"):
        edit_criterion(
            study_id=study.pk, key="faithfulness", labels=["a", "", "c", "d", "e"], examples=examples, **words
        )
    edit_criterion(study_id=study.pk, key="faithfulness", labels=list("abcde"), examples=examples, **words)
    criterion = queries.study_summary(study.pk).criteria[2]
    assert (criterion.name, criterion.definition) == ("Faith", "D.")
    assert next((level.label, level.example) for level in criterion.levels) == ("a", "e0")
