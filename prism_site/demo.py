"""The whole path once: what `make demo` builds. Each step is found or made, so a second start is quick."""

import json
import shutil
import time
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.urls import reverse
from django.utils.crypto import get_random_string
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from analysis.models import Report
from analysis.report.findings.study import StudyFindings
from analysis.report.prose import on_agreement, on_results, opening
from analysis.report_file import html
from analysis.services.analyse_study import analyse_study
from analysis.services.export_report import export_report
from analysis.services.request_report import request_report
from analysis.services.study_data import read_study
from analysis.stats.ratings import RatingTable
from analysis.stats.severity import severity
from annotation.design.checks import Amount, CheckPlan, ExclusionRules, attention_texts
from annotation.design.plan import StudySettings
from annotation.journey_queries import journey
from annotation.models.study import Enrolment, Study
from annotation.services.build_study import CalibrationCard, build_study
from annotation.services.check_pages import check_pages
from annotation.services.close_study import close_study
from annotation.services.enrol_annotator import enrol_annotator
from annotation.services.invite import invite
from annotation.services.open_study import open_study
from annotation.services.plan_checks import plan_checks
from annotation.services.set_gold import set_gold
from annotation.services.unblind_study import unblind_study
from generation import tasks
from generation.models import Run, Stage, Status
from generation.overview import listed_runs, run_line
from generation.pipeline.records import Case, Item
from generation.queries import catalogue_titles, explained_cases
from generation.services.create_corpus import create_corpus
from generation.services.queue_pipeline import DEFAULT_SYSTEMS, queue_pipeline
from generation.services.requeue_run import requeue_run
from prism_site.rehearsal import Reader, SimulatedAnnotator, gold
from prism_site.roles import grant

CORPUS = "Films (built in)"
REHEARSED = "Why this film? A rehearsal"
EMPTY = "Why this film?"
DESCRIPTION = (
    "Each card shows what somebody watched, the film recommended to them, and a short text that explains why."
)
HALLUCINATION_RATE = 0.15
"""Share of the offline teacher's texts that name a film the user never watched; the student never learns which."""
MAX_TITLES = 8
"""Films of history a case shows, as the student's demo recipe wants it."""
N_TRAIN = 6000
N_HELD_OUT = 300
"""Cases every system explains; the figures of faithfulness are over them."""
N_JUDGED = 24
K = 3
N_SEATS = 8
SEVERITIES = (0.0, -1.2, 0.2, -0.2, 0.4, -0.35, 0.1, -0.1, 0.5, -0.5)
"""One simulated annotator each, in points of the scale; they arrive in this order, and who passes takes a seat."""
CARELESS = 6
"""Which of them does not read to the end, and so fails the attention check: the plan's rule names that one."""
NOISE = 0.45
STREAM_REHEARSAL = 900
STREAM_PRACTICE = 901
PRACTICE_FORMS = (
    "A great film that everybody should see once.",
    "{item} is well made, and most people who saw it say that they liked it a lot.",
    "{item} is {kind} film, so it may be something for a quiet evening at home.",
    "You watched {newest}, so {item} seems a natural thing to watch on your next free evening.",
    "You watched {newest} and {older}, and {item} has the {genre} that these two gave you; you will like it.",
    "Since {older} and {newest} are films you chose, the {genre} of {item} should please you just as much.",
    "Because you loved {unseen}, you will enjoy {item}, which is just as good and much talked about.",
    "Fans of {unseen} and {another} like you cannot go wrong with {item} and its {genre} on a Friday night.",
    "After {newest} and {unseen} you are ready for {item}, a {genre} film of the same kind as these two.",
    "Watch it.",
)
CHECKS = CheckPlan(
    repeats=Amount(3),
    attention=1,
    texts=attention_texts("en")[:1],
    gold=Amount(2),
    rules=ExclusionRules(attention_failed=0),
)
"""Hidden among every annotator's cards."""
LOGIN_OF_ANNOTATOR = "ada"
LOGINS = {"olga": "owner", LOGIN_OF_ANNOTATOR: "annotator", "rosa": "researcher"}


