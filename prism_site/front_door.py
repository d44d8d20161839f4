"""What an owner finds on the first page: three rooms in a row, what waits in each, and the one next step."""

from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.urls import reverse

SHOWN = 4
"""Of each kind; the room's own page has them all."""


@dataclass(frozen=True)
class Line:
    """Something that waits in a room."""

    text: str
    url: str
    badge: str
    """One word for its state."""
    tone: str = ""
    """How the badge is drawn: "", good, warn, bad or accent."""
    done: int | None = None
    total: int | None = None
    """With done, how far it is; the page draws a bar."""
    simulated: bool = False
    """Nobody in it is a person; the line says so."""


@dataclass(frozen=True)
class Step:
    label: str
    url: str


@dataclass(frozen=True)
class Room:
    key: str
    name: str
    purpose: str
    url: str
    number: int
    number_label: str
    lines: tuple[Line, ...]
    quiet: str
    """What to read when nothing waits."""
    step: Step | None = None
    """The next thing to do, in at most one of the rooms."""


def rooms() -> tuple[Room, Room, Room]:
    """The three rooms as they stand now; the first that has something only an owner can do gets the step."""
    found = (_generation(), _annotation(), _analysis())
    taken = False
    shown = []
    for room in found:
        shown.append(replace(room, step=None) if taken else room)
        taken = taken or room.step is not None
    return shown[0], shown[1], shown[2]


def _generation() -> Room:
    from generation.models import Corpus, Explanation, Run, Stage, Status, TextStatus

    url = reverse("generation:runs")
    made_good = Run.objects.filter(
        stage=OuterRef("stage"), corpus=OuterRef("corpus"), status=Status.DONE, pk__gt=OuterRef("pk")
    )
    failed = Run.objects.filter(~Exists(made_good), status=Status.FAILED).select_related("corpus")
    lines = [
        Line(
            f"{run.get_stage_display()} of {run.corpus.name}",
            reverse("generation:run", args=[run.pk]),
            "failed",
            "bad",
        )
        for run in failed[:SHOWN]
    ]
    going = Run.objects.filter(status__in=[Status.RUNNING, Status.QUEUED]).count()
    if going:
        words = "1 run at work or in line" if going == 1 else f"{going} runs at work or in line"
        lines.append(Line(words, url, "running", "accent"))
    explained = Run.objects.filter(status=Status.DONE, stage=Stage.EXPLAIN_CASES).exists()
    corpus = Corpus.objects.exclude(artefact="").first()
    step = None
    if not going and not corpus:
        step = Step("Import a log", reverse("generation:new-corpus"))
    elif not going and not explained:
        step = Step("Write explanations", reverse("generation:new-pipeline", args=[corpus.pk]))
    return Room(
        key="generation",
        name="Generation",
        purpose="From a log of choices to explanations, by every system that is to be compared.",
        url=url,
        number=Explanation.objects.filter(status=TextStatus.OK).count(),
        number_label="explanations ready",
        lines=tuple(lines),
        quiet="No run is going." if explained else "No system has explained anything yet.",
        step=step,
    )


def _annotation() -> Room:
    from annotation.models.study import Study
    from annotation.queries import study_summary

    by_status = dict(Study.objects.order_by().values_list("status").annotate(Count("pk")))
    lines = []
    step = None
    for study in Study.objects.filter(status=Study.Status.CLOSED):
        page = reverse("annotation:study", args=[study.pk])
        lines.append(Line(study.title, page, "ready to unblind", "warn"))
        step = step or Step("Unblind the closed study", page)
    for study in Study.objects.filter(status=Study.Status.OPEN)[:SHOWN]:
        summary = study_summary(study.pk)
        page = reverse("annotation:study-monitor", args=[study.pk])
        lines.append(
            Line(study.title, page, "open", "good", summary.n_done, summary.n_target, summary.simulated)
        )
    for study in Study.objects.filter(status=Study.Status.DRAFT)[:SHOWN]:
        page = reverse("annotation:study", args=[study.pk])
        lines.append(Line(study.title, page, "draft"))
        if not by_status.get(Study.Status.OPEN):
            step = step or Step("Finish the draft", page)
    if not by_status:
        step = Step("Build a study", reverse("annotation:study-new"))
    return Room(
        key="annotation",
        name="Annotation",
        purpose="People judge the explanations one by one and cannot know which system wrote them.",
        url=reverse("annotation:studies"),
        number=_ratings().count(),
        number_label=_given(),
        lines=tuple(lines),
        quiet="No study is open." if by_status else "No study was built yet.",
        step=step,
    )


def _ratings() -> QuerySet[Any]:
    """Those that studies count: no checks, no second looks."""
    from annotation.models.card import Placement
    from annotation.models.rating import Rating

    return Rating.objects.filter(placement__kind=Placement.Kind.MAIN)


def _given() -> str:
    """What the number of ratings counts, and how many of them nobody gave."""
    rehearsed = Q(placement__enrolment__simulated=True) | Q(placement__enrolment__study__simulated=True)
    n = _ratings().filter(rehearsed).count()
    return f"ratings given, {n:,} of them simulated" if n else "ratings given"


def _analysis() -> Room:
    from annotation.models.study import Study
    from annotation.queries import study_summary

    url = reverse("analysis:reports")
    unblinded = Study.objects.filter(status=Study.Status.UNBLINDED)
    lines = [
        Line(study.title, url, "unblinded", "accent", simulated=study_summary(study.pk).simulated)
        for study in unblinded[:SHOWN]
    ]
    return Room(
        key="analysis",
        name="Analysis",
        purpose="Agreement, differences between the systems, and which metrics follow people.",
        url=url,
        number=unblinded.count(),
        number_label="study unblinded" if unblinded.count() == 1 else "studies unblinded",
        lines=tuple(lines),
        quiet="Findings appear when a closed study is unblinded.",
    )
