"""The Human Evaluation Datasheet 3.0 of a study: what is known is filled in, the rest is left to its authors."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from analysis.report.checking import on_checks
from analysis.report.findings.agreement import Agreement
from analysis.report.findings.number import Number
from analysis.report.findings.study import StudyFindings
from analysis.report.findings.subject import Criterion
from analysis.report.heds_questions import CRITERION, QUESTIONS, SECTIONS, Question
from analysis.report.words import interval, join, many, number

BLANK = "To be filled in by the authors"
SOURCE = (
    "Numbers are those of the form at <https://nlp-heds.github.io> (Belz & Thomson 2025), whose words and notes hold; "
    "the titles here are shorter."
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of one question; an answer without text and option is for the authors to give."""

    question: Question
    criterion: str = ""
    """Name of the criterion it is about; empty outside section 4."""
    text: str = ""
    options: dict[int, str] = field(default_factory=dict)
    """Options chosen: place on the form to its words."""
    known: str = ""
    """What may help the authors to answer."""

    @property
    def blank(self) -> bool:
        return not (self.text or self.options)


@dataclass(frozen=True, slots=True)
class Datasheet:
    title: str
    warning: str
    answers: tuple[Answer, ...]

    @property
    def n_blank(self) -> int:
        return sum(answer.blank for answer in self.answers)

    def to_json(self) -> str:
        """The file that the form at nlp-heds.github.io saves and loads; blanks are empty, and the form counts them."""
        names = list(dict.fromkeys(answer.criterion for answer in self.answers if answer.criterion))
        entries: dict[str, dict[str, Any]] = {
            CRITERION: {
                "data": {},
                "control": {name: place == 0 for place, name in enumerate(names)},
                "text": {},
            }
        }
        for answer in self.answers:
            for key, value in _fields(answer):
                entry = entries.setdefault(key, {"data": {}, "control": {}, "number": answer.question.number})
                entry["data"][answer.criterion] = bool(value) if key[-1].isdigit() else value
                if key[-1].isdigit():
                    entry.setdefault("text", {})[answer.criterion] = value
        return json.dumps(entries, ensure_ascii=False, indent=1) + "\n"

    def to_markdown(self) -> str:
        """To be read, and to be finished by hand."""
        lines = [f"# Human Evaluation Datasheet 3.0: {_plain(self.title)}", ""]
        lines += [f"**{self.warning}**", ""] if self.warning else []
        counted = f"{many(len(self.answers), 'question')}; {self.n_blank:,} left to the authors"
        lines += [f"{counted}, marked *{BLANK}*. {SOURCE}", ""]
        section, criterion = "", ""
        for answer in self.answers:
            if answer.question.number[0] != section:
                section = answer.question.number[0]
                lines += [f"## {section}. {SECTIONS[section]}", ""]
            if answer.criterion != criterion:
                criterion = answer.criterion
                lines += [f"### {_plain(criterion)}", ""] if criterion else []
            lines += [f"**{answer.question.number} {answer.question.title}**  ", *_told(answer), ""]
        return "\n".join(lines)


def datasheet(findings: StudyFindings, plan: Mapping[str, Any] | None = None) -> Datasheet:
    """Fill the datasheet in.

    Args:
        plan: data/plan.json of the bundle, where there is one: it has the questions as they were asked.
    """
    general = {answer.question.number: answer for answer in _general(findings, plan or {})}
    questions = {one["key"]: str(one.get("question", "")) for one in (plan or {}).get("criteria", ())}
    answers: list[Answer] = []
    for question in QUESTIONS:
        if question.number == "4.1.1":
            for criterion in findings.criteria:
                own = {
                    a.question.number: a
                    for a in _of_criterion(findings, criterion, questions.get(criterion.key, ""))
                }
                asked = [one for one in QUESTIONS if one.of_criterion]
                answers += [own.get(one.number) or Answer(one, criterion.name) for one in asked]
        elif not question.of_criterion:
            answers.append(general.get(question.number) or Answer(question))
    warning = "SIMULATED RATINGS: no person took part." if findings.meta.simulated else ""
    return Datasheet(findings.meta.title, warning, tuple(answers))


