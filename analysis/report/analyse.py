"""From ratings to findings: the one road, taken by the service of a study and by the command alike."""

import platform
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from analysis.report.agreeing import agree, consistency, prevalence
from analysis.report.annotators import with_people
from analysis.report.beside import Beside
from analysis.report.both_ways import with_annotators
from analysis.report.checking import held_against
from analysis.report.checking import on_method as on_check_method
from analysis.report.clouds import clouds
from analysis.report.comparing import compare, describe
from analysis.report.confirming import confirm
from analysis.report.contesting import contest
from analysis.report.findings.study import Counts, Kind, Meta, StudyFindings
from analysis.report.findings.subject import (
    Criterion,
    Excluded,
    Fieldwork,
    Hypothesis,
    Metric,
    System,
    WriterKind,
)
from analysis.report.guessing import held, on_method
from analysis.report.modelling import model
from analysis.report.ordering import bound, order
from analysis.report.prose import methods
from analysis.report.ranking import rank
from analysis.report.relating import metrics_of, relate, summarise, writers_of
from analysis.report.scores import ScoreTable
from analysis.report.sensitivity import both_readings, everybody, on_exclusion
from analysis.report.tying import with_ties
from analysis.stats.ratings import RatingTable

STREAM_AGREEMENT, STREAM_COMPARISON, STREAM_CORRELATION, STREAM_TWO_WAY = 1, 2, 3, 4
STREAM_CONTEST, STREAM_ORDER, STREAM_CEILING = 31, 32, 33
STREAM_SENSITIVITY = 9
TOLERANCE = 1
"""Of the gate that is the default of a study."""
PACKAGES = ("prism-explanations", "numpy", "scipy", "pandas")
"""What the statistics are computed with."""
METRIC_PACKAGES = re.compile(r"\b(rouge-score|sacrebleu|torch|transformers|tokenizers)[ :]v?(\d[\w.+]*)")
"""What metrics may be computed with, as their signatures name it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What the numbers are about; ratings alone do not say it."""

    title: str
    criteria: tuple[Criterion, ...] = ()
    """Names and words of the criteria; one that is missing here goes by its key."""
    systems: tuple[System, ...] = ()
    metrics: tuple[Metric, ...] = ()
    notes: tuple[str, ...] = ()
    fieldwork: Fieldwork | None = None
    hypotheses: tuple[Hypothesis, ...] = ()
    """What was to be confirmed, as a plan said before anybody judged."""
    kinds: tuple[WriterKind, ...] = ()
    """Which kinds of writers annotators could guess."""
    n_passed_over: int = 0
    """Annotators who passed that question over."""
    excluded: tuple[Excluded, ...] = ()
    """Why annotators were excluded, where it is known."""
    tolerance: int = TOLERANCE
    """A mark so far from a reference counts as near it."""