class DemoFailed(RuntimeError):
    """A step ended badly; says which and where to look."""


@dataclass(frozen=True)
class Login:
    name: str
    role: str
    password: str


def logins(home: Path) -> list[Login]:
    """One login a role; the passwords are drawn once and kept in a file only this machine's user can read."""
    path = home / "demo-logins.json"
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    for name, role in LOGINS.items():
        person, is_new = User.objects.get_or_create(username=name)
        if is_new or name not in kept:
            kept[name] = get_random_string(12, "abcdefghjkmnpqrstuvwxyz23456789")
            person.set_password(kept[name])
            person.save()
        grant(person, role)
    path.touch(mode=0o600)
    path.write_text(json.dumps(kept))
    return [Login(name, role, kept[name]) for name, role in LOGINS.items()]


def write_explanations(console: Console, *, seed: int, alive: Callable[[], bool]) -> dict[str, int]:
    """Queue the pipeline of the built-in corpus and wait for the worker to do it; returns system -> explain run.

    Raises:
        DemoFailed: a run failed, or the worker is gone.
    """
    runs = list(Run.objects.filter(corpus__name=CORPUS).order_by("pk"))
    if not runs:
        runs = _queue(seed)
    for run in runs:
        if run.status in (Status.FAILED, Status.CANCELLED):
            requeue_run(run_id=run.pk)
    tasks.enqueue(*runs)
    _watch(console, [run.pk for run in runs], alive)
    explained = Run.objects.filter(corpus__name=CORPUS, stage=Stage.EXPLAIN_CASES, status=Status.DONE)
    return {run.parameters["system"]: run.pk for run in explained.order_by("pk")}


def _queue(seed: int) -> list[Run]:
    owner = User.objects.get(username="olga")
    with transaction.atomic():
        corpus, _ = create_corpus(name=CORPUS, log_format="builtin", options={"seed": seed}, created_by=owner)
        invented = {"hallucination_rate": HALLUCINATION_RATE}
        queue_pipeline(
            corpus=corpus,
            systems=DEFAULT_SYSTEMS,
            parameters={
                Stage.SELECT_CASES: {"n_cases": N_HELD_OUT, "n_train": N_TRAIN, "max_history": MAX_TITLES},
                Stage.DISTIL_TEACHER: invented,
                Stage.EXPLAIN_CASES: invented,
            },
            seed=seed,
            created_by=owner,
        )
    return list(Run.objects.filter(corpus=corpus).order_by("pk"))


