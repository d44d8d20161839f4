"""The plan of a study: its settings, what is wrong with them, and which cases go where. Decides, saves nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from annotation.design.blinding import comparable, normalise, visible
from annotation.design.criteria import CriterionText, as_columns
from annotation.design.gate import GateRule
from annotation.design.guessing import GuessPlan, faults_of, texts_of
from annotation.design.hypotheses import Hypothesis, read_hypotheses
from annotation.design.shipped import wording
from annotation.design.sources import Source, SourceCase, SourceText
from annotation.design.streams import STREAM_CASES

LONGEST_TEXT = 50_000
"""Characters of a text for annotators: some 25 pages, more than anybody reads before work."""
FEW_TO_CALIBRATE = 10
"""Fewer cards than this give one mark a criterion each, from which a kappa says little."""
LANGUAGE_TAG = r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*"
DESIGNS = ("paired", "latin", "side_by_side")
PRACTICE = "written-for-calibration"
"""The writer of a calibration text that no system wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySettings:
    """The plan of a study, as its owner states it."""

    title: str
    """Annotators read it, so it must not name a system."""
    description: str = ""
    """A few words for annotators; the same holds."""
    language: str = "en"
    """Language tag of the explanations, and of the shipped texts where there are any in it."""
    k: int = 3
    """Annotators a card, exactly."""
    n_annotators: int = 6
    """Seats the cases are dealt to."""
    design: str = "paired"
    """paired: every annotator rates all systems of a case; latin: one of them; side_by_side: all, on one page."""
    gap: int = 8
    """Cards of one case are at least so many positions apart; lowered, with a note, where that cannot be. Means
    nothing side by side."""
    seed: int | None = None
    """Below 2**63; drawn when None, and stored either way."""
    n_cases: int | None = None
    """Cases of the main study; all there are when None."""
    n_calibration: int = 10
    """Cases kept for calibration, outside the main study; 0 leaves calibration out."""
    calibration_follows: bool = False
    """Whether n_calibration is only the most: where there are few cases, a quarter of them calibrate."""
    lease_hours: int = 72
    """A seat returns when its annotator was not seen for so long."""
    criteria: Sequence[CriterionText] = ()
    """The shipped ones where there are none; so with consent and guidelines."""
    consent: str = ""
    guidelines: str = ""
    gate: GateRule = field(default_factory=GateRule)
    simulated: bool = False
    """A rehearsal: everybody in it is simulated, and every page says so."""
    hypotheses: str = ""
    """What the study is to confirm, one a line as design.hypotheses reads it; everything else explores."""
    analysis: Mapping[str, Any] = field(default_factory=dict)
    """The analysis plan, JSON values only; frozen with the rest."""
    guess: GuessPlan | None = None
    """Whether annotators are asked at the end which kind of writer wrote a few of their cards."""

    def __post_init__(self) -> None:
        shipped = wording(self.language)
        design = self.design if self.design in DESIGNS else DESIGNS[0]
        stated = {
            "criteria": self.criteria or shipped.criteria,
            "consent": self.consent.strip() or shipped.consent,
            "guidelines": self.guidelines.strip() or shipped.guidelines_for(design),
        }
        for name, value in stated.items():
            object.__setattr__(self, name, value)


def faults(
    settings: StudySettings, source: Source, calibration_texts: Mapping[str, str] | None = None
) -> list[str]:
    """Why no study can be built of these, a sentence each; `calibration_texts` is case key to text."""
    errors = []
    if not visible(settings.title).strip():
        errors.append("The study needs a title.")
    if len(settings.language) > 20 or not re.fullmatch(LANGUAGE_TAG, settings.language):
        errors.append(f"The language is a tag such as en or zh-Hans, not {settings.language[:40]!r}.")
    if settings.seed is not None and not 0 <= settings.seed < 2**63:
        errors.append(f"The seed must lie between 0 and 2**63 - 1, not {settings.seed}.")
    if settings.design not in DESIGNS:
        errors.append(f"The design is one of {', '.join(DESIGNS)}, not {settings.design!r}.")
    if settings.gap < 1:
        errors.append(f"The gap must be at least 1, not {settings.gap}.")
    if settings.n_calibration < 0 or (settings.n_cases is not None and settings.n_cases < 1):
        errors.append("Numbers of cases cannot be negative, and the main study needs at least one.")
    if len({one.key for one in settings.criteria}) != len(settings.criteria):
        errors.append("Two criteria have the same key.")
    if settings.guess is not None:
        errors += faults_of(settings.guess)
    errors += planned(settings, source)[1]
    errors += _named_systems(settings, source)
    errors += too_long(_shown(settings))
    n_complete, wanted = len(source.cases), settings.n_calibration + (settings.n_cases or 1)
    if n_complete < wanted:
        errors.append(
            f"The source has {n_complete} complete cases ({source.n_dropped} were dropped), and the plan "
            f"wants "
            f"{settings.n_calibration} to calibrate with and {settings.n_cases or 'at least 1'} to study: "
            "lower these numbers or bring more cases."
        )
    return errors + _strangers(source, calibration_texts or {})


