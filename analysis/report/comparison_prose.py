"""The sentences about differences between systems; none of them claims a test that was not made."""

from analysis.report.findings import Comparison, StudyFindings
from analysis.report.words import many, number, p_in_words


def on_comparisons(findings: StudyFindings) -> list[str]:
    """Which differences stood the adjustment, the largest first; and which did not."""
    tested = [row for row in findings.comparisons if row.p_holm is not None]
    if not tested:
        return ["No pair of systems could be compared."] if findings.comparisons else []
    sure = sorted((row for row in tested if (row.p_holm or 0) < 0.05), key=_size, reverse=True)
    sentences = [
        (
            f"{len(sure):,} of {many(len(tested), 'paired difference')} stayed below 0.05 after Holm's "
            "adjustment."
        )
    ]
    labels = {system.name: system.label for system in findings.systems}
    names = {criterion.key: criterion.name.lower() for criterion in findings.criteria}
    sentences += [_compared(row, labels, names[row.criterion]) for row in sure[:3]]
    if len(sure) < len(tested):
        sentences.append("What did not stay below 0.05 is not shown to be equal: read the intervals.")
    return sentences


def tests(findings: StudyFindings, *, n_permutations: int) -> list[str]:
    """What the methods paragraph says of the tests that were made, and of the pairs that had none."""
    if not findings.comparisons:
        return []
    tested = [row for row in findings.comparisons if row.p is not None]
    sentences = []
    if tested:
        sentences = [
            (
                "Systems are compared by two-sided paired t-tests over cases, annotators averaged within each case "
                f"first, with Holm's adjustment over all {many(tested[0].family, 'test')} of this report; Benjamini "
                "and Hochberg's stands beside it."
            ),
            (
                "Effect sizes are Cohen's dz with an interval from the noncentral t, Hedges' g, the rank-biserial "
                "correlation, Cliff's delta and the share of cases in which a system was rated higher; Wilcoxon's "
                f"signed-rank test and a sign-flip permutation test ({n_permutations:,} draws, or all patterns where "
                "there are fewer) check each t-test."
            ),
        ]
    without = len(findings.comparisons) - len(tested)
    if without:
        of = f"{without:,} of {many(len(findings.comparisons), 'pair')} of systems and criteria"
        sentences.append(
            f"{of} had no test, because the systems share too few cases or their differences have no spread."
        )
    return sentences


def _size(row: Comparison) -> float:
    return abs(row.dz.value or 0.0)


def _compared(row: Comparison, labels: dict[str, str], criterion: str) -> str:
    first, second, sign = row.first, row.second, 1.0
    if (row.difference.value or 0) < 0:
        first, second, sign = row.second, row.first, -1.0
    size, ends = sign * (row.difference.value or 0), ""
    if row.difference.interval is not None:
        low, high = sorted((sign * row.difference.interval.low, sign * row.difference.interval.high))
        ends = f" [{number(low)}, {number(high)}]"
    told = (
        f"{labels[first]} was rated higher than {labels[second]} on {criterion} by {number(size)} "
        f"points{ends}, "
        f"t({row.df}) = {number(abs(row.t or 0))}, Holm's {p_in_words(row.p_holm or 0)}, "
        f"dz = {number(abs(row.dz.value or 0))}, n = {many(row.n_cases, 'case')}."
    )
    return told.replace(" = ", "\u00a0=\u00a0").replace(" < ", "\u00a0<\u00a0")