def _general(findings: StudyFindings, plan: Mapping[str, Any]) -> Iterator[Answer]:
    counts, work = findings.counts, findings.fieldwork
    named = f" of {join([system.label for system in findings.systems])}" if findings.systems else ""
    criteria = join([criterion.name for criterion in findings.criteria])
    yield _text(
        "1.1.2",
        f"“{findings.meta.title}”: texts{named}, rated on {criteria}; {many(counts.n_ratings, 'rating')}.",
    )
    if plan.get("language"):
        yield _hint("2.5", f"the study gives the language of the texts as {plan['language']}")
    yield _text("3.1.1", f"{counts.n_cases:,}")
    if work is not None:
        yield _hint(
            "3.1.2",
            "cases with a usable text of every system were drawn at random by the study's seed, or all were taken",
        )
    yield _hint("3.1.3.1", "the planner of a study computes the power of a paired t-test")
    if counts.n_annotators is not None:
        yield _text("3.2.1", f"{counts.n_annotators}")
    if findings.confirmations:
        hashed = f", fingerprint {plan['frozen_hash']}" if plan.get("frozen_hash") else ""
        n = many(len(findings.confirmations), "hypothesis", "hypotheses")
        yield _hint(
            "3.3.1", f"{n} stood in the plan when it was frozen{hashed}; that is no public registration"
        )
    elif plan.get("frozen_hash"):
        yield _hint("3.3.1", f"the plan was frozen before anybody judged, fingerprint {plan['frozen_hash']}")
    yield _hint("5.2", "annotators go by pseudonyms in the data of this report")
    if work is not None:
        yield from _fieldwork(findings)


def _fieldwork(findings: StudyFindings) -> Iterator[Answer]:
    """What holds of every study that was run on this site."""
    work = findings.fieldwork
    assert work is not None
    yield _hint("3.2.3", "people join by invitation")
    if work.gate:
        practice = (
            f"then calibration cards with reference marks and feedback after each, and a gate: {work.gate}"
        )
        yield _text(
            "3.2.4", f"Evaluators read guidelines with an example for every point of each scale, {practice}."
        )
    else:
        yield _text("3.2.4", "Evaluators read guidelines with an example for every point of each scale.")
    beside = work.design == "side_by_side"
    page = "all texts of a case on one page" if beside else "one text at a time"
    yield _text("3.3.2", f"A web application (Prism): {page}, by pointer, touch or keyboard.")
    checks = {4: "4. Evaluators are excluded if they fail quality checks (often or badly enough)"}
    if work.n_excluded:
        checks[3] = "3. Manual quality checking methods are used during/post evaluation"
    if findings.checks or findings.consistency:
        checks[2] = "2. Automatic quality checking methods are used during/post evaluation"
    if work.gate or len(checks) > 1:
        yield Answer(_question("3.3.3.1"), options=dict(sorted(checks.items())))
        told = (
            [f"Gate: {work.gate}; {many(work.n_failed, 'person', 'people')} did not pass."]
            if work.gate
            else []
        )
        told += on_checks(findings)
        if work.n_excluded:
            told.append(
                f"{many(work.n_excluded, 'evaluator')} excluded by the owner by rule and reason, as the ledger tells."
            )
        yield _text("3.3.3.2", " ".join(told))
    text = "its texts side by side in random order" if beside else "one text"
    shown = f"the history of a user, the recommended item and {text}, without a word of who wrote what"
    yield _text(
        "3.3.4.2",
        f"{shown[0].upper()}{shown[1:]}; each question with its scale in words, and a way to say “cannot judge”.",
    )
    free = "No limit of time; evaluators may stop at any card and go on later, until the study closes."
    yield Answer(_question("3.3.5"), text=free, options={5: "5. None of the above (please describe)"})
    yield _hint("3.3.7", "the pages are reached by a browser, from anywhere")


