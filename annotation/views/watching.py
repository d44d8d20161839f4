"""What the monitor shows: four figures, flags in words, a line an annotator. Pooled over systems, always."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotation import monitoring, queries
from annotation.design.agreement import pair_agreement
from annotation.monitoring import MarkFlow, Monitor
from annotation.queries import StudySummary
from annotation.views.flagging import about, candidate_words, rules

LEAST_DAYS = 1
"""A study open for less has no rate a day: one busy hour says nothing of a night."""


@dataclass(frozen=True, slots=True)
class Figure:
    label: str
    value: str
    note: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Flag:
    """Something an owner may want to look at. It informs; it excludes nobody."""

    who: str
    text: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """Somebody whom a rule of the plan would exclude. An owner confirms it, or does not."""

    enrolment_id: int
    who: str
    rule: str
    """A key of design.exclusions.RULES."""
    text: str


@dataclass(frozen=True, slots=True)
class Watch:
    monitor: Monitor
    figures: tuple[Figure, ...]
    flags: tuple[Flag, ...]
    candidates: tuple[Proposed, ...]
    rules: tuple[str, ...]
    """When a person is flagged, in words."""
    flow: MarkFlow
    at: datetime


def watch(study_id: int) -> Watch:
    monitor = monitoring.monitor(study_id)
    flags = tuple(_flags(monitor))
    figures = (
        _done(monitor),
        _pace(monitor.study),
        _agreement(monitor.study),
        _gate(monitor),
        _alerts(flags),
    )
    return Watch(
        monitor=monitor,
        figures=figures,
        flags=flags,
        candidates=tuple(_candidates(monitor)),
        rules=rules(),
        flow=monitoring.mark_flow(study_id),
        at=timezone.now(),
    )


def _done(monitor: Monitor) -> Figure:
    study = monitor.study
    n_counted = study.n_done - monitor.n_left_out
    share = n_counted / study.n_target if study.n_target else 0
    note = _("%(share)s of the target") % {"share": f"{share:.0%}"}
    if monitor.n_left_out:
        more = ngettext(
            "%(n)s more by somebody left out",
            "%(n)s more by people left out",
            monitor.n_left_out,
        )
        note = f"{note}; {more % {'n': f'{monitor.n_left_out:,}'}}"
    return Figure(
        _("Judgments made"),
        f"{n_counted:,}",
        note,
        f"/ {study.n_target:,}",
    )


def _pace(study: StudySummary) -> Figure:
    label = _("Pace")
    if study.opened_at is None or not study.n_done:
        return Figure(label, "–", _("No card is judged yet."))
    end = study.closed_at or timezone.now()
    days = (end - study.opened_at).total_seconds() / 86_400
    left = study.n_target - study.n_done
    if days < LEAST_DAYS:
        return Figure(
            label,
            "–",
            _("No rate before the study was open for a day.") if left else _("Every card is judged."),
        )
    pace = study.n_done / days
    shown = f"{pace:,.0f}" if pace >= 10 else f"{pace:.1f}"
    if not left:
        return Figure(label, shown, _("Every card is judged."), _("cards a day"))
    if study.status != "open":
        return Figure(
            label, shown, _("%(n)s cards were left when it closed.") % {"n": left}, _("cards a day")
        )
    done_on = timezone.localtime() + timedelta(days=min(left / pace, 36_500))
    return Figure(
        label,
        shown,
        _("At this pace complete on %(day)s.") % {"day": date_format(done_on, "j F Y")},
        _("cards a day"),
    )


def _agreement(study: StudySummary) -> Figure:
    label = _("Pairs at most one level apart")
    marks = queries.pooled_ratings(study.id)
    marks = marks[~marks["repeat"]]
    found = pair_agreement(
        marks["case"].tolist(),
        marks["card"].tolist(),
        marks["criterion"].tolist(),
        marks["value"].tolist(),
    )
    if found is None:
        return Figure(label, "–", _("No card has two marks yet."))
    low, high = found.interval
    between = (
        _("95%% interval %(low)s to %(high)s; ") % {"low": f"{low:.0%}", "high": f"{high:.0%}"}
        if low == low
        else ""
    )
    exact = _("%(exact)s exactly alike, %(n)s pairs, pooled") % {
        "exact": f"{found.exact:.0%}",
        "n": found.n_pairs,
    }
    return Figure(label, f"{found.near:.0%}", f"{between}{exact}")


def _gate(monitor: Monitor) -> Figure:
    note = _("%(failed)s not passed, %(pending)s practising") % {
        "failed": monitor.gate_failed,
        "pending": monitor.gate_pending,
    }
    return Figure(_("Passed the gate"), str(monitor.gate_passed), note)


def _alerts(flags: tuple[Flag, ...]) -> Figure:
    return Figure(_("Alerts"), str(len(flags)), _("Listed below.") if flags else _("Nobody stands out."))


def _candidates(monitor: Monitor) -> list[Proposed]:
    return [
        Proposed(row.enrolment_id, row.pseudonym, found.rule, candidate_words(found))
        for row in monitor.annotators
        for found in row.candidates
    ]


def _flags(monitor: Monitor) -> list[Flag]:
    flags = []
    now, study = timezone.now(), monitor.study
    for row in monitor.annotators:
        if row.excluded:
            continue
        flags += [Flag(row.pseudonym, text) for text in about(row, monitor, now)]
    if study.status == "open" and monitor.seats_taken == study.n_annotators and study.n_done < study.n_target:
        waiting = sum(row.stage == "full" for row in monitor.annotators)
        if waiting:
            text = ngettext(
                "%(n)s annotator passed and waits for a seat.",
                "%(n)s annotators passed and wait for a seat.",
                waiting,
            )
            flags.append(Flag(_("seats"), text % {"n": waiting}))
    return flags
