"""What is said of agreement where the usual sentence does not serve."""

from collections.abc import Sequence

from analysis.report.findings.agreement import Agreement
from analysis.report.findings.number import Number
from analysis.report.words import interval, number

DOMINANT, APART = 0.8, 0.3
"""A point with more than this share of the ratings, or AC1 this far above kappa, calls for a warning."""


def without_kappa(name: str, row: Agreement) -> str:
    """Kappa does not exist; what of agreement does."""
    told = f"{name}: Fleiss' kappa is undefined, because {row.fleiss.undefined}"
    left = []
    if row.exact.value is not None:
        left.append(f"pairs of ratings of one card were equal in {row.exact.value:.0%}")
    left += [
        f"{label} is {estimate(given)}"
        for label, given in (("AC1", row.ac1), ("Randolph's kappa", row.free_marginal))
        if given.value is not None
    ]
    return f"{told}. What can be said: {'; '.join(left)}." if left else f"{told}."


def paradox(name: str, row: Agreement, counts: Sequence[int], levels: Sequence[int]) -> str:
    """What to beware of where one point takes nearly all ratings; empty where kappa and alpha can be read as they are.

    With such shares chance alone is thought to agree nearly always, and kappa and alpha fall to 0 or below although
    annotators hardly ever disagree (the kappa paradox).

    Args:
        counts: of all ratings of the criterion, one a point.

    Reference: Feinstein & Cicchetti (1990) J. Clin. Epidemiol. 43.
    """
    kappa, ac1, n = row.fleiss.value, row.ac1.value, sum(counts)
    if kappa is None or ac1 is None or not n:
        return ""
    most = max(range(len(counts)), key=counts.__getitem__)
    share = counts[most] / n
    if share <= DOMINANT and ac1 - kappa <= APART:
        return ""
    told = (
        f"{share:.0%} of its ratings are {levels[most]}, so chance alone is taken to agree in most cases and a few "
        "ratings decide the value"
        if share > DOMINANT
        else f"AC1 lies {number(ac1 - kappa)} above kappa, because ratings crowd on few points ({share:.0%} are "
        f"{levels[most]})"
    )
    return (
        f"{name}: do not read kappa ({number(kappa)}) or alpha alone: {told}. Beside them stand AC1 ({number(ac1)}), "
        "which does not fall for that reason but flatters, and the share of equal pairs "
        f"({'undefined' if row.exact.value is None else format(row.exact.value, '.0%')})."
    )


def estimate(given: Number) -> str:
    """ "0.62 [0.51, 0.71]", or why there is no number."""
    if given.value is None:
        return f"undefined ({given.undefined})"
    return f"{number(given.value)} {interval(given)}".strip()