def _of_criterion(findings: StudyFindings, criterion: Criterion, asked: str) -> Iterator[Answer]:
    name, levels = criterion.name, findings.meta.levels

    def text(number: str, words: str) -> Answer:
        return Answer(_question(number), name, text=words)

    def chosen(number: str, place: int, words: str) -> Answer:
        return Answer(_question(number), name, options={place: f"{place}. {words}"})

    yield chosen("4.2.1", 2, "Subjective")
    yield chosen("4.2.2", 1, "Absolute")
    yield chosen("4.2.3", 1, "Intrinsic")
    yield text("4.3.1.1", name)
    if criterion.definition:
        yield text("4.3.2", criterion.definition)
    yield text("4.3.3", str(len(levels)))
    words = criterion.labels if len(criterion.labels) == len(levels) else [""] * len(levels)
    yield text(
        "4.3.4", ", ".join(f"{n} ({word})" if word else str(n) for n, word in zip(levels, words, strict=True))
    )
    if findings.fieldwork is not None:
        yield chosen("4.3.5", 1, "Multiple-choice options")
    yield text("4.3.6", "N/A")
    if asked:
        yield text("4.3.7", asked)
    yield chosen("4.3.8", 2, "Direct quality estimation")
    yield text(
        "4.3.9",
        "Mean and standard deviation over ratings; tests use the mean of each case, over its annotators.",
    )
    if findings.comparisons:
        tests = [sentence for sentence in findings.methods if "test" in sentence or "Effect size" in sentence]
        yield text("4.3.10", " ".join(tests) or "None")
    row = next((row for row in findings.agreement if row.criterion == criterion.key), None)
    if row is not None:
        yield text(
            "4.3.11.1",
            "Fleiss' kappa, Krippendorff's alpha with ordinal distances, Gwet's AC1, percent agreement.",
        )
        yield text("4.3.11.2", _agreement(row))
    again = next((one for one in findings.consistency if one.criterion == criterion.key), None)
    yield text("4.3.12.1", again.exact.method if again else "IntraAA not assessed")
    yield text("4.3.12.2", _estimate(again.exact) if again else "IntraAA not assessed")


def _agreement(row: Agreement) -> str:
    parts = (("kappa", row.fleiss), ("alpha", row.alpha_ordinal), ("AC1", row.ac1), ("equal", row.exact))
    return "; ".join(f"{name} {_estimate(given)}" for name, given in parts)


def _estimate(given: Number) -> str:
    if given.value is None:
        return f"undefined ({given.undefined})"
    return f"{number(given.value)} {interval(given)}".strip()


def _question(number: str) -> Question:
    return next(question for question in QUESTIONS if question.number == number)


def _text(number: str, words: str) -> Answer:
    return Answer(_question(number), text=words)


def _hint(number: str, known: str) -> Answer:
    return Answer(_question(number), known=known)


def _fields(answer: Answer) -> Iterator[tuple[str, str]]:
    """Fields of the form and what they hold; of options, those chosen and the text beside them."""
    if answer.question.kind == "text":
        yield answer.question.id, answer.text
        return
    for place, words in answer.options.items():
        yield f"{answer.question.id}-{place}", words
    yield f"{answer.question.id}-other_text", answer.text


def _told(answer: Answer) -> list[str]:
    if answer.blank:
        return [f"*{BLANK}*" + (f" (known: {_plain(answer.known)})" if answer.known else "")]
    return ["; ".join(_plain(part) for part in [*answer.options.values(), answer.text] if part)]


def _plain(text: str) -> str:
    """On one line, with nothing that Markdown would take for a mark."""
    line = " ".join(text.split())
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>#|" else letter for letter in line)
