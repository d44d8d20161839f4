"""Every system's text for one case, with the prompt behind it and all that is known of how it came about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Prefetch, QuerySet, Subquery

from generation import queries
from generation.models import Case, Explanation, Run, Stage, Status, TextStatus
from generation.pipeline import prompts
from generation.pipeline.records import Prompt
from generation.pipeline.registry import UnknownName
from generation.pipeline.teacher.rows import Row

SHOWN = {
    "": "all cases",
    "differ": "where systems differ",
    "not_ok": "where a text is not ok",
    "unknown": "where the student does not know the user",
}
"""What the list of cases may be narrowed to."""


@dataclass(frozen=True)
class Told:
    """What one run wrote of a case; `explanation` is None where it has not yet."""

    run: Run
    system: queries.SystemInfo
    explanation: Explanation | None
    prompt: Prompt | None
    """Rendered again; None where it is not known what was read."""

    @property
    def read(self) -> bool:
        """A network read the prompt; otherwise it stands for what the rules of the system were shown."""
        return bool(self._parameters.get("decoding"))

    @property
    def chat(self) -> bool:
        """The model's own frame of a conversation went around the prompt."""
        return bool(self._parameters.get("chat"))

    @property
    def student(self) -> Run | None:
        return next((need for need in self.run.needs.all() if need.stage == Stage.TRAIN_STUDENT), None)

    @property
    def provenance(self) -> list[tuple[str, str]]:
        """Name and value of all the text follows from, the most asked for first."""
        known = dict(self._parameters)
        facts = [
            ("System", f"{self.system.name}, version {self._signature.get('version', '?')}"),
            ("Model", known.pop("model", "") or known.pop("artefact", "") or "none: rules"),
            ("Revision", known.pop("revision", "") or known.pop("weights", "")),
            ("Prompt version", known.pop("prompt", "")),
            ("Prompt sha256", self.prompt.sha256 if self.prompt else ""),
            (
                "Titles shown",
                str(self.explanation.n_history_shown) if self.prompt and self.explanation else "",
            ),
            ("Decoding", decoding_words(known.pop("decoding", None))),
            ("Seed", str(known.pop("seed", ""))),
        ]
        facts += [(name, str(value)) for name, value in sorted(known.items()) if value not in ("", None)]
        return [(name, value) for name, value in facts if value]

    @property
    def _signature(self) -> dict[str, Any]:
        return self.explanation.signature if self.explanation is not None else {}

    @property
    def _parameters(self) -> dict[str, Any]:
        return self._signature.get("parameters", {})


@dataclass(frozen=True)
class Comparison:
    """A case among those of its run that are shown, and every system's text of it."""

    case: Case
    texts: tuple[Told, ...]
    place: int
    """Its number among the cases shown, from 1; 0 for a case that the filter leaves out."""
    n_shown: int
    previous: Case | None
    following: Case | None

    @property
    def newest_first(self) -> list[dict[str, Any]]:
        return list(reversed(self.case.history))


@dataclass(frozen=True)
class CaseLine:
    """A case in a list: what became of it, in counts."""

    case: Case
    statuses: tuple[tuple[str, int], ...]
    """Status -> texts, of the runs compared."""
    unknown_user: bool


def decoding_words(decoding: dict[str, Any] | None) -> str:
    """How the next word was chosen; everything that is not as usual is named."""
    if not decoding:
        return "none: nothing is decoded"
    chosen = dict(decoding)
    most = chosen.pop("max_new_tokens", None)
    beams, drawn = chosen.pop("num_beams", 1), chosen.pop("do_sample", False)
    temperature, top_p = chosen.pop("temperature", 1.0), chosen.pop("top_p", 1.0)
    how = f"{beams} beams" if beams > 1 else "greedy"
    if drawn:
        how = f"drawn at temperature {temperature:g}" + (f", top p {top_p:g}" if top_p != 1 else "")
    parts = [how] + ([f"at most {most} tokens"] if most is not None else [])
    parts += [f"{name.replace('_', ' ')}: {value}" for name, value in sorted(chosen.items()) if value]
    return ", ".join(parts)


def teacher_provenance(row: Row) -> list[tuple[str, str]]:
    """Name and value of all a teacher's text follows from, and what it took."""
    facts = [
        ("Teacher", row.teacher),
        ("Prompt version", row.prompt_version),
        ("Prompt sha256", row.prompt_sha256),
        ("Oldest titles dropped", str(row.n_dropped)),
        ("Decoding", decoding_words(row.decoding)),
        ("Seed", str(row.seed)),
        ("Key", row.key),
        ("Attempts", str(row.attempts)),
        ("Seconds", f"{row.latency:.1f}" if row.latency else ""),
        ("Tokens read", str(row.usage.get("prompt_tokens", ""))),
        ("Tokens written", str(row.usage.get("completion_tokens", ""))),
        ("Ended by", row.finish_reason),
    ]
    return [(name, value) for name, value in facts if value]


