"""What the monitor shows: four figures, flags in words, a line an annotator. Pooled over systems, always."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotation import overview, queries
from annotation.design.agreement import pair_agreement
from annotation.overview import AnnotatorRow, MarkFlow, Monitor
from annotation.queries import StudySummary

FAST = 1 / 3
"""A median time below this share of the others' is flagged."""
ALIKE, ENOUGH_CARDS = 0.8, 8
"""So large a share of cards marked alike on every criterion is flagged, once so many cards are done."""

HASTY_SECONDS, ENOUGH_FOR_HASTE = 3, 3
"""A median below so many seconds a card is flagged whatever the others do, once so many cards are done."""
ONE_MARK, ENOUGH_MARKS = 0.9, 20
"""One and the same mark in so large a share is flagged, once so many marks are given."""


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
class Watch:
    monitor: Monitor
    figures: tuple[Figure, ...]
    flags: tuple[Flag, ...]
    rules: tuple[str, ...]
    """When a person is flagged, in words."""
    flow: MarkFlow
    at: datetime


def watch(study_id: int) -> Watch:
    monitor = overview.monitor(study_id)
    flags = tuple(_flags(monitor))
    figures = (_done(monitor.study), _pace(monitor.study), _agreement(monitor.study), _alerts(monitor, flags))
    return Watch(monitor, figures, flags, _rules(), overview.mark_flow(study_id), timezone.now())


def _done(study: StudySummary) -> Figure:
    share = study.n_done / study.n_target if study.n_target else 0
    return Figure(
        _("Cards judged"),
        f"{study.n_done:,}",
        _("%(share)s of the target") % {"share": f"{share:.0%}"},
        f"/ {study.n_target:,}",
    )


def _pace(study: StudySummary) -> Figure:
    label = _("Pace")
    if study.opened_at is None or not study.n_done:
        return Figure(label, "–", _("No card is judged yet."))
    end = study.closed_at or timezone.now()
    days = max((end - study.opened_at).total_seconds() / 86_400, 1 / 24)
    pace = study.n_done / days
    shown = f"{pace:,.0f}" if pace >= 10 else f"{pace:.1f}"
    left = study.n_target - study.n_done
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
    found = pair_agreement(
        marks["case"].tolist(),
        marks["card"].tolist(),
        marks["criterion"].tolist(),
        marks["value"].tolist(),
        study.seed,
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


def _alerts(monitor: Monitor, flags: tuple[Flag, ...]) -> Figure:
    gates = _("gate: %(passed)s passed, %(failed)s not, %(pending)s practising") % {
        "passed": monitor.gate_passed,
        "failed": monitor.gate_failed,
        "pending": monitor.gate_pending,
    }
    return Figure(_("Alerts"), str(len(flags)), gates)


def _flags(monitor: Monitor) -> list[Flag]:
    flags = []
    now, study = timezone.now(), monitor.study
    for row in monitor.annotators:
        flags += [Flag(row.pseudonym, text) for text in _about(row, monitor, now)]
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


def _rules() -> tuple[str, ...]:
    return (
        _("Fast: a median under %(least)s seconds a card, from %(n)s cards on.")
        % {"least": HASTY_SECONDS, "n": ENOUGH_FOR_HASTE},
        _("Faster than the others: a median under a third of theirs, from %(n)s cards on.")
        % {"n": ENOUGH_CARDS},
        _("One mark: the same mark in %(share)s or more of at least %(n)s marks.")
        % {"share": f"{ONE_MARK:.0%}", "n": ENOUGH_MARKS},
        _("All alike: the same mark on every question for more than %(share)s of at least %(n)s cards.")
        % {"share": f"{ALIKE:.0%}", "n": ENOUGH_CARDS},
        _("Away: not seen for half the time after which a seat returns."),
    )


def _about(row: AnnotatorRow, monitor: Monitor, now: datetime) -> list[str]:
    texts = []
    others = [
        o.seconds_median
        for o in monitor.annotators
        if o.seconds_median and o is not row and o.done >= ENOUGH_CARDS
    ]
    if row.seconds_median is not None and row.done >= ENOUGH_FOR_HASTE and row.seconds_median < HASTY_SECONDS:
        words = _("fast: %(own)s s a card in the middle; nobody reads one in under %(least)s s")
        texts.append(words % {"own": f"{row.seconds_median:.1f}", "least": HASTY_SECONDS})
    elif (
        row.seconds_median
        and others
        and row.done >= ENOUGH_CARDS
        and row.seconds_median < FAST * median(others)
    ):
        words = _("fast: %(own)s s a card, the others %(others)s s in the middle")
        texts.append(words % {"own": f"{row.seconds_median:.0f}", "others": f"{median(others):.0f}"})
    if row.top_mark_share is not None and row.n_marks >= ENOUGH_MARKS and row.top_mark_share >= ONE_MARK:
        words = _("the mark %(mark)s in %(share)s of %(n)s marks")
        texts.append(words % {"mark": row.top_mark, "share": f"{row.top_mark_share:.0%}", "n": row.n_marks})
    elif row.same_mark_share is not None and row.done >= ENOUGH_CARDS and row.same_mark_share > ALIKE:
        words = _("the same mark on every question for %(share)s of the cards")
        texts.append(words % {"share": f"{row.same_mark_share:.0%}"})
    idle = now - row.last_seen_at
    if (
        monitor.study.status == "open"
        and row.stage == "rating"
        and idle > timedelta(hours=monitor.study.lease_hours / 2)
    ):
        words = _("not seen for %(time)s; the seat returns after %(hours)s hours")
        texts.append(words % {"time": timesince(row.last_seen_at, now), "hours": monitor.study.lease_hours})
    return texts
