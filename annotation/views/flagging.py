"""When the monitor speaks of an annotator, in words: what is unusual, and which rules of the plan are met."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from statistics import median

from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotation.design.quality import Candidate, Change
from annotation.monitoring import AnnotatorRow, Monitor

FAST = 1 / 3
"""A median time below this share of the others' is flagged."""
ALIKE, ENOUGH_CARDS = 0.8, 8
"""So large a share of cards marked alike on every criterion is flagged, once so many cards are done."""
HASTY_SECONDS, ENOUGH_FOR_HASTE = 3, 3
"""A median below so many seconds a card is flagged whatever the others do, once so many cards are done."""
ONE_MARK, ENOUGH_MARKS = 0.9, 20
"""One and the same mark in so large a share is flagged, once so many marks are given."""
NEAR, ENOUGH_NEAR = 0.6, 2
"""A smaller share of marks near the reference, or near the own first ones, is flagged, once so many cards tell."""
SEVERE, DRIFTED, FURTHER = 1.0, 0.75, 0.5
"""Points of the scale: from others, over a session, and from the reference since calibration."""


def rules() -> tuple[str, ...]:
    return (
        _("Fast: a median under %(least)s seconds a card, from %(n)s cards on.")
        % {"least": HASTY_SECONDS, "n": ENOUGH_FOR_HASTE},
        _("Faster than the others: a median under a third of theirs, from %(n)s cards on.")
        % {"n": ENOUGH_CARDS},
        _("One mark: the same mark in %(share)s or more of at least %(n)s marks.")
        % {"share": f"{ONE_MARK:.0%}", "n": ENOUGH_MARKS},
        _("All alike: the same mark on every question for more than %(share)s of at least %(n)s cards.")
        % {"share": f"{ALIKE:.0%}", "n": ENOUGH_CARDS},
        _(
            "Checks: an attention check failed; under %(share)s near the reference, or near the own first marks, from "
            "%(n)s gold cards or repeats on."
        )
        % {"share": f"{NEAR:.0%}", "n": ENOUGH_NEAR},
        _(
            "Severity and drift: %(severe)s from the others, %(drifted)s over the session, or %(further)s further from "
            "the reference than in calibration, each with an interval that does not hold 0."
        )
        % {"severe": SEVERE, "drifted": DRIFTED, "further": FURTHER},
        _("Away: not seen for half the time after which a seat returns."),
    )


def about(row: AnnotatorRow, monitor: Monitor, now: datetime) -> list[str]:
    """What is unusual about one annotator, a clause each."""
    return [
        *_on_pace(row, monitor),
        *_on_marks(row),
        *_on_checks(row),
        *_on_leaning(row),
        *_on_absence(row, monitor, now),
    ]


def candidate_words(found: Candidate) -> str:
    """Why the plan makes somebody a candidate for exclusion."""
    if found.rule == "attention":
        words = ngettext(
            "failed %(found)s attention check; the plan's rule is more than %(limit)s",
            "failed %(found)s attention checks; the plan's rule is more than %(limit)s",
            int(found.found),
        )
        return words % {"found": f"{found.found:.0f}", "limit": f"{found.limit:.0f}"}
    shares = {"found": f"{found.found:.0%}", "limit": f"{found.limit:.0%}"}
    if found.rule == "gold":
        words = _(
            "%(found)s of the marks on gold cards near the reference; the plan's rule is less than %(limit)s"
        )
        return words % shares
    words = _(
        "%(found)s of the marks on repeats within one of the first; the plan's rule is less than %(limit)s"
    )
    return words % shares


def _on_pace(row: AnnotatorRow, monitor: Monitor) -> Iterator[str]:
    others = [
        o.seconds_median
        for o in monitor.annotators
        if o.seconds_median and o is not row and not o.excluded and o.done >= ENOUGH_CARDS
    ]
    if row.seconds_median is not None and row.done >= ENOUGH_FOR_HASTE and row.seconds_median < HASTY_SECONDS:
        words = _("fast: a median of %(own)s s a card; nobody reads one in under %(least)s s")
        yield words % {"own": f"{row.seconds_median:.1f}", "least": HASTY_SECONDS}
    elif (
        row.seconds_median
        and others
        and row.done >= ENOUGH_CARDS
        and row.seconds_median < FAST * median(others)
    ):
        words = _("fast: a median of %(own)s s a card, that of the others is %(others)s s")
        yield words % {"own": f"{row.seconds_median:.0f}", "others": f"{median(others):.0f}"}


def _on_marks(row: AnnotatorRow) -> Iterator[str]:
    if row.top_mark_share is not None and row.n_marks >= ENOUGH_MARKS and row.top_mark_share >= ONE_MARK:
        words = _("the mark %(mark)s in %(share)s of %(n)s marks")
        yield words % {"mark": row.top_mark, "share": f"{row.top_mark_share:.0%}", "n": row.n_marks}
    elif row.same_mark_share is not None and row.done >= ENOUGH_CARDS and row.same_mark_share > ALIKE:
        words = _("the same mark on every question for %(share)s of the cards")
        yield words % {"share": f"{row.same_mark_share:.0%}"}


def _on_checks(row: AnnotatorRow) -> Iterator[str]:
    judging = row.judging
    if row.attention_failed:
        words = _("%(failed)s of %(n)s attention checks failed")
        yield words % {"failed": row.attention_failed, "n": len(judging.attention)}
    if judging.gold and judging.gold.n_cards >= ENOUGH_NEAR and judging.gold.near < NEAR:
        words = _("%(share)s of %(n)s marks on gold cards near the reference")
        yield words % {"share": f"{judging.gold.near:.0%}", "n": judging.gold.n_marks}
    if judging.repeats and judging.repeats.n_cards >= ENOUGH_NEAR and judging.repeats.near < NEAR:
        words = _("%(share)s of %(n)s marks on repeats within one of the first")
        yield words % {"share": f"{judging.repeats.near:.0%}", "n": judging.repeats.n_marks}


def _on_leaning(row: AnnotatorRow) -> Iterator[str]:
    judging = row.judging
    if far := _sure(judging.severity, SEVERE):
        higher, lower = (
            _("%(n)s above the others on the same cards"),
            _("%(n)s below the others on the same cards"),
        )
        yield (higher if far > 0 else lower) % {"n": f"{abs(far):.1f}"}
    if judging.drift and (far := _sure(judging.drift.slope, DRIFTED)):
        higher = _("marks rise by %(n)s from the first card to the last")
        lower = _("marks fall by %(n)s from the first card to the last")
        yield (higher if far > 0 else lower) % {"n": f"{abs(far):.1f}"}
    if (far := _sure(judging.recheck, FURTHER)) > 0:
        yield _("%(n)s further from the reference than in calibration") % {"n": f"{far:.1f}"}


def _on_absence(row: AnnotatorRow, monitor: Monitor, now: datetime) -> Iterator[str]:
    idle = now - row.last_seen_at
    away = idle > timedelta(hours=monitor.study.lease_hours / 2)
    if monitor.study.status == "open" and row.stage == "rating" and away:
        words = _("not seen for %(time)s; the seat returns after %(hours)s hours")
        yield words % {"time": timesince(row.last_seen_at, now), "hours": monitor.study.lease_hours}


def _sure(found: Change | None, least: float) -> float:
    """The change where it is large and its interval does not hold 0; otherwise 0."""
    return found.value if found and found.sure and abs(found.value) >= least else 0.0