def prompt_of(explanation: Explanation) -> Prompt | None:
    """The prompt the text was written from, to the letter: version and number of titles shown decide it.

    None for a text that failed, of which no record says how far its prompt came, and for a prompt version that
    is no longer there.
    """
    version = explanation.signature.get("parameters", {}).get("prompt", "")
    if explanation.status == TextStatus.ERROR or not version:
        return None
    case = queries.case_record(explanation.case)
    try:
        return prompts.render(case, version=version, max_titles=explanation.n_history_shown)
    except UnknownName:
        return None


def runs_compared(entry: Run, case_run: Run) -> list[Run]:
    """The newest finished run of each system over the cases; of its own system, the run one comes from."""
    found = (
        Run.objects.filter(stage=Stage.EXPLAIN_CASES, status=Status.DONE, needs=case_run)
        .order_by("parameters__system", "-pk")
        .prefetch_related("needs")
    )
    newest: dict[str, Run] = {}
    for run in found:
        newest.setdefault(run.parameters["system"], run)
    if entry.stage == Stage.EXPLAIN_CASES:
        newest[entry.parameters["system"]] = entry
    return [newest[name] for name in sorted(newest)]


def shown_cases(case_run: Run, runs: Sequence[Run], show: str = "") -> QuerySet[Case]:
    """The cases of a run in their order, narrowed as SHOWN says."""
    cases = case_run.cases.order_by("position")
    texts = Explanation.objects.filter(case=OuterRef("pk"), run__in=runs)
    if show == "differ":
        kinds = texts.order_by().values("case").annotate(n=Count("text", distinct=True)).values("n")
        return cases.annotate(n_kinds=Subquery(kinds)).filter(n_kinds__gt=1)
    if show == "not_ok":
        return cases.filter(Exists(texts.exclude(status=TextStatus.OK)))
    if show == "unknown":
        return cases.filter(Exists(texts.filter(unknown_user=True)))
    return cases


def case_lines(cases: QuerySet[Case] | Sequence[Case], runs: Sequence[Run]) -> list[CaseLine]:
    """The cases of one page, with two queries."""
    texts: dict[int, list[Explanation]] = {case.pk: [] for case in cases}
    for text in Explanation.objects.filter(case__in=texts, run__in=runs).only(
        "case", "status", "unknown_user"
    ):
        texts[text.case_id].append(text)
    return [
        CaseLine(
            case,
            tuple(sorted(Counter(text.status for text in texts[case.pk]).items())),
            any(text.unknown_user for text in texts[case.pk]),
        )
        for case in cases
    ]


def compare(case: Case, case_run: Run, runs: Sequence[Run], show: str = "") -> Comparison:
    """Side by side, with the neighbours of the case among those that are shown."""
    written = {text.run_id: text for text in case.explanations.filter(run__in=runs)}
    shown = shown_cases(case_run, runs, show)
    before, after = shown.filter(position__lt=case.position), shown.filter(position__gt=case.position)
    n_before, n_shown = before.count(), shown.count()
    inside = n_before + after.count() < n_shown
    return Comparison(
        case=case,
        texts=tuple(told(run, written.get(run.pk)) for run in runs),
        place=n_before + 1 if inside else 0,
        n_shown=n_shown,
        previous=before.last(),
        following=after.first(),
    )


def told(run: Run, explanation: Explanation | None) -> Told:
    prompt = prompt_of(explanation) if explanation is not None else None
    return Told(run, queries.system_info(run), explanation, prompt)


@dataclass(frozen=True)
class Sample:
    """A case and what each system wrote about it, side by side."""

    case: Case
    texts: tuple[Told, ...]

    @property
    def newest_first(self) -> list[dict[str, object]]:
        return list(reversed(self.case.history))


def case_run_of(run: Run) -> Run | None:
    """The select_cases run whose cases this run chose or explains."""
    if run.stage == Stage.SELECT_CASES:
        return run
    if run.stage != Stage.EXPLAIN_CASES:
        return None
    return next((need for need in run.needs.all() if need.stage == Stage.SELECT_CASES), None)


def samples(*, entry: Run, case_run: Run, n: int = 3, first: int = 0) -> list[Sample]:
    """Cases of the run with the explanations of each system that has explained them."""
    runs = runs_compared(entry, case_run)
    texts = Prefetch("explanations", Explanation.objects.filter(run__in=runs), to_attr="texts")
    cases = case_run.cases.order_by("position").prefetch_related(texts)[first : first + n]
    found = []
    for case in cases:
        by_run = {text.run_id: text for text in case.texts}
        for text in by_run.values():
            text.case = case
        found.append(Sample(case, tuple(told(run, by_run.get(run.pk)) for run in runs)))
    return found
