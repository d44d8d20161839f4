"""The sentences about differences between systems; none of them claims a test that was not made."""

from analysis.report.confirming import on_families
from analysis.report.findings.comparisons import Comparison
from analysis.report.findings.study import StudyFindings
from analysis.report.words import many, number, p_in_words

TOLD = 3
"""Differences that get a sentence of their own; the table has them all."""


def on_comparisons(findings: StudyFindings) -> list[str]:
    """Which differences stood the adjustment, the largest first; and which did not."""
    if findings.comparisons and not any(row.p_holm is not None for row in findings.comparisons):
        return ["No pair of systems could be compared."]
    labels = {system.name: system.label for system in findings.systems}
    names = {criterion.key: criterion.name.lower() for criterion in findings.criteria}
    sentences = []
    for design in ("paired", "unpaired"):
        tested = _tested(findings, design)
        if not tested:
            continue
        sure = sorted((row for row in tested if (row.p_holm or 0) < 0.05), key=_size, reverse=True)
        counted = many(len(tested), f"{design} difference")
        sentences.append(f"{len(sure):,} of {counted} stayed below 0.05 after Holm's adjustment.")
        if len(sure) > TOLD:
            sentences.append(f"The {TOLD} largest by effect size stand here, all of them in the table.")
        sentences += [_compared(row, labels, names[row.criterion]) for row in sure[:TOLD]]
        sentences += _with_other_annotators(sure)
        if len(sure) < len(tested):
            sentences.append("What did not stay below 0.05 is not shown to be equal: read the intervals.")
        if design == "paired":
            sentences += _left_out(tested)
        if design == "unpaired":
            sentences.append(
                "Systems compared without pairs were rated on different cases: easier cases would look like a "
                "better system."
            )
    return list(dict.fromkeys(sentences))


def _with_other_annotators(sure: list[Comparison]) -> list[str]:
    """Which of the sure differences lean on these very annotators."""
    known = [row for row in sure if row.two_way is not None and row.two_way.interval is not None]
    if not known:
        return []
    leaning = sum(1 for row in known if row.two_way and row.two_way.interval and 0 in row.two_way.interval)
    if not leaning:
        return ["None of their intervals over cases and annotators together reaches 0."]
    return [
        (
            f"Of these, {leaning:,} of {many(len(known), 'interval')} over cases and annotators together "
            f"{'reaches' if leaning == 1 else 'reach'} 0: other annotators might not find the difference."
        )
    ]


def _left_out(tested: list[Comparison]) -> list[str]:
    """How much of what was rated the paired tests could not use."""
    most = max(tested, key=lambda row: row.n_left_out)
    if not most.n_left_out:
        return []
    of = most.n_cases + most.n_left_out
    return [
        (
            f"Cases that were rated for one system of a pair alone are left out of its test, up to {most.n_left_out:,} "
            f"of {of:,}; the linear mixed model uses them."
        )
    ]


def on_ranks(findings: StudyFindings) -> list[str]:
    """On which criteria the systems differ at all, and which has the highest rank."""
    labels = {system.name: system.label for system in findings.systems}
    names = {criterion.key: criterion.name for criterion in findings.criteria}
    sentences = []
    for row in findings.omnibus:
        name, chi2 = names[row.criterion], row.friedman.value
        if chi2 is None or row.p_holm is None:
            sentences.append(f"{name}: no test of all systems, because {row.friedman.undefined}.")
            continue
        top, second = sorted(row.ranks, key=lambda one: one.rank, reverse=True)[:2]
        apart = row.critical_difference.value
        near = (
            f", the next within the critical difference of {number(apart)}"
            if apart is not None and top.rank - second.rank < apart
            else ""
        )
        differ = "differ" if row.p_holm < 0.05 else "are not shown to differ"
        told = (
            f"{name}: the {len(row.ranks)} systems {differ} (Friedman's chi-square({row.df}) = {number(chi2)}, "
            f"Holm's {p_in_words(row.p_holm)}, Kendall's W = {number(row.kendalls_w.value)}, n = "
            f"{many(row.n_cases, 'case')}); {labels[top.system]} has the highest mean rank, {number(top.rank)}{near}."
        )
        sentences.append(told.replace(" = ", "\u00a0=\u00a0").replace(" < ", "\u00a0<\u00a0"))
    return sentences


