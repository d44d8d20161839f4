"""The sentences of a report: what stands before each table, and the methods paragraph."""

from collections.abc import Mapping, Sequence

from analysis.report.agreement_prose import paradox, without_kappa
from analysis.report.comparison_prose import tests
from analysis.report.findings.comparisons import Comparison
from analysis.report.findings.number import Number
from analysis.report.findings.study import StudyFindings
from analysis.report.metric_prose import on_metric_methods
from analysis.report.model_prose import fitting
from analysis.report.words import interval, join, many, number, p_in_words, seconds

SHOWN = 0.05
"""A difference whose adjusted p stays below this is called shown."""
WITHOUT = "the writer of the references"
"""Stands in the method of a correlation that leaves out the systems whose texts are the references."""


def opening(findings: StudyFindings) -> list[str]:
    """Who judged what."""
    counts = findings.counts
    cards = many(counts.n_cards, "explanation")
    of_cases = f"of {many(counts.n_cases, 'case')}"
    by = f" by {many(counts.n_systems, 'system')}" if counts.n_systems is not None else ""
    people = "simulated annotator" if findings.meta.simulated else "annotator"
    who = "Annotators" if counts.n_annotators is None else many(counts.n_annotators, people)
    criteria = [criterion.name.lower() for criterion in findings.criteria]
    sentences = [
        (
            f"{who} gave {many(counts.n_ratings, 'rating')} to {cards} {of_cases}{by}, on {join(criteria)}, "
            f"each from {findings.meta.levels[0]} to {findings.meta.levels[-1]}."
        )
    ]
    if counts.n_cannot_judge:
        share = counts.n_cannot_judge / (counts.n_cannot_judge + counts.n_ratings)
        sentences.append(
            f"{many(counts.n_cannot_judge, 'time')} ({share:.1%}) an annotator could not judge; "
            "these are counted as missing, not as a value."
        )
    if counts.n_repeats:
        sentences.append(f"{many(counts.n_repeats, 'rating')} of a second look enter consistency alone.")
    if counts.median_seconds is not None:
        sentences.append(f"The median card took {seconds(counts.median_seconds)}.")
    return sentences + on_fieldwork(findings)


def on_fieldwork(findings: StudyFindings) -> list[str]:
    """How far the plan was carried out, and what became of those who joined; nothing for a file of ratings."""
    work = findings.fieldwork
    if work is None:
        return []
    people = "simulated annotator" if findings.meta.simulated else "annotator"
    states = {
        "open": "The study is still open, and its numbers will change.",
        "closed early": "The study was closed early, before every planned judgment was made.",
        "complete": (
            "Every planned judgment was made, but not all of them are counted."
            if work.n_short
            else "Every planned judgment was made."
        ),
    }
    marks = (
        f"{work.marks_min}" if work.marks_min == work.marks_max else f"{work.marks_min} to {work.marks_max}"
    )
    cards = (
        f"{work.n_judged:,} of {many(work.n_planned, 'planned card')} were judged, each card by {marks} "
        f"{people if work.marks_max == 1 else people + 's'} (planned: {work.k:,})"
    )
    if work.n_short:
        missing, were = work.n_planned - work.n_judged, "was" if work.n_short == 1 else "were"
        cards += f". {many(work.n_short, 'card')} {were} judged by fewer than planned"
        cards += f", {missing:,} of them by nobody" if missing else ""
    sentences = [states[work.state], f"{cards}."]
    flow = [f"{work.n_finished:,} finished"]
    if work.gate:
        flow.insert(0, f"{work.n_failed:,} did not pass the gate")
    if work.n_unfinished:
        none = (
            f", {work.n_unseated:,} of them without any card: every place was taken"
            if work.n_unseated
            else ""
        )
        flow.append(f"{work.n_unfinished:,} did not finish{none}")
    if work.n_withdrew:
        flow.append(f"{work.n_withdrew:,} withdrew consent, and no mark of theirs is counted")
    if work.n_excluded:
        were = "was" if work.n_excluded == 1 else "were"
        flow.append(f"{work.n_excluded:,} {were} excluded by the owner, for reasons that the ledger tells")
    return [*sentences, f"{many(work.n_joined, people)} joined: {join(flow)}."]


def on_results(findings: StudyFindings) -> list[str]:
    """A sentence a criterion: which system was rated highest, by how much more than the next, and how sure that is."""
    labels = {system.name: system.label for system in findings.systems}
    sentences = []
    for criterion in findings.criteria:
        means = {
            row.system: row.ratings.mean.value
            for row in findings.descriptions
            if row.criterion == criterion.key and row.ratings.mean.value is not None
        }
        if len(means) > 1:
            told = _highest(criterion.name.lower(), means, labels, findings.comparisons, criterion.key)
            planned = any(one.planned.criterion == criterion.key for one in findings.confirmations)
            aside = " What the plan was to confirm on it is tested under Hypotheses." if planned else ""
            sentences.append(f"{told}{_agreed(findings, criterion.key)}.{aside}")
    return sentences