def _watch(console: Console, run_ids: list[int], alive: Callable[[], bool]) -> None:
    columns = (
        TextColumn("  {task.description:<34}"),
        BarColumn(),
        TextColumn("{task.fields[state]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bars: dict[int, TaskID] = {}
        said: dict[int, tuple[str, int]] = {}
        while True:
            lines = [run_line(run) for run in listed_runs().filter(pk__in=run_ids).order_by("pk")]
            runs = [line.run for line in lines]
            for line in lines:
                run = line.run
                if run.pk not in bars:
                    bars[run.pk] = progress.add_task(run.title, total=100, state="")
                percent = 100 if run.status == Status.DONE else line.progress.percent
                progress.update(
                    bars[run.pk], completed=percent, state=f"{line.state} {line.progress.remaining_words}"
                )
                tenths = percent // 10 if run.status == Status.RUNNING else -1
                if not console.is_terminal and said.get(run.pk) != (run.status, tenths):
                    said[run.pk] = (run.status, tenths)
                    console.print(f"  {run.title}: {line.state}" + (f", {percent} %" if tenths > 0 else ""))
            if failed := [run for run in runs if run.status in (Status.FAILED, Status.CANCELLED)]:
                raise DemoFailed(f"{failed[0].title} failed: {failed[0].error or 'it was cancelled'}")
            if all(run.status == Status.DONE for run in runs):
                return
            if not alive():
                raise DemoFailed("The worker is gone; its log says why.")
            time.sleep(0.5)


@dataclass(frozen=True)
class OpenStudy:
    id: int
    join_path: str
    is_new: bool


def open_demo_study(title: str, explain_run_ids: Iterable[int], *, seed: int) -> OpenStudy:
    """A study over the demo's explanations, its calibration gold set by the plain reading rule, open."""
    owner = User.objects.get(username="olga")
    study = Study.objects.filter(title=title, owner=owner).order_by("-pk").first()
    if study is not None and study.status == Study.Status.DRAFT:
        raise DemoFailed(
            f"The study “{title}” is a draft: an earlier demo stopped there. Discard it on its page."
        )
    if study is None:
        with transaction.atomic():
            study_id = _build(title, list(explain_run_ids), owner, seed)
            open_study(study_id=study_id, by_id=owner.pk)
        check_pages(study_id=study_id, by_id=owner.pk)
        study = Study.objects.get(pk=study_id)
        is_new = True
    else:
        is_new = False
    token = (
        invite(study_id=study.pk, by_id=owner.pk, label="demo", max_uses=100)
        if study.status == Study.Status.OPEN
        else ""
    )
    return OpenStudy(study.pk, f"/join/{token}/" if token else "", is_new)


def _build(title: str, run_ids: list[int], owner: User, seed: int) -> int:
    cases = [one.case for one in explained_cases(explain_run_ids=run_ids).cases]
    catalogue = list(catalogue_titles(explain_run_id=run_ids[0]).values())
    settings = StudySettings(
        title=title, description=DESCRIPTION, k=K, n_annotators=N_SEATS, n_cases=N_JUDGED, seed=seed
    )
    built = build_study(
        owner_id=owner.pk,
        settings=settings,
        explain_run_ids=run_ids,
        calibration_texts=practice_texts(cases, catalogue, np.random.default_rng([seed, STREAM_PRACTICE])),
    )
    plan_checks(study_id=built.study_id, plan=CHECKS)
    by_key = {case.id: case for case in cases}
    reader = Reader(catalogue)
    for card in built.calibration:
        _set_gold(built.study_id, card, by_key[card.case_key], reader)
    return built.study_id


def practice_texts(
    cases: Sequence[Case], catalogue: Sequence[Item], rng: np.random.Generator
) -> dict[str, str]:
    """Ten calibration texts, from generic to specific and from true to invented, for ten cases drawn at random."""
    texts = {}
    for place, form in zip(
        rng.choice(len(cases), len(PRACTICE_FORMS), replace=False), PRACTICE_FORMS, strict=True
    ):
        case = cases[int(place)]
        unseen = [item for item in catalogue if item not in case.history and item != case.item]
        genre = case.item.genres[0].lower() if case.item.genres else "story"
        texts[case.id] = form.format(
            item=case.item.label,
            newest=case.history[-1].label,
            older=case.history[0].label,
            unseen=unseen[int(rng.integers(len(unseen)))].label,
            another=unseen[int(rng.integers(len(unseen)))].label,
            genre=genre,
            kind=f"{'an' if genre[0] in 'aeiou' else 'a'} {genre}",
        )
    return texts


def _set_gold(study_id: int, card: CalibrationCard, case: Case, reader: Reader) -> None:
    shown = {past.label: ", ".join(past.genres) for past in case.history}
    item = (case.item.label, ", ".join(case.item.genres))
    reading = reader.read(history=shown, item=item, explanation=card.text)
    watched = f"{reading.named} watched film{'' if reading.named == 1 else 's'}"
    invented = f"{reading.invented} that {'was' if reading.invented == 1 else 'were'} not watched"
    shared = f"{reading.shared_genres} shared genre{'' if reading.shared_genres == 1 else 's'}"
    facts = f"By rule: it names {watched}, {invented}, and {shared}."
    marks = gold(reading)
    set_gold(study_id=study_id, card_token=card.token, marks=marks, rationales=dict.fromkeys(marks, facts))


@dataclass(frozen=True)
class Rehearsed:
    pseudonym: str
    severity: float
    n_cards: int
    stage: str
    """Where the pages left this person: finished, failed at the gate, or full."""


def rehearse(
    console: Console, *, study: OpenStudy, base_url: str, catalogue: Iterable[Item], seed: int
) -> list[Rehearsed]:
    """Let the simulated annotators go through the pages, one after the other.

    Raises:
        RehearsalFailed: a page misbehaved.
    """
    reader = Reader(catalogue)
    token = study.join_path.strip("/").rpartition("/")[2]
    done = []
    with Progress(console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("Simulated annotators", total=len(SEVERITIES))
        for index, severity in enumerate(SEVERITIES):
            name, password = f"simulated-{study.id}-{index + 1}", get_random_string(24)
            person, _ = User.objects.get_or_create(username=name)
            person.set_password(password)
            person.save()
            grant(person, "annotator")
            enrolment_id = enrol_annotator(token=token, annotator_id=person.pk, simulated=True)
            annotator = SimulatedAnnotator(
                name=name,
                password=password,
                severity=severity,
                noise=NOISE,
                reader=reader,
                rng=np.random.default_rng([seed, STREAM_REHEARSAL, index]),
                base_url=base_url,
                reads_on=index != CARELESS,
            )
            annotator.take_part(study.join_path)
            pseudonym = Enrolment.objects.get(pk=enrolment_id).pseudonym
            done.append(Rehearsed(pseudonym, severity, annotator.n_rated, journey(enrolment_id).stage))
            progress.advance(bar)
            if not console.is_terminal:
                console.print(
                    f"  {index + 1} of {len(SEVERITIES)}: severity {severity:+.2f}, {done[-1].stage}"
                )
    return done


def close_and_unblind(study_id: int) -> None:
    """End the rehearsed study; both acts are logged under Olga's name with their reason."""
    owner = User.objects.get(username="olga")
    study = Study.objects.get(pk=study_id)
    if study.status == Study.Status.OPEN:
        close_study(study_id=study_id, by_id=owner.pk, reason="The rehearsal is over.")
    study.refresh_from_db()
    if study.status == Study.Status.CLOSED:
        unblind_study(
            study_id=study_id, by_id=owner.pk, reason="Rehearsal with simulated ratings; nothing is at stake."
        )


@dataclass(frozen=True)
class DemoReport:
    path: str
    """Where the site shows it."""
    folder: Path
    """Its files: report.html, report.json, tables, figures, data."""
    sentences: tuple[str, ...]


def report_on(study_id: int) -> DemoReport:
    """The newest report of the study, computed where there is none, and its files unpacked beside the artefacts."""
    owner = User.objects.get(username="olga")
    report = Report.objects.filter(study_id=study_id, status=Report.Status.DONE).first()
    if report is None:
        report_id = request_report(study_id=study_id, by_id=owner.pk)
        analyse_study(report_id=report_id)
        report = Report.objects.get(pk=report_id)
    folder = settings.PRISM_HOME / "reports" / f"report-{report.pk}"
    findings = StudyFindings.from_json(report.findings_json)
    if not (folder / "report.html").exists():
        shutil.rmtree(folder, ignore_errors=True)
        with zipfile.ZipFile(export_report(report_id=report.pk)) as archive:
            archive.extractall(folder)  # our own archive, written a moment ago
        if not (folder / "report.html").exists():  # an archive made before it held one
            (folder / "report.html").write_text(html(findings), encoding="utf-8")
    return DemoReport(
        reverse("analysis:report", args=[report.pk]),
        folder,
        (*opening(findings), *on_agreement(findings), *on_results(findings)),
    )


def known_and_estimated(study_id: int, people: Iterable[Rehearsed]) -> list[tuple[float, float]]:
    """Each finisher's known severity beside what the ratings say of it, averaged over the criteria."""
    table = RatingTable.from_frame(read_study(study_id=study_id, kind=Report.Kind.UNBLINDED).ratings)
    estimates: dict[str, list[float]] = {}
    for criterion in table.criteria:
        found = severity(table, criterion)
        for one in found if isinstance(found, tuple) else ():
            if isinstance(one.difference, float):
                estimates.setdefault(one.annotator, []).append(one.difference)
    return [
        (person.severity, float(np.mean(estimates[person.pseudonym])))
        for person in people
        if person.pseudonym in estimates
    ]