def analyse(
    table: RatingTable,
    scores: ScoreTable | None = None,
    *,
    subject: Subject,
    seed: int,
    created: str,
    kind: Kind = "unblinded",
    confidence: float = 0.95,
    n_resamples: int = 2000,
    n_permutations: int = 9999,
    beside: Beside = Beside(),  # noqa: B008  frozen and empty
    progress: Callable[[str], None] = lambda step: None,
) -> StudyFindings:
    """Compute everything a report says.

    The same ratings, scores and seed give the same findings, byte for byte but for `created` and the
    versions. Each use of chance has a stream of its own: adding a metric leaves the intervals of agreement
    as they were.

    Args:
        kind: "pooled" leaves out whatever tells systems apart, as a study that is not unblinded must.
        created: ISO 8601, written into the findings as given.
        beside: guesses of the writers, and the ratings of annotators who were excluded.
        progress: told the name of each step before it begins.
    """
    blind = kind == "pooled"
    guessed = readings = None  # first, so that faulty data are refused before anything long is computed
    if beside.guesses is not None and len(beside.guesses) and not blind:
        guessed = held(
            beside.guesses, subject.kinds, n_passed_over=subject.n_passed_over, confidence=confidence
        )
    if beside.excluded is not None and len(beside.excluded):
        readings = everybody(table, beside.excluded)
    checks = None
    if beside.checks is not None and len(beside.checks):
        checks = held_against(
            beside.checks, table.criteria, tolerance=subject.tolerance, confidence=confidence
        )
    progress("agreement")
    agreement = [
        agree(
            table,
            criterion,
            seed=seed,
            rng=np.random.default_rng([seed, STREAM_AGREEMENT, index]),
            confidence=confidence,
            n_resamples=n_resamples,
        )
        for index, criterion in enumerate(table.criteria)
    ]
    systems = () if blind else _systems(table, subject)
    if scores is not None and not blind:
        notes = dict.fromkeys([*subject.notes, *scores.beside(table.cases)])
        subject = replace(subject, notes=tuple(notes))
    findings = StudyFindings(
        meta=_meta(table, subject, systems, kind=kind, seed=seed, created=created, confidence=confidence),
        counts=_counts(table, blind=blind),
        criteria=_criteria(table, subject),
        prevalence=tuple(prevalence(table, by_system=not blind)),
        agreement=tuple(agreement),
        consistency=tuple(consistency(table, confidence=confidence)),
        checks=checks,
        systems=systems,
        fieldwork=subject.fieldwork,
    )
    if not blind:
        progress("comparisons")
        compared = compare(
            table,
            seed=seed,
            rng=np.random.default_rng([seed, STREAM_COMPARISON]),
            confidence=confidence,
            n_permutations=n_permutations,
        )
        compared = with_annotators(
            compared,
            table,
            seed=seed,
            stream=STREAM_TWO_WAY,
            confidence=confidence,
            n_resamples=n_resamples,
        )
        comparisons, confirmations = confirm(compared, subject.hypotheses)
        findings = replace(
            findings,
            descriptions=tuple(describe(table, confidence=confidence)),
            comparisons=comparisons,
            confirmations=confirmations,
            omnibus=tuple(rank(table, confidence=confidence)),
        )
        progress("models")
        findings = replace(findings, models=tuple(model(table, confidence=confidence)))
        if scores is not None:
            progress("metrics")
            # Many small products: threads would wait for each other, and add up in another order on other machines.
            with threadpool_limits(1, "blas"):
                known = metrics_of(scores, subject.metrics)
                findings = replace(
                    findings,
                    metrics=known,
                    metric_summaries=tuple(summarise(scores, known, table.systems, confidence)),
                    correlations=tuple(
                        relate(
                            table,
                            scores,
                            known,
                            writers=writers_of(systems),
                            seed=seed,
                            stream=STREAM_CORRELATION,
                            confidence=confidence,
                            n_resamples=max(100, n_resamples // 4),
                        )
                    ),
                )
                findings = replace(findings, clouds=clouds(table, scores, findings))
                findings = _set_against_people(
                    findings,
                    table,
                    scores,
                    seed=seed,
                    confidence=confidence,
                    n_resamples=max(100, n_resamples // 4),
                )
    progress("annotators")
    findings = with_people(
        findings,
        table,
        subject.hypotheses,
        seed=seed,
        confidence=confidence,
        n_resamples=n_resamples,
        n_permutations=n_permutations,
    )
    findings = replace(findings, blinding=guessed)
    if readings is not None:
        progress("sensitivity")
        shown = both_readings(
            findings,
            *readings,
            who=subject.excluded,
            hypotheses=subject.hypotheses,
            stream=STREAM_SENSITIVITY,
            n_resamples=n_resamples,
        )
        findings = replace(findings, sensitivity=shown)
    said = methods(findings, n_resamples=n_resamples, n_permutations=n_permutations)
    more = (*on_exclusion(findings), *on_check_method(findings), *on_method(findings))
    return replace(findings, methods=(*said, *more))


def _set_against_people(
    findings: StudyFindings,
    table: RatingTable,
    scores: ScoreTable,
    *,
    seed: int,
    confidence: float,
    n_resamples: int,
) -> StudyFindings:
    """Metrics against each other, as orders of texts and systems, and against what noisy ratings allow."""
    writers, metrics = writers_of(findings.systems), findings.metrics
    contests = contest(
        table,
        scores,
        metrics,
        writers=writers,
        seed=seed,
        stream=STREAM_CONTEST,
        confidence=confidence,
        n_resamples=n_resamples,
    )
    ordered = order(
        table,
        scores,
        metrics,
        contests,
        writers=writers,
        seed=seed,
        stream=STREAM_ORDER,
        confidence=confidence,
        n_resamples=n_resamples,
    )
    tied = with_ties(
        ordered,
        table,
        scores,
        metrics,
        findings.correlations,
        writers=writers,
        seed=seed,
        stream=STREAM_ORDER,
        confidence=confidence,
        n_resamples=n_resamples,
    )
    return replace(
        findings,
        metric_tests=tuple(test for one in contests.values() for test in one.tests),
        pairwise_accuracy=tied,
        ceiling=tuple(bound(table, metrics, writers=writers, seed=seed, stream=STREAM_CEILING)),
    )


def versions(metrics: Iterable[Metric] = ()) -> dict[str, str]:
    """What computed the numbers: the statistics here and now, the scores when they were made."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    for metric in metrics:
        found |= dict(METRIC_PACKAGES.findall(metric.signature))
    return found


def _meta(
    table: RatingTable,
    subject: Subject,
    systems: tuple[System, ...],
    *,
    kind: Kind,
    seed: int,
    created: str,
    confidence: float,
) -> Meta:
    return Meta(
        title=subject.title,
        kind=kind,
        seed=seed,
        created=created,
        confidence=confidence,
        levels=table.levels,
        versions=versions(() if kind == "pooled" else subject.metrics),
        simulated=table.any_simulated,
        offline_systems=tuple(system.name for system in systems if system.offline),
        notes=subject.notes,
    )


def _counts(table: RatingTable, *, blind: bool) -> Counts:
    first = ~table.repeat
    cards = pd.DataFrame({"case": table.case, "system": table.system})[first].drop_duplicates()
    seconds = pd.DataFrame(
        {"annotator": table.annotator, "case": table.case, "system": table.system, "seconds": table.seconds}
    )[first].dropna()
    by_card = seconds.groupby(["annotator", "case", "system"])["seconds"].max()
    return Counts(
        n_annotators=len(table.annotators) if table.annotators_identified else None,
        n_cases=len(table.cases),
        n_cards=len(cards),
        n_systems=None if blind else len(table.systems),
        n_ratings=sum(table.n_ratings(criterion) for criterion in table.criteria),
        n_cannot_judge=sum(table.n_missing(criterion) for criterion in table.criteria),
        n_repeats=table.n_repeats,
        n_simulated=int((table.simulated & (table.point >= 0)).sum()),
        median_seconds=float(by_card.median()) if len(by_card) else None,
    )


def _criteria(table: RatingTable, subject: Subject) -> tuple[Criterion, ...]:
    known = {criterion.key: criterion for criterion in subject.criteria}
    return tuple(known.get(key) or Criterion(key=key, name=_spoken(key)) for key in table.criteria)


def _systems(table: RatingTable, subject: Subject) -> tuple[System, ...]:
    known = {system.name: system for system in subject.systems}
    return tuple(known.get(name) or System(name=name, label=name) for name in table.systems)


def _spoken(key: str) -> str:
    return key.replace("_", " ").replace("-", " ").capitalize() if key.islower() else key