def _highest(
    name: str,
    means: Mapping[str, float],
    labels: Mapping[str, str],
    comparisons: Sequence[Comparison],
    criterion: str,
) -> str:
    """The highest mean against the next; no winner is named where their difference was not shown."""
    first, second, *_ = sorted(means, key=lambda system: -means[system])
    top, lowest = means[first], min(means.values())
    best = [labels[system] for system in means if means[system] == top]
    plain = f"On {name} the highest mean was {number(top)} ({join(best)}), the lowest {number(lowest)}"
    for row in comparisons:
        if row.criterion != criterion or {row.first, row.second} != {first, second} or row.p_holm is None:
            continue
        if len(best) > 1 or row.difference.interval is None:
            break
        sign = 1.0 if row.first == first else -1.0
        low, high = sorted((sign * row.difference.interval.low, sign * row.difference.interval.high))
        size = f"{number(sign * (row.difference.value or 0))} points [{number(low)}, {number(high)}]"
        sure = f"{size}, Holm's {p_in_words(row.p_holm)}, n = {many(row.n_cases, 'case')}"
        sure = sure.replace(" = ", "\u00a0=\u00a0").replace(" < ", "\u00a0<\u00a0")
        if row.p_holm < SHOWN and low > 0:
            return f"On {name} {labels[first]} was rated highest, above {labels[second]} by {sure}"
        return (
            f"On {name} no difference was shown between the two highest means, {number(top)} ({labels[first]}) and "
            f"{number(means[second])} ({labels[second]}): {sure}"
        )
    return plain


def _agreed(findings: StudyFindings, criterion: str) -> str:
    """How far annotators agreed on a criterion, as the end of its sentence."""
    row = next((one for one in findings.agreement if one.criterion == criterion), None)
    if row is None or row.alpha_ordinal.value is None:
        return ""
    return f"; agreement there, ordinal alpha: {_estimate(row.alpha_ordinal)}"


def on_ratings(findings: StudyFindings) -> list[str]:
    """What the two units are."""
    return [
        (
            "Papers print the mean of all ratings; the tests use the mean of each case, so that a case counts once "
            "however many annotators it had. The two differ where annotators are spread unevenly."
        )
    ]


def on_scale(findings: StudyFindings) -> list[str]:
    """How the scale was used."""
    sentences = []
    for criterion in findings.criteria:
        rows = [
            r for r in findings.prevalence if r.criterion == criterion.key and not r.system and r.n_ratings
        ]
        for row in rows:
            top = max(range(len(row.counts)), key=row.counts.__getitem__)
            unused = [str(level) for level, n in zip(findings.meta.levels, row.counts, strict=True) if n == 0]
            text = (
                f"On {criterion.name.lower()} the most frequent rating was {findings.meta.levels[top]} "
                f"({row.counts[top] / row.n_ratings:.0%} of {row.n_ratings:,})"
            )
            sentences.append(text + (f"; nobody chose {join(unused, 'or')}." if unused else "."))
    return sentences


def on_agreement(findings: StudyFindings) -> list[str]:
    """What annotators agreed on, never by one coefficient alone."""
    sentences = []
    names = {criterion.key: criterion.name for criterion in findings.criteria}
    used = {row.criterion: row.counts for row in findings.prevalence if not row.system}
    for row in findings.agreement:
        if row.fleiss.value is None:
            sentences.append(without_kappa(names[row.criterion], row))
            continue
        sentences.append(
            f"{names[row.criterion]}: pairs of ratings of one card were equal in {_percent(row.exact)} "
            "and within "
            f"one point in {_percent(row.within_one)}; ordinal alpha {_estimate(row.alpha_ordinal)}, Fleiss' kappa "
            f"{_estimate(row.fleiss)}{_label(row.landis_koch)}, AC1 {_estimate(row.ac1)}."
        )
        beware = paradox(names[row.criterion], row, used[row.criterion], findings.meta.levels)
        sentences += [beware] if beware else []
    return sentences


def on_metrics(findings: StudyFindings) -> list[str]:
    """How far automatic metrics can stand in for people."""
    sentences = []
    written = [system.label for system in findings.systems if system.wrote_references]
    if written and any(metric.references for metric in findings.metrics):
        sentences.append(
            f"The references are texts of {join(written)}: its own overlap scores measure likeness to itself."
        )
    sentences += without_writers(findings)
    rows = [r for r in findings.correlations if (r.level, r.coefficient) == ("text", "spearman")]
    values = [(abs(r.number.value), r) for r in rows if r.number.value is not None]
    if values:
        labels = {metric.name: metric.label for metric in findings.metrics}
        names = {criterion.key: criterion.name.lower() for criterion in findings.criteria}
        _, top = max(values, key=lambda pair: pair[0])
        low = {metric.name for metric in findings.metrics if metric.better == "lower"}
        against = (top.number.value or 0) < 0 and top.metric not in low
        sentences.append(
            f"Over all texts the closest link between a metric and the ratings is {labels[top.metric]} with "
            f"{names[top.criterion]}, Spearman's rho {_estimate(top.number)}"
            f"{', so what it calls better people rated lower' if against else ''}; it is the largest of "
            f"{len(values):,} looked at, so expect less elsewhere."
        )
    return sentences


