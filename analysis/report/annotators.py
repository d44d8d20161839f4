"""The section on who rated how: ratings in, `Annotator` rows and `WithoutFlagged` out."""

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from analysis.report.comparing import compare
from analysis.report.confirming import confirm
from analysis.report.findings.agreement import (
    Agreement,
    AgreementWithout,
    Annotator,
    DifferenceWithout,
    WithoutFlagged,
)
from analysis.report.findings.study import StudyFindings
from analysis.report.findings.subject import Hypothesis
from analysis.report.numbers import as_number, defined
from analysis.report.persons import persons
from analysis.stats import agreement, bootstrap, krippendorff
from analysis.stats.attention import Attention, attention, without
from analysis.stats.estimates import MaybeInterval, Undefined
from analysis.stats.patterns import patterns
from analysis.stats.ratings import RatingTable
from analysis.stats.severity import Severity, severity

STREAM_FLAGGED = 16
SEVERITY = "mean over cards of (own rating - mean of the others on the same card)"
SAME_ANSWER = "largest share of one point among the own ratings"
ALPHA_WITHOUT = "Krippendorff's alpha with ordinal distances, without the ratings of this annotator"
NO_INTERVAL = Undefined("it is a check, to be read beside the interval of alpha over all annotators")
A_SHARE = Undefined("it is what was given, not an estimate")


def with_people(
    findings: StudyFindings,
    table: RatingTable,
    hypotheses: Sequence[Hypothesis],
    *,
    seed: int,
    confidence: float,
    n_resamples: int,
    n_permutations: int,
) -> StudyFindings:
    """The findings with their annotators, and with what would change without those who are flagged."""
    people = annotators(table, findings.agreement, confidence=confidence)
    found = without_flagged(
        table,
        people,
        blind=findings.meta.kind == "pooled",
        hypotheses=hypotheses,
        seed=seed,
        confidence=confidence,
        n_resamples=n_resamples,
        n_permutations=n_permutations,
    )
    between = persons(table, confidence=confidence)
    return replace(findings, annotators=tuple(people), persons=tuple(between), flagged=found)


def annotators(table: RatingTable, rows: Sequence[Agreement], *, confidence: float) -> list[Annotator]:
    """Every annotator on every criterion; nothing where names do not follow persons.

    Args:
        rows: the agreement of each criterion, in the order of `table.criteria`; the interval of alpha is taken thence.
    """
    found = []
    for criterion, row in zip(table.criteria, rows, strict=True):
        interval: MaybeInterval = row.alpha_ordinal.interval or Undefined("alpha has no interval")
        looked = attention(table, criterion, interval=interval)
        severe = severity(table, criterion, confidence=confidence)
        if not isinstance(looked, Undefined) and not isinstance(severe, Undefined):
            found += [_row(one, other) for one, other in zip(severe, looked, strict=True)]
    return found


def _row(severe: Severity, looked: Attention) -> Annotator:
    n = severe.n_ratings
    return Annotator(
        criterion=severe.criterion,
        annotator=severe.annotator,
        n_ratings=n,
        severity=as_number(severe.n_compared, "cards", SEVERITY, severe.difference, severe.interval),
        point=looked.point,
        same_answer=as_number(n, "ratings", SAME_ANSWER, looked.same_answer, A_SHARE),
        others_same=defined(looked.others_same),
        median_seconds=defined(looked.median_seconds),
        alpha_without=as_number(n, "ratings left out", ALPHA_WITHOUT, looked.alpha_without, NO_INTERVAL),
        flags=looked.flags,
    )


def without_flagged(
    table: RatingTable,
    rows: Sequence[Annotator],
    *,
    blind: bool,
    hypotheses: Sequence[Hypothesis],
    seed: int,
    confidence: float,
    n_resamples: int,
    n_permutations: int,
) -> WithoutFlagged | None:
    """What would change without everybody who was flagged on any criterion; None where nobody was."""
    flagged = tuple(dict.fromkeys(row.annotator for row in rows if row.flags))
    if not flagged:
        return None
    rest = without(table, flagged)
    compared = (
        []
        if blind
        else compare(
            rest,
            seed=seed,
            rng=np.random.default_rng([seed, STREAM_FLAGGED]),
            confidence=confidence,
            n_permutations=n_permutations,
        )
    )
    comparisons, _ = confirm(compared, hypotheses)
    return WithoutFlagged(
        without=flagged,
        n_ratings=sum(row.n_ratings for row in rows if row.annotator in flagged),
        agreement=tuple(
            _agreement(
                rest,
                criterion,
                seed=seed,
                rng=np.random.default_rng([seed, STREAM_FLAGGED, index]),
                confidence=confidence,
                n_resamples=n_resamples,
            )
            for index, criterion in enumerate(table.criteria)
        ),
        differences=tuple(
            DifferenceWithout(row.criterion, row.first, row.second, row.difference, row.p_holm)
            for row in comparisons
        ),
    )


FORGOTTEN: dict[str, list[object] | None] = {
    "annotators": [],
    "persons": [],
    "flagged": None,
    "sensitivity": None,
    "clouds": [],
}
"""What speaks of few: of a single annotator, or of a single text that perhaps one person rated."""


def without_people(findings_json: str) -> str:
    """A report.json without what speaks of single annotators, for when the marks of one are to be forgotten."""
    raw = json.loads(findings_json)
    raw |= {key: nothing for key, nothing in FORGOTTEN.items() if key in raw}
    return json.dumps(raw, ensure_ascii=False, allow_nan=False, indent=1)


def _agreement(
    table: RatingTable,
    criterion: str,
    *,
    seed: int,
    rng: np.random.Generator,
    confidence: float,
    n_resamples: int,
) -> AgreementWithout:
    cards, levels = patterns(table.counts(criterion)).at_least(1), table.levels
    n = cards.at_least(2).n_cards
    kappa = agreement.fleiss_kappa(cards, levels=levels, confidence=confidence)
    alpha = krippendorff.alpha(cards, "ordinal", levels=levels)
    interval = bootstrap.alpha_interval(
        cards, "ordinal", rng=rng, levels=levels, n_resamples=n_resamples, confidence=confidence
    )
    words = "Fleiss' kappa, without the flagged annotators"
    alpha_words = "Krippendorff's alpha with ordinal distances, without the flagged annotators"
    return AgreementWithout(
        criterion,
        as_number(n, "cards", words, kappa, kappa)
        if isinstance(kappa, Undefined)
        else as_number(n, "cards", words, kappa.value, kappa.interval),
        as_number(n, "cards", alpha_words, alpha, alpha)
        if isinstance(alpha, Undefined)
        else as_number(n, "cards", alpha_words, alpha.value, interval, seed=seed),
    )
