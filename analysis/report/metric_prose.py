"""The sentences on metrics set against each other, and on what noisy ratings allow."""

from analysis.report.findings.study import StudyFindings
from analysis.report.words import join, many, number


def on_metric_tests(findings: StudyFindings) -> list[str]:
    """Over all texts, criterion by criterion: whom the closest metric beats, and from whom it is not told apart."""
    labels = {metric.name: metric.label for metric in findings.metrics}
    sentences = []
    for criterion in findings.criteria:
        rows = [r for r in findings.metric_tests if (r.criterion, r.level) == (criterion.key, "text")]
        tested = [row for row in rows if row.p_holm is not None]
        if not tested:
            continue
        beaten = [row for row in tested if (row.p_holm or 0) < 0.05]
        close = [labels[row.second] for row in tested if row not in beaten]
        first, others = labels[tested[0].first], many(len(tested), "other metric")
        how = "(PERM-BOTH, Holm's p below 0.05)"
        said = f"On {criterion.name.lower()}, over all texts, "
        said += (
            f"{first} follows people more closely than {len(beaten):,} of the {others} set against it {how}"
            if beaten
            else f"{first} is not shown to follow people more closely than any of the {others} set against it {how}"
        )
        if close and len(close) <= 4:
            said += f"; it is not told apart from {join(close)}"
        sentences.append(said + ".")
    return sentences


def on_ceiling(findings: StudyFindings) -> list[str]:
    """What any metric could reach over all texts, and what the closest reaches."""
    sentences = []
    for criterion in findings.criteria:
        found = next(
            (
                row
                for row in findings.ceiling
                if (row.criterion, row.level, row.coefficient) == (criterion.key, "text", "pearson")
            ),
            None,
        )
        reached = [
            abs(row.number.value)
            for row in findings.correlations
            if (row.criterion, row.level, row.coefficient) == (criterion.key, "text", "pearson")
            and row.number.value is not None
        ]
        if found is None or not reached:
            continue
        name = criterion.name.lower()
        if found.ceiling.value is None:
            if found.halves.value is not None:
                sentences.append(
                    f"Halves of the annotators do not agree on {name} over all texts (r = "
                    f"{number(found.halves.value)}), "
                    "so there is no ceiling to hold metrics to."
                )
            continue
        top = max(reached)
        above = top > found.ceiling.value
        sentences.append(
            f"Ratings of {name} are so noisy that a metric without error would correlate with them by "
            f"{number(found.ceiling.value)} over all texts (Pearson's r); the closest reaches {number(top)}"
            + (", more than a metric that follows quality alone should." if above else ".")
        )
    return sentences


def on_metric_methods(findings: StudyFindings) -> list[str]:
    """For the methods paragraph; nothing where no metric was set against another."""
    sentences = []
    if findings.metric_tests:
        sentences.append(
            "For each criterion the metrics closest to the ratings, ten at most, are compared on the texts that have "
            "scores of each: the closest against the others by PERM-BOTH with Holm's adjustment within criterion and "
            "level, and between systems by the tests of Williams, Steiger and Meng."
        )
    if findings.pairwise_accuracy:
        sentences.append(
            "Pairwise accuracy is given with calibrated ties and without, and softly for systems, by 1,000 "
            "flips of signs."
        )
    if any(row.ceiling.value is not None for row in findings.ceiling):
        sentences.append(
            "The noise ceiling is the root of the reliability of the mean rating, from random halves of "
            "the annotators of each card raised by Spearman and Brown's formula."
        )
    return sentences