def fitted(settings: StudySettings, source: Source) -> StudySettings:
    """The settings with as many calibration cases as the source carries, where that was left open."""
    if not settings.calibration_follows:
        return settings
    return replace(settings, n_calibration=min(settings.n_calibration, len(source.cases) // 4))


def planned(settings: StudySettings, source: Source) -> tuple[list[Hypothesis], list[str]]:
    """The hypotheses of the settings, and what is wrong with them."""
    return read_hypotheses(
        settings.hypotheses,
        criteria={one.key: one.name for one in settings.criteria},
        systems={name: system.label for name, system in source.systems.items()},
    )


def _strangers(source: Source, calibration_texts: Mapping[str, str]) -> list[str]:
    known = {case.key for case in source.cases}
    return [
        f"A calibration text was written for case {key!r}, which is not among the cases: take its key from them."
        for key in calibration_texts
        if key not in known
    ] + [
        f"The calibration text of case {key!r} is empty: write one."
        for key, text in calibration_texts.items()
        if not visible(text).strip()
    ]


def with_practice(source: Source, calibration_texts: Mapping[str, str]) -> Source:
    """The source with each of these cases showing the text written for practice instead of the systems'."""
    cases = [
        replace(case, texts={PRACTICE: SourceText(calibration_texts[case.key])})
        if case.key in calibration_texts
        else case
        for case in source.cases
    ]
    return replace(source, cases=tuple(cases))


def _shown(settings: StudySettings) -> dict[str, str]:
    return {
        "title": settings.title,
        "description": settings.description,
        "consent text": settings.consent,
        "guidelines": settings.guidelines,
    }


def _named_systems(settings: StudySettings, source: Source) -> list[str]:
    shown = _shown(settings)
    for one in as_columns(settings.criteria):
        shown |= criterion_texts(one)
    if settings.guess is not None:
        shown |= texts_of(settings.guess)
    return naming(shown, set(system_names(source)))


def criterion_texts(criterion: Mapping[str, Any]) -> dict[str, str]:
    """Every text of a criterion that annotators read, by what it is; fields as the tables have them."""
    key = criterion["key"]
    texts = {f"{part} of {key}": str(criterion[part]) for part in ("name", "question", "definition")}
    for point, label in enumerate(criterion["labels"], start=1):
        texts[f"word for {point} of {key}"] = str(label)
    for point, example in enumerate(criterion["examples"], start=1):
        texts[f"example of {point} of {key}"] = str(example.get("explanation", ""))
        texts[f"reason for {point} of {key}"] = str(example.get("why", ""))
    return texts


def too_long(shown: Mapping[str, str]) -> list[str]:
    """Texts for annotators that nobody would read to their end, a sentence each."""
    return [
        f"{where.capitalize()}: {len(text):,} characters are too many; at most {LONGEST_TEXT:,} fit."
        for where, text in shown.items()
        if len(text) > LONGEST_TEXT
    ]


def naming(shown: Mapping[str, str], names: set[str]) -> list[str]:
    """Texts for annotators that name a system; found as whole words, whatever their case and
    whatever invisible characters stand between their letters.

    A name of one or two letters is a word of many languages, and is not looked for.
    """
    looked_for = [(name, comparable(name)) for name in sorted(names)]
    return [
        f"The {where} names the system “{name}”, which annotators would read: write it without, "
        "or give the system another name."
        for where, text in ((where, comparable(text)) for where, text in shown.items())
        for name, plain in looked_for
        if len(plain) > 2 and re.search(rf"(?<!\w){re.escape(plain)}(?!\w)", text)
    ]


def choose_cases(
    cases: Sequence[SourceCase], settings: StudySettings, seed: int, *, practice: Sequence[str]
) -> tuple[list[SourceCase], list[SourceCase]]:
    """Calibration cases and main cases, drawn by the seed from cases sorted by key: the file's order is
    forgotten. Cases named in `practice` are the calibration set as they are."""
    ordered = sorted(cases, key=lambda case: case.key)
    drawn = [ordered[int(i)] for i in np.random.default_rng([seed, STREAM_CASES]).permutation(len(ordered))]
    if practice:
        by_key = {case.key: case for case in drawn}
        calibration = [by_key.pop(key) for key in practice]
        rest = list(by_key.values())
    else:
        calibration, rest = drawn[: settings.n_calibration], drawn[settings.n_calibration :]
    return calibration, rest if settings.n_cases is None else rest[: settings.n_cases]


def notes_on(
    source: Source, main: Sequence[SourceCase], gap_note: str, *, settings: StudySettings
) -> list[str]:
    """What an owner should know of the study that was built, a sentence each."""
    notes = []
    if source.n_dropped:
        notes.append(f"{source.n_dropped} cases were left out because a system had no usable text for them.")
    if gap_note:
        notes.append(gap_note)
    twins = sum(
        len({normalise(text.text, system_names(source)) for text in case.texts.values()}) < len(case.texts)
        for case in main
    )
    if twins:
        notes.append(f"In {twins} of {len(main)} cases two systems wrote the very same text.")
    if len(main) < 20:
        notes.append(f"{len(main)} cases are few: expect wide intervals.")
    if 0 < settings.n_calibration < FEW_TO_CALIBRATE and settings.gate.kappa > 0:
        notes.append(
            f"{settings.n_calibration} calibration cards are few: a kappa of {settings.gate.kappa:g}, as the gate "
            "asks, can hardly be told from chance by so few marks. Calibrate with more, or change the gate so "
            "that it asks for the share of near marks alone."
        )
    return notes


def calibration_writer(case: SourceCase, names: Sequence[str], turn: int) -> str:
    """Whose text a calibration case shows: the practice text where there is one, else the systems in turn."""
    return PRACTICE if PRACTICE in case.texts else names[turn % len(names)]


def system_names(source: Source) -> list[str]:
    """Names and labels of the contestants, which no annotator may read."""
    return sorted({word for name, system in source.systems.items() for word in (name, system.label)})
