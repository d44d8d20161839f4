"""What the pages show of a corpus's facts: labels, the widths of bars, the splits by name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from generation.models import Corpus
from generation.pipeline.logs.splits import SPLITS
from generation.services.parameters import SelectCases

WIDEST = 160


@dataclass(frozen=True)
class Bar:
    label: str
    n: int
    width: float


@dataclass(frozen=True)
class SplitLine:
    """One rule tried on the corpus."""

    label: str
    default: bool
    n_train: int
    n_valid: int
    n_test: int
    n_cold: int
    leak: float | None

    @property
    def leak_percent(self) -> float | None:
        return None if self.leak is None else 100 * self.leak


@dataclass(frozen=True)
class Portrait:
    first: datetime
    last: datetime
    median_length: float
    longest: int
    n_users: int
    lengths: tuple[Bar, ...]
    ratings: tuple[Bar, ...]
    n_unrated: int
    splits: tuple[SplitLine, ...]
    splits_users: int
    rejected_reasons: tuple[dict[str, Any], ...]


def portrait(corpus: Corpus) -> Portrait | None:
    """None before the import is done, and for a corpus of a time when facts were not kept."""
    facts = corpus.facts
    if not facts:
        return None
    return Portrait(
        first=datetime.fromisoformat(facts["first"]),
        last=datetime.fromisoformat(facts["last"]),
        median_length=facts["median_length"],
        longest=facts["longest"],
        n_users=corpus.n_users,
        lengths=_bars(facts["lengths"]),
        ratings=_bars(facts["ratings"]),
        n_unrated=facts["n_unrated"],
        splits=tuple(
            SplitLine(
                label=SPLITS[each["rule"]].label,
                default=each["rule"] == SelectCases().split,
                **{name: each[name] for name in ("n_train", "n_valid", "n_test", "n_cold", "leak")},
            )
            for each in facts["splits"]
            if each["rule"] in SPLITS
        ),
        splits_users=max((each["n_users"] for each in facts["splits"]), default=0),
        rejected_reasons=tuple(facts["rejected_reasons"]),
    )


def _bars(buckets: list[dict[str, Any]]) -> tuple[Bar, ...]:
    most = max((bucket["n"] for bucket in buckets), default=0) or 1
    return tuple(
        Bar(_range(bucket["low"], bucket["high"]), bucket["n"], round(WIDEST * bucket["n"] / most, 1))
        for bucket in buckets
    )


def _range(low: float, high: float | None) -> str:
    if high is None:
        return _("%(low)s and more") % {"low": f"{low:,g}"}
    return f"{low:,g}" if low == high else f"{low:,g}–{high:,g}"
