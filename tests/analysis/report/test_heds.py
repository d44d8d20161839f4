"""The datasheet says what is known and marks what is not; nothing is made up."""

import json
from dataclasses import replace

import pytest

from analysis.report.bundle import bundle, data_files
from analysis.report.findings.study import StudyFindings
from analysis.report.findings.subject import Fieldwork
from analysis.report.heds import BLANK, Datasheet, datasheet
from analysis.report.heds_questions import QUESTIONS
from tests.analysis.report import ratings

WORK = Fieldwork(
    k=3,
    n_seats=3,
    n_planned=16,
    n_judged=16,
    n_short=0,
    marks_min=3,
    marks_max=3,
    state="complete",
    n_joined=5,
    n_failed=1,
    n_finished=3,
    n_unfinished=0,
    gate="4 of 5 marks within one point",
    n_excluded=1,
)
PLAN = {
    "language": "en",
    "frozen_hash": "ab" * 32,
    "criteria": [{"key": "faithfulness", "question": "Is every claim supported?"}],
}


def answered(sheet: Datasheet) -> dict[tuple[str, str], str]:
    return {
        (answer.question.number, answer.criterion): "; ".join([*answer.options.values(), answer.text])
        for answer in sheet.answers
        if not answer.blank
    }


@pytest.fixture(scope="module")
def found() -> StudyFindings:
    return replace(ratings.findings(), fieldwork=WORK)


def test_every_question_stands_once_and_those_of_criteria_once_a_criterion(found: StudyFindings) -> None:
    sheet = datasheet(found, PLAN)
    of_criteria = sum(question.of_criterion for question in QUESTIONS)
    assert len(QUESTIONS) == len({q.number for q in QUESTIONS}) == len({q.id for q in QUESTIONS})
    assert len(sheet.answers) == len(QUESTIONS) - of_criteria + of_criteria * len(found.criteria)
    assert (QUESTIONS[0].number, QUESTIONS[-1].number) == ("1.1.1", "5.4")


def test_what_is_known_is_filled_in(found: StudyFindings) -> None:
    said = answered(datasheet(found, PLAN))
    assert said["3.1.1", ""] == "8"
    assert said["3.2.1", ""] == "3"
    assert "4 of 5 marks within one point" in said["3.2.4", ""]
    assert said["3.3.3.1", ""].startswith("3. Manual quality checking")
    assert "1 person did not pass" in said["3.3.3.2", ""]
    assert said["4.3.7", "Faithfulness"] == "Is every claim supported?"
    assert said["4.3.3", "Faithfulness"] == "5"
    assert said["4.3.12.2", "Faithfulness"] == "IntraAA not assessed"
    (row,) = [row for row in found.agreement if row.criterion == "faithfulness"]
    assert f"kappa {row.fleiss.value:.2f}".replace("-", "−") in said["4.3.11.2", "Faithfulness"]
    assert "paired t-tests" in said["4.3.10", "Faithfulness"]


def test_texts_side_by_side_are_not_called_one_at_a_time(found: StudyFindings) -> None:
    beside = replace(found, fieldwork=replace(WORK, design="side_by_side"))
    for findings, medium, shown in (
        (found, "one text at a time", "the recommended item and one text"),
        (beside, "all texts of a case on one page", "its texts side by side in random order"),
    ):
        said = answered(datasheet(findings, PLAN))
        assert medium in said["3.3.2", ""]
        assert shown in said["3.3.4.2", ""]


def test_nothing_of_the_authors_is_answered_for_them(found: StudyFindings) -> None:
    said = answered(datasheet(found, PLAN))
    theirs = (
        "1.1.1",
        "1.2",
        "1.3",
        "2.",
        "3.1.3",
        "3.2.2",
        "3.2.3",
        "3.2.5",
        "3.3.1",
        "3.3.4.1",
        "3.3.6",
        "3.3.7",
        "3.3.8",
        "5.",
    )
    assert [number for number, _ in said if number.startswith(theirs)] == []
    assert [number for number, _ in said if number.startswith("4.1")] == []
    of_a_file = answered(datasheet(replace(found, fieldwork=None)))
    assert not {"3.2.4", "3.3.2", "3.3.3.1", "3.3.5", "4.3.5", "4.3.7"} & {number for number, _ in of_a_file}


def test_markdown_marks_each_blank_and_json_leaves_it_empty(found: StudyFindings) -> None:
    sheet = datasheet(found, PLAN)
    text = sheet.to_markdown()
    assert text.count(f"*{BLANK}*") == sheet.n_blank + 1
    assert f"(known: the plan was frozen before anybody judged, fingerprint {PLAN['frozen_hash']})" in text
    entries = json.loads(sheet.to_json())
    assert entries["heds-ethics-review_body"] == {"data": {"": ""}, "control": {}, "number": "5.1"}
    assert entries["heds-criteria-criterion"]["control"] == {"Faithfulness": True, "Personalisation": False}
    chosen = entries["heds-criteria-criterion-evaluation_mode-objective_or_subjective-2"]
    assert chosen["data"] == {"Faithfulness": True, "Personalisation": True}
    assert chosen["text"]["Faithfulness"] == "2. Subjective"
    freedom = entries["heds-sample_evaluators_design-experimental_design-evaluator_freedom-other_text"]
    assert freedom["data"][""].startswith("No limit of time")


def test_titles_are_no_markdown_and_simulated_ratings_say_so() -> None:
    sheet = datasheet(replace(ratings.findings(simulated=True), criteria=()))
    assert "**SIMULATED RATINGS: no person took part.**" in sheet.to_markdown()
    odd = replace(sheet, title="*Bold* <b>\n# head")
    assert odd.to_markdown().splitlines()[0].endswith(r"\*Bold\* \<b\> \# head")


def test_a_bundle_holds_it(found: StudyFindings) -> None:
    files = bundle(found, data=data_files(documents={"plan": PLAN}))
    assert "Is every claim supported?" in files["heds.md"].decode()
    assert json.loads(files["heds.json"])