def without_writers(findings: StudyFindings) -> list[str]:
    """Which systems the correlations of which metrics leave out; nothing where there is none.

    Read from the metrics' numbers themselves: reports made before they left anybody out do not claim it.
    """
    if not any(WITHOUT in row.number.method for row in findings.correlations):
        return []
    labels = {system.name: system.label for system in findings.systems}
    names = {system.name for system in findings.systems if system.wrote_references}
    names |= {metric.references for metric in findings.metrics} & set(labels)
    compared = [metric.label for metric in findings.metrics if metric.level == "case" and metric.references]
    return [
        (
            f"Correlations of {join(compared)} leave out {join([labels[name] for name in sorted(names)])}, whose "
            "texts are the references."
        )
    ]


def methods(findings: StudyFindings, *, n_resamples: int, n_permutations: int) -> tuple[str, ...]:
    """The methods paragraph, to be copied into a paper."""
    meta = findings.meta
    percent = f"{meta.confidence:.0%}"
    sentences = [
        *_design(findings),
        (
            f"Ratings are whole numbers from {meta.levels[0]} to {meta.levels[-1]}; ratings of a second "
            "look and "
            "cards an annotator could not judge are left out."
        ),
        (
            "Agreement is Fleiss' kappa generalised to unequal numbers of ratings, Krippendorff's alpha with ordinal "
            "distances, Gwet's AC1, Randolph's free-marginal kappa and percent agreement, each over cards with at "
            "least two ratings; cards with one count towards the shares of the points in kappa and AC1 alone."
        ),
        (
            f"Intervals hold {percent}: linearised t intervals for kappa and AC1, a bootstrap over cards "
            "with "
            f"{n_resamples:,} resamples for alpha and percent agreement; the z test of kappa uses the "
            "standard error "
            "under no agreement, the interval does not."
        ),
    ]
    if findings.flagged:
        n = len(findings.flagged.without)
        sentences.append(
            f"{many(n, 'annotator')} {'was' if n == 1 else 'were'} flagged by fixed rules (one answer throughout, "
            "haste, alpha without them beyond its interval) and kept; results without them stand beside."
        )
    sentences += tests(findings, n_permutations=n_permutations)
    sentences += fitting(findings)
    if findings.correlations:
        sentences.append(
            "Metrics are correlated with mean ratings over all texts, over texts with each system's mean taken "
            "off, within cases and between systems; means of ratings are exact fractions, so ties are ties; "
            f"intervals are percentiles over {_resampled(findings)}."
        )
        sentences += [*without_writers(findings), *on_metric_methods(findings)]
    used = ", ".join(f"{name} {number}" for name, number in sorted(meta.versions.items()))
    sentences.append(f"Every draw of chance has its own stream of seed {meta.seed}. Computed with {used}.")
    return tuple(sentences)


def _resampled(findings: StudyFindings) -> str:
    """What the intervals of correlations were drawn over, as the numbers themselves say it."""
    methods = [row.number.interval.method for row in findings.correlations if row.number.interval]
    drawn = list(dict.fromkeys(method.partition(" over ")[2] for method in methods))
    return " or ".join(drawn) if drawn else "resamples, where there are any"


def _design(findings: StudyFindings) -> list[str]:
    work = findings.fieldwork
    if work is None:
        return []
    gate = f"after a gate ({work.gate})" if work.gate else "without a gate"
    texts = many(work.systems_a_case, "text") if work.systems_a_case else "texts"
    design = {
        "latin": "a Latin square and blind: an annotator meets a case once, under one of its systems, without a word "
        "of who wrote the text",
        "side_by_side": f"side by side and blind: an annotator who gets a case judges all its {texts} on one page, in "
        "columns whose order is drawn for each case, without a word of who wrote them",
    }.get(
        work.design,
        f"paired and blind: an annotator who gets a case judges all its {texts}, without a word of who wrote them",
    )
    return [
        f"The design is {design}; {many(work.k, 'annotator')} a card, {many(work.n_seats, 'seat')}, {gate}."
    ]


def _percent(given: Number) -> str:
    return "no pairs" if given.value is None else f"{given.value:.0%}"


def _estimate(given: Number) -> str:
    if given.value is None:
        return f"undefined ({given.undefined})"
    return f"{number(given.value)} {interval(given)}".strip()


def _label(word: str) -> str:
    return "" if word == "not labelled" else f" ({word} by its lower bound)"