def tests(findings: StudyFindings, *, n_permutations: int) -> list[str]:
    """What the methods paragraph says of the tests that were made, and of the pairs that had none."""
    paired, unpaired = _tested(findings, "paired"), _tested(findings, "unpaired")
    sentences = []
    if paired:
        sentences += [
            (
                "Systems are compared by two-sided paired t-tests over cases, annotators averaged within each case "
                f"first, with Holm's adjustment over {_family(paired)}; Benjamini "
                "and Hochberg's stands beside it."
            ),
            (
                "Effect sizes are Cohen's dz with an interval from the noncentral t, Hedges' g, the rank-biserial "
                "correlation, Cliff's delta and the share of cases in which a system was rated higher; Wilcoxon's "
                "signed-rank test and a sign-flip permutation test (exact where differences are multiples of one "
                f"fraction, else {n_permutations:,} draws) check each t-test."
            ),
        ]
    drawn = [row.two_way.interval for row in paired if row.two_way and row.two_way.interval]
    if drawn:
        sentences.append(
            f"Beside each interval over cases stands one from a bootstrap that draws cases and annotators "
            f"({drawn[0].n_resamples or 0:,} resamples), which errs to the wide side."
        )
    if unpaired:
        sentences.append(
            "Systems that share fewer than half of their cases are compared by two-sided Welch's t-tests over case "
            f"means, with Holm's adjustment over {_family(unpaired)} of this kind alone; Mann and Whitney's "
            "U test checks each, and effect sizes are Hedges' g and Cliff's delta."
        )
    if any(row.p is not None for row in findings.omnibus):
        sentences.append(
            "All systems together are compared by Friedman's test over case means ranked within cases, with Holm's "
            "adjustment over the criteria, and pair by pair by Nemenyi's critical difference."
        )
    without = len(findings.comparisons) - len(paired) - len(unpaired)
    if without:
        of = f"{without:,} of {many(len(findings.comparisons), 'pair')} of systems and criteria"
        sentences.append(f"{of} had no test, for want of cases or of a spread to test against.")
    return sentences + on_families(findings)


def _family(rows: list[Comparison]) -> str:
    """Over which tests those of one design are adjusted."""
    explored = [row for row in rows if row.status == "exploratory"]
    if not explored:
        return "the hypotheses of the plan"
    which = "exploratory test" if len(explored) < len(rows) else "test"
    return f"all {many(explored[0].family, which)}"


def _tested(findings: StudyFindings, design: str) -> list[Comparison]:
    return [row for row in findings.comparisons if row.design == design and row.p is not None]


def _size(row: Comparison) -> float:
    return abs(_effect(row)[1])


def _effect(row: Comparison) -> tuple[str, float]:
    if row.design == "unpaired":
        return "g", (row.hedges_g.value or 0.0) if row.hedges_g else 0.0
    return "dz", row.dz.value or 0.0


def _degrees(df: float) -> str:
    return f"{df:.0f}" if df == round(df) else f"{df:.1f}"


def _compared(row: Comparison, labels: dict[str, str], criterion: str) -> str:
    first, second, sign = row.first, row.second, 1.0
    if (row.difference.value or 0) < 0:
        first, second, sign = row.second, row.first, -1.0
    size, ends = sign * (row.difference.value or 0), ""
    if row.difference.interval is not None:
        low, high = sorted((sign * row.difference.interval.low, sign * row.difference.interval.high))
        ends = f" [{number(low)}, {number(high)}]"
    (effect, value), df = _effect(row), _degrees(row.df or 0.0)
    told = (
        f"{labels[first]} was rated higher than {labels[second]} on {criterion} by {number(size)} "
        f"points{ends}, "
        f"t({df}) = {number(abs(row.t or 0))}, Holm's {p_in_words(row.p_holm or 0)}, "
        f"{effect} = {number(abs(value))}, n = {many(row.n_cases, 'case')}."
    )
    return told.replace(" = ", "\u00a0=\u00a0").replace(" < ", "\u00a0<\u00a0")
